"""Acts on runs, the same on every screen: tag, note, delete, register. Each can be done by a command as well."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlops_store import notes, processes, runs
from mlops_store.errors import MlopsError, StoreError
from mlops_store.records import Run
from mlops_store.store import Store
from mlops_tui.ui import shown
from mlops_tui.ui.messages import Did, Failed
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.text import Cell, clean
from mlops_tui.ui.widgets.dialog import Ask, Confirm

#: Names listed in a question before the rest is counted.
_LISTED = 8


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


def tag(screen: ProjectScreen, chosen: Sequence[Run]) -> None:
    """Asks for ``key=value`` and sets that tag; ``key=`` alone removes it."""
    if not chosen:
        return

    def answered(text: str | None) -> None:
        if text:
            key, _, value = text.partition("=")
            perform(screen, lambda: _tag(_store(screen), chosen, key.strip(), value.strip()))

    lines = [*_named(chosen), "", Cell("key=value sets a tag, key= removes it", "dim")]
    screen.app.push_screen(Ask(f"Tag {_which(chosen)}", hint="key=value", lines=lines, check=_tag_problem), answered)


def _tag_problem(text: str) -> str:
    key, equals, _ = text.partition("=")
    if not key.strip():
        return "a tag has a name: key=value"
    return "" if equals else f"= and a value are missing after {clean(key, 40)}"


def _tag(store: Store, chosen: Sequence[Run], key: str, value: str) -> Done:
    def put(values: Sequence[str | None]) -> None:
        with store.write() as db:
            for run, one in zip(chosen, values, strict=True):
                runs.set_tags(db, run.run_id, {key: one})

    before = [runs.get(store.read(), run.run_id).tags.get(key) for run in chosen]
    put([value or None] * len(chosen))
    change = [f"{key}={value}"] if value else ["--remove", key]
    command = "; ".join(_command("runs", "tag", run.run_id, *change) for run in chosen[:_LISTED])
    notice = f"tagged {_which(chosen)}" if value else f"removed the tag from {_which(chosen)}"
    return Done(command, notice, lambda: put(before))


def note(screen: ProjectScreen, chosen: Sequence[Run]) -> None:
    """Asks for a line of text and adds it to each run."""
    if not chosen:
        return

    def answered(text: str | None) -> None:
        if text and text.strip():
            perform(screen, lambda: _note(_store(screen), chosen, text.strip()))

    screen.app.push_screen(Ask(f"Note on {_which(chosen)}", lines=_named(chosen), hint="what you found"), answered)


def _note(store: Store, chosen: Sequence[Run], body: str) -> Done:
    with store.write() as db:
        added = [notes.add(db, f"run:{run.run_id}", body, processes.user()).id for run in chosen]

    def undo() -> None:
        with store.write() as db:
            for note_id in added:
                notes.delete(db, note_id)

    command = "; ".join(_command("runs", "note", run.run_id, body) for run in chosen[:_LISTED])
    return Done(command, f"noted on {_which(chosen)}", undo)


def delete(screen: ProjectScreen, chosen: Sequence[Run], then: Callable[[], None] | None = None) -> None:
    """Hides runs, at once for one and after a yes for several; ``u`` brings them back."""
    if not chosen:
        return

    def answered(is_sure: bool | None) -> None:
        if is_sure:
            perform(screen, lambda: _delete(_store(screen), chosen))
            if then is not None:
                then()

    live = sum(run.status.is_live for run in chosen)
    if len(chosen) == 1 and not live:
        answered(True)
        return
    lines = [*_named(chosen), "", Cell("They are hidden, not lost: u or 'runs restore' brings them back.", "dim")]
    if live:
        lines.append(Cell(f"{shown.count(live, 'run')} of these still runs and goes on.", "warning"))
    screen.app.push_screen(Confirm(f"Delete {_which(chosen)}?", lines, yes="delete"), answered)


def _delete(store: Store, chosen: Sequence[Run]) -> Done:
    run_ids = [run.run_id for run in chosen]
    with store.write() as db:
        runs.delete(db, run_ids)

    def undo() -> None:
        with store.write() as db:
            runs.restore(db, run_ids)

    return Done(_command("runs", "delete", *run_ids), f"deleted {_which(chosen)} · u undoes", undo)


def register(screen: ProjectScreen, chosen: Sequence[Run]) -> None:
    """Asks for the name of a registered model and makes the run's newest model a version of it."""
    store = screen.session.store
    if not chosen or store is None:
        return
    run = chosen[0]
    from mlops_store import models

    logged = models.logged(store.read(), run.run_id)
    if not logged:
        screen.remark(f"{clean(run.name, 60)} has logged no model: log_model keeps one", "warning")
        return
    known = models.names(store.read())
    lines = [*_named(chosen), "", Cell("registered models: " + (", ".join(known[:_LISTED]) or "none yet"), "dim")]

    def answered(name: str | None) -> None:
        if name and name.strip():
            perform(screen, lambda: _register(screen.session.project.root, run, name.strip()))

    name = known[0] if len(known) == 1 else run.experiment if not known else ""
    screen.app.push_screen(Ask("Register the model as", name, lines=lines, hint="a model's name"), answered)


def _register(root: str, run: Run, name: str) -> Done:
    """Runs the command itself: models are read with scikit-learn, which the dashboard never loads."""
    arguments = ["models", "register", "--json", "--", name, run.run_id]
    ended = subprocess.run(
        [sys.executable, "-m", "mlops_tui", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        message, _, hint = ended.stderr.strip().partition("\n")
        raise StoreError(message or f"registering failed with exit code {ended.returncode}", hint)
    version = json.loads(ended.stdout)
    notice = f"registered {clean(name, 60)} version {version['version']} from {clean(run.name, 60)}"
    return Done(_command("models", "register", name, run.run_id), notice)


def _store(screen: ProjectScreen) -> Store:
    store = screen.session.store
    if store is None:
        raise StoreError("there is no store yet")
    return store


def _command(*words: str) -> str:
    return shlex.join(["mlops-tui", *words])


def _which(chosen: Sequence[Run]) -> str:
    return clean(chosen[0].name, 60) if len(chosen) == 1 else shown.count(len(chosen), "run")


def _named(chosen: Sequence[Run]) -> list[str | Cell | tuple[Cell, ...]]:
    lines: list[str | Cell | tuple[Cell, ...]] = [
        (Cell(clean(run.name, 50)), Cell(f"  {shown.short_id(run.run_id)}", "dim")) for run in chosen[:_LISTED]
    ]
    if len(chosen) > _LISTED:
        lines.append(Cell(f"and {len(chosen) - _LISTED} more", "dim"))
    return lines
