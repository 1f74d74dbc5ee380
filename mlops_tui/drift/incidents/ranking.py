"""How much an incident matters: feature importance x effect x estimated loss of performance, with what is known. Pure.

- *importance* of a column: its share of all permutation importances times the number of columns, so that 1 is the
  average; from a tenth to ten. 1 where none were measured.
- *effect*: of the column's change, 0 to 1, or the share of rows whose quality fell. A column that is missing or cannot
  be compared has lost all: 1. One that the reference lacks is read by no model: 0.
- *loss*: the relative fall of the performance, in units of 5 %, from a tenth to ten: from the labels where they have
  come, else from the estimate without them. 1 where nothing is known, 10 where the model cannot predict at all.

The score is the sum of importance x effect over the incident's columns, times the loss.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from mlops_store.records import ColumnReport, Measure, MonitorReport, Severity
from mlops_tui.drift.incidents.causes import Cause

#: A relative loss that counts as much as an unknown one.
USUAL_LOSS = 0.05
_LEAST, _MOST = 0.1, 10.0
#: Kinds of alerts that say that the model was given something it cannot use.
_BROKEN = ("schema", "unreadable")


def importances(body: Mapping[str, Any]) -> dict[str, float]:
    """Column -> importance with an average of 1, of what was measured for a model card; empty without any."""
    means = {str(each["name"]): max(0.0, float(each["mean"])) for each in body.get("features", ())}
    total = sum(means.values())
    return {name: mean * len(means) / total for name, mean in means.items()} if total > 0 else {}


def loss(measures: Collection[Measure], goal: Callable[[str], str]) -> tuple[float, Measure] | None:
    """The largest relative fall of performance of a window, and the measure that says so; None when none is known.

    Args:
        measures: Of the window.
        goal: The better direction of a metric, 'max' or 'min'.
    """
    for family in ("performance", "estimate"):
        known = [
            each
            for each in measures
            if each.family == family and not each.subject and each.value is not None and each.reference
        ]
        # where the project says which metric counts, the others do not
        known = [each for each in known if each.detail.get("goal")] or known
        if known:
            return max(((_fall(each, goal(each.name)), each) for each in known), key=lambda pair: pair[0])
    return None


def score(
    cause: Cause, report: MonitorReport, importance: Mapping[str, float], goal: Callable[[str], str]
) -> tuple[float, dict[str, Any]]:
    """What a cause is ranked by, 0 or more, and what that is made of.

    Args:
        cause: What the window has.
        report: The report on the window.
        importance: Column -> importance with an average of 1; empty where none were measured.
        goal: The better direction of a metric.
    """
    columns = {column.column: column for column in report.columns}
    lost = _lost(report.measures)
    parts = {
        name: (
            _bounded(importance.get(name, 1.0) if importance else 1.0),
            max(_effect(columns.get(name)), lost.get(name, 0.0)),
        )
        for name in cause.columns
    }
    if not parts:
        parts = {"": (1.0, _effect_of_whole(cause, report))}
    fallen = loss(report.measures, goal)
    is_broken = cause.severity is Severity.CRITICAL and bool(cause.kinds.intersection(_BROKEN))
    factor = _MOST if is_broken else 1.0 if fallen is None else _bounded(fallen[0] / USUAL_LOSS)
    moved = sum(weight * effect for weight, effect in parts.values())
    weights = sum(effect for _, effect in parts.values())
    return moved * factor, {
        "importance": round(moved / weights, 4) if weights else 1.0,
        "has_importances": bool(importance),
        "effect": round(max(effect for _, effect in parts.values()), 4),
        "loss": None if fallen is None else round(fallen[0], 6),
        "loss_of": "" if fallen is None else fallen[1].name,
        "loss_from": "" if fallen is None else fallen[1].family,
        "is_broken": is_broken,
        "columns": sorted(parts, key=lambda name: -parts[name][0] * parts[name][1])[:20] if cause.columns else [],
    }


def _lost(measures: Collection[Measure]) -> dict[str, float]:
    """Column -> the largest share of its rows that its quality lost against the reference."""
    found: dict[str, float] = {}
    for each in measures:
        if each.family == "quality" and each.is_breach and each.subject and each.name.endswith("_share"):
            change = min(1.0, max(0.0, (each.value or 0.0) - (each.reference or 0.0)))
            found[each.subject] = max(found.get(each.subject, 0.0), change)
    return found


def _fall(measure: Measure, goal: str) -> float:
    value, reference = measure.value or 0.0, measure.reference or 0.0
    fall = (reference - value) if goal == "max" else (value - reference)
    return max(0.0, fall / abs(reference))


def _effect(column: ColumnReport | None) -> float:
    if column is not None and column.detail.get("finding", {}).get("kind") == "extra":
        return 0.0
    if column is None or column.score is None:
        return 1.0
    return min(1.0, abs(column.effect or 0.0))


def _effect_of_whole(cause: Cause, report: MonitorReport) -> float:
    if "prediction_drift" in cause.kinds:
        return max((_effect(column) for column in report.columns if column.role == "prediction"), default=1.0)
    return 1.0


def _bounded(factor: float) -> float:
    return min(_MOST, max(_LEAST, factor))
