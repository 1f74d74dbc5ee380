"""``runs tag``, ``note``, ``archive``, ``unarchive``, ``delete`` and ``restore``: what changes runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

import click

from mlops_store.errors import UsageError
from mlops_store.records import Run
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import dry_run_option, json_option, run_argument
from mlops_tui.cli.workspace import Workspace


@click.command()
@run_argument()
@click.argument("tags", metavar="KEY=VALUE...", nargs=-1)
@click.option("-r", "--remove", multiple=True, metavar="KEY", help="Remove this tag; may be repeated.")
@json_option
@click.pass_obj
def tag(workspace: Workspace, run: str, tags: tuple[str, ...], remove: tuple[str, ...], as_json: bool) -> None:
    """Set tags of a run, or show them."""
    from mlops_store import runs

    changes: dict[str, str | None] = dict.fromkeys(remove)
    for given in tags:
        key, equals, value = given.partition("=")
        if not key or not equals:
            raise UsageError(f"{given!r} is no tag", "write KEY=VALUE")
        changes[key] = value
    store = workspace.store()
    run_id = runs.resolve(store.read(), run)
    if changes:
        with store.write() as db:
            runs.set_tags(db, run_id, changes)
    kept = runs.get(store.read(), run_id).tags
    if as_json:
        output.write_json({"run_id": run_id, "tags": kept})
    else:
        output.write_fields(sorted(kept.items()))


@click.command(context_settings={"ignore_unknown_options": True})  # a note may begin with a dash
@run_argument()
@click.argument("body", metavar="TEXT")
@json_option
@click.pass_obj
def note(workspace: Workspace, run: str, body: str, as_json: bool) -> None:
    """Add a note to a run."""
    from mlops_store import notes, processes, runs

    if not body.strip():
        raise UsageError("the note is empty", "mlops-tui runs note RUN 'what you found'")
    store = workspace.store()
    run_id = runs.resolve(store.read(), run)
    with store.write() as db:
        added = notes.add(db, f"run:{run_id}", body, processes.user())
    if as_json:
        output.write_json(added)
    else:
        output.say(f"noted on {text.clean(runs.get(store.read(), run_id).name)}")


def _edit(name: str, done: str, summary: str) -> click.Command:
    """A verb that does to each run what ``mlops_store.runs.<name>`` does, all in one transaction."""

    @click.command(name, help=summary)
    @run_argument("names", nargs=-1, required=True)
    @dry_run_option
    @json_option
    @click.pass_obj
    def verb(workspace: Workspace, names: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
        from mlops_store import runs

        change: Callable[[sqlite3.Connection, Iterable[str]], None] = getattr(runs, name)
        store = workspace.store()
        chosen = list(dict.fromkeys(runs.resolve(store.read(), given) for given in names))
        if not dry_run:
            with store.write() as db:
                change(db, chosen)
        records = [runs.get(store.read(), run_id) for run_id in chosen]
        if as_json:
            output.write_json({"run_ids": chosen, "act": name, "dry_run": dry_run})
        else:
            _tell(records, f"would be {done}" if dry_run else done)

    return verb


def _tell(records: Iterable[Run], done: str) -> None:
    for run in records:
        output.say(f"{text.clean(run.name)} ({text.short(run.run_id)}) {done}")


archive = _edit("archive", "archived", "Take runs out of the lists.")
unarchive = _edit("unarchive", "unarchived", "Put archived runs back into the lists.")
delete = _edit("delete", "deleted", "Delete runs. Nothing is lost: 'runs restore' brings them back.")
restore = _edit("restore", "restored", "Bring deleted runs back.")
