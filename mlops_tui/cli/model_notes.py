"""``models note``, ``tag`` and ``describe``: what people say of models and versions."""

from __future__ import annotations

from contextlib import nullcontext

import click

from mlops_store.errors import UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.model_lists import find_version
from mlops_tui.cli.parameters import REMARK, Remark, dry_run_option, json_option, model_argument, reason_option
from mlops_tui.cli.workspace import Workspace


@click.command(cls=Remark)
@model_argument()
@click.argument("version")
@click.argument("body", metavar="TEXT", type=REMARK)
@json_option
@click.pass_obj
def note(workspace: Workspace, model: str, version: str, body: str, as_json: bool) -> None:
    """Add a note to VERSION of MODEL."""
    from mlops_store import notes, processes

    if not body.strip():
        raise UsageError("the note is empty", "mlops-tui models note MODEL VERSION 'what you found'")
    store = workspace.store()
    found = find_version(store.read(), model, version)
    with store.write() as db:
        added = notes.add(db, f"model:{found.model}/{found.version}", body, processes.user())
    if as_json:
        output.write_json(added)
    else:
        output.say(f"noted on {text.clean(found.model)} version {found.version}")


@click.command(cls=Remark)
@model_argument()
@click.argument("words", metavar="[VERSION] TEXT", nargs=-1, required=True, type=REMARK)
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def describe(
    workspace: Workspace, model: str, words: tuple[str, ...], reason: str, dry_run: bool, as_json: bool
) -> None:
    """Say what is special about VERSION of MODEL, or about the model."""
    from mlops_tui.registry import labels

    *version, body = words
    if len(version) > 1:
        raise UsageError("the text is more than one word to the shell", "put it into quotes")
    store = workspace.store()
    number = find_version(store.read(), model, version[0]).version if version else None
    with store.trial() if dry_run else nullcontext():
        labels.describe(store, model, number, body, reason=reason)
    if as_json:
        output.write_json({"model": model, "version": number, "description": body.strip(), "dry_run": dry_run})
    else:
        output.say(f"{'would describe' if dry_run else 'described'} {_label(model, number)}")


@click.command()
@model_argument()
@click.argument("words", metavar="[VERSION] [KEY=VALUE]...", nargs=-1)
@click.option("-r", "--remove", multiple=True, metavar="KEY", help="Remove this tag; may be repeated.")
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def tag(
    workspace: Workspace,
    model: str,
    words: tuple[str, ...],
    remove: tuple[str, ...],
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Set tags of VERSION of MODEL, or of the model; without any, show them."""
    from mlops_store import models
    from mlops_tui.registry import labels

    has_version = bool(words) and "=" not in words[0]
    changes: dict[str, str | None] = dict.fromkeys(remove)
    for given in words[has_version:]:
        key, equals, value = given.partition("=")
        if not key or not equals:
            raise UsageError(f"{given!r} is no tag", "write KEY=VALUE")
        changes[key] = value
    store = workspace.store()
    number = find_version(store.read(), model, words[0]).version if has_version else None
    with store.trial() if dry_run else nullcontext():
        if changes:
            labels.tag(store, model, number, changes, reason=reason)
        db = store.read()
        kept = models.version(db, model, number).tags if number else models.get(db, model).tags
    if as_json:
        output.write_json({"model": model, "version": number, "tags": kept, "dry_run": dry_run})
    else:
        output.write_fields(sorted(kept.items()))


def _label(model: str, number: int | None) -> str:
    return f"{text.clean(model)} version {number}" if number else text.clean(model)
