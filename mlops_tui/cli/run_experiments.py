"""``run --set``: runs with other params, each in its own copy of the project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_store.errors import Refused
from mlops_store.records import PipelineState
from mlops_tui.cli import output, text, waiting
from mlops_tui.cli.follow import summary
from mlops_tui.cli.run_following import counted_interrupts, follow
from mlops_tui.cli.workspace import Workspace, warn

if TYPE_CHECKING:
    from mlops_tui.pipeline.request import Request


@dataclass(frozen=True, slots=True)
class Shown:
    """How the runs are shown: ``is_detached`` not at all, once they wait or have begun."""

    as_json: bool
    is_detached: bool


def run(
    workspace: Workspace,
    request: Request,
    settings: Sequence[str],
    name: str,
    priority: int,
    shown: Shown,
    *,
    dry_run: bool,
) -> int:
    """Lets an experiment run for each combination of values; returns the exit code: 0 when all have finished."""
    from mlops_tui import pipeline
    from mlops_tui.pipeline import experiments, launch, param_edits

    combinations = experiments.expand(workspace.project, settings)
    launch.check(workspace.project, request)
    if dry_run:
        for changes in combinations:
            param_edits.texts(workspace.project.root, changes)
        _show_plan(combinations, shown.as_json)
        return 0
    with counted_interrupts() as interrupts:
        store = workspace.create()
        run_ids = experiments.add(workspace.project, store, request, combinations, name=name, priority=priority)
        for run_id in run_ids:
            waiting.tell(workspace, run_id, as_json=shown.as_json)
        pipeline.recover(workspace.project, store)
        if shown.is_detached and not interrupts:
            return 0
        ended = [_follow(workspace, run_id, shown.as_json, interrupts) for run_id in run_ids]
    return 0 if all(ended) else 1


def _follow(workspace: Workspace, run_id: str, as_json: bool, interrupts: list[int]) -> bool:
    """Shows a run from its beginning to its end; returns whether it has finished well."""
    try:
        waiting.await_turn(workspace, run_id, interrupts)
    except Refused as error:
        warn(error.message)
        return False
    if not as_json:
        output.say(f"\n{_title(workspace, run_id)}")
    ended = follow(workspace, run_id, as_json, interrupts)
    if not as_json:
        output.say(summary(ended))
    return ended.state is PipelineState.FINISHED


def _title(workspace: Workspace, run_id: str) -> str:
    from mlops_store import runs
    from mlops_tui.pipeline.launch import CHANGES_TAG

    found = runs.get(workspace.create().read(), run_id)
    return f"{text.clean(found.name)} ({text.clean(found.tags.get(CHANGES_TAG, ''), 500)}), {run_id}"


def _show_plan(combinations: Sequence[Mapping[str, Mapping[str, Any]]], as_json: bool) -> None:
    if as_json:
        output.write_json_lines({"changes": changes} for changes in combinations)
        return
    for changes in combinations:
        values = [f"{file}:{key}={value}" for file, found in changes.items() for key, value in found.items()]
        output.say(f"would run with {text.clean(' '.join(values), 500)}")
