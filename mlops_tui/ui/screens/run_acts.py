"""Acts on runs, the same on every screen: tag, note, archive, delete, register. A command does each as well."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlops_store import notes, processes, runs
from mlops_store.errors import MlopsError, StoreError
from mlops_store.records import Run
from mlops_store.store import Store
from mlops_tui.ui.messages import Did, Failed
from mlops_tui.ui.screens.acts import called
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.run_chosen import LISTED, Chosen
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.widgets.dialog import Ask, Confirm

#: Ids in the command line of an act before the rest is counted.
_IN_COMMAND = 200


@dataclass(frozen=True, slots=True)
class Done:
    """An act that was done: the command that does the same, a remark, and how to take it back."""

    command: str
    notice: str
    undo: Callable[[], None] | None = None


def perform(screen: ProjectScreen, act: Callable[[], Done]) -> None:
    """Does an act in a thread and tells the application of it, or of the error."""

    def work() -> None:
        try:
            done = act()
        except MlopsError as error:
            screen.post_message(Failed(error))
        else:
            screen.post_message(Did(done.command, done.undo, done.notice))

    screen.run_worker(work, thread=True, group="act", exit_on_error=True)


def tag(screen: ProjectScreen, chosen: Chosen) -> None:
    """Asks for ``key=value`` and sets that tag; ``key=`` alone removes it."""
    if not chosen:
        return

    def answered(text: str | None) -> None:
        if text:
            key, _, value = text.partition("=")
            perform(screen, lambda: _tag(_store(screen), chosen, key.strip(), value.strip()))

    lines = [*chosen.lines(), "", Cell("key=value sets a tag, key= removes it", "dim")]
    screen.app.push_screen(Ask(f"Tag {chosen.words}", hint="key=value", lines=lines, check=_tag_problem), answered)


def _tag_problem(text: str) -> str:
    key, equals, _ = text.partition("=")
    if not key.strip():
        return "a tag has a name: key=value"
    return "" if equals else f"= and a value are missing after {clean(key, 40)}"


def _tag(store: Store, chosen: Chosen, key: str, value: str) -> Done:
    def undo() -> None:
        with store.write() as db:
            for run_id in chosen.run_ids:
                runs.set_tags(db, run_id, {key: before.get(run_id)})

    with store.write() as db:
        before = runs.tag_values(db, chosen.run_ids, key)
        for run_id in chosen.run_ids:
            runs.set_tags(db, run_id, {key: value or None})
    change = [f"{key}={value}"] if value else ["--remove", key]
    command = _on_all("tag", chosen, *change)
    notice = f"tagged {chosen.words}" if value else f"removed the tag from {chosen.words}"
    return Done(command, notice, undo)


def note(screen: ProjectScreen, chosen: Chosen) -> None:
    """Asks for a line of text and adds it to each run."""
    if not chosen:
        return

    def answered(text: str | None) -> None:
        if text and text.strip():
            perform(screen, lambda: _note(_store(screen), chosen, text.strip()))

    screen.app.push_screen(Ask(f"Note on {chosen.words}", lines=chosen.lines(), hint="what you found"), answered)


def _note(store: Store, chosen: Chosen, body: str) -> Done:
    with store.write() as db:
        author = processes.user()
        added = [notes.add(db, f"run:{run_id}", body, author).id for run_id in chosen.run_ids]

    def undo() -> None:
        with store.write() as db:
            for note_id in added:
                notes.delete(db, note_id)

    return Done(_on_all("note", chosen, body), f"noted on {chosen.words}", undo)


def delete(screen: ProjectScreen, chosen: Chosen, then: Callable[[], None] | None = None) -> None:
    """Hides runs, at once for one and after a yes for several; ``u`` brings them back."""
    if not chosen:
        return

    def answered(is_sure: bool | None) -> None:
        if is_sure:
            perform(screen, lambda: _delete(_store(screen), chosen))
            if then is not None:
                then()

    if len(chosen) == 1 and not chosen.live:
        answered(True)
        return
    lines = [*chosen.lines(), "", Cell("They are hidden, not lost: u or 'runs restore' brings them back.", "dim")]
    if chosen.live:
        lines.append(Cell(f"{chosen.live:,} of these still run and go on.", "warning"))
    screen.app.push_screen(Confirm(f"Delete {chosen.words}?", lines, yes="delete"), answered)


def _delete(store: Store, chosen: Chosen) -> Done:
    with store.write() as db:
        runs.delete(db, chosen.run_ids)

    def undo() -> None:
        with store.write() as db:
            runs.restore(db, chosen.run_ids)

    return Done(_on_all("delete", chosen), f"deleted {chosen.words} · u undoes", undo)


def archive(screen: ProjectScreen, chosen: Chosen, *, is_back: bool = False) -> None:
    """Takes runs out of the lists, or puts them back; several only after a yes."""
    if not chosen:
        return

    def answered(is_sure: bool | None) -> None:
        if is_sure:
            perform(screen, lambda: _archive(_store(screen), chosen, is_back=is_back))

    if len(chosen) == 1:
        answered(True)
        return
    told = "They are in the lists again." if is_back else "They leave the lists; K shows archived runs, u undoes."
    word = "unarchive" if is_back else "archive"
    lines = [*chosen.lines(), "", Cell(told, "dim")]
    screen.app.push_screen(Confirm(f"{word.capitalize()} {chosen.words}?", lines, yes=word), answered)


def _archive(store: Store, chosen: Chosen, *, is_back: bool) -> Done:
    act, opposite = (runs.unarchive, runs.archive) if is_back else (runs.archive, runs.unarchive)
    with store.write() as db:
        act(db, chosen.run_ids)

    def undo() -> None:
        with store.write() as db:
            opposite(db, chosen.run_ids)

    word = "unarchive" if is_back else "archive"
    return Done(_on_all(word, chosen), f"{word}d {chosen.words} · u undoes", undo)


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

    store = _store(screen)
    known = models.names(store.read())

    def answered(name: str | None) -> None:
        if name and name.strip():
            perform(screen, lambda: _register(screen.session.project.root, run, name.strip(), options))

    name = known[0] if len(known) == 1 else run.experiment if not known else ""
    told = Cell("registered models: " + (", ".join(known[:LISTED]) or "none yet"), "dim")
    screen.app.push_screen(Ask(title, name, lines=[*lines, "", told], hint="a model's name"), answered)


def _register(root: str, run: Run, name: str, options: Sequence[str]) -> Done:
    """Runs the command itself: models are read with scikit-learn, which the dashboard never loads."""
    version = called(root, "models", "register", "--json", *options, "--", name, run.run_id)
    notice = f"registered {clean(name, 60)} version {version['version']} from {clean(run.name, 60)}"
    return Done(_command("models", "register", name, run.run_id, *options), notice)


def _on_all(verb: str, chosen: Chosen, *words: str) -> str:
    more = len(chosen) - _IN_COMMAND
    line = _command("runs", verb, *chosen.run_ids[:_IN_COMMAND], *words)
    return f"{line}  # and {more:,} more" if more > 0 else line


def _store(screen: ProjectScreen) -> Store:
    store = screen.session.store
    if store is None:
        raise StoreError("there is no store yet")
    return store


def _command(*words: str) -> str:
    return shlex.join(["mlops-tui", *words])
