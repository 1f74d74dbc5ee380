"""Acts on runs, the same on every screen: tag, note, archive, delete, register. A command does each as well."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from mlops_store import notes, processes, runs
from mlops_store.errors import Refused
from mlops_store.records import Run
from mlops_store.store import Store
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens.acts import called, perform, store_of
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.run_chosen import LISTED, Chosen
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.widgets.dialog import Ask, Confirm

#: Ids in the command line of an act before the rest is counted.
_IN_COMMAND = 200


def tag(screen: ProjectScreen, chosen: Chosen) -> None:
    """Asks for ``key=value`` and sets that tag; ``key=`` alone removes it."""
    if not chosen:
        return

    def answered(text: str | None) -> None:
        if text:
            key, _, value = text.partition("=")
            perform(screen, lambda: _tag(store_of(screen.session), chosen, key.strip(), value.strip()))

    lines = [*chosen.lines(), "", Cell("key=value sets a tag, key= removes it", "dim")]
    screen.app.push_screen(Ask(f"Tag {chosen.words}", hint="key=value", lines=lines, check=_tag_problem), answered)


def _tag_problem(text: str) -> str:
    key, equals, _ = text.partition("=")
    if not key.strip():
        return "a tag has a name: key=value"
    return "" if equals else f"= and a value are missing after {clean(key, 40)}"


def _tag(store: Store, chosen: Chosen, key: str, value: str) -> Did:
    def undo() -> None:
        with store.write() as db:
            if runs.tag_values(db, chosen.run_ids, key) != after:
                raise Refused(f"tag {clean(key, 40)} has been changed since", "set it as it should be")
            for run_id in chosen.run_ids:
                runs.set_tags(db, run_id, {key: before.get(run_id)})

    with store.write() as db:
        before = runs.tag_values(db, chosen.run_ids, key)
        if not value and not before:
            raise Refused(f"{chosen.words}: no tag {clean(key, 40)}")
        for run_id in chosen.run_ids:
            runs.set_tags(db, run_id, {key: value or None})
        after = runs.tag_values(db, chosen.run_ids, key)
    change = [f"{key}={value}"] if value else ["--remove", key]
    command = _on_all("tag", chosen, *change)
    some = chosen.words if len(before) == len(chosen) else f"{len(before):,} of {chosen.words}"
    notice = f"tagged {chosen.words}" if value else f"removed the tag from {some}"
    return Did(command, undo, notice)


def note(screen: ProjectScreen, chosen: Chosen) -> None:
    """Asks for a line of text and adds it to each run."""
    if not chosen:
        return

    def answered(text: str | None) -> None:
        if text and text.strip():
            perform(screen, lambda: _note(store_of(screen.session), chosen, text.strip()))

    screen.app.push_screen(Ask(f"Note on {chosen.words}", lines=chosen.lines(), hint="what you found"), answered)


def _note(store: Store, chosen: Chosen, body: str) -> Did:
    with store.write() as db:
        author = processes.user()
        added = [notes.add(db, f"run:{run_id}", body, author).id for run_id in chosen.run_ids]

    def undo() -> None:
        with store.write() as db:
            for note_id in added:
                notes.delete(db, note_id)

    return Did(_on_all("note", chosen, body), undo, f"noted on {chosen.words}")


def delete(screen: ProjectScreen, chosen: Chosen, then: Callable[[], None] | None = None) -> None:
    """Hides runs, at once for one and after a yes for several; ``u`` brings them back."""
    if not chosen:
        return

    def answered(is_sure: bool | None) -> None:
        if is_sure:
            perform(screen, lambda: _delete(store_of(screen.session), chosen))
            if then is not None:
                then()

    if len(chosen) == 1 and not chosen.live:
        answered(True)
        return
    lines = [*chosen.lines(), "", Cell("They are hidden, not lost: u or 'runs restore' brings them back.", "dim")]
    if chosen.live:
        lines.append(Cell(f"{chosen.live:,} of these still run and go on.", "warning"))
    screen.app.push_screen(Confirm(f"Delete {chosen.words}?", lines, yes="delete"), answered)


def _delete(store: Store, chosen: Chosen) -> Did:
    with store.write() as db:
        runs.delete(db, chosen.run_ids)

    def undo() -> None:
        with store.write() as db:
            runs.restore(db, chosen.run_ids)

    return Did(_on_all("delete", chosen), undo, f"deleted {chosen.words} · u undoes")


def archive(screen: ProjectScreen, chosen: Chosen, *, is_back: bool = False) -> None:
    """Takes runs out of the lists, or puts them back; several only after a yes."""
    if not chosen:
        return

    def answered(is_sure: bool | None) -> None:
        if is_sure:
            perform(screen, lambda: _archive(store_of(screen.session), chosen, is_back=is_back))

    if len(chosen) == 1:
        answered(True)
        return
    told = "They are in the lists again." if is_back else "They leave the lists; K shows archived runs, u undoes."
    word = "unarchive" if is_back else "archive"
    lines = [*chosen.lines(), "", Cell(told, "dim")]
    screen.app.push_screen(Confirm(f"{word.capitalize()} {chosen.words}?", lines, yes=word), answered)


def _archive(store: Store, chosen: Chosen, *, is_back: bool) -> Did:
    act, opposite = (runs.unarchive, runs.archive) if is_back else (runs.archive, runs.unarchive)
    with store.write() as db:
        act(db, chosen.run_ids)

    def undo() -> None:
        with store.write() as db:
            opposite(db, chosen.run_ids)

    word = "unarchive" if is_back else "archive"
    return Did(_on_all(word, chosen), undo, f"{word}d {chosen.words} · u undoes")


def register(screen: ProjectScreen, chosen: Chosen) -> None:
    """Asks for the name of a registered model and makes the run's newest model a version of it."""
    store = screen.session.store
    if not chosen or store is None:
        return
    run = chosen.first[0]
    from mlops_store import models

    logged = models.logged(store.read(), run.run_id)
    if not logged:
        screen.remark(f"{clean(run.name, 60)} has logged no model: log_model keeps one", "warning")
        return
    ask_name(screen, run, "Register the model as", chosen.lines())


def ask_name(
    screen: ProjectScreen, run: Run, title: str, lines: Sequence[CellValue], options: Sequence[str] = ()
) -> None:
    """Asks for the name of a registered model and registers what a run made under it.

    Args:
        screen: Where the question is asked.
        run: The run.
        title: Of the question.
        lines: What is to be registered.
        options: Of ``models register``, where it is not the run's newest model.
    """
    from mlops_store import models

    store = store_of(screen.session)
    known = models.names(store.read())

    def answered(name: str | None) -> None:
        if name and name.strip():
            perform(screen, lambda: _register(screen.session.project.root, run, name.strip(), options))

    name = known[0] if len(known) == 1 else run.experiment if not known else ""
    told = Cell("registered models: " + (", ".join(known[:LISTED]) or "none yet"), "dim")
    screen.app.push_screen(Ask(title, name, lines=[*lines, "", told], hint="a model's name"), answered)


def _register(root: str, run: Run, name: str, options: Sequence[str]) -> Did:
    """Runs the command itself: models are read with scikit-learn, which the dashboard never loads."""
    version = called(root, "models", "register", "--json", *options, "--", name, run.run_id)
    notice = f"registered {clean(name, 60)} version {version['version']} from {clean(run.name, 60)}"
    return Did(_command("models", "register", name, run.run_id, *options), notice=notice)


def _on_all(verb: str, chosen: Chosen, *words: str) -> str:
    more = len(chosen) - _IN_COMMAND
    line = _command("runs", verb, *chosen.run_ids[:_IN_COMMAND], *words)
    return f"{line}  # and {more:,} more" if more > 0 else line


def _command(*words: str) -> str:
    return shlex.join(["mlops-tui", *words])
