"""``mlops-tui drift cause``: what is behind the drift of a column."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from mlops_store.errors import Refused, UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import NUMBER, json_option
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.data.lineages import Lineage
    from mlops_tui.drift.cause.find import Cause
    from mlops_tui.drift.cause.slices import Slice


@click.command()
@click.argument("report", type=NUMBER, required=False)
@click.argument("column", default="")
@click.option("-i", "--incident", type=NUMBER, help="The newest window and the worst column of this incident.")
@json_option
@click.pass_obj
def cause(workspace: Workspace, report: int | None, column: str, incident: int | None, as_json: bool) -> None:
    """Find what is behind the drift of COLUMN (the one that moved most) in REPORT.

    Since which window it is as it is, the smallest slice of rows that explains most of it, the share of predictions
    that it changed, the stage, run and commits that its data came from, and what was trained on it.
    """
    from mlops_tui.data import lineages
    from mlops_tui.drift.cause.find import find
    from mlops_tui.registry import formats

    store = workspace.store()
    if (report is None) == (incident is None):
        raise UsageError("name a report, or an --incident", "'mlops-tui drift reports' lists reports")
    if incident is not None:
        report, column = _of_incident(store.read(), incident)
    assert report is not None
    opened = partial(formats.load_version, store)
    found = find(workspace.project, store, workspace.config, report, column, open_model=opened)
    lineage = lineages.of_cause(workspace.project, store, workspace.config, found)
    if as_json:
        output.write_json(_shape(found, lineage))
        return
    output.write_fields(_fields(found, lineage))
    for note in (*found.notes, *lineage.notes):
        output.remark(text.clean(note))


def _of_incident(db: sqlite3.Connection, number: int) -> tuple[int, str]:
    """The report on an incident's newest window, and the column that its alerts name first."""
    from mlops_store import incidents

    found = incidents.get(db, number)
    if found.last_report_id is None:
        raise Refused(f"incident {number} has no window", "'mlops-tui drift incidents show' tells its history")
    return found.last_report_id, found.columns[0] if found.columns else ""


def _fields(found: Cause, lineage: Lineage) -> list[tuple[str, str]]:
    from mlops_tui.drift.beginnings import around

    column = found.column
    before, level = around(found.levels, found.at)
    fields = [
        ("column", f"{column.column}: {column.state}"),
        ("window", f"{found.at + 1} of {len(found.windows)}: {found.report.batch} ({found.report.monitor})"),
        ("effect", "" if column.effect is None else f"{column.effect:.2f} of 1"),
    ]
    if level is not None:
        first = found.windows[level.start]
        since = (
            f"window {level.start + 1}, {first.batch}, {text.moment(first.at)}: {before.mean:.2f} -> {level.mean:.2f}"
            if before is not None
            else f"the first window, around {level.mean:.2f}"
        )
        fields.append(("since", since))
    search = found.search
    if search.slice is not None:
        fields.append(("slice", _slice(search.slice)))
        fields.append(("", _worth(search.slice)))
        fields.append(("", f"of {search.tried:,} slices tried; on {search.tested:,} rows that were not searched"))
    else:
        fields.append(("slice", search.why))
    share = found.affected
    if share.share is None:
        fields.append(("predictions", share.why))
    else:
        interval = f"{share.share:.1%} changed by it (95 % {share.low:.1%} to {share.high:.1%}, {share.rows:,} rows)"
        fields.append(("predictions", share.why or interval))
    for name, origin in (("window from", lineage.window), ("reference from", lineage.reference)):
        if origin is not None:
            fields.append((name, origin.path if not origin.stage else f"{origin.path}, written by {origin.stage}"))
            if origin.run_id:
                on = f" on {origin.git_commit[:10]}" if origin.git_commit else ""
                fields.append(("", f"run {origin.run_name} ({origin.run_id}), {text.moment(origin.run_at or 0.0)}{on}"))
            fields += [
                ("", f"{one.sha[:10]} {text.moment(one.at)} {one.author}: {one.subject}") for one in origin.commits
            ]
            if origin.note:
                fields.append(("", origin.note))
    for one in lineage.trained:
        stage = f" ({one.stage})" if one.stage else ""
        reads = "" if one.reads is None else ", reads the column" if one.reads else ", does not read the column"
        fields.append(("trained on it", f"{one.model} version {one.version}{stage}{reads}"))
    fields += [("", f"run {use.run_name} ({use.run_id})") for use in lineage.runs]
    return fields


def _slice(found: Slice) -> str:
    return " and ".join(map(str, found.conditions))


def _worth(found: Slice) -> str:
    return (
        f"{found.current_share:.1%} of the rows ({found.rows:,}; {found.reference_share:.1%} before) explain "
        f"{found.explained:.0%} (95 % {found.low:.0%} to {found.high:.0%}): effect {found.inside:.2f} within, "
        f"{found.outside:.2f} among the others"
    )


def _shape(found: Cause, lineage: Lineage) -> dict[str, Any]:
    from mlops_tui.drift.beginnings import around

    before, level = around(found.levels, found.at)
    search, share = found.search, found.affected
    return {
        "report_id": found.report.id,
        "monitor": found.report.monitor,
        "batch": found.report.batch,
        "column": found.column.column,
        "role": found.column.role,
        "state": found.column.state,
        "effect": found.column.effect,
        "window": found.at + 1,
        "windows": len(found.windows),
        "since": None
        if level is None
        else {
            "window": level.start + 1,
            "report_id": found.windows[level.start].report_id,
            "batch": found.windows[level.start].batch,
            "at": found.windows[level.start].at,
            "effect_before": None if before is None else before.mean,
            "effect": level.mean,
        },
        "batches": list(found.batches),
        "rows": found.row_count,
        "slice": None if search.slice is None else _slice_shape(search.slice),
        "slice_why": search.why,
        "slices_tried": search.tried,
        "rows_searched": search.searched,
        "rows_tested": search.tested,
        "predictions": {
            "share": share.share,
            "low": share.low,
            "high": share.high,
            "rows": share.rows,
            "step": share.step,
            "why": share.why,
        },
        **lineage.shape(),
        "notes": [*found.notes, *lineage.notes],
    }


def _slice_shape(found: Slice) -> dict[str, Any]:
    return {
        "conditions": [
            {"column": one.column, "relation": one.relation, "value": one.value} for one in found.conditions
        ],
        "text": _slice(found),
        "reference_share": found.reference_share,
        "current_share": found.current_share,
        "rows": found.rows,
        "explained": found.explained,
        "low": found.low,
        "high": found.high,
        "effect_inside": found.inside,
        "effect_outside": found.outside,
    }
