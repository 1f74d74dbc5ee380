"""From figures to measures of a window: beside the reference, with the threshold, and whether it is a breach.

A breach is sure and large. Without a bound of the project's own: more than three standard errors (of window and
reference together) and two points below the reference for figures up to 1, a tenth for losses. With a bound: the
whole 95 % interval lies beyond it.

Source:
    NannyML's thresholds are three standard deviations from the reference's mean, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_store.drift import NewAlert
from mlops_store.records import Measure, Severity
from mlops_tui.drift.performance.intervals import Figure
from mlops_tui.drift.performance.tasks import SMALLER_IS_BETTER

#: How much worse than the reference counts: points of a figure that is better when larger, a part of a loss.
POINTS, PART = 0.02, 0.1
#: Standard errors that make a difference sure.
SURE = 3.0
#: From this many times the smallest loss on, an alert is critical.
_LARGE = 3.0


def measure(
    family: str,
    name: str,
    figure: Figure,
    *,
    count: int,
    reference: Figure | None = None,
    bound: float | None = None,
    detail: Mapping[str, Any] | None = None,
    at: float = 0.0,
) -> Measure:
    """A figure of a window as it is kept.

    Args:
        family: 'performance' or 'estimate'.
        name: The metric.
        figure: Its value.
        count: Rows behind it.
        reference: The same on the labelled reference.
        bound: What the project says that it must reach.
        detail: What else belongs to it.
        at: When it was computed.
    """
    before = reference.value if reference is not None else None
    threshold = bound if bound is not None else limit(name, before)
    known: dict[str, Any] = {"interval": figure.how} if figure.how else {}
    if figure.value is None:
        known["why"] = figure.why
    return Measure(
        family=family,
        name=name,
        value=figure.value,
        low=figure.low,
        high=figure.high,
        reference=before,
        threshold=threshold,
        is_breach=_is_breach(name, figure, reference, threshold, is_own=bound is not None),
        count=count,
        detail=known | dict(detail or {}),
        at=at,
    )


def limit(name: str, reference: float | None) -> float | None:
    """From where on a metric is much worse than the reference."""
    if reference is None:
        return None
    return reference * (1 + PART) if name in SMALLER_IS_BETTER else reference - POINTS


def loss(name: str, value: float, reference: float) -> float:
    """How much worse a value is, as a part of the reference's; below 0 it is better."""
    worse = value - reference if name in SMALLER_IS_BETTER else reference - value
    return worse / abs(reference) if reference else worse


def _is_breach(name: str, figure: Figure, reference: Figure | None, threshold: float | None, *, is_own: bool) -> bool:
    if figure.value is None or threshold is None:
        return False
    sign = 1.0 if name in SMALLER_IS_BETTER else -1.0
    if is_own:
        nearest = figure.low if sign > 0 else figure.high
        return sign * ((figure.value if nearest is None else nearest) - threshold) > 0
    if sign * (figure.value - threshold) <= 0 or reference is None or reference.value is None:
        return False
    spread = math.hypot(figure.error, reference.error)
    return sign * (figure.value - reference.value) > SURE * spread


def alerts(measures: Sequence[Measure], watched: Sequence[str]) -> tuple[NewAlert, ...]:
    """At most one alert of a family: about the first of the watched metrics that is breached, with the others named.

    Args:
        measures: Of one family.
        watched: The metrics that alerts are about.
    """
    broken = [each for name in watched for each in measures if each.name == name and each.is_breach]
    if not broken:
        return ()
    worst = broken[0]
    severity = Severity.CRITICAL if _is_large(worst) else Severity.WARNING
    others = f"; also {', '.join(each.name for each in broken[1:4])}" if broken[1:] else ""
    word = "estimated " if worst.family == "estimate" else ""
    return (NewAlert(worst.family, severity, f"{word}{told(worst)}{others}", worst.name),)


def told(measure: Measure) -> str:
    """A measure in a few words: ``roc_auc 0.91 → 0.83 (0.80 to 0.86, 312 rows)``."""
    assert measure.value is not None
    before = measure.reference if measure.reference is not None else measure.threshold
    arrow = f"{_number(before)} → " if measure.reference is not None else f"(at least {_number(before)}) "
    if measure.reference is None and measure.name in SMALLER_IS_BETTER:
        arrow = f"(at most {_number(before)}) "
    interval = f"{_number(measure.low)} to {_number(measure.high)}, " if measure.low is not None else ""
    return f"{measure.name} {arrow}{_number(measure.value)} ({interval}{measure.count:,} rows)"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _is_large(measure: Measure) -> bool:
    if measure.value is None or measure.reference is None:
        return False
    if measure.name in SMALLER_IS_BETTER:
        return loss(measure.name, measure.value, measure.reference) >= _LARGE * PART
    return measure.reference - measure.value >= _LARGE * POINTS
