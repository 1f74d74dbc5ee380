"""Getting an artifact out of the store into a file, as ``runs artifact RUN PATH -o FILE`` does."""

from __future__ import annotations

import os
import posixpath
import shlex

from mlops_store import artifacts
from mlops_store.errors import StoreError
from mlops_store.records import Artifact
from mlops_tui.ui import shown
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.run_acts import Done, perform
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.widgets.dialog import Ask


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


def _write(screen: ProjectScreen, run_id: str, artifact: Artifact, full: str) -> Done:
    store = screen.session.store
    if store is None:
        raise StoreError("there is no store yet")
    try:
        artifacts.copy_out(store.objects_dir, artifact.digest, full)
    except OSError as error:
        raise StoreError(f"{full} cannot be written: {error.strerror or error}") from error
    command = shlex.join(["mlops-tui", "runs", "artifact", run_id, artifact.path, "-o", full])
    return Done(command, f"wrote {clean(shown.short_path(full), 100)}")
