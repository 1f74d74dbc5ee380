"""A check of a window, or a comparison of two files, as a page: for the terminal, Markdown and HTML alike."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mlops_store.records import Alert, ColumnReport, Measure, MonitorReport, Severity
from mlops_tui.compare import wording
from mlops_tui.compare.export.document import Block, Cell, Document, Heading, Points, Sentence, Table
from mlops_tui.drift import titles

if TYPE_CHECKING:
    from mlops_tui.drift.comparisons import Comparison

#: Columns whose distributions are shown, those that moved most.
_SHOWN = 20
_OTHERS = "(other labels)"
_NUMBERS = frozenset(range(3, 8))


def of_report(report: MonitorReport, alerts: Sequence[Alert] = (), *, with_unmoved: bool = False) -> Document:
    """The page of a monitor's report.

    Args:
        report: With its columns and measures.
        alerts: Those that it raised.
        with_unmoved: Also the columns that have not drifted.
    """
    version = f"{report.model} version {report.version}" if report.model else "a reference"
    facts = {
        "batch": report.batch,
        "rows": "" if report.row_count is None else f"{report.row_count:,}",
        "from": _span(report),
        "compared with": version,
        "drifted": _share(report.drifted_columns, report.checked_columns, report.drift_share),
        "error": report.error,
    }
    moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(report.checked_at))
    return Document(
        f"{report.monitor}: {report.batch}",
        f"report {report.id} · {moment} · {report.status}",
        (
            _facts(facts),
            *_alerts(alerts),
            *_columns(report.columns, with_unmoved),
            *_measures(report.measures),
            *_notes(report.notes),
            *_distributions(report.columns),
        ),
    )


def of_comparison(found: Comparison) -> Document:
    """The page of a comparison of two files."""
    findings, schema = found.findings, found.findings.schema
    facts = {
        "reference": f"{found.reference.path}, {found.reference.row_count:,} rows",
        "current": f"{found.current.path}, {found.current.row_count:,} rows",
        "drifted": _share(len(findings.drifted), len(findings.features), findings.share),
        "missing": titles.listed(map(titles.name, schema.missing)),
        "extra": titles.listed(map(titles.name, schema.extra)),
    }
    return Document(
        f"Drift of {found.current.path}",
        f"against {found.reference.path} · {'drifted' if findings.is_dataset_drift else 'not drifted'}",
        (
            _facts(facts),
            *_columns(found.columns, with_unmoved=True),
            *_notes(found.notes),
            *_distributions(found.columns),
        ),
    )


def _share(drifted: int, checked: int, share: float) -> str:
    return f"{drifted} of {checked} columns ({share:.0%})"


def _span(report: MonitorReport) -> str:
    if report.window_start is None or report.window_end is None:
        return ""
    start, end = (
        time.strftime("%Y-%m-%d %H:%M", time.localtime(moment)) for moment in (report.window_start, report.window_end)
    )
    return f"{start} to {end}"


def _facts(facts: Mapping[str, str]) -> Table:
    return Table(("", ""), tuple((Cell(name), Cell(value)) for name, value in facts.items() if value))


def _alerts(alerts: Sequence[Alert]) -> Iterator[Block]:
    if not alerts:
        return
    yield Heading("Alerts")
    rows = tuple(
        (Cell(alert.severity, "" if alert.severity is Severity.INFO else "worse"), Cell(alert.title), Cell(alert.state))
        for alert in alerts
    )
    yield Table(("severity", "what", "state"), rows)


def _columns(reports: Sequence[ColumnReport], with_unmoved: bool) -> Iterator[Block]:
    compared = [column for column in reports if column.score is not None]
    shown = sorted(
        (column for column in compared if with_unmoved or column.is_drifted),
        key=lambda column: (not column.is_drifted, -(column.effect or 0.0)),
    )
    if shown:
        yield Heading("Columns", f"{sum(column.is_drifted for column in compared)} of {len(compared)} drifted")
        columns = ("column", "role", "method", "score", "threshold", "effect", "p", "rows", "")
        yield Table(columns, tuple(map(_row, shown)), _NUMBERS)
    told = [column for column in reports if column.detail.get("finding")]
    if told:
        yield Heading("What could not be compared as it is")
        yield Points(tuple(f"{column.column}: {column.detail['finding']['message']}" for column in told))


def _row(column: ColumnReport) -> tuple[Cell, ...]:
    is_notable = bool(column.detail.get("notable"))
    verdict = "drifted" if column.is_drifted else ""
    return (
        Cell(column.column, note=titles.moved(column)),
        Cell(column.role),
        Cell(column.method or ""),
        Cell(wording.number(column.score)),
        Cell(wording.number(column.threshold)),
        Cell(wording.number(column.effect)),
        Cell(wording.number(column.detail.get("p_value"))),
        Cell(f"{column.reference_count:,} → {column.current_count:,}"),
        Cell(
            verdict, "worse" if is_notable else "changed" if verdict else "", "surely and by much" if is_notable else ""
        ),
    )


def _measures(measures: Sequence[Measure]) -> Iterator[Block]:
    if not measures:
        return
    yield Heading("Measures of the whole window")
    rows = tuple(
        (
            Cell(each.family),
            Cell(each.name, note=each.subject),
            Cell(wording.number(each.value), "worse" if each.is_breach else "", str(each.detail.get("why", ""))),
            Cell("" if each.low is None else f"{wording.number(each.low)} to {wording.number(each.high)}"),
            Cell("" if each.reference is None else wording.number(each.reference)),
            Cell("" if each.threshold is None else wording.number(each.threshold)),
            Cell(f"{each.count:,}"),
        )
        for each in measures
    )
    yield Table(("check", "measure", "value", "95 %", "reference", "threshold", "rows"), rows, frozenset(range(2, 7)))


def _notes(notes: Sequence[str]) -> Iterator[Block]:
    if notes:
        yield Heading("Notes")
        yield Points(tuple(notes))


def _distributions(reports: Sequence[ColumnReport]) -> Iterator[Block]:
    moved = sorted((column for column in reports if column.is_drifted), key=lambda column: -(column.effect or 0.0))
    if not moved:
        return
    yield Heading("Distributions", "share of the rows, reference and current")
    for column in moved[:_SHOWN]:
        yield _distribution(column)
    if len(moved) > _SHOWN:
        yield Sentence(f"{len(moved) - _SHOWN} more columns drifted less", "same")


def _distribution(column: ColumnReport) -> Table:
    before, now = column.detail["reference"], column.detail["current"]
    names = _bins(before)
    counts = [(*before["counts"], *_rest(before)), (*now["counts"], *_rest(now))]
    shares = [
        [count / max(1, int(side["count"])) for count in each] for side, each in zip((before, now), counts, strict=True)
    ]
    highest = max(max(each, default=0.0) for each in shares) or 1.0
    rows = [
        (Cell(name), *(Cell(f"{share:.1%}", share=share / highest) for share in pair))
        for name, *pair in zip(names, *shares, strict=True)
        if name != _OTHERS or any(pair)
    ]
    lost = [(side["missing"] + side.get("infinite", 0) + side.get("unparsable", 0)) for side in (before, now)]
    if any(lost):
        totals = [max(1, count + int(side["count"])) for count, side in zip(lost, (before, now), strict=True)]
        rows.append(
            (Cell("missing"), *(Cell(f"{count / total:.1%}") for count, total in zip(lost, totals, strict=True)))
        )
    return Table(("", "reference", "current"), tuple(rows), frozenset({1, 2}), caption=titles.change(column))


def _bins(summary: Mapping[str, Any]) -> list[str]:
    if "labels" in summary:
        return [*summary["labels"], *(_OTHERS for _ in _rest(summary))]
    return [f"{wording.number(low)} to {wording.number(high)}" for low, high in pairwise(summary["edges"])]


def _rest(summary: Mapping[str, Any]) -> tuple[int, ...]:
    """The rows of the labels that are not listed; for both sides alike, so that they stand beside each other."""
    return (int(summary["other"]),) if "other" in summary else ()
