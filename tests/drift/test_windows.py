"""Windows by count and by time over files that grow, and earlier windows as the reference."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_store import drift
from mlops_store.records import MonitorReport
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.drift import monitors
from mlops_tui.project import Project

DAY_S = 86400.0
MONDAY = 1_793_577_600.0  # 2026-11-02, UTC


def rows(count: int, *, start: float = MONDAY, shift: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """``count`` rows a day from ``start`` on; the ages move by ``shift`` standard deviations."""
    rng = np.random.default_rng(seed)
    moments = pd.to_datetime(start + np.arange(count) % 100 * (DAY_S / 100), unit="s")
    return pd.DataFrame(
        {
            "at": moments.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "age": rng.normal(40 + 10 * shift, 10, count).round(3),
            "plan": rng.choice(["free", "pro"], count),
        }
    )


class Place:
    """A project whose monitor watches ``in/*``."""

    def __init__(self, root: Path, settings: str) -> None:
        self.root = root
        self.project = Project(str(root))
        self.store = Store(self.project.store_path)
        (root / "in").mkdir()
        rows(400, seed=9).to_csv(root / "train.csv", index=False)
        self.configure(settings)

    def configure(self, settings: str) -> None:
        Path(self.project.config_path).write_text(f'[monitors.m]\nwatch = "in/*"\n{settings}\n')
        self.config = configuration.load(self.project)

    def deliver(self, name: str, frame: pd.DataFrame | bytes, *, age_s: float = 60.0) -> Path:
        """Writes a file, or appends to it."""
        path = self.root / "in" / name
        with path.open("ab") as file:
            file.write(frame if isinstance(frame, bytes) else b"")
        if not isinstance(frame, bytes):
            frame.to_csv(path, mode="a", index=False, header=not path.stat().st_size)
        then = time.time() - age_s
        os.utime(path, (then, then))
        return path

    def pending(self) -> list[str]:
        found = monitors.pending(self.project, self.store.read(), self.config).batches
        return [name.removeprefix(f"{self.project.root}/") for _, name in found]

    def reports(self, **options: object) -> list[MonitorReport]:
        return monitors.check(self.project, self.store, self.config, open_model=None, **options)  # type: ignore[arg-type]

    def check(self, **options: object) -> dict[str, str]:
        return {report.batch: report.status for report in self.reports(**options)}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, 'window = "200 rows"\nreference = "train.csv"\ntime = "at"')
    yield place
    place.store.close()


DAILY = 'window = "1d"\nreference = "train.csv"\ntime = "at"'


def test_a_growing_file_is_cut_into_windows_of_so_many_rows(place: Place) -> None:
    place.deliver("log.csv", rows(500, seed=1))
    assert place.pending() == ["in/log.csv"]
    assert place.check() == {"rows 1-200": "ok", "rows 201-400": "ok"}
    assert place.pending() == []
    assert place.check() == {}
    place.deliver("log.csv", rows(150, seed=2, shift=3.0))
    (report,) = place.reports()
    assert (report.batch, report.status, report.row_count, report.path) == ("rows 401-600", "drift", 200, "in/*")
    assert [column.column for column in report.columns] == ["age", "plan"], "the time itself is not checked"


def test_rows_of_small_files_are_put_together(place: Place) -> None:
    for number in range(5):
        place.deliver(f"{number}.csv", rows(90, seed=number))
    assert [(report.batch, report.row_count) for report in place.reports()] == [
        ("rows 1-200", 200),
        ("rows 201-400", 200),
    ]


def test_a_line_without_its_end_is_left_until_it_has_one(place: Place) -> None:
    text = rows(200, seed=1).to_csv(index=False).encode()
    place.deliver("log.csv", text[:-3])
    assert place.check() == {}
    assert place.pending() == ["in/log.csv"], "it is looked at again"
    place.deliver("log.csv", text[-3:])
    (report,) = place.reports()
    assert (report.batch, report.row_count) == ("rows 1-200", 200)
    place.deliver("old.csv", text[:-1], age_s=3600.0)
    assert [report.row_count for report in place.reports()] == [200], "nobody goes on writing after an hour"


def test_a_file_that_is_replaced_brings_its_rows_anew(place: Place) -> None:
    path = place.deliver("log.csv", rows(300, seed=1))
    assert place.check() == {"rows 1-200": "ok"}
    path.unlink()
    place.deliver("log.csv", rows(210, seed=2, shift=3.0))
    (report,) = place.reports()
    assert (report.batch, report.status) == ("rows 201-400", "drift")
    assert report.columns[0].detail["current"]["mean"] > 60


@pytest.mark.parametrize("suffix", [".csv.gz", ".parquet", ".jsonl"])
def test_other_forms_of_files_grow_too(place: Place, suffix: str) -> None:
    def write(frame: pd.DataFrame) -> None:
        path = place.root / "in" / f"log{suffix}"
        if suffix == ".parquet":
            frame.to_parquet(path)
        elif suffix == ".jsonl":
            frame.to_json(path, orient="records", lines=True)
        else:
            frame.to_csv(path, index=False)
        os.utime(path, (time.time() - 60,) * 2)

    whole = rows(450, seed=1)
    write(whole[:250])
    assert place.check() == {"rows 1-200": "ok"}
    write(whole)
    assert place.check() == {"rows 201-400": "ok"}


def test_a_broken_file_among_others_is_told_of_and_the_others_go_on(place: Place) -> None:
    place.deliver("1.csv", rows(150, seed=1))
    place.deliver("2.csv", b"\x00\x01\n")
    place.deliver("3.csv", b"")
    place.deliver("4.csv", rows(60, seed=4))
    assert place.check() == {"in/2.csv": "error", "rows 1-200": "ok"}
    assert place.check() == {}
    assert [alert.kind for alert in drift.alerts(place.store.read())] == ["unreadable"]


def test_rows_that_are_gone_before_they_were_checked_are_told_of(place: Place) -> None:
    path = place.deliver("1.csv", rows(150, seed=1))
    assert place.check() == {}
    path.unlink()
    place.deliver("2.csv", rows(60, seed=2))
    (report,) = place.reports()
    assert (report.status, report.error) == ("error", "cannot be read: in/1.csv is gone")


def test_a_day_is_checked_when_it_is_over_and_again_when_rows_come_late(place: Place) -> None:
    place.configure(DAILY)
    today = time.time() // DAY_S * DAY_S
    place.deliver(
        "1.csv", pd.concat([rows(100, seed=1), rows(100, start=MONDAY + DAY_S, seed=2), rows(1, start=today)])
    )
    reports = place.reports()
    assert [(report.batch, report.row_count) for report in reports] == [("2026-11-02", 100), ("2026-11-03", 100)]
    assert (reports[0].window_start, reports[0].window_end) == (MONDAY, MONDAY + DAY_S)
    assert place.pending() == []
    assert monitors.pending(place.project, place.store.read(), place.config).next_at == today + DAY_S
    place.deliver("2.csv", rows(60, seed=3, shift=4.0))
    (again,) = place.reports()
    assert (again.batch, again.row_count, again.status) == ("2026-11-02", 160, "drift")
    assert again.notes[0] == "checked again: 60 rows came after the first check"
    place.deliver("3.csv", rows(5, start=today + 3 * DAY_S))
    assert place.check() == {}, "what lies in the future waits for its time"


def test_a_window_stays_open_for_late_rows_as_long_as_is_wanted(place: Place) -> None:
    place.configure('window = "1h"\nwait = "2h"\nreference = "train.csv"\ntime = "at"')
    hour = time.time() // 3600 * 3600 - 3600
    place.deliver("1.csv", rows(1, start=hour).assign(at=hour + 60.0))
    assert place.check() == {}
    assert monitors.pending(place.project, place.store.read(), place.config).next_at == hour + 3 * 3600


def test_a_file_without_times_is_unreadable_and_rows_without_one_are_counted(place: Place) -> None:
    place.configure(DAILY)
    place.deliver("1.csv", rows(50).drop(columns="at"))
    place.deliver("2.csv", rows(50).assign(at="soon"))
    place.deliver("3.csv", pd.concat([rows(50), rows(3).assign(at=None)]))
    found = {report.batch: report for report in place.reports()}
    assert found["in/1.csv"].error == "has no column 'at' that says when a row is from"
    assert found["in/2.csv"].error == "has no times in 'at'"
    assert found["2026-11-02"].row_count == 50
    assert "3 rows have no time in 'at' and belong to no window: in/3.csv" in found["2026-11-02"].notes


def test_the_first_windows_are_what_later_ones_are_compared_with(place: Place) -> None:
    place.configure('window = "100 rows"\nreference = { first = 2 }\ntime = "at"')
    place.deliver("1.csv", pd.concat([rows(200, seed=1), rows(100, seed=2), rows(100, seed=3, shift=3.0)]))
    reports = place.reports()
    assert [report.status for report in reports] == ["ok", "ok", "ok", "drift"]
    assert [report.checked_columns for report in reports] == [0, 0, 2, 2]
    assert reports[1].notes == ("kept as window 2 of 2 that later ones are compared with",)
    assert reports[3].columns[0].reference_count == 200
    assert place.check(force=True) == {report.batch: report.status for report in reports}


def test_the_last_windows_follow_a_change(place: Place) -> None:
    place.configure('window = "100 rows"\nreference = { last = 1 }')
    place.deliver("1.csv", pd.concat([rows(100, seed=1), rows(200, seed=2, shift=3.0)]).drop(columns="at"))
    assert place.check() == {"rows 1-100": "ok", "rows 101-200": "drift", "rows 201-300": "ok"}


def test_a_window_is_compared_with_those_of_the_same_weekday(place: Place) -> None:
    place.configure('window = "1d"\nreference = { weekday = 2 }\ntime = "at"')
    days = [rows(100, start=MONDAY + day * DAY_S, seed=day + 40, shift=3.0 * (day % 7 == 5)) for day in range(-14, 0)]
    place.deliver("1.csv", pd.concat(days))
    reports = place.reports()
    assert {report.status for report in reports} == {"ok"}, "a Saturday differs from a Friday, not from a Saturday"
    assert [report.checked_columns for report in reports] == [0] * 7 + [2] * 7


def test_an_id_that_counts_on_is_no_drift_against_windows_that_are_not_neighbours(place: Place) -> None:
    place.configure('window = "1d"\nreference = { weekday = 2 }\ntime = "at"')
    days = [rows(100, start=MONDAY + day * DAY_S, seed=day + 40) for day in range(-21, 0)]
    place.deliver("1.csv", pd.concat(days).assign(id=range(2100)))
    reports = place.reports()
    assert {report.checked_columns for report in reports[7:]} == {2}, "age and plan, not id"


def test_a_fixed_span_is_the_reference_of_all_other_windows(place: Place) -> None:
    place.configure('window = "1d"\nreference = { from = 2026-11-02, to = 2026-11-04 }\ntime = "at"')
    days = [rows(100, start=MONDAY + day * DAY_S, seed=day + 1) for day in range(-1, 3)]
    place.deliver("1.csv", pd.concat(days))
    reports = {report.batch: report for report in place.reports()}
    assert reports["2026-11-01"].notes == ("no window of the span to compare with was seen yet",)
    assert reports["2026-11-03"].checked_columns == 0
    assert reports["2026-11-04"].columns[0].reference_count == 200


def test_files_are_compared_with_earlier_files(place: Place) -> None:
    place.configure("reference = { last = 2 }")
    for number, shift in enumerate((0.0, 0.0, 3.0)):
        place.deliver(f"{number}.csv", rows(100, seed=number, shift=shift))
    assert place.check() == {"in/0.csv": "ok", "in/1.csv": "ok", "in/2.csv": "drift"}


def test_two_checks_at_once_write_every_row_down_once(place: Place) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for number in range(8):
        place.deliver(f"{number}.csv", rows(110, seed=number))
    with ThreadPoolExecutor(3) as threads:
        found = [batch for made in threads.map(lambda _: place.check(), range(3)) for batch in made]
    assert sorted(found) == ["rows 1-200", "rows 201-400", "rows 401-600", "rows 601-800"]
    total = place.store.read().execute("SELECT sum(row_count) FROM monitor_parts").fetchone()[0]
    assert total == 880


def test_days_without_rows_are_told_of_with_the_next_that_has_some(place: Place) -> None:
    place.configure(DAILY)
    for day in (0, 2, 5):
        place.deliver("1.csv", rows(100, start=MONDAY + day * DAY_S, seed=day))
    found = {report.batch: report.notes for report in place.reports()}
    assert found["2026-11-02"] == ()
    assert found["2026-11-04"] == ("no rows came of the window before this one, 2026-11-03",)
    assert found["2026-11-07"] == ("no rows came of the 2 windows before this one, from 2026-11-05 on",)


@pytest.mark.parametrize("settings", ['window = "60 rows"', 'window = "1d"'])
@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.assign(age=1.0),
        lambda frame: frame.assign(age=None),
        lambda frame: frame.assign(age=np.inf),
        lambda frame: frame.assign(age=frame["age"].astype(object).where(frame.index % 2 == 0, "n/a?")),
        lambda frame: frame.assign(plan=[f"plan {row}" for row in range(len(frame))]),
        lambda frame: frame.assign(plan=True),
        lambda frame: frame.assign(age=frame["at"]),
        lambda frame: frame.rename(columns={"plan": "age"}),
        lambda frame: frame.rename(columns={"plan": "plän"}),
    ],
)
def test_whatever_a_column_becomes_is_seen(
    place: Place, settings: str, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    place.configure(f'{settings}\nreference = "train.csv"\ntime = "at"')
    text = change(rows(60, seed=1)).to_csv(index=False)
    place.deliver("1.csv", text.encode("latin-1"))
    (report,) = place.reports()
    assert (report.row_count, report.status) == (60, "drift")


def test_windows_of_one_row_and_of_utf_16_are_windows(place: Place) -> None:
    place.configure('window = 1\nreference = "train.csv"\ntime = "at"')
    place.deliver("1.csv", rows(2, seed=1).to_csv(index=False).encode("utf-16"))
    found = place.reports()
    assert [report.batch for report in found] == ["rows 1-1", "rows 2-2"]
    assert "the batch has only 1 row: hardly any drift can show" in found[0].notes


def test_a_quoted_field_that_is_not_complete_yet_is_waited_for(place: Place) -> None:
    text = rows(200, seed=1).to_csv(index=False).encode()
    last = b'2026-11-02T00:00:00Z,40.0,"fr\n'
    place.deliver("1.csv", text + last + b"e")
    assert place.check() == {}
    assert drift.alerts(place.store.read()) == []
    place.deliver("1.csv", b'e"\n')
    assert place.check() == {"rows 1-200": "ok"}
