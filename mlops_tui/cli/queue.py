"""``mlops-tui queue``: runs that wait for their turn, and what experiments leave behind."""

from __future__ import annotations

import time

import click

from mlops_store.errors import UsageError
from mlops_store.records import QueuedRun
from mlops_tui.cli import output, text, waiting
from mlops_tui.cli.parameters import Noun, dry_run_option, json_option, run_argument, waiting_argument
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace


@click.group(cls=Noun)
def command() -> None:
    """Pipeline runs that wait for their turn, and experiments in their copies of the project."""


@command.command("list")
@json_option
@click.pass_obj
def list_(workspace: Workspace, as_json: bool) -> None:
    """Show the waiting runs, the next one first."""
    from mlops_store import queue

    store = workspace.find()
    found = [] if store is None else queue.all(store.read())
    if as_json:
        output.write_json_lines(_shape(entry) for entry in found)
    elif found:
        rows = [
            (entry.run_id, entry.name, str(entry.priority), text.moment(entry.queued_at), waiting.summary(entry))
            for entry in found
        ]
        write_table(("run", "name", "priority", "since", "what"), rows, right=("priority",))
    else:
        output.say("nothing is waiting")


@command.command()
@waiting_argument("runs", nargs=-1, required=True)
@dry_run_option
@json_option
@click.pass_obj
def remove(workspace: Workspace, runs: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Take waiting runs out, and remove the copies that were made for them."""
    from mlops_store import queue

    db = workspace.store().read()
    found = [queue.resolve(db, run).run_id for run in runs]
    removed = found if dry_run else waiting.remove(workspace, found)
    if as_json:
        output.write_json({"removed": removed, "dry_run": dry_run})
    for run_id in () if as_json else removed:
        output.say(f"{'would remove' if dry_run else 'removed'} {run_id}")


@command.command()
@waiting_argument("run")
@click.option("--priority", type=click.IntRange(-(2**31), 2**31), metavar="N", help="Higher goes first.")
@click.option("--first", is_flag=True, help="Before all that wait now.")
@click.option("--last", is_flag=True, help="Behind all that wait now.")
@dry_run_option
@json_option
@click.pass_obj
def move(
    workspace: Workspace, run: str, priority: int | None, first: bool, last: bool, dry_run: bool, as_json: bool
) -> None:
    """Give a waiting run another priority."""
    from mlops_store import queue

    if (priority is not None) + first + last != 1:
        raise UsageError("where to is not said, or more than once", "give one of --priority N, --first, --last")
    store = workspace.store()
    with store.write() as db:
        entry = queue.resolve(db, run)
        others = [one.priority for one in queue.all(db) if one.run_id != entry.run_id] or [entry.priority]
        wanted = priority if priority is not None else max(others) + 1 if first else min(others) - 1
        if not dry_run:
            queue.set_priority(db, entry.run_id, wanted)
    if as_json:
        output.write_json({"run_id": entry.run_id, "from": entry.priority, "to": wanted, "dry_run": dry_run})
    else:
        moved = "would have" if dry_run else "has"
        output.say(f"{entry.run_id} {moved} priority {wanted}, before {entry.priority}")


@command.command()
@run_argument()
@dry_run_option
@json_option
@click.pass_obj
def apply(workspace: Workspace, run: str, dry_run: bool, as_json: bool) -> None:
    """Take a finished experiment over into the project: its params, its outputs, its entries in dvc.lock.

    Of the params files only the values change; comments and order stay.
    """
    from mlops_store import runs
    from mlops_tui.pipeline import adoption

    store = workspace.store()
    run_id = runs.resolve(store.read(), run)
    found = adoption.adopt(workspace.project, store, run_id, dry_run=dry_run)
    if as_json:
        output.write_json(
            {
                "run_id": run_id,
                "params": [{"file": file, "key": key, "old": old, "new": new} for file, key, old, new in found.params],
                "outs": [path for path, _ in found.outs],
                "stages": [stage.name for stage, _ in found.entries],
                "dry_run": dry_run,
            }
        )
        return
    rows = [(f"{file}: {key}", f"{old} → {new}") for file, key, old, new in found.params]
    rows += [(path, "output of the experiment") for path, _ in found.outs]
    rows += [(stage.name, "entry in the lock") for stage, _ in found.entries]
    if rows:
        write_table(("would change" if dry_run else "changed", "to"), rows)
    else:
        output.say("the project is like the experiment already")


@command.command()
@dry_run_option
@json_option
@click.pass_obj
def clean(workspace: Workspace, dry_run: bool, as_json: bool) -> None:
    """Remove the copies of experiments that have ended. What they logged stays; they cannot be applied any more."""
    from mlops_tui.pipeline import workspaces

    project, store = workspace.project, workspace.find()
    found = [] if store is None else workspaces.unused(project, store)
    sizes = {run_id: workspaces.size_bytes(project, run_id) for run_id in found}
    for run_id in () if dry_run else found:
        workspaces.remove(project, run_id)
    if as_json:
        removed = [{"run_id": run_id, "size_bytes": size} for run_id, size in sizes.items()]
        output.write_json({"removed": removed, "dry_run": dry_run})
        return
    for run_id, size in sizes.items():
        output.say(f"{'would remove' if dry_run else 'removed'} the copy of {run_id} ({text.size(size)})")
    if not sizes:
        output.say("there is nothing to remove")


def _shape(entry: QueuedRun) -> dict[str, object]:
    return {
        "run_id": entry.run_id,
        "name": entry.name,
        "priority": entry.priority,
        "queued_at": entry.queued_at,
        "queued_by": entry.queued_by,
        "waited_s": round(max(0.0, time.time() - entry.queued_at), 3),
        "request": entry.request,
    }
