"""What was measured of whole windows, kept and read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_store import drift, measures
from mlops_store.records import Measure, MonitorReport
from mlops_store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / ".mlops" / "store.db")) as store:
        yield store


def report(batch: str, *measured: Measure, at: float = 1.0) -> MonitorReport:
    return MonitorReport(
        id=0, monitor="m", batch=batch, path=batch, digest=batch, status="ok", checked_at=at, measures=measured
    )


def test_measures_of_a_report_come_back_in_order_and_later_ones_replace_them(store: Store) -> None:
    rows = Measure("quality", "row_count", value=5.0, reference=9.0, count=5)
    missing = Measure("quality", "missing_share", "age", 0.5, 0.4, 0.6, 0.1, 0.2, True, 5, {"gaps": 2})
    with store.write() as db:
        first = drift.add_report(db, report("a", rows, missing))
        assert first is not None
        measures.put(db, first, [Measure("quality", "missing_share", "age", 0.75)], at=7.0)
    found = drift.report(store.read(), first).measures
    assert [(each.name, each.value, each.at) for each in found] == [
        ("row_count", 5.0, 1.0),
        ("missing_share", 0.75, 7.0),
    ]


def test_a_series_goes_from_the_oldest_report_to_the_newest(store: Store) -> None:
    with store.write() as db:
        for at in range(4):
            drift.add_report(db, report(str(at), Measure("quality", "row_count", value=float(at)), at=float(at)))
    found = measures.series(store.read(), "m", "quality", "row_count", limit=3)
    assert [measure.value for _, measure in found] == [1.0, 2.0, 3.0]
