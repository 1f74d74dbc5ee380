"""Alerts, reports and checked columns as rows of lists and lines of text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlops_store.records import Alert, ColumnReport, IncidentState, MonitorReport
from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import sign, state_cell, state_sign, state_tone, state_word
from mlops_tui.ui.widgets import figures
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row

BATCH_COLUMNS = (
    Column("sign", "", 1, 1),
    Column("batch", "batch", 10, 200, grows=True),
    Column("status", "status", 5, 7, 2),
    Column("drifted", "drifted", 7, 16, 1, right=True),
    Column("rows", "rows", 4, 11, 4, right=True),
    Column("checked", "checked", 8, 12, 3),
    Column("model", "against", 6, 24, 5),
    Column("monitor", "monitor", 6, 16, 6),
)

COLUMN_COLUMNS = (
    Column("sign", "", 1, 1),
    Column("column", "column", 20, 60, grows=True),
    Column("effect", "effect", 6, 6, 1, right=True),
    Column("moved", "how it moved", 12, 44, 2),
    Column("state", "verdict", 7, 11, 3),
    Column("score", "score", 10, 20, 4),
    Column("method", "method", 4, 14, 5),
    Column("kind", "kind", 6, 11, 7),
    Column("reference", "n ref", 5, 11, 8, right=True),
    Column("current", "n cur", 5, 11, 8, right=True),
)


def batch_row(report: MonitorReport, folder: str, now: float) -> Row:
    """A checked batch; its key is the report's id, ``folder`` what is left out of its path."""
    return Row(
        report.id,
        (
            state_sign(report.status),
            report.batch.removeprefix(folder),
            Cell(state_word(report.status), state_tone(report.status)),
            _drifted(report),
            Cell("" if report.row_count is None else f"{report.row_count:,}"),
            Cell(shown.moment(report.checked_at, now), "dim"),
            Cell(against(report), "dim"),
            Cell(report.monitor, "dim"),
        ),
    )


def column_row(report: MonitorReport, position: int) -> Row:
    """A checked column; its key is the report's id and the column's position in the report."""
    column = report.columns[position]
    state = column.state
    mark = state_sign(state)
    role = "" if column.role in ("feature", column.column) else f" {column.role}"
    moved = figures.moved(column) if column.score is not None else figures.verdict(column)
    strength = "strong" if state == "drifted" else "" if column.is_drifted else "dim"
    return Row(
        (report.id, position),
        (
            mark,
            (Cell(column.column), Cell(role, "accent")),
            Cell("" if column.effect is None else f"{column.effect:.2f}", strength),
            Cell(moved, "" if state == "drifted" else "dim"),
            Cell(state_word(state), mark.tone),
            Cell(figures.score(column), "dim"),
            Cell(column.method or "", "dim"),
            Cell(column.kind, "dim"),
            Cell(f"{column.reference_count:,}", "dim"),
            Cell(f"{column.current_count:,}", "dim"),
        ),
    )


def ranked(columns: Sequence[ColumnReport]) -> list[int]:
    """The positions of a report's columns: what is broken first, then what drifted by effect; unchecked ones last."""
    order = {"missing": 0, "empty": 0, "retyped": 0, "unpredicted": 0, "drifted": 1, "slight": 2, "steady": 2}

    def rank(position: int) -> tuple[int, bool, float]:
        column = columns[position]
        # predictions are what the features are watched for: they stand before features of the same verdict
        return order.get(column.state, 3), column.role == "feature", -(column.effect or 0.0)

    return sorted(range(len(columns)), key=rank)


def batch_texts(report: MonitorReport) -> tuple[str, ...]:
    """What a filter finds a batch by."""
    return (report.status, report.batch, report.monitor, against(report), report.error)


def against(report: MonitorReport) -> str:
    """The model version that was in charge: ``churn/3``; "" when a file was the reference."""
    return f"{report.model}/{report.version}" if report.model else ""


def report_lines(report: MonitorReport, alerts: Sequence[Alert], now: float) -> list[CellValue]:
    """What a report says above its columns: its alerts."""
    lines: list[CellValue] = []
    for alert in alerts:
        settled = "" if alert.state == IncidentState.OPEN else f"  {_settled(alert, now)}"
        lines.append((state_cell(alert.severity), Cell(f"  {alert.title}"), Cell(settled, "dim")))
    if report.error and not any(report.error in alert.title for alert in alerts):
        lines.append((state_cell("error"), Cell(f"  {report.error}")))
    return lines or [(state_cell("ok"), Cell("  nothing to report"))]


def report_note(report: MonitorReport, now: float) -> str:
    """How much of which data was compared with what."""
    parts = [f"against {against(report)}"] if report.model else []
    if report.row_count is not None:
        parts.append(shown.count(report.row_count, "row"))
    if report.checked_columns:
        parts.append(f"{report.drifted_columns} of {report.checked_columns} columns beyond their limits")
    parts.append(f"{report.monitor} {shown.moment(report.checked_at, now)}")
    return f" {sign('dot')} ".join(parts)


def _settled(alert: Alert, now: float) -> str:
    if alert.state == IncidentState.RESOLVED:
        return f"resolved {shown.moment(alert.resolved_at, now)}"
    by = f" by {alert.acknowledged_by}" if alert.acknowledged_by else ""
    return f"acknowledged{by} {shown.moment(alert.acknowledged_at, now)}"


def _drifted(report: MonitorReport) -> CellValue:
    if not report.checked_columns:
        return Cell("–", "dim")
    tone = "strong" if report.status == "drift" else "dim"
    share = Cell(f" {report.drift_share:>4.0%}", "dim")
    return Cell(f"{report.drifted_columns}/{report.checked_columns}", tone), share


def common_folder(batches: Iterable[str]) -> str:
    """The folder that all batches lie in, with a slash at its end; "" when they lie in several."""
    folders = {batch.rpartition("/")[0] for batch in batches}
    return folders.pop() + "/" if len(folders) == 1 and "" not in folders else ""
