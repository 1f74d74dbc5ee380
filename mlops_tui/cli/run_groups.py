"""``runs list --by``: groups of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_tui.cli import output, text
from mlops_tui.cli.table import write_table

if TYPE_CHECKING:
    import sqlite3

    from mlops_store.run_groups import RunGroup
    from mlops_tui.compare.run_query import RunQuery


def write(db: sqlite3.Connection, query: RunQuery, metrics: Sequence[str], limit: int, *, as_json: bool) -> None:
    """Prints the groups of a query.

    Args:
        db: A connection.
        query: With keys to group by.
        metrics: Names of metrics that sum them up; those of the view, or the most telling ones, without.
        limit: At most so many; 0 for all.
        as_json: As JSON.
    """
    from mlops_tui.compare.run_query import measured, usual_columns

    if metrics:
        shown = [f"metrics.{key}" for key in metrics]
    else:
        chosen = query.view.columns or usual_columns(db, query.ids(db, 100))
        shown = [one.name for one in chosen]
    names = measured(query.view, shown, query.goal)
    goals = [one.goal for one in query.measures(names)]
    found = query.groups(db, names)
    window = found[:limit] if limit else found
    if as_json:
        output.write_json_lines(_shape(db, query, group, names, goals) for group in window)
    elif window:
        _write(query, window, names, goals)
    if not as_json and len(window) < len(found):
        output.remark(f"{len(window)} of {text.count(len(found), 'group')}; --limit 0 shows all")
    elif not as_json and not found:
        output.remark("no runs")


def _shape(
    db: sqlite3.Connection, query: RunQuery, group: RunGroup, names: Sequence[str], goals: Sequence[str]
) -> dict[str, Any]:
    from mlops_store import runs

    return {
        "keys": dict(zip(query.view.group_by, group.keys, strict=True)),
        "runs": group.count,
        "newest_at": group.newest_at,
        "measures": {
            name: {
                "count": one.count,
                "mean": one.mean if one.count else None,
                "sd": one.sd,
                "min": one.min if one.count else None,
                "max": one.max if one.count else None,
                "best": None if not one.count else one.max if goal == "max" else one.min,
                "best_run_id": None if one.best is None else runs.run_ids(db, [one.best])[0],
            }
            for name, goal, one in zip(names, goals, group.statistics, strict=True)
        },
    }


def _write(query: RunQuery, groups: Sequence[RunGroup], names: Sequence[str], goals: Sequence[str]) -> None:
    by = [_title(name) for name in query.view.group_by]
    titles = [*by, "runs"]
    for name in names:
        titles += [f"{_title(name)} mean", "sd", f"best {_title(name)}"]
    rows = []
    for group in groups:
        row = [_key(key) for key in group.keys] + [str(group.count)]
        for one, goal in zip(group.statistics, goals, strict=True):
            best = one.max if goal == "max" else one.min
            row += [text.number(value) if one.count and value is not None else "" for value in (one.mean, one.sd, best)]
        rows.append(row)
    write_table(titles, rows, right=titles[len(by) :])


def _title(name: str) -> str:
    return name.partition(".")[2] or name


def _key(key: str | float | None) -> str:
    return "none" if key is None else text.number(key) if isinstance(key, int | float) else key
