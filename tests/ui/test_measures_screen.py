"""The measures of a window: what is beyond its limit first, intervals, why there is no value, and the course."""

from __future__ import annotations

from pathlib import Path

import pytest
from heat_builders import opened, press, shows
from screens import rendered

from mlops_store import drift
from mlops_store.records import Measure, MonitorReport
from mlops_store.store import Store
from mlops_tui.ui.screens import measure_rows


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Ten windows whose ROC AUC falls; one measure could not be computed."""
    store = Store(str(tmp_path / ".mlops" / "store.db"))
    for window in range(1, 11):
        auc = 0.9 - 0.02 * window
        measured = (
            Measure("quality", "row_count", value=500.0, reference=3000.0, count=500),
            Measure("estimate", "roc_auc", "", auc + 0.01, auc - 0.02, auc + 0.03, 0.9, 0.85, auc < 0.84, 500),
            Measure("performance", "roc_auc", "", auc, auc - 0.03, auc + 0.03, 0.9, 0.85, auc < 0.84, 400),
            Measure("performance", "log_loss", "[b]x[/]", None, detail={"why": "no label has come yet"}),
        )
        report = MonitorReport(0, "m", f"{window}.csv", "p", f"{window}", "ok", float(window), measures=measured)
        with store.write() as db:
            drift.add_report(db, report)
    return store


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_measures_tell_their_interval_and_why_there_is_none(store: Store, size: tuple[int, int]) -> None:
    app = opened(store, "measures")
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "2 of 4 beyond their limits")
        await shows(pilot, "0.6800 to 0.7300")
        await shows(pilot, "log_loss")
        lines = [line.split()[1:3] for line in rendered(app).splitlines() if "roc_auc" in line and "│" in line]
        assert lines[0] == ["▲", "roc_auc"]
        await press(pilot, "G")
        await shows(pilot, "log_loss of [b]x[/] · no label has come yet")


async def test_an_estimate_is_drawn_beside_what_came_true(store: Store) -> None:
    app = opened(store, "measures 10")
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Course roc_auc")
        for name in ("estimate", "performance", "reference", "limit"):
            await shows(pilot, name)
        await press(pilot, "/", *"row_count", "enter")
        await shows(pilot, "Course row_count")
        await press(pilot, "enter")
        await shows(pilot, "it is about no column alone")


@pytest.mark.parametrize("start", ["measures x", "measures 99"])
async def test_what_is_not_there_is_said(store: Store, start: str) -> None:
    app = opened(store, start)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "is no number of a report" if start.endswith("x") else "no drift report 99")


def test_a_curve_has_a_point_only_where_there_is_a_value() -> None:
    known, unknown = Measure("quality", "a", value=1.0), Measure("quality", "a")
    course = [(9, known), (3, known), (5, unknown), (7, known)]
    drawn = measure_rows.drawing(known, {"quality": course}, {3: 1, 5: 2, 9: 4})
    assert [point[:2] for point in drawn.series[0].points] == [(1.0, 1.0), (4.0, 1.0)]
