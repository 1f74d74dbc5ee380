"""Opening the dashboard without the rest of the command line, which takes longer to load than a screen to draw."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence

from mlops_tui import project as projects
from mlops_tui.project import Project

#: Set by a shell that asks for completions instead.
COMPLETING = "_MLOPS_TUI_COMPLETE"


def is_plain(words: Sequence[str]) -> bool:
    """Whether a command line does nothing but open the dashboard: no words, or one that can only be a directory."""
    if COMPLETING in os.environ:
        return False
    return not words or (len(words) == 1 and (os.sep in words[0] or words[0] == ".") and os.path.isdir(words[0]))


def opened(directory: str | None) -> int:
    """Opens the dashboard, tells of what went wrong as every verb does, and returns the exit code."""
    try:
        if directory is not None and is_view(directory):
            from mlops_tui.cli.view import show

            return show(directory)
        return open_on(projects.find(directory))
    except Exception as error:  # told below: the module that can tell takes too long to load beforehand
        from mlops_tui.cli.failures import guarded

        problem = error

    def fail() -> object:
        raise problem

    return guarded(fail)


def is_view(path: str) -> bool:
    """Whether a path is another tool's store rather than a directory of a project."""
    if not os.path.exists(path) or (os.path.isdir(path) and projects.is_root(path)):
        return False
    from mlops_tui.interop import kinds

    return bool(kinds.kind_of(path))


def open_on(project: Project, start: str = "overview") -> int:
    """Opens the dashboard on a project and returns its exit code.

    Args:
        project: What to show.
        start: The place to begin at.

    Raises:
        UsageError: There is no terminal to draw on, or the configuration cannot be understood.
    """
    gc.disable()  # what is made before the first screen stays: searching it for garbage takes a tenth of the time
    from mlops_tui.cli.environment import prefer_own_interpreter
    from mlops_tui.ui.app import run

    prefer_own_interpreter(project)
    return run(project, start=start)


def require_terminal() -> None:
    """Refuses where no dashboard can be shown, before anything is made for it.

    Raises:
        UsageError: There is no terminal to draw on.
    """
    from mlops_tui.ui.terminal import require

    require()
