"""What a list of runs says about itself: in its frame, and where there is nothing in it."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_tui.compare.run_query import RunQuery
from mlops_tui.ui import foreign, shown
from mlops_tui.ui.screens import run_cells, run_group_rows
from mlops_tui.ui.screens.run_listing import RunList
from mlops_tui.ui.text import Cell, CellValue

_KINDS: Mapping[str, str] = {"all": "with every stage", "scripts": "scripts only", "archived": "archived only"}
_STATES = (("RUNNING", "running"), ("FAILED", "failed"))
_NO_RUNS: tuple[CellValue, ...] = (
    "No runs yet.",
    "",
    "In a script:",
    Cell("  import mlops_tui as mlops", "accent"),
    Cell("  with mlops.start_run():", "accent"),
    Cell("      mlops.log_params({'depth': 3})", "accent"),
    Cell("      mlops.log_metric('auc', 0.93)", "accent"),
    "",
    Cell("or ':pipeline' runs the stages of dvc.yaml.", "dim"),
)


def notes(records: RunList, marked: int) -> list[str]:
    """How many runs there are, how many of them run or failed, and what was asked for."""
    query, total = records.query, records.total
    count = sum(group.count for group in records.groups) if query.is_grouped else len(records.numbers)
    said = [f"{count:,}" if count == total else f"{count:,} of {total:,}"] if records.is_whole else ["…"]
    if query.is_grouped:
        by = ", ".join(map(run_cells.title, query.view.group_by))
        said.append(f"{shown.count(len(records.groups), 'group')} by {by}")
    elif query.within is not None:
        said.append(run_group_rows.named(query.view.group_by, query.within))
    said += [f"{records.states[state]:,} {word}" for state, word in _STATES if records.states.get(state)]
    if query.view.kinds != "useful":
        said.append(_KINDS[query.view.kinds])
    if marked:
        said.append(f"{marked:,} marked")
    if query.view.filter:
        said.append(f"/{query.view.filter}")
    return said


def nothing(records: RunList) -> list[CellValue]:
    """Why the list is empty, and what to do about it."""
    if records.total:
        return [f"None of {shown.count(records.total, 'run')} is shown.", "", *_why(records.query)]
    return [*foreign.offer(records.foreign), *_NO_RUNS]


def _why(query: RunQuery) -> list[CellValue]:
    if query.view.filter:
        return [Cell(f"The filter is: {query.view.filter}", "dim"), Cell("esc shows all, / changes it.", "dim")]
    return [Cell("K shows the other kinds of runs.", "dim")]


__all__ = ["notes", "nothing"]
