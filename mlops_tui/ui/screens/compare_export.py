"""Writing a comparison to a file: the question for its name, and the command that does the same."""

from __future__ import annotations

import os
import shlex

from mlops_store.errors import Refused
from mlops_tui.compare import export, report
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens.acts import perform
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.compare_views import Chosen, read
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.dialog import Ask


def options(chosen: Chosen, parts: tuple[str, ...]) -> list[str]:
    """The options of ``runs compare`` that say the same."""
    wanted = chosen.wanted
    pairs = [
        ("--baseline", chosen.baseline),
        *(("--part", part) for part in parts),
        ("--metric", wanted.metric),
        ("--x", wanted.x),
        ("--y", wanted.y),
        *(("--axis", key) for key in wanted.axes),
        ("--align", wanted.align if wanted.align != "step" else None),
        ("--predictions", wanted.predictions),
    ]
    return [word for name, value in pairs if value for word in (name, value)]


def ask(screen: ProjectScreen, chosen: Chosen, parts: tuple[str, ...], command: str) -> None:
    """Asks for the name of a file, whose ending says the format, and writes it.

    Args:
        screen: Where to ask.
        chosen: What is compared.
        parts: Of a report; empty for all that have something to say.
        command: The command line that does the same, without the file.
    """
    root = screen.session.project.root
    kinds = ", ".join(f".{ending} {name}" for ending, name in export.FORMATS.items())
    lines = [Cell(f"The ending decides: {kinds}", "dim")]

    def check(text: str) -> str:
        ending = os.path.splitext(text)[1].lstrip(".")
        if ending not in export.FORMATS:
            return "the name must end in one of ." + ", .".join(export.FORMATS)
        return "there is such a file already" if os.path.exists(os.path.join(root, text)) else ""

    def answered(name: str | None) -> None:
        if name:
            perform(screen, lambda: write(name))

    def write(name: str) -> Did:
        _write(screen, chosen, parts, os.path.join(root, name))
        return Did(f"{command} -o {shlex.quote(name)}", notice=f"wrote {name}")

    screen.app.push_screen(Ask("Write the comparison to", _free(root), lines=lines, check=check), answered)


def _free(root: str) -> str:
    """A name that no file has."""
    name, number = "comparison.html", 1
    while os.path.exists(os.path.join(root, name)):
        number += 1
        name = f"comparison-{number}.html"
    return name


def _write(screen: ProjectScreen, chosen: Chosen, parts: tuple[str, ...], path: str) -> None:
    kind = os.path.splitext(path)[1].lstrip(".")
    is_page = not parts and kind in ("md", "html")
    found = read(screen.session, chosen, parts or (report.PARTS if is_page else report.TABLES))
    if is_page:
        found = report.without_problems(found)
    elif found.problems:
        raise next(iter(found.problems.values()))
    try:
        export.write(path, export.render(found, kind))
    except OSError as error:
        raise Refused(f"{path} cannot be written ({error.strerror})", "name another file") from error


__all__ = ["ask", "options"]
