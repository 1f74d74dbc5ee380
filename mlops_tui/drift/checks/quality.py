"""Quality of a window: its rows and columns beside what the reference lets expect and the project demands.

One alert says all that is beyond, a warning. What the drift of a column says already (values out of range, new labels,
one value only, of a column that drifted notably) is kept as a figure and raises nothing a second time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mlops_store.drift import NewAlert
from mlops_store.records import Measure, Severity
from mlops_tui.drift import titles
from mlops_tui.drift.checks.examined import Examined, Outcome
from mlops_tui.drift.quality import columns, rows
from mlops_tui.drift.quality.finding import RISK, Finding

#: Figures that the drift of their column explains.
_OF_DISTRIBUTION = ("out_of_range_share", "new_label_share", "distinct")


def check(examined: Examined) -> Outcome:
    """The window's figures, and an alert where any is beyond what was to be expected."""
    found = _sure([*rows.findings(examined), *columns.findings(examined)])
    absent = [_absent(name) for name in examined.monitor.quality.columns if name not in examined.frame.columns]
    moved = {column.column for column in examined.findings.columns if column.detail.get("notable")}
    told = [
        finding
        for finding in found
        if finding.measure.is_breach and not (_is_expected(finding) and finding.measure.subject in moved)
    ]
    alert = _alert(told, examined.findings.problem)
    return Outcome(
        measures=(*(finding.measure for finding in found if not finding.is_idle), *absent),
        alerts=(alert,) if alert is not None else (),
        notes=tuple(f"quality of {titles.name(each.subject)} not checked: {each.detail['why']}" for each in absent),
    )


def _sure(found: list[Finding]) -> list[Finding]:
    """The findings, those of them no breach that chance may have made."""
    level = RISK / max(1, len(found))
    return [
        replace(finding, measure=replace(finding.measure, is_breach=False))
        if finding.measure.is_breach and finding.p_value > level
        else finding
        for finding in found
    ]


def _is_expected(finding: Finding) -> bool:
    """Whether the figure is one that the reference judges, and that follows from the column's distribution."""
    return finding.measure.name in _OF_DISTRIBUTION and finding.measure.reference is not None


def _absent(name: str) -> Measure:
    return Measure("quality", "bounds", name, detail={"why": "the batch has no such column"})


def _alert(told: Iterable[Finding], problem: str) -> NewAlert | None:
    headings: dict[str, list[Finding]] = {}
    for finding in sorted(told, key=lambda finding: -(finding.measure.value or 0.0)):
        headings.setdefault(finding.heading, []).append(finding)
    parts = [f"{heading}: {titles.listed(each.told for each in found)}" for heading, found in headings.items()]
    if problem:
        parts.append(problem)
    if not parts:
        return None
    subjects = {finding.measure.subject for found in headings.values() for finding in found}
    named = tuple(sorted(subjects - {""}))
    subject = subjects.pop() if len(subjects) == 1 and not problem else ""
    return NewAlert("quality", Severity.WARNING, "; ".join(parts), subject, named)
