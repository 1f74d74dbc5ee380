"""Columns together: a domain classifier, and the reconstruction error of principal components.

Both are figures of every window where the monitor wants them. They raise an alert only where no column has drifted by
itself: then they are the only ones that show what has happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_store.drift import NewAlert
from mlops_store.records import Measure, Severity
from mlops_tui.drift import titles
from mlops_tui.drift.checks.examined import Examined, Outcome
from mlops_tui.drift.multivariate import domain, reconstruction
from mlops_tui.drift.multivariate.table import Table, table

if TYPE_CHECKING:
    from collections.abc import Callable

#: Rows that a side needs.
LEAST_ROWS = 50
#: The risk that the classifier tells two samples of one source apart.
RISK = 0.01
#: Columns that are named, of those that lose the classifier at least so much area when shuffled.
_NAMED, _SMALLEST_LOSS = 5, 0.01


def check(examined: Examined) -> Outcome:
    """The figures that the monitor wants of all columns together."""
    wanted = examined.monitor.multivariate
    if not wanted:
        return Outcome()
    features = [known for known in examined.prepared.features if known.name not in examined.prepared.counters]
    data = table(features, examined.reference.frame, examined.frame)
    why = _why_not(data)
    of_method: dict[str, Callable[[Examined, Table], tuple[Measure, str]]] = {
        "domain_classifier": _domain_classifier,
        "pca": _reconstruction,
    }
    if why:
        names = {"domain_classifier": "domain_classifier_auc", "pca": "reconstruction_error"}
        measures = (
            Measure("multivariate", names[each], count=len(data.window), detail={"why": why}) for each in wanted
        )
        return Outcome(tuple(measures), notes=(f"columns not compared together: {why}",))
    found = [of_method[each](examined, data) for each in wanted]
    told = [text for measure, text in found if measure.is_breach]
    is_known = any(column.detail.get("notable") for column in examined.findings.columns)
    alerts: tuple[NewAlert, ...] = ()
    if told and not is_known:
        title = f"columns moved together, none by itself: {'; '.join(told)}"
        named = tuple(name for measure, _ in found if measure.is_breach for name in measure.detail.get("columns", ()))
        alerts = (NewAlert("multivariate", Severity.WARNING, title, columns=named),)
    return Outcome(tuple(measure for measure, _ in found), alerts)


def _why_not(data: Table) -> str:
    if len(data.names) < 2:
        return f"only {titles.columns(len(data.names))} can be compared"
    if min(len(data.reference), len(data.window)) < LEAST_ROWS:
        return f"{len(data.window)} rows, {len(data.reference)} of the reference, at least {LEAST_ROWS} are needed"
    return ""


def _domain_classifier(examined: Examined, data: Table) -> tuple[Measure, str]:
    threshold = examined.monitor.thresholds.get("domain_classifier", domain.THRESHOLD)
    verdict, importances = domain.of_table(data)
    by = [(name, lost) for name, lost in importances[:_NAMED] if lost >= _SMALLEST_LOSS]
    measure = Measure(
        "multivariate", "domain_classifier_auc", "", verdict.auc, verdict.low, verdict.high, 0.5, threshold,
        is_breach=verdict.auc >= threshold and verdict.p_value <= RISK, count=verdict.rows[0],
        detail={"p_value": verdict.p_value, "reference_rows": verdict.rows[1], "columns": dict(by)},
    )  # fmt: skip
    mostly = f", mostly by {titles.listed(titles.name(name) for name, _ in by)}" if by else ""
    text = f"a classifier tells them apart (AUC {verdict.auc:.2f}, {verdict.low:.2f} to {verdict.high:.2f}){mostly}"
    return measure, text


def _reconstruction(examined: Examined, data: Table) -> tuple[Measure, str]:
    found = reconstruction.reconstruct(data)
    if found is None:
        why = {"why": "the reference's columns do not vary, or hold values too large to compute with"}
        return Measure("multivariate", "reconstruction_error", count=len(data.window), detail=why), ""
    low, high = found.bounds
    measure = Measure(
        "multivariate", "reconstruction_error", "", found.error, found.low, found.high, found.reference,
        low if found.error < low else high, found.is_beyond, len(data.window),
        {"components": found.components, "bounds": [low, high], "reference_rows": len(data.reference)},
    )  # fmt: skip
    return measure, f"reconstruction error {found.reference:.3g} → {found.error:.3g}"
