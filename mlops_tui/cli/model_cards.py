"""``models card``: what a person should know of a version, as a page, and the parts of it that people write."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

import click

from mlops_store.errors import Refused, UsageError
from mlops_tui.cli import output, pages, text
from mlops_tui.cli.model_lists import find_version
from mlops_tui.cli.parameters import dry_run_option, json_option, model_argument
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_store.records import ModelVersion
    from mlops_store.store import Store

# Those of ``registry.card_texts``, written out so that completion and help need not load it; a test keeps them equal.
SECTIONS = ("intended_use", "out_of_scope", "data", "limits", "ethics", "maintenance", "owners", "license")
STATES = ("draft", "in-review", "reviewed")


@click.command()
@model_argument()
@click.argument("version")
@click.option("--edit", "section", metavar="SECTION", help=f"Write a section: {', '.join(SECTIONS)}.")
@click.option("--text", "body", metavar="TEXT", help="The section's text, instead of an editor.")
@click.option("--file", "file", type=click.File("r", encoding="utf-8"), metavar="FILE", help="The same, from a file.")
@click.option("--inherit", is_flag=True, help="Take the section over from the parent version again.")
@click.option("--review", "state", type=click.Choice(STATES), help="Ask for a review, or say that you reviewed it.")
@click.option("--reason", default="", metavar="TEXT", help="What to say with the review, for the audit log.")
@click.option("--fresh", is_flag=True, help="Measure again what was measured: scores, importances, latency.")
@pages.format_option
@pages.output_option
@dry_run_option
@json_option
@click.pass_obj
def card(
    workspace: Workspace,
    model: str,
    version: str,
    section: str | None,
    body: str | None,
    file: IO[str] | None,
    inherit: bool,
    state: str | None,
    reason: str,
    fresh: bool,
    kind: str | None,
    path: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Show the card of VERSION of MODEL, write on it, or review it.

    What is measured for it (intervals of logged predictions, importances, latency) is measured once and kept. Texts
    are those of the parent version until they are edited; an edit makes a reviewed card a draft again.
    """
    store = workspace.store()
    found = find_version(store.read(), model, version)
    if section is None and (body is not None or file is not None or inherit):
        raise UsageError("nothing says which section is meant", f"--edit SECTION: {', '.join(SECTIONS)}")
    if section is not None or state is not None:
        if kind or path or fresh or (section is not None and state is not None):
            raise UsageError("one thing at a time: --edit, --review, or showing the card")
        if section is not None:
            _edit(store, found, section, _given(body, file, inherit), inherit, dry_run, as_json)
        elif state is not None:
            _review(store, found, state.replace("-", " "), reason, dry_run, as_json)
        return
    if dry_run:
        raise UsageError("showing a card changes nothing", "--dry-run goes with --edit and --review")
    _show(store, found, pages.kind_of(kind, path, as_json), path, fresh)


def _show(store: Store, version: ModelVersion, kind: str | None, path: str | None, fresh: bool) -> None:
    from mlops_tui.cards import card as cards
    from mlops_tui.cards import measures, page

    measures.measure(store, version, is_fresh=fresh, report=lambda what: output.remark(f"measuring {what}"))
    found = cards.gather(store, version.model, version.version)
    pages.give(page.document(found), cards.shape(found), kind, path)


def _given(body: str | None, file: IO[str] | None, inherit: bool) -> str | None:
    """The text that was given; None where an editor is to ask for it."""
    if (body is not None) + (file is not None) + inherit > 1:
        raise UsageError("the text is given twice", "one of --text, --file and --inherit")
    if file is None:
        return body
    try:
        return str(file.read())
    except UnicodeDecodeError as error:
        raise UsageError(f"{file.name} is no text in UTF-8") from error


def _edit(
    store: Store, version: ModelVersion, section: str, body: str | None, inherit: bool, dry_run: bool, as_json: bool
) -> None:
    from contextlib import nullcontext

    from mlops_store import card_texts
    from mlops_tui.registry import card_texts as rules

    section = rules.known(section)
    if body is None and not inherit:
        present = card_texts.of_version(store.read(), version.model, version.version).get(section)
        body = _edited(rules.SECTIONS[section], present.body if present else "")
    with store.trial() if dry_run else nullcontext():
        after = rules.edit(store, version.model, version.version, section, body)
    if as_json:
        output.write_json({"section": section, "dry_run": dry_run, "text": after._asdict() if after else None})
    else:
        done = "would be written" if dry_run else "written"
        output.say(f"{rules.SECTIONS[section][0]} of {text.clean(version.model)} version {version.version} {done}")


def _edited(section: tuple[str, str], present: str) -> str:
    """The text as a person left it in their editor.

    Raises:
        Refused: There is no terminal to edit in, no editor, or it was left without saving.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused("there is no terminal to open an editor in", "give the text: --text TEXT or --file FILE")
    title, wanted = section
    mark = f"<!-- {title}: {wanted} What stands above this line is kept. -->"
    try:
        answer = click.edit(f"{present}\n\n{mark}\n", extension=".md")
    except click.ClickException as error:
        raise Refused(f"the editor failed: {error.message}", "set $EDITOR, or give --text TEXT") from error
    if answer is None:
        raise Refused("the editor was left without saving", "nothing was changed")
    return answer.partition(mark)[0].strip()


def _review(store: Store, version: ModelVersion, state: str, reason: str, dry_run: bool, as_json: bool) -> None:
    from contextlib import nullcontext

    from mlops_tui.registry import card_texts as rules

    with store.trial() if dry_run else nullcontext():
        found = rules.review(store, version.model, version.version, state, comment=reason)
    if as_json:
        output.write_json({"review": found, "dry_run": dry_run})
    else:
        done = "would be" if dry_run else "is"
        output.say(f"the card of {text.clean(version.model)} version {version.version} {done} {found.state}")
