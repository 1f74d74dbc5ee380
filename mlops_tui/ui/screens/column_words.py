"""What is said of when a column moved. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_store.heat import Line, Window
from mlops_tui.drift.beginnings import Level, around
from mlops_tui.ui.theme import sign


def beginning(line: Line, windows: Sequence[Window], at: int, levels: Sequence[Level]) -> list[tuple[str, str]]:
    """One or two lines of (text, tone): since when the effect has been as it is, and how often it raised the alarm.

    Args:
        line: The column over all windows.
        windows: All windows.
        at: The window that is looked at.
        levels: What ``beginnings.levels`` found.
    """
    before, level = around(levels, at)
    if level is None:
        return [("nothing was compared in any window", "dim")]
    if before is None:
        first = f"since the first window around {level.mean:.2f}"
    else:
        first = (
            f"since window {level.start + 1}, {windows[level.start].batch}: "
            f"{before.mean:.2f} {sign('arrow')} {level.mean:.2f}"
        )
    until = f", until window {level.end}" if level.end < len(windows) else ""
    began = line.began()
    alarms = (
        f"drifted in {line.drifted()} of {len(windows)} windows, first in window {began + 1}"
        if began is not None
        else f"drifted surely and by much in none of {len(windows)} windows"
    )
    tone = "strong" if before is not None and level.mean > before.mean else ""
    return [(first + until, tone), (alarms, "dim")]
