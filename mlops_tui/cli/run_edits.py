"""``runs tag``, ``note``, ``archive``, ``unarchive``, ``delete`` and ``restore``: what changes runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

import click

from mlops_store.errors import UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import REMARK, Remark, complete_runs, dry_run_option, json_option, run_argument
from mlops_tui.cli.run_targets import Asked, asked_options, targets, tell
from mlops_tui.cli.workspace import Workspace


@click.command()
@click.argument("words", metavar="[RUN]... KEY=VALUE...", nargs=-1, shell_complete=complete_runs)
@click.option("-r", "--remove", multiple=True, metavar="KEY", help="Remove this tag; may be repeated.")
@asked_options
@dry_run_option
@json_option
@click.pass_obj
def tag(
    workspace: Workspace,
    words: tuple[str, ...],
    remove: tuple[str, ...],
    expression: str | None,
    experiment: str | None,
    view: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Set tags of the RUNs named, or of all that a filter matches; or show those of a RUN.

    The first word is a run, and so are those after it until one has a =. With --filter no RUN is named.
    """
    from mlops_store import runs

    those = Asked(expression, experiment, view)
    names, given = _split(words, are_named=not those)
    changes: dict[str, str | None] = dict.fromkeys(remove)
    for one in given:
        key, equals, value = one.partition("=")
        if not key or not equals:
            raise UsageError(f"{one!r} is no tag", "write KEY=VALUE")
        changes[key] = value
    if those and not changes:
        raise UsageError("no tag is given", "KEY=VALUE sets one, --remove KEY removes it")
    run_ids = targets(workspace, names, those)
    store = workspace.store()
    if not changes and len(run_ids) > 1:
        raise UsageError("tags of one run are shown at a time", "runs list --json has those of all")
    if changes and not dry_run:
        with store.write() as db:
            for run_id in run_ids:
                runs.set_tags(db, run_id, changes)
    if those or len(run_ids) != 1:
        if as_json:
            output.write_json({"run_ids": run_ids, "act": "tag", "tags": changes, "dry_run": dry_run})
        else:
            tell(workspace, run_ids, "would be tagged" if dry_run else "tagged")
        return
    kept = dict(runs.get(store.read(), run_ids[0]).tags)
    if dry_run:
        kept = {key: value for key, value in (kept | changes).items() if value is not None}
    if as_json:
        output.write_json({"run_id": run_ids[0], "tags": kept, "dry_run": dry_run})
    else:
        output.write_fields(sorted(kept.items()))


def _split(words: tuple[str, ...], *, are_named: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The runs and the tags that the words of ``runs tag`` are."""
    if not are_named:
        return (), words
    for place, word in enumerate(words):
        if place and "=" in word:
            return words[:place], words[place:]
    return words, ()


@click.command(cls=Remark)
@click.argument("words", metavar="[RUN]... TEXT", nargs=-1, required=True, type=REMARK, shell_complete=complete_runs)
@asked_options
@dry_run_option
@json_option
@click.pass_obj
def note(
    workspace: Workspace,
    words: tuple[str, ...],
    expression: str | None,
    experiment: str | None,
    view: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add a note to the RUNs named, or to all that a filter matches."""
    from mlops_store import notes, processes, runs

    *names, body = words
    if not body.strip():
        raise UsageError("the note is empty", "mlops-tui runs note RUN 'what you found'")
    those = Asked(expression, experiment, view)
    run_ids = targets(workspace, names, those)
    store = workspace.store()
    added = []
    if not dry_run:
        author = processes.user()
        with store.write() as db:
            added = [notes.add(db, f"run:{run_id}", body, author) for run_id in run_ids]
    if as_json and len(added) == 1 and not those:
        output.write_json(added[0])
    elif as_json:
        output.write_json({"run_ids": run_ids, "act": "note", "body": body, "dry_run": dry_run})
    elif those or dry_run or len(run_ids) != 1:
        tell(workspace, run_ids, "would be noted" if dry_run else "noted")
    else:
        output.say(f"noted on {text.clean(runs.get(store.read(), run_ids[0]).name)}")


def _edit(name: str, done: str, summary: str, among: str = "shown") -> click.Command:
    """A verb that does to each run what ``mlops_store.runs.<name>`` does, all in one transaction."""

    @click.command(name, help=summary)
    @run_argument("names", nargs=-1)
    @asked_options
    @dry_run_option
    @json_option
    @click.pass_obj
    def verb(
        workspace: Workspace,
        names: tuple[str, ...],
        expression: str | None,
        experiment: str | None,
        view: str | None,
        dry_run: bool,
        as_json: bool,
    ) -> None:
        from mlops_store import runs

        change: Callable[[sqlite3.Connection, Iterable[str]], None] = getattr(runs, name)
        chosen = targets(workspace, names, Asked(expression, experiment, view), among=among)
        if not dry_run:
            with workspace.store().write() as db:
                change(db, chosen)
        if as_json:
            output.write_json({"run_ids": chosen, "act": name, "dry_run": dry_run})
        else:
            tell(workspace, chosen, f"would be {done}" if dry_run else done)

    return verb


archive = _edit("archive", "archived", "Take the RUNs named, or all that a filter matches, out of the lists.")
unarchive = _edit("unarchive", "unarchived", "Put archived runs back into the lists.", among="archived")
delete = _edit(
    "delete",
    "deleted",
    "Delete the RUNs named, or all that a filter matches. Nothing is lost: 'runs restore' brings them back.",
)
restore = _edit("restore", "restored", "Bring deleted runs back.", among="deleted")
