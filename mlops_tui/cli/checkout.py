"""``mlops-tui checkout``: restores outputs from the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from mlops_store.errors import NotFound, Refused, UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import dry_run_option, json_option, run_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.pipeline.checkout import Outcome
    from mlops_tui.pipeline.placing import Wanted
    from mlops_tui.pipeline.state import Inputs


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("--rev", default="", metavar="REV", help="The versions of this commit.")
@run_option("--run", default="", help="The versions that this run recorded.")
@click.option("-f", "--force", is_flag=True, help="Give up files that are not in the cache.")
@dry_run_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    targets: tuple[str, ...],
    rev: str,
    run: str,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Restore outputs and tracked data from the cache, as dvc.lock and the .dvc files tell their versions.

    TARGET is a stage, a .dvc file, an output or a directory; without any, everything is restored. What is not in the
    cache is never overwritten or removed without --force.
    """
    workspace: Workspace = context.obj
    if rev and run:
        raise UsageError("--rev and --run both name versions", "give one of them")
    from mlops_tui.pipeline import checkout, leftovers, state

    with _alone(workspace):
        if not dry_run:
            leftovers.sweep_noted(workspace.project)
        inputs = state.Inputs(workspace.project)
        wanted = _wanted(workspace, inputs, targets, rev, run)
        with leftovers.noted(workspace.project, (one.path for one in wanted)):
            outcomes = checkout.carry_out(inputs, wanted, force=force, dry_run=dry_run)
        inputs.fingerprints.flush()
    if as_json:
        output.write_json_lines(outcomes)
    else:
        _write(outcomes, is_dry=dry_run)
    context.exit(1 if any(one.change == "failed" for one in outcomes) else 0)


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """Keeps pipeline runs from starting meanwhile.

    Raises:
        Refused: One is going on.
    """
    from mlops_tui.pipeline import hold

    if not os.path.isdir(workspace.project.state_dir):
        yield
        return
    held = hold.take(workspace.project)
    if held is None:
        raise Refused("a pipeline run is going on", "wait for it, or stop it: mlops-tui stop")
    try:
        yield
    finally:
        os.close(held)


def _wanted(workspace: Workspace, inputs: Inputs, targets: Sequence[str], rev: str, run: str) -> list[Wanted]:
    from mlops_tui.pipeline import checkout, spec

    if rev:
        from mlops_tui.pipeline import revision, state

        with revision.at(workspace.project, rev) as then:
            pipeline = spec.load(then)
            return checkout.chosen(checkout.recorded(state.Inputs(then), pipeline), pipeline, targets)
    pipeline = spec.load(workspace.project)
    if not run:
        return checkout.chosen(checkout.recorded(inputs, pipeline), pipeline, targets)
    from mlops_store import datasets, runs

    db = workspace.store().read()
    run_id = runs.resolve(db, run)
    wanted = checkout.of_run(inputs, pipeline, datasets.of_run(db, run_id))
    if not wanted:
        raise NotFound(f"run {run!r} has recorded no outputs", "mlops-tui runs list shows others")
    return checkout.chosen(wanted, pipeline, targets)


def _write(outcomes: Sequence[Outcome], *, is_dry: bool) -> None:
    changed = [one for one in outcomes if one.change != "unchanged"]
    if changed:
        words = {"added": "would add", "modified": "would modify"} if is_dry else {}
        rows = [
            (one.path, words.get(one.change, one.change), "; ".join(filter(None, (one.problem, one.hint))))
            for one in changed
        ]
        write_table(("output", "change", "why"), rows)
    same = len(outcomes) - len(changed)
    if same or not outcomes:
        output.say(f"{text.count(same, 'output')} unchanged")
