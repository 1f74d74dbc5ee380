"""Queries over SQLite and DuckDB files as the source of a monitor's windows."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from mlops_store import drift
from mlops_store.errors import MlopsError, Refused, UsageError
from mlops_store.records import MonitorReport
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.drift import monitors
from mlops_tui.project import Project

DAY_S = 86400.0
MONDAY = 1_793_577_600.0  # 2026-11-02, UTC
KINDS = ("sqlite", "duckdb")


def rows(count: int, *, start: float = MONDAY, shift: float = 0.0, seed: int = 0) -> list[tuple[float, float, str]]:
    rng = np.random.default_rng(seed)
    ages, plans = rng.normal(40 + 10 * shift, 10, count), rng.choice(["free", "pro"], count)
    return [
        (start + n % 100 * 800.0, float(age), str(plan)) for n, (age, plan) in enumerate(zip(ages, plans, strict=True))
    ]


class Place:
    """A project with a database in which predictions are written down."""

    def __init__(self, root: Path) -> None:
        self.project = Project(str(root))
        self.store = Store(self.project.store_path)
        self.path = root / "warehouse.db"
        frame = pd.DataFrame(rows(400, seed=9), columns=["stamp", "age", "plan"])
        frame.drop(columns="stamp").to_csv(root / "train.csv", index=False)

    def make(self, kind: str, column: str = "REAL") -> None:
        key = "INTEGER PRIMARY KEY" if kind == "sqlite" else "INTEGER DEFAULT nextval('ids')"
        if kind == "duckdb":
            self.execute(kind, "CREATE SEQUENCE ids")
            column = column.replace("REAL", "DOUBLE")
        age = "REAL" if kind == "sqlite" else "DOUBLE"
        self.execute(kind, f"CREATE TABLE calls (id {key}, stamp {column}, age {age}, plan TEXT)")

    def execute(self, kind: str, sql: str, values: list[tuple[object, ...]] | None = None) -> None:
        if kind == "duckdb":
            with duckdb.connect(str(self.path)) as db:
                db.executemany(sql, values) if values else db.execute(sql)
            return
        with closing(sqlite3.connect(self.path)) as lite, lite:
            lite.executemany(sql, values) if values else lite.execute(sql)

    def insert(self, kind: str, values: list[tuple[float, float, str]]) -> None:
        self.execute(kind, "INSERT INTO calls (stamp, age, plan) VALUES (?, ?, ?)", list(values))

    def configure(self, settings: str, query: str = "SELECT stamp, age, plan FROM calls ORDER BY id") -> None:
        text = f'[monitors.m]\nquery = "{query}"\ndatabase = "warehouse.db"\nreference = "train.csv"\ntime = "stamp"\n'
        Path(self.project.config_path).write_text(text + settings)
        self.config = configuration.load(self.project)

    def pending(self) -> int:
        return len(monitors.pending(self.project, self.store.read(), self.config).batches)

    def reports(self, **options: object) -> list[MonitorReport]:
        return monitors.check(self.project, self.store, self.config, open_model=None, **options)  # type: ignore[arg-type]

    def check(self, **options: object) -> dict[str, str]:
        return {report.batch: report.status for report in self.reports(**options)}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_a_table_that_grows_are_cut_by_count(place: Place, kind: str) -> None:
    place.make(kind)
    place.insert(kind, rows(500, seed=1))
    place.configure('window = "200 rows"')
    assert place.pending() == 1
    assert place.check() == {"rows 1-200": "ok", "rows 201-400": "ok"}
    assert place.check() == {}
    place.insert(kind, rows(120, seed=2, shift=3.0))
    (report,) = place.reports()
    assert (report.batch, report.status, report.row_count, report.path) == (
        "rows 401-600",
        "drift",
        200,
        "warehouse.db",
    )
    assert [column.column for column in report.columns] == ["age", "plan"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("column", ["REAL", "TEXT", "TIMESTAMP"])
def test_rows_of_a_table_are_cut_by_time(place: Place, kind: str, column: str) -> None:
    def written(values: list[tuple[float, float, str]]) -> list[tuple[object, ...]]:
        text = [str(pd.Timestamp(at, unit="s")) for at, _, _ in values]
        return [(value[0] if column == "REAL" else at, *value[1:]) for value, at in zip(values, text, strict=True)]

    place.make(kind, column)
    place.configure('window = "1d"')
    insert = "INSERT INTO calls (stamp, age, plan) VALUES (?, ?, ?)"
    place.execute(kind, insert, written(rows(100, seed=1) + rows(100, start=MONDAY + DAY_S, seed=2, shift=3.0)))
    place.execute(kind, insert, written(rows(1, start=time.time())))
    assert place.check() == {"2026-11-02": "ok", "2026-11-03": "drift"}
    place.execute(kind, insert, written(rows(7, seed=3)))
    (again,) = place.reports()
    assert (again.batch, again.row_count, again.notes[0]) == (
        "2026-11-02",
        107,
        "checked again: 7 rows came after the first check",
    )


def test_times_of_several_kinds_in_one_column_are_all_read(place: Place) -> None:
    place.make("sqlite", "ANY")
    place.insert("sqlite", rows(50, seed=1))
    place.execute("sqlite", "INSERT INTO calls (stamp, age) VALUES (NULL, 1), ('2026-11-02', 40), ('soon', 2)")
    place.configure('window = "1d"')
    (report,) = place.reports()
    assert (report.batch, report.row_count) == ("2026-11-02", 50)
    assert report.notes[0] == "3 rows have no time in 'stamp' and belong to no window"


def test_what_a_query_gives_as_a_whole_takes_the_place_of_what_it_gave_before(place: Place) -> None:
    place.make("sqlite")
    place.insert("sqlite", rows(100, seed=1, shift=3.0))
    place.configure("", "SELECT stamp, age, plan FROM calls WHERE age > 0;")
    assert place.check() == {"warehouse.db": "drift"}
    assert place.check() == {}
    assert place.check(force=True) == {"warehouse.db": "drift"}
    place.execute("sqlite", "CREATE TABLE other (a)")
    assert place.check() == {}, "other tables are none of its business"
    place.execute("sqlite", "UPDATE calls SET age = age - 30")
    assert place.check() == {"warehouse.db": "ok"}
    place.execute("sqlite", "DELETE FROM calls")
    (report,) = place.reports()
    assert (report.status, report.error) == ("error", "gives no rows")


def test_the_database_is_looked_at_no_more_often_than_is_allowed(place: Place) -> None:
    place.make("sqlite")
    place.insert("sqlite", rows(100, seed=1))
    place.configure('window = "100 rows"\ninterval = "1h"')
    place.check()
    place.insert("sqlite", rows(100, seed=2))
    assert place.pending() == 0, "the dashboard waits"
    due = monitors.pending(place.project, place.store.read(), place.config).next_at
    assert due is not None
    assert 3500 < due - time.time() <= 3600
    place.configure('window = "100 rows"\ninterval = 1')
    with place.store.write() as db:
        db.execute("UPDATE monitor_sources SET looked_at = looked_at - 5")
    assert place.pending() == 1
    assert place.check() == {"rows 101-200": "ok"}


def test_a_write_that_is_still_in_the_log_is_seen(place: Place) -> None:
    place.make("sqlite")
    place.execute("sqlite", "PRAGMA journal_mode = WAL")
    with closing(sqlite3.connect(place.path)) as writer:
        place.configure('window = "50 rows"')
        for seed in (1, 2):
            writer.executemany("INSERT INTO calls (stamp, age, plan) VALUES (?, ?, ?)", rows(50, seed=seed))
            writer.commit()
            assert len(place.check()) == 1


def test_rows_that_went_away_are_told_of_and_nothing_is_checked_twice(place: Place) -> None:
    place.make("sqlite")
    place.insert("sqlite", rows(150, seed=1))
    place.configure('window = "100 rows"')
    place.check()
    place.execute("sqlite", "DELETE FROM calls WHERE id <= 20")
    place.insert("sqlite", rows(100, seed=2))
    with pytest.raises(Refused, match="of the 150 rows that were seen some went away"):
        place.check()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT absent FROM calls", "no such column: absent"),
        ("SELEKT", 'near "SELEKT"'),
        ("DELETE FROM calls", "readonly database|attempt to write"),
        ("SELECT 1; DELETE FROM calls", "one statement at a time"),
        ("", "incomplete input|syntax"),
    ],
)
@pytest.mark.parametrize("settings", ["", 'window = "10 rows"', 'window = "1d"'])
def test_a_query_that_cannot_be_run_is_an_error_of_the_configuration(
    place: Place, query: str, message: str, settings: str
) -> None:
    place.make("sqlite")
    place.insert("sqlite", rows(20))
    place.configure(settings, query or "-- nothing")
    with pytest.raises(UsageError, match=rf"monitors\.m\.query: .*({message})"):
        place.check()
    with closing(sqlite3.connect(place.path)) as db:
        assert db.execute("SELECT count(*) FROM calls").fetchone() == (20,)


def test_a_database_that_is_not_there_or_none_is_said(place: Place) -> None:
    place.configure('window = "10 rows"')
    assert place.pending() == 0
    with pytest.raises(UsageError, match=r"warehouse\.db is not there"):
        place.check()
    place.path.write_text("at,age,plan\n")
    with pytest.raises(UsageError, match=r"warehouse\.db is neither an SQLite nor a DuckDB file"):
        place.check()
    assert drift.reports(place.store.read()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_that_is_locked_is_checked_later(place: Place, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlops_tui.drift.sources.databases._BUSY_S", 0.05)
    place.make(kind)
    place.insert(kind, rows(20))
    place.configure('window = "10 rows"')
    if kind == "sqlite":
        with closing(sqlite3.connect(place.path)) as writer:
            writer.execute("BEGIN EXCLUSIVE")
            with pytest.raises(Refused, match="is locked by another program"):
                place.check()
    else:
        import subprocess
        import sys

        script = "import duckdb, sys; db = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", script, str(place.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout is not None
            holder.stdout.readline()
            with pytest.raises(MlopsError, match="is locked by another program"):
                place.check()
            holder.communicate()
    assert len(place.check()) == 2
