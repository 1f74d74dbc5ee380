"""Acts on an artifact of a run: writing it to a file, and registering it as a model. A command does each as well."""

from __future__ import annotations

import os
import posixpath
import shlex

from mlops_store import artifacts, models
from mlops_store.errors import StoreError
from mlops_store.records import Artifact, Run
from mlops_tui.registry.formats import kinds
from mlops_tui.ui import shown
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens import run_acts
from mlops_tui.ui.screens.acts import perform, store_of
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.widgets.dialog import Ask, Confirm


def write_out(screen: ProjectScreen, run_id: str, artifact: Artifact) -> None:
    """Asks where to, and writes the artifact's bytes there; never over a file that exists."""
    root = screen.session.project.root
    name = posixpath.basename(artifact.path)
    lines: list[CellValue] = [
        (Cell(clean(artifact.path, 60)), Cell(f"  {shown.size(artifact.size_bytes)}", "dim")),
        "",
        Cell(f"a path from {shown.short_path(root)}; a directory keeps the name", "dim"),
    ]

    def target(text: str) -> str:
        full = os.path.join(root, os.path.expanduser(text.strip()))
        return os.path.join(full, name) if text.endswith("/") or os.path.isdir(full) else full

    def problem(text: str) -> str:
        if not text.strip() or "\0" in text:
            return "a path is needed"
        return "that file exists already: give another name" if os.path.lexists(target(text)) else ""

    def answered(text: str | None) -> None:
        if text:
            perform(screen, lambda: _write(screen, run_id, artifact, target(text)))

    screen.app.push_screen(Ask("Write the artifact to", clean(name, 200), lines=lines, check=problem), answered)


def register(screen: ProjectScreen, run: Run, artifact: Artifact) -> None:
    """Registers the model that an artifact belongs to, or the artifact itself; what runs code only after a yes."""
    store = screen.session.store
    if store is None:
        return
    db = store.read()
    logged = {model.name for model in models.logged(db, run.run_id)}
    paths = {one.path for one in artifacts.of_run(db, run.run_id)}
    folders = [artifact.path[:place] for place, sign in enumerate(artifact.path) if sign == "/"]
    if named := next((folder for folder in folders if folder in logged), None):
        target, options = named, ["--logged", named]
    else:
        holds = (folder for folder in folders if f"{folder}/MLmodel" in paths or f"{folder}/mlops.json" in paths)
        target = next(holds, artifact.path)
        options = ["--artifact", target]
    lines: list[CellValue] = [Cell(clean(target, 60))]
    suffix = posixpath.splitext(target)[1].lower()
    runs = next((kind.runs for kind in kinds.KINDS.values() if suffix in kind.suffixes), "")
    if target != artifact.path or not runs:
        run_acts.ask_name(screen, run, "Register as", lines, options)
        return

    def answered(is_sure: bool | None) -> None:
        if is_sure:
            run_acts.ask_name(screen, run, "Register as", lines, [*options, f"--allow-{runs}"])

    what = "a pickle: it runs its author's code" if runs == kinds.PICKLE else "source code: it runs"
    told = Cell(f"It is {what} whenever the version is loaded.", "warning")
    screen.app.push_screen(Confirm("Allow it to run?", [*lines, "", told], yes="allow"), answered)


def _write(screen: ProjectScreen, run_id: str, artifact: Artifact, full: str) -> Did:
    try:
        artifacts.copy_out(store_of(screen.session).objects_dir, artifact.digest, full)
    except OSError as error:
        raise StoreError(f"{full} cannot be written: {error.strerror or error}") from error
    command = shlex.join(["mlops-tui", "runs", "artifact", run_id, artifact.path, "-o", full])
    return Did(command, notice=f"wrote {clean(shown.short_path(full), 100)}")
