"""``runs list --view``: runs with the columns of a view."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

from mlops_tui.cli import text
from mlops_tui.cli.table import write_table

if TYPE_CHECKING:
    import sqlite3

    from mlops_tui.compare.run_query import RunQuery

_TIMES = ("started_at", "ended_at")


def write(db: sqlite3.Connection, numbers: array[int], query: RunQuery) -> None:
    """Prints runs with the columns of the query's view.

    Args:
        db: A connection.
        numbers: The store's own numbers of the runs.
        query: What was asked for.
    """
    from mlops_tui.compare import run_export
    from mlops_tui.compare.views import stored_column

    names = run_export.columns(db, [one.name for one in query.view.columns], query.goal)
    titles = [name.partition(".")[2] or name for name in names]
    right = [
        title for title, name in zip(titles, names, strict=True) if stored_column(name, query.goal).table == "metrics"
    ]
    rows = [[_shown(name, value) for name, value in zip(names, row, strict=True)] for row in _cells(db, numbers, query)]
    write_table(["run" if title == "run_id" else title for title in titles], rows, right=right)


def _cells(db: sqlite3.Connection, numbers: array[int], query: RunQuery) -> list[tuple[Any, ...]]:
    from mlops_tui.compare import run_export

    names = run_export.columns(db, [one.name for one in query.view.columns], query.goal)
    return [row for window in run_export.windows(db, numbers, names, query.goal) for row in window]


def _shown(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "run_id":
        return text.short(value)
    if name in _TIMES:
        return text.moment(value)
    if name == "duration":
        return text.duration(value)
    if name == "status":
        return str(value).lower()
    return text.number(value) if isinstance(value, int | float) else str(value)
