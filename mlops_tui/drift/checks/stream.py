"""The rows of a window as a stream: whether a column of numbers changed within the window, and at which row.

It sees what lasts for too few rows to move the whole window, and goes on from the last rows of the window before. Where
the column has drifted as a whole, that is told, and the row is a figure beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlops_store.drift import NewAlert
from mlops_store.records import Measure, Severity
from mlops_tui.drift import streams, titles
from mlops_tui.drift.checks.examined import Examined, Outcome
from mlops_tui.drift.samples import FloatArray, Numbers, floats

if TYPE_CHECKING:
    import pandas as pd

_MISSING = "river is not installed: pip install 'mlops-tui[river]'"


def check(examined: Examined) -> Outcome:
    """A figure for each column that is followed, and an alert for those that changed within the window."""
    wanted = examined.monitor.stream
    if not wanted.method:
        return Outcome()
    followed, notes = _followed(examined)
    try:
        make = streams.detector(wanted.method, max(1, len(followed)))
    except ImportError:
        why = Measure("stream", wanted.method, detail={"why": _MISSING})
        return Outcome((why,), notes=(f"rows not followed one after the other: {_MISSING}",))
    moved = {column.column for column in examined.findings.columns if column.detail.get("notable")}
    most = streams.MOST_ROWS[wanted.method]
    if len(examined.frame) > most:
        notes.append(f"{wanted.method} followed the first {most:,} of {len(examined.frame):,} rows")
    measures, told = [], {}
    for name, (mean, std) in followed.items():
        change = streams.follow(make, floats(examined.frame[name]), mean, std, most, _before(examined, name))
        measures.append(
            Measure(
                "stream", wanted.method, name, None if change.row is None else float(change.row),
                is_breach=change.row is not None, count=change.read,
                detail={"why": "no change within the rows"} if change.row is None else {"row": change.row},
            )
        )  # fmt: skip
        if change.row is not None and name not in moved:
            shift = (
                f"mean {change.before:.3g} → {change.after:.3g}, "
                if np.isfinite([change.before, change.after]).all()
                else ""
            )
            told[name] = f"{titles.name(name)} ({shift}at row {change.row + 1:,})"
    alerts: tuple[NewAlert, ...] = ()
    if told:
        title = f"{titles.columns(len(told))} changed within the batch: {titles.listed(told.values())}"
        alerts = (NewAlert("stream", Severity.WARNING, title, columns=tuple(told)),)
    return Outcome(tuple(measures), alerts, tuple(notes), last_rows=_last_rows(examined, list(followed)))


def _before(examined: Examined, name: str) -> FloatArray:
    before = examined.before
    return streams.NOTHING if before is None or name not in before.columns else floats(before[name])


def _last_rows(examined: Examined, names: list[str]) -> pd.DataFrame:
    """What the next window is followed on from: of a short one with rows of those before."""
    import pandas as pd

    kept = streams.KEPT_ROWS[examined.monitor.stream.method]
    found: dict[str, FloatArray] = {
        name: np.concatenate([_before(examined, name), floats(examined.frame[name])])[-kept:] for name in names
    }
    longest = max(map(len, found.values()), default=0)
    missing = {name: np.full(longest - len(values), np.nan) for name, values in found.items()}
    return pd.DataFrame({name: np.concatenate([missing[name], values]) for name, values in found.items()})


def _followed(examined: Examined) -> tuple[dict[str, tuple[float, float]], list[str]]:
    """Column -> mean and standard deviation of the reference; and notes on those that were wanted and cannot be."""
    wanted = examined.monitor.stream.columns
    known = {each.name: each for each in examined.prepared.features}
    followed: dict[str, tuple[float, float]] = {}
    notes = []
    for name in wanted or known:
        sample = known[name].sample if name in known else None
        if not isinstance(sample, Numbers) or name in examined.prepared.counters or name not in examined.frame.columns:
            if wanted:
                notes.append(f"{titles.name(name)} not followed: it is no column of numbers that both have")
            continue
        mean, std = (sample.mean, sample.std) if sample.count else (0.0, 0.0)
        if np.isfinite(mean) and 0 < std < np.inf:
            followed[name] = mean, std
        elif wanted:
            notes.append(f"{titles.name(name)} not followed: its values in the reference are one, or too large")
    return followed, notes
