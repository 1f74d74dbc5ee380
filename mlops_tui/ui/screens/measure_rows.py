"""Measures as rows of a list, and their courses as charts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlops_store.records import Measure
from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import state_sign
from mlops_tui.ui.widgets.chart import Drawing, Series
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Key, Row

COLUMNS = (
    Column("sign", "", 1, 1),
    Column("measure", "measure", 18, 40, grows=True),
    Column("family", "check", 6, 16, 1),
    Column("subject", "of", 4, 40, 3),
    Column("value", "value", 8, 12, right=True),
    Column("interval", "95 %", 8, 22, 2),
    Column("reference", "reference", 8, 12, 4, right=True),
    Column("threshold", "limit", 6, 12, 5, right=True),
    Column("count", "rows", 5, 11, 6, right=True),
)
#: Families of which the one says beforehand what the other says when labels have come.
_PAIR = ("estimate", "performance")


def key(measure: Measure) -> Key:
    """What tells a measure from the others of its report."""
    return (measure.family, measure.name, measure.subject)


def title(measure: Measure) -> str:
    """A measure's name with what it is about, and why it has no value in this window."""
    name = f"{measure.name} of {measure.subject}" if measure.subject else measure.name
    return f"{name} · {why(measure)}" if why(measure) else name


def why(measure: Measure) -> str:
    """Why there is no value; "" where there is one."""
    return str(measure.detail.get("why", "")) if measure.value is None else ""


def ranked(measures: Sequence[Measure]) -> list[Measure]:
    """Those beyond their limits first, then as they were measured."""
    return sorted(measures, key=lambda one: not one.is_breach)


def row(measure: Measure) -> Row:
    """A measure of the list; where there is no value, it says why."""
    mark = state_sign("drifted" if measure.is_breach else "unchecked" if measure.value is None else "ok")
    reason = why(measure)
    name = (Cell(measure.name), Cell(f"  {reason}" if reason else "", "dim"))
    interval = ""
    if measure.low is not None and measure.high is not None:
        interval = f"{shown.number(measure.low)} to {shown.number(measure.high)}"
    return Row(
        key(measure),
        (
            mark,
            name,
            Cell(measure.family, "dim"),
            Cell(measure.subject, "accent"),
            Cell(shown.number(measure.value) or "–", "strong" if measure.is_breach else ""),
            Cell(interval, "dim"),
            Cell(shown.number(measure.reference), "dim"),
            Cell(shown.number(measure.threshold), "dim"),
            Cell(f"{measure.count:,}", "dim"),
        ),
    )


def together(family: str) -> tuple[str, ...]:
    """The families whose courses are drawn into one chart."""
    return _PAIR if family in _PAIR else (family,)


def drawing(
    measure: Measure, courses: Mapping[str, Sequence[tuple[int, Measure]]], numbers: Mapping[int, int]
) -> Drawing:
    """Curves over the windows, each point as high as its interval; reference and limit as level lines.

    Args:
        measure: The one under the cursor.
        courses: Family -> (report id, measure).
        numbers: Report id -> the number of its window; reports that were superseded are left out.
    """
    curves = []
    for slot, (family, course) in enumerate(courses.items()):
        points = sorted(
            (float(numbers[report_id]), *_span(one), one.value)
            for report_id, one in course
            if one.value is not None and report_id in numbers
        )
        if points:
            curves.append(Series(family, points, slot, shown.number(points[-1][3])))
    ends = [point[0] for curve in curves for point in curve.points]
    for slot, (name, level) in enumerate((("reference", measure.reference), ("limit", measure.threshold)), 2):
        if level is not None and ends and min(ends) < max(ends):
            line = [(end, level, level, level) for end in (min(ends), max(ends))]
            curves.insert(0, Series(name, line, slot, shown.number(level)))
    return Drawing("", tuple(curves), empty=why(measure) or "no window has a value")


def _span(measure: Measure) -> tuple[float, float]:
    value = measure.value or 0.0
    return (
        measure.low if measure.low is not None else value,
        measure.high if measure.high is not None else value,
    )
