"""Whether the model's predictions hang on other inputs than they did on the reference."""

from __future__ import annotations

from typing import Any

from mlops_store.drift import NewAlert
from mlops_store.errors import MlopsError
from mlops_store.records import Measure, Severity
from mlops_tui.drift import attribution, titles
from mlops_tui.drift.checks.examined import Examined, Outcome

#: Below it the order of the inputs counts as another, as SageMaker Clarify has it.
THRESHOLD = 0.9
#: Rows that a side needs.
LEAST_ROWS = 50
#: Inputs whose share is kept, those that moved most first.
_KEPT = 20


def check(examined: Examined) -> Outcome:
    """The gain of the inputs' order, where the monitor wants it; an alert where it is surely below the threshold."""
    if not examined.monitor.attribution:
        return Outcome()
    threshold = examined.monitor.thresholds.get("attribution", THRESHOLD)
    found = _ranking(examined)
    if isinstance(found, str):
        measure = Measure("attribution", "ndcg", threshold=threshold, count=len(examined.frame), detail={"why": found})
        return Outcome((measure,), notes=(f"attributions not compared: {found}",))
    moved = sorted(found.shares.items(), key=lambda item: -abs(item[1][1] - item[1][0]))[:_KEPT]
    measure = Measure(
        "attribution", "ndcg", "", found.ndcg, found.low, found.high, 1.0, threshold,
        is_breach=found.high < threshold, count=found.rows[1],
        detail={"reference_rows": found.rows[0], "shares": {name: list(shares) for name, shares in moved}},
    )  # fmt: skip
    if not measure.is_breach:
        return Outcome((measure,))
    named = titles.listed(f"{titles.name(name)} {before:.0%} → {after:.0%}" for name, (before, after) in moved[:3])
    title = f"predictions hang on other inputs (NDCG {found.ndcg:.2f}, at least {threshold:.2f} wanted): {named}"
    alert = NewAlert("attribution", Severity.WARNING, title, columns=tuple(name for name, _ in moved[:3]))
    return Outcome((measure,), (alert,))


def _ranking(examined: Examined) -> attribution.Ranking | str:
    """The ranking, or why there is none."""
    predictor = examined.prepared.predictor
    if predictor is None:
        return "there is no model that could predict"
    sides: tuple[Any, ...] = (examined.reference.frame, examined.frame)
    rows = [len(side) for side in sides]
    if min(rows) < LEAST_ROWS:
        return f"{rows[1]} rows, {rows[0]} of the reference, at least {LEAST_ROWS} are needed"
    try:
        inputs = predictor.columns(examined.prepared.inputs)
        for side, where in zip(sides, ("the reference", "the window"), strict=True):
            lacking = [name for name in inputs if name not in side.columns]
            if lacking:
                return f"{predictor.name} reads {lacking[0]!r}, which {where} lacks"
        if len(inputs) < 2:
            return f"{predictor.name} reads one column only"
        found = [attribution.attributions(predictor, side, inputs) for side in sides]
    except MlopsError as error:
        return error.message
    return attribution.compare(found[0], found[1], inputs)
