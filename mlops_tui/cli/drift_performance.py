"""``mlops-tui drift labels`` and ``drift performance``: which labels came, and how good the model is by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from mlops_store.records import Measure, MonitorReport
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import json_option, limit_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_store.labels import LabelFile
    from mlops_tui.drift.performance.arrivals import Arrival


#: The families of measures that are shown, the better known first.
_FAMILIES = ("performance", "estimate")


@click.command()
@click.option("-m", "--monitor", metavar="NAME", help="Only this monitor's.")
@json_option
@click.pass_obj
def labels(workspace: Workspace, monitor: str | None, as_json: bool) -> None:
    """List the files that brought labels, and how many of these belong to a checked row."""
    from mlops_store import labels as stored

    store = workspace.find()
    found = [] if store is None else stored.files(store.read(), monitor)
    if as_json:
        output.write_json_lines(map(_file_shape, found))
        return
    if not found:
        output.remark("no labels have been read; a monitor's key labels says where they arrive")
        return
    rows = [
        (file.path, str(file.rows), str(file.matched), text.moment(file.at), file.monitor, file.problem)
        for file in reversed(found)
    ]
    kept = 6 if any(file.problem for file in found) else 5
    titles = ("file", "labels", "joined", "read", "monitor", "problem")
    write_table(titles[:kept], [row[:kept] for row in rows], right=("labels", "joined"))
    for file in found:
        _write_notes(file)


@click.command()
@limit_option
@click.option("-m", "--monitor", metavar="NAME", help="Only this monitor's.")
@click.option("--metric", metavar="NAME", help="Another one than the first of the monitor.")
@json_option
@click.pass_obj
def performance(workspace: Workspace, limit: int, monitor: str | None, metric: str | None, as_json: bool) -> None:
    """List how good the model was on each window, newest first: realized where labels came, and estimated.

    A realized figure is of the rows that have labels; its interval is how far chance alone may have moved it. An
    estimate needs no labels: its interval is where the realized figure will be 95 times of 100 if its assumptions
    hold. They were checked, all but one: whether the same inputs still mean the same, only labels will tell.
    """
    from mlops_store import drift

    store = workspace.find()
    if store is None:
        output.remark("no reports")
        return
    db = store.read()
    reports = [drift.report(db, each.id) for each in drift.reports(db, monitor, limit)]
    found = [(report, measures) for report in reports if (measures := _chosen(report, metric))]
    if as_json:
        output.write_json_lines(_window_shape(report, measures) for report, measures in found)
        return
    if not found:
        output.remark(
            "no window has a figure of performance"
            + (
                f" called {metric!r}"
                if metric
                else "; name the target, and where labels arrive, in the monitor's table"
            )
        )
        return
    rows = [_row(report, measures) for report, measures in found]
    titles = ("report", "batch", "metric", "realized", "estimated", "reference", "labels", "worth")
    write_table(titles, rows, right=("report",))


def told(arrivals: Mapping[str, Arrival]) -> Iterable[str]:
    """What came of labels, a line for each file and window."""
    for arrival in arrivals.values():
        # files that match nothing for one reason are told of together: there may be one for every day
        alike: dict[tuple[str, ...], list[LabelFile]] = {}
        for file in arrival.files:
            is_like_others = not file.problem and not file.matched
            alike.setdefault(file.notes if is_like_others else (file.path, *file.notes), []).append(file)
        for files in alike.values():
            yield from _told_of(files)
        for report in arrival.reports:
            goal = next((each for each in report.measures if _is_goal(each, "performance")), None)
            if goal is not None:
                share = f"{goal.detail.get('labelled', 0):,} of {goal.detail.get('of', 0):,} rows have labels"
                yield f"{text.clean(report.batch)}: {share}; {text.clean(figure(goal))}"


def _told_of(files: Sequence[LabelFile]) -> Iterable[str]:
    first = files[0]
    name = text.clean(first.path) + (f" and {len(files) - 1:,} more" if len(files) > 1 else "")
    if first.problem:
        yield f"{name} {text.clean(first.problem)}"
    else:
        matched, rows = sum(file.matched for file in files), sum(file.rows for file in files)
        yield f"{name}: {matched:,} of {rows:,} labels belong to a checked row"
    yield from (f"{name}: {text.clean(note)}" for note in first.notes)


def figure(measure: Measure) -> str:
    """A measure in words, or why there is none."""
    from mlops_tui.drift.performance import judgement

    if measure.value is None:
        return f"no {measure.name}: {measure.detail.get('why', '')}"
    return judgement.told(measure)


def _write_notes(file: LabelFile) -> None:
    for note in file.notes:
        output.remark(f"{text.clean(file.path)}: {text.clean(note)}")
    if file.rows and not file.matched:
        output.remark(f"{text.clean(file.path)}: none of its labels belongs to a checked row")


def _is_goal(measure: Measure, family: str) -> bool:
    return measure.family == family and bool(measure.detail.get("goal"))


def _chosen(report: MonitorReport, metric: str | None) -> dict[str, Measure]:
    """Family -> the measure that is shown of it."""
    return {
        each.family: each
        for each in report.measures
        if each.family in _FAMILIES
        and not each.subject
        and (each.name == metric if metric else each.detail.get("goal"))
    }


def _row(report: MonitorReport, measures: Mapping[str, Measure]) -> tuple[str, ...]:
    realized, estimate = (measures.get(family) for family in _FAMILIES)
    first = realized or estimate
    assert first is not None
    references = [each.reference for each in (realized, estimate) if each is not None and each.reference is not None]
    labelled = f"{realized.detail.get('labelled', 0):,} of {realized.detail.get('of', 0):,}" if realized else "-"
    return (
        str(report.id),
        report.batch,
        first.name,
        _cell(realized),
        _cell(estimate),
        text.number(references[0]) if references else "-",
        labelled,
        worth(realized, estimate),
    )


def _cell(measure: Measure | None) -> str:
    if measure is None or measure.value is None:
        return "-"
    interval = f" ({text.number(measure.low)} to {text.number(measure.high)})" if measure.low is not None else ""
    return text.number(measure.value) + interval


def worth(realized: Measure | None, estimate: Measure | None) -> str:
    """What the figures of a window are worth to somebody who has to decide something, in a few words."""
    if realized is not None and realized.value is not None:
        words = "surely worse" if realized.is_breach else "not surely worse"
        if realized.reference is None and realized.threshold is None:
            words = "nothing to compare with"
        remarks = realized.detail.get("remarks") or ()
        return "; ".join([words, *remarks])
    if estimate is None:
        return str(realized.detail.get("why", "")) if realized is not None else ""
    if estimate.value is None:
        return f"no estimate: {estimate.detail.get('why', '')}"
    doubts = estimate.detail.get("doubts") or ()
    if doubts:
        return f"doubtful: {'; '.join(doubts)}"
    return (
        "surely worse, if inputs mean the same" if estimate.is_breach else "not surely worse, if inputs mean the same"
    )


def _window_shape(report: MonitorReport, measures: Mapping[str, Measure]) -> dict[str, Any]:
    return {
        "report_id": report.id,
        "monitor": report.monitor,
        "batch": report.batch,
        "checked_at": report.checked_at,
        **measures,
    }


def _file_shape(file: LabelFile) -> dict[str, Any]:
    return {
        "monitor": file.monitor,
        "path": file.path,
        "labels": file.rows,
        "joined": file.matched,
        "read_at": file.at,
        "problem": file.problem,
        "notes": list(file.notes),
    }
