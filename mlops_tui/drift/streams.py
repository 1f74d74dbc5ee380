"""Detectors of change in a stream of rows: where within a window a column of numbers became another.

A detector goes on from window to window: it reads the last rows of the one before first.

Values are standardised by the mean and standard deviation of the reference, so that one setting suits all columns. The
settings are chosen so that of windows in which nothing happens hardly any is told of, over all columns together;
river's own defaults cry wolf in most windows of 2000 rows (Page-Hinkley and KSWIN).

Source:
    river's ``drift.ADWIN`` (Bifet and Gavaldà, Learning from Time-Changing Data with Adaptive Windowing, 2007),
    ``drift.PageHinkley`` (Page, Continuous Inspection Schemes, 1954) and ``drift.KSWIN`` (Raab et al., Reactive Soft
    Prototype Computing for Concept Drift Streams, 2020).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from mlops_tui.drift.samples import FloatArray

if TYPE_CHECKING:
    from collections.abc import Callable

#: Rows that a detector reads at most; KSWIN tests two samples at every row.
MOST_ROWS = {"adwin": 200_000, "page_hinkley": 200_000, "kswin": 5000}
#: The last rows of a window that a detector has read again before those of the next: KSWIN remembers no more.
KEPT_ROWS = {"adwin": 2000, "page_hinkley": 2000, "kswin": 200}
NOTHING: FloatArray = np.empty(0)
#: The chance that ADWIN's bound allows of a false detection in a window, over all of its columns.
_RISK = 0.002


class Detector(Protocol):
    """What river's detectors have in common."""

    @property
    def drift_detected(self) -> bool:
        """Whether the last value has shown a change."""
        ...

    def update(self, value: float, /) -> object:
        """Takes the next value."""
        ...


class Change(NamedTuple):
    """Where a column changed.

    Attributes:
        row: The row at which the detector was sure, from 0.
        before: Mean of the values up to there, those of the window before among them.
        after: Mean of those that follow.
        read: How many rows were read.
    """

    row: int | None
    before: float
    after: float
    read: int


def detector(method: str, columns: int) -> Callable[[], Detector]:
    """Makes detectors for so many columns together.

    Raises:
        ImportError: river is not installed.
    """
    import river.drift

    drift: Any = river.drift  # its classes have no types
    if method == "adwin":
        return lambda: drift.ADWIN(delta=_RISK / columns)
    if method == "page_hinkley":
        # a change of at least half a standard deviation, after about 100 rows
        return lambda: drift.PageHinkley(delta=0.25, threshold=50.0)
    return lambda: drift.KSWIN(alpha=1e-5, window_size=200, stat_size=60, seed=0)


def follow(
    make: Callable[[], Detector],
    values: FloatArray,
    mean: float,
    std: float,
    most_rows: int,
    before: FloatArray = NOTHING,
) -> Change:
    """Follows the values until a change is sure.

    Args:
        make: Makes a detector.
        values: In the order of the rows; what is not finite is passed over.
        mean: Of the reference.
        std: Of the reference, positive.
        most_rows: Rows that are read at most.
        before: The last values of the window before; what changed within them was told with that.
    """
    values = values[:most_rows]
    rows = np.flatnonzero(np.isfinite(values))
    found = make()
    known = before[np.isfinite(before)]
    since = 0
    for place, value in enumerate(_standard(known, mean, std)):
        found.update(value)
        if found.drift_detected:
            since = place + 1
    known = known[since:]
    for place, value in enumerate(_standard(values[rows], mean, std)):
        found.update(value)
        if found.drift_detected:
            until = np.concatenate([known, values[rows[: place + 1]]])
            return Change(int(rows[place]), _mean(until), _mean(values[rows[place + 1 :]]), len(values))
    whole = _mean(values[rows])
    return Change(None, whole, whole, len(values))


def _standard(values: FloatArray, mean: float, std: float) -> list[float]:
    with np.errstate(over="ignore"):
        found: list[float] = np.clip((values - mean) / std, -1e6, 1e6).tolist()
    return found


def _mean(values: FloatArray) -> float:
    """NaN where there are no values, and ±inf where they are too large."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(values.mean()) if len(values) else float("nan")
