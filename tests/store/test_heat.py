"""Columns × windows: two bytes a cell, whatever the reports were."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from mlops_store import drift, heat, kept_windows, schema
from mlops_store.errors import NotFound
from mlops_store.figures import NO_METHOD
from mlops_store.records import ColumnReport, MonitorReport
from mlops_store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / ".mlops" / "store.db")) as store:
        yield store


def column(name: str, effect: float | None, finding: str = "", *, role: str = "feature") -> ColumnReport:
    detail = {"finding": {"kind": finding, "message": finding}} if finding else {"notable": (effect or 0.0) >= 0.1}
    is_scored = effect is not None
    return ColumnReport(
        name, role, "numerical", "ks" if is_scored else None, effect, 0.05 if is_scored else None,
        (effect or 0.0) >= 0.05, effect, 40, 20, detail,
    )  # fmt: skip


def add(store: Store, batch: str, *columns: ColumnReport, monitor: str = "m", **changes: object) -> int:
    values = {
        "id": 0, "monitor": monitor, "batch": batch, "path": batch, "digest": batch, "status": "ok",
        "checked_at": 1.0, "columns": columns,
    }  # fmt: skip
    with store.write() as db:
        report_id = drift.add_report(db, MonitorReport(**{**values, **changes}), force=True)  # type: ignore[arg-type]
    assert report_id is not None
    return report_id


def test_each_column_is_a_line_over_all_windows(store: Store) -> None:
    add(store, "a", column("age", 0.01), column("plan", 0.06))
    add(store, "b", column("age", 0.4), column("plan", None, "missing"), column("new", None, "extra"))
    add(store, "c", status="error")
    add(store, "d", column("plan", 0.2), column("age", None, "something else"))
    found = heat.read(store.read(), "m")
    lines = {line.column: [line.state(place) for place in range(4)] for line in found.lines}
    assert lines == {
        "age": ["steady", "drifted", "", "unchecked"],
        "plan": ["slight", "missing", "", "drifted"],
        "new": ["", "extra", "", ""],
    }
    age = found.lines[0]
    assert [age.effect(place) for place in range(4)] == [pytest.approx(0.01, abs=0.002), 0.4, None, None]
    assert (age.drifted(), age.began()) == (1, 1)
    assert [window.status for window in found.windows] == ["ok", "ok", "error", "ok"]


def test_windows_stand_in_the_order_of_their_time_and_the_newest_check_of_each_counts(store: Store) -> None:
    add(store, "late", column("age", 0.5), window_start=200.0)
    add(store, "early", column("age", 0.1), window_start=100.0)
    add(store, "late", column("age", 0.3), window_start=200.0, checked_at=9.0)
    found = heat.read(store.read())
    assert [window.batch for window in found.windows] == ["early", "late"]
    assert found.lines[0].effect(1) == 0.3


def test_a_window_that_is_checked_again_keeps_its_place(store: Store) -> None:
    for at, batch in enumerate(("a", "b", "c", "a")):
        add(store, batch, column("age", 0.1 * at), checked_at=float(at))
    found = heat.read(store.read(), "m", limit=2)
    assert ([window.batch for window in found.windows], found.left_out) == (["b", "c"], 1)


def test_monitors_are_told_apart_and_unknown_ones_refused(store: Store) -> None:
    with pytest.raises(NotFound, match="no batch has been checked"):
        heat.read(store.read())
    add(store, "a", column("age", 0.1), monitor="one")
    add(store, "a", column("income", 0.1), monitor="two")
    assert heat.monitors(store.read()) == ["two", "one"]
    assert [line.column for line in heat.read(store.read(), "one").lines] == ["age"]
    with pytest.raises(NotFound, match="no monitor 'tow'"):
        heat.read(store.read(), "tow")


@given(st.one_of(st.none(), st.floats(0, 1)))
def test_an_effect_survives_as_a_byte_within_its_step(effect: float | None) -> None:
    kept = heat.Line("age", "feature", b"\x01", bytes([heat.step(effect)])).effect(0)
    if effect is None:
        assert kept is None
    else:
        assert kept == pytest.approx(effect, abs=1 / heat.STEPS)
        assert (kept == 0) == (effect == 0)


def test_reports_of_an_older_store_are_there_too(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    old = sqlite3.connect(path, isolation_level=None)
    schema.migrations.apply(Database(old), stop_before="m023_heat")
    old.execute("PRAGMA user_version = 22")
    old.execute(
        "INSERT INTO monitor_reports(id, monitor, batch, path, digest, status, checked_at) "
        "VALUES (7, 'm', 'a', 'a', 'a', 'ok', 1)"
    )
    old.executemany(
        'INSERT INTO monitor_columns(report_id, position, "column", role, kind, method, score, is_drifted, effect, '
        "detail) VALUES (7, ?, ?, 'feature', 'numerical', 'ks', ?, ?, ?, ?)",
        [
            (0, "age", 0.3, 1, 0.4, '{"notable":true}'),
            (1, "plan", 0.3, 1, 0.4, '{"notable":false}'),
            (2, "gone", None, 0, None, '{"finding":{"kind":"missing","message":""}}'),
        ],
    )
    old.close()
    with Store(str(path), create=False) as store:
        found = heat.read(store.read())
        (window,) = kept_windows.last(store.read(), "m", 9, with_figures=True)
    assert window.columns.methods == ("ks",)
    assert window.columns.figures[:8] == struct.pack("<d", 0.3)
    assert window.columns.figures[-3:] == bytes([0, 0, NO_METHOD])
    assert [(line.column, line.state(0), line.effect(0)) for line in found.lines] == [
        ("age", "drifted", 0.4),
        ("plan", "slight", 0.4),
        ("gone", "missing", None),
    ]
