"""Stores with reports on windows, for tests of what is shown of columns over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from screens import rendered, settled
from textual.pilot import Pilot

from mlops_store import drift
from mlops_store.records import ColumnReport, MonitorReport
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.project import Project
from mlops_tui.ui.app import MlopsApp


def column(name: str, effect: float | None) -> ColumnReport:
    detail = {
        "reference": {"edges": [0.0, 1.0, 2.0], "counts": [30, 10], "count": 40, "missing": 0, "mean": 0.7},
        "current": {"edges": [0.0, 1.0, 2.0], "counts": [5, 15], "count": 20, "missing": 0, "mean": 1.3},
        "score_is": "p-value",
        "notable": (effect or 0) >= 0.1,
        "shift": {"from": 0.7, "to": 1.3, "std": 1.2},
    }
    if effect is None:
        detail = {"finding": {"kind": "missing", "message": "the batch has no such column"}}
    method, threshold = (None, None) if effect is None else ("ks", 0.05)
    is_drifted = (effect or 0) >= 0.05
    return ColumnReport(name, "feature", "numerical", method, effect, threshold, is_drifted, effect, 40, 20, detail)


def add(store: Store, batch: str, columns: Sequence[ColumnReport], monitor: str = "production") -> None:
    report = MonitorReport(0, monitor, batch, batch, batch, "ok", 1e9, columns=tuple(columns), checked_columns=3)
    with store.write() as db:
        drift.add_report(db, report)


def opened(store: Store, start: str = "heat") -> MlopsApp:
    return MlopsApp(Project(str(Path(store.path).parent.parent)), Config(), start=start)


async def press(pilot: Pilot[object], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


async def shows(pilot: Pilot[object], text: str) -> None:
    """Waits until a text is on the screen."""
    for _ in range(600):
        if text in rendered(pilot.app):
            return
        await pilot.pause(0.05)
    raise AssertionError(f"{text!r} never came:\n{rendered(pilot.app)}")
