"""What the models screen does beside changing stages: aliases, notes, signatures. Each has a command as well."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from mlops_store import model_facts, models, notes, processes
from mlops_store.errors import Refused, UsageError
from mlops_store.records import ModelVersion
from mlops_tui.config import RegistryConfig
from mlops_tui.registry import aliases, keys, labels, signing
from mlops_tui.ui.messages import Did, Failed
from mlops_tui.ui.screens.acts import perform, store_of
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.dialog import Ask, Choose, Confirm, Option

#: Stands before an alias that is to be removed.
_REMOVE = "-"


def alias(screen: ProjectScreen, version: ModelVersion, present: Mapping[str, int]) -> None:
    """Asks for an alias and lets it name the version, or removes it.

    Args:
        screen: Where the question is asked.
        version: The version that the alias is to name.
        present: The model's aliases and the versions that they name.
    """
    lines = [
        (Cell(f"@{name}", "accent"), Cell(f" {sign('arrow')} v{number}", "dim"))
        for name, number in sorted(present.items())
    ]

    def answered(text: str | None) -> None:
        if text is None:
            return
        name = text.strip().removeprefix("@")
        if name.startswith(_REMOVE):
            perform(screen, lambda: remove_alias(screen.session, version.model, name[1:].removeprefix("@"), present))
        else:
            perform(screen, lambda: set_alias(screen.session, version, name, present))

    question = Ask(
        f"Alias for {version.model} v{version.version}",
        lines=[*lines, "", Cell("a name moves that alias here, -name removes it", "dim")],
        hint="champion",
        check=lambda text: alias_problem(text, present, screen.session.config.registry),
    )
    screen.app.push_screen(question, answered)


def alias_problem(text: str, present: Mapping[str, int], registry: RegistryConfig) -> str:
    """What is wrong with an answer, "" when it can be done."""
    name = text.strip().removeprefix("@")
    if name.startswith(_REMOVE):
        gone = name[1:].removeprefix("@")
        return "" if gone in present else f"the model has no alias {gone!r}"
    try:
        aliases.check(registry, name)
    except UsageError as error:
        return str(error)
    return ""


def set_alias(session: Session, version: ModelVersion, name: str, present: Mapping[str, int]) -> Did:
    """Lets an alias name a version; runs in a thread.

    Raises:
        UsageError: The alias is not allowed.
        NotFound: The version is gone.
    """
    store, before = store_of(session), present.get(name)

    def undo() -> None:
        if before is None:
            aliases.remove(store, version.model, name, reason="undo")
        else:
            aliases.set(store, version.model, name, before, reason="undo")

    aliases.set(store, version.model, name, version.version)
    command = shlex.join(["mlops-tui", "models", "alias", version.model, name, str(version.version)])
    return Did(command, undo, f"@{name} names v{version.version} · u undoes")


def remove_alias(session: Session, model: str, name: str, present: Mapping[str, int]) -> Did:
    """Takes an alias away; runs in a thread.

    Raises:
        NotFound: The model has no such alias any more.
    """
    store, number = store_of(session), present[name]

    def undo() -> None:
        aliases.set(store, model, name, number, reason="undo")

    aliases.remove(store, model, name)
    command = shlex.join(["mlops-tui", "models", "alias", model, name, "--remove"])
    return Did(command, undo, f"removed @{name} · u undoes")


def diff(screen: ProjectScreen, name: str, version: int) -> None:
    """Asks which version to compare with, at first the one before, and goes to the difference."""
    stages = {} if screen.session.store is None else model_facts.stages(screen.session.store.read(), name)
    others = [number for number in stages if number != version]
    if not others:
        screen.remark(f"{name} has no other version to compare with", "dim")
        return

    def answered(number: str | None) -> None:
        if number is not None:
            screen.go("diff", f"{name} {number} {version}")

    before = max((number for number in others if number < version), default=others[0])
    options = [Option(str(number), f"v{number}", Cell(stages[number], "dim")) for number in others]
    screen.app.push_screen(Choose(f"Compare {name} v{version} with", options, chosen=str(before)), answered)


def describe(screen: ProjectScreen, version: ModelVersion) -> None:
    """Asks for a description of the version."""
    store, name, number, before = store_of(screen.session), version.model, version.version, version.description

    def act(body: str) -> Did:
        labels.describe(store, name, number, body)
        line = shlex.join(["mlops-tui", "models", "describe", name, str(number), body])
        return Did(line, lambda: labels.describe(store, name, number, before, reason="undo"), "described · u undoes")

    def answered(body: str | None) -> None:
        if body is not None and body.strip() != before:
            perform(screen, lambda: act(body.strip()))

    screen.app.push_screen(Ask(f"What is special about {name} v{number}", before), answered)


def tag(screen: ProjectScreen, version: ModelVersion) -> None:
    """Asks for a tag and sets or removes it."""
    store, name, number, present = store_of(screen.session), version.model, version.version, version.tags

    def act(key: str, value: str | None) -> Did:
        labels.tag(store, name, number, {key: value})
        words = [f"{key}={value}"] if value is not None else ["--remove", key]
        line = shlex.join(["mlops-tui", "models", "tag", name, str(number), *words])
        undo = {key: present.get(key)}
        return Did(line, lambda: labels.tag(store, name, number, undo, reason="undo"), "tagged · u undoes")

    def check(text: str) -> str:
        key, equals, _ = text.partition("=")
        if text.startswith(_REMOVE) and not equals:
            return "" if text[1:] in present else f"v{number} has no tag {text[1:]!r}"
        return "" if key.strip() and equals else "write KEY=VALUE, or -KEY to remove it"

    def answered(text: str | None) -> None:
        if text:
            key, equals, value = text.partition("=")
            perform(screen, lambda: act(key, value) if equals else act(text[1:], None))

    lines = [(Cell(f"{key}=", "dim"), Cell(value)) for key, value in sorted(present.items())]
    screen.app.push_screen(Ask(f"Tag of {name} v{number}", lines=lines, hint="owner=ana", check=check), answered)


def note(screen: ProjectScreen, model: str, version: int) -> None:
    """Asks for a line of text and keeps it with the version."""

    def answered(text: str | None) -> None:
        if text and text.strip():
            perform(screen, lambda: add_note(screen.session, model, version, text.strip()))

    screen.app.push_screen(Ask(f"Note on {model} v{version}", hint="what you found"), answered)


def add_note(session: Session, model: str, version: int, body: str) -> Did:
    """Keeps a remark on a version; runs in a thread."""
    store = store_of(session)
    with store.write() as db:
        added = notes.add(db, f"model:{model}/{version}", body, processes.user())

    def undo() -> None:
        with store.write() as db:
            notes.delete(db, added.id)

    command = shlex.join(["mlops-tui", "models", "note", model, str(version), body])
    return Did(command, undo, f"noted on v{version} · u undoes")


def ask_to_sign(screen: ProjectScreen, name: str, number: int) -> None:
    """Signs a version with the configured key, after a yes."""
    config = screen.session.config
    path = keys.chosen("", config.signing.key)
    if not path:
        hint = f"[signing] key in mlops.toml, or {keys.KEY_VARIABLE}; mlops-tui models keygen makes a pair"
        screen.post_message(Failed(Refused("there is no key to sign with", hint)))
        return

    def answered(is_wanted: bool | None) -> None:
        if is_wanted:
            perform(screen, lambda: add_signature(screen.session, name, number, path))

    lines = [f"every file of it, as it was registered, with the key {path}"]
    screen.app.push_screen(Confirm(f"Sign {name} v{number}?", lines, yes="sign"), answered)


def add_signature(session: Session, name: str, number: int, path: str) -> Did:
    """Signs a version; runs in a thread.

    Raises:
        MlopsError: The key cannot be used, or a file of the version is gone or changed.
    """
    store, key = store_of(session), keys.private(path)
    signing.sign(store, models.version(store.read(), name, number), key)
    command = shlex.join(["mlops-tui", "models", "sign", name, str(number), "--key", path])
    return Did(command, None, f"v{number} is signed with the key {key.fingerprint[:12]}")


def start_verifying(screen: ProjectScreen, name: str, number: int) -> None:
    """Has a version's files read and its signature verified."""
    perform(screen, lambda: verify(screen.session, name, number))


def verify(session: Session, name: str, number: int) -> Did:
    """Reads a version's files and says whether its signature is good; runs in a thread.

    Raises:
        Refused: It is not.
    """
    store = store_of(session)
    db = store.read()
    version = models.version(db, name, number)
    found = signing.state(db, session.config, version, objects_dir=store.objects_dir)
    if not found.is_valid:
        raise Refused(f"the signature of {name} v{number} is not valid: {found.message}")
    command = shlex.join(["mlops-tui", "models", "verify", name, str(number)])
    return Did(command, None, f"v{number} is as it was {found.message}")
