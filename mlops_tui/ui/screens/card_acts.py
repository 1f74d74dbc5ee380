"""Writing a card's sections, reviewing it, and writing it to a file. Each can be done by a command as well."""

from __future__ import annotations

import os
import shlex

from mlops_store.errors import Refused
from mlops_tui import strict_json
from mlops_tui.cards import card as cards
from mlops_tui.cards import page
from mlops_tui.cards.card import Card
from mlops_tui.compare import export as files
from mlops_tui.compare.export import html, markdown
from mlops_tui.registry import card_texts
from mlops_tui.registry.card_texts import SECTIONS
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens.acts import perform, store_of
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.dialog import Ask, Choose, Option
from mlops_tui.ui.widgets.write import Write

_KINDS = ("html", "md", "json")


def edit(screen: ProjectScreen, card: Card, section: str) -> None:
    """Asks for the text of a section, first which one where "" is given, and writes it."""
    if not section:
        options = [
            Option(name, title, Cell("" if card.body(name).strip() else "not written", "dim"))
            for name, (title, _) in SECTIONS.items()
        ]

        def chosen(name: str | None) -> None:
            if name:
                edit(screen, card, name)

        screen.app.push_screen(Choose(f"Write on the card of {card.name}", options), chosen)
        return
    title, wanted = SECTIONS[section]
    before = card.texts.get(section)
    lines = [Cell(wanted, "dim")]
    if before is not None and before.version != card.version.version:
        lines.append(Cell(f"taken over from v{before.version}; what is saved here is for this version", "dim"))

    def answered(body: str | None) -> None:
        if body is not None and body.rstrip() != card.body(section):
            perform(screen, lambda: write(screen.session, card, section, body))

    screen.app.push_screen(Write(f"{title}: {card.name}", card.body(section), lines=lines), answered)


def write(session: Session, card: Card, section: str, body: str) -> Did:
    """Writes a section; runs in a thread.

    Raises:
        MlopsError: The version is gone, or that is what the section says already.
    """
    store, version = store_of(session), card.version
    before = card.texts.get(section)
    own = before.body if before is not None and before.version == version.version else None
    card_texts.edit(store, version.model, version.version, section, body)

    def undo() -> None:
        card_texts.edit(store, version.model, version.version, section, own)

    words = ["mlops-tui", "models", "card", version.model, str(version.version), "--edit", section, "--text", body]
    return Did(shlex.join(words), undo, f"{SECTIONS[section][0]} written · u undoes")


def review(screen: ProjectScreen, card: Card) -> None:
    """Asks where the review stands now, and what to say with it."""
    notes = {
        "draft": "it is still being written",
        "in review": "somebody is asked to read it",
        "reviewed": "you have read it; an edit makes it a draft again",
    }
    options = [Option(state, state, Cell(note, "dim")) for state, note in notes.items() if state != card.review.state]

    def chosen(state: str | None) -> None:
        if state is None:
            return

        def answered(comment: str | None) -> None:
            if comment is not None:
                perform(screen, lambda: say(screen.session, card, state, comment.strip()))

        screen.app.push_screen(
            Ask(f"The card of {card.name} is {state}", hint="comment, kept in the audit log"), answered
        )

    screen.app.push_screen(
        Choose(f"Review of {card.name}", options, lines=[Cell(page.review(card), "dim")], chosen="reviewed"), chosen
    )


def say(session: Session, card: Card, state: str, comment: str) -> Did:
    """Records where the review stands; runs in a thread.

    Raises:
        MlopsError: The version is gone, nothing is written, or it stands there already.
    """
    version = card.version
    found = card_texts.review(store_of(session), version.model, version.version, state, comment=comment)
    words = ["mlops-tui", "models", "card", version.model, str(version.version), "--review", state.replace(" ", "-")]
    told = ["--reason", comment] if comment else []
    return Did(shlex.join([*words, *told]), None, f"the card of v{version.version} is {found.state}")


def export(screen: ProjectScreen, card: Card) -> None:
    """Asks for the name of a file, whose ending says the format, and writes the card."""
    root, version = screen.session.project.root, card.version

    def check(text: str) -> str:
        if os.path.splitext(text)[1].lstrip(".") not in _KINDS:
            return "the name must end in one of ." + ", .".join(_KINDS)
        return "there is such a file already" if os.path.exists(os.path.join(root, text)) else ""

    def answered(name: str | None) -> None:
        if name:
            perform(screen, lambda: store(card, root, name))

    question = Ask("Write the card to", f"{version.model}-{version.version}-card.html", check=check)
    screen.app.push_screen(question, answered)


def store(card: Card, root: str, name: str) -> Did:
    """Writes the card to a file; runs in a thread.

    Raises:
        Refused: It cannot be written.
    """
    kind, version = os.path.splitext(name)[1].lstrip("."), card.version
    document = page.document(card)
    if kind == "json":
        content = strict_json.encoded(cards.shape(card), indent=2) + "\n"
    else:
        content = html.render(document) if kind == "html" else markdown.render(document)
    try:
        files.write(os.path.join(root, name), content)
    except OSError as error:
        raise Refused(f"{name} cannot be written ({error.strerror})", "name another file") from error
    words = ["mlops-tui", "models", "card", version.model, str(version.version), "-o", name]
    return Did(shlex.join(words), None, f"wrote {name}")
