"""What an estimate without labels is worth: its assumptions checked, each as a measure beside it and in a sentence.

- calibration: probabilities, calibrated, mean what they say on labelled rows that the calibration has not seen;
- coverage: the window's rows lie where there are labelled rows;
- size: there are labelled rows enough;
- record: in earlier windows the realized figure lay in the estimate's interval.

Whether inputs still mean the same for the truth (concept drift) no estimate can know, whatever these say.

Source:
    NannyML's documentation of CBPE and DLE names the assumptions: good calibration, no covariate shift to regions that
    were not seen, no concept drift, enough data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlops_store.records import Measure
from mlops_tui.drift.performance import calibration, support
from mlops_tui.drift.performance.classification import Scored
from mlops_tui.drift.performance.intervals import Figure, wilson

if TYPE_CHECKING:
    import pandas as pd

#: The mean difference of probability and share that counts as badly calibrated.
WORST_CALIBRATION = 0.05
#: Rows outside beyond what is to be expected, as a share of all.
MOST_OUTSIDE = 0.05
#: Labelled rows below which an estimate is a rough one.
ENOUGH = 300
#: Earlier windows that make a record; the share of hits (of 95 % promised) below which it is bad, from two misses on.
LEAST_WINDOWS, WORST_RECORD, _MISSES = 2, 0.7, 2


@dataclass(frozen=True, slots=True)
class Doubt:
    """An assumption that was checked: the measure, and why it does not hold ("" where it does)."""

    measure: Measure
    reason: str = ""


def of_calibration(rows: Scored) -> Doubt:
    """How far calibrated probabilities are off on labelled rows that the calibration has not seen; the worst class."""
    assert rows.proba is not None
    wanted = [1] if rows.is_binary else range(len(rows.classes))
    found = [(_calibration_error(rows, index), rows.classes[index]) for index in wanted]
    figure, name = max(found, key=lambda each: each[0].value or 0.0)
    is_bad = (figure.low or 0.0) > WORST_CALIBRATION
    reason = f"probabilities are off by {figure.value:.0%} on average on labelled rows" if is_bad else ""
    if reason and not rows.is_binary:
        reason += f" (of {name!r})"
    return Doubt(_measure("calibration_error", figure, WORST_CALIBRATION, count=len(rows.truth), is_bad=is_bad), reason)


def _calibration_error(rows: Scored, index: int) -> Figure:
    assert rows.proba is not None
    scores, is_positive = rows.proba[:, index], rows.truth == index
    if calibration.is_needed(scores, is_positive):
        kept, scores = calibration.out_of_fold(scores, is_positive)
        is_positive = is_positive[kept]
    return calibration.error_figure(np.clip(scores, 0.0, 1.0), is_positive)


def of_coverage(reference: pd.DataFrame, window: pd.DataFrame) -> Doubt | None:
    """How much of the window lies outside of the labelled rows; None where their inputs are not known."""
    shared = [name for name in reference.columns if name in window.columns]
    if not shared or not len(window):
        return None
    found = support.coverage(reference[shared], window[shared])
    share = found.outside / found.rows
    low, high = wilson(share, found.rows)
    is_bad = low > found.expected + MOST_OUTSIDE
    reason = ""
    if is_bad:
        named = ", ".join(f"{name} {count / found.rows:.0%}" for name, count in found.columns[:3])
        reason = f"{share:.0%} of the rows lie outside of what the labelled rows cover ({named})"
    measure = _measure(
        "outside_share",
        Figure(share, low, high, "Wilson"),
        found.expected + MOST_OUTSIDE,
        count=found.rows,
        is_bad=is_bad,
        reference=found.expected,
    )
    return Doubt(measure, reason)


def of_size(count: int) -> Doubt:
    """Whether there are labelled rows enough."""
    reason = f"there are only {count:,} labelled rows, {ENOUGH} are wanted" if count < ENOUGH else ""
    return Doubt(_measure("labelled_rows", Figure(float(count)), ENOUGH, count=count, is_bad=bool(reason)), reason)


def of_record(earlier: Sequence[tuple[Measure, Measure]]) -> Doubt | None:
    """How often the realized figure of earlier windows lay in the estimate's interval; None with too few of them.

    Args:
        earlier: (estimate, realized) of each window that has both.
    """
    known = [
        (estimate, realized)
        for estimate, realized in earlier
        if estimate.low is not None and estimate.high is not None and realized.value is not None
    ]
    if len(known) < LEAST_WINDOWS:
        return None
    hits = sum(_is_hit(estimate, realized) for estimate, realized in known)
    share = hits / len(known)
    is_bad = share < WORST_RECORD and len(known) - hits >= _MISSES
    reason = ""
    if is_bad:
        reason = (
            f"in {len(known) - hits} of {len(known)} earlier windows the realized figure was not what was estimated"
        )
    figure = Figure(share, *wilson(share, len(known)), "Wilson")
    return Doubt(_measure("record", figure, WORST_RECORD, count=len(known), is_bad=is_bad), reason)


def _is_hit(estimate: Measure, realized: Measure) -> bool:
    assert estimate.low is not None
    assert estimate.high is not None
    assert realized.value is not None
    if realized.low is None or realized.high is None:
        return estimate.low <= realized.value <= estimate.high
    # the realized figure of few labels is uncertain itself
    return realized.low <= estimate.high and estimate.low <= realized.high


def _measure(
    name: str, figure: Figure, threshold: float, *, count: int, is_bad: bool, reference: float | None = None
) -> Measure:
    return Measure(
        family="assumption",
        name=name,
        value=figure.value,
        low=figure.low,
        high=figure.high,
        reference=reference,
        threshold=threshold,
        is_breach=is_bad,
        count=count,
        detail={"interval": figure.how} if figure.how else {},
    )
