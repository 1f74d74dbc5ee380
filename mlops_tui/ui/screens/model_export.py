"""Writing a version to a folder that serves it: the question for the folder, and the command that writes it."""

from __future__ import annotations

import os
import shlex

from mlops_tui.ui import shown
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens.acts import called, perform
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.text import Cell, clean
from mlops_tui.ui.widgets.dialog import Ask


def ask(screen: ProjectScreen, model: str, version: int) -> None:
    """Asks for a folder and writes the version to it; never over what is there."""
    root = screen.session.project.root
    reference = f"{model}/{version}"
    lines = [
        Cell("model, code, requirements, Dockerfile, and ./start to serve it"),
        Cell(f"a folder, from {shown.short_path(root)}; made when missing", "dim"),
    ]

    def place(text: str) -> str:
        return os.path.join(root, os.path.expanduser(text.strip()))

    def answered(text: str | None) -> None:
        if text:
            screen.remark(f"exporting {clean(model, 60)} v{version} …", "dim")
            perform(screen, lambda: _export(root, reference, place(text)))

    title = f"Export {model} v{version} to"
    screen.app.push_screen(
        Ask(title, _free(root, f"{model}-{version}"), lines=lines, check=lambda text: problem(place(text), text)),
        answered,
    )


def problem(place: str, text: str) -> str:
    """What is wrong with a folder as an answer, "" when it can be written to."""
    if not text.strip() or "\0" in text:
        return "a folder is needed"
    if not os.path.lexists(place):
        return ""
    try:
        return "that folder is not empty: give another" if os.listdir(place) else ""
    except OSError as error:
        return f"that cannot be written to: {error.strerror}"


def _free(root: str, first: str) -> str:
    """A name that nothing has."""
    name = first
    number = 1
    while os.path.lexists(os.path.join(root, name)):
        number += 1
        name = f"{first}-{number}"
    return name


def _export(root: str, reference: str, place: str) -> Did:
    done = called(root, "models", "export", "--json", "--to", place, "--", reference)
    where = os.path.relpath(place, root)
    shorter = place if where.startswith(os.pardir) else where
    command = shlex.join(["mlops-tui", "models", "export", reference, "--to", shorter])
    return Did(
        command, None, f"wrote {len(done['files'])} files to {clean(shown.short_path(place), 100)} · ./start serves it"
    )
