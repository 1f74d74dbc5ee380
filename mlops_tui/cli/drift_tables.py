"""Tables of what was compared and measured of a window of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlops_store.records import ColumnReport, Measure
from mlops_tui.cli import output, text
from mlops_tui.cli.table import write_table


def write_columns(reports: Iterable[ColumnReport], with_unmoved: bool) -> None:
    """Prints the columns below an empty line, the drifted ones first, the others where they are wanted."""
    columns = [column for column in reports if column.is_drifted or with_unmoved]
    if not columns:
        return
    output.say()
    columns.sort(key=lambda column: (not column.is_drifted, -abs(column.effect or 0.0)))
    rows = [
        (
            column.column,
            column.role,
            column.method or "-",
            text.number(column.score),
            text.number(column.threshold),
            text.number(column.effect),
            f"{column.reference_count} -> {column.current_count}",
            "drifted" if column.is_drifted else "",
        )
        for column in columns
    ]
    titles = ("column", "role", "method", "score", "threshold", "effect", "rows", "")
    write_table(titles, rows, right=("score", "threshold", "effect"))


def write_measures(measures: Sequence[Measure]) -> None:
    """Prints what was measured of the whole window below an empty line."""
    if not measures:
        return
    output.say()
    rows = [
        (
            each.family,
            each.name,
            each.subject,
            text.number(each.value),
            f"{text.number(each.low)} to {text.number(each.high)}" if each.low is not None else "",
            text.number(each.reference),
            text.number(each.threshold),
            str(each.count),
            "beyond" if each.is_breach else "",
        )
        for each in measures
    ]
    titles = ("check", "measure", "of", "value", "95 %", "reference", "threshold", "rows", "")
    write_table(titles, rows, right=("value", "reference", "threshold", "rows"))
    for why in dict.fromkeys(f"{each.name}: {each.detail['why']}" for each in measures if each.detail.get("why")):
        output.remark(text.clean(f"no {why}"))
