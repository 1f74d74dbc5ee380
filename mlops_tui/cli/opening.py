"""Command lines that need no reading: what reads the others takes longer to load than these take to act.

They are a bare ``status`` or ``run``, and what opens the dashboard. Each does what the verb does.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence

from mlops_tui import project as projects
from mlops_tui.project import Project

#: Set by a shell that asks for completions instead.
COMPLETING = "_MLOPS_TUI_COMPLETE"

#: Whether this process has shown the dashboard.
has_opened = False


def plain(words: Sequence[str]) -> Callable[[], object] | None:
    """What a command line that needs no reading does; None for any other."""
    if COMPLETING in os.environ or len(words) > 1:
        return None
    word = words[0] if words else ""
    if word == "status":
        return _status
    if word == "run":
        return _run
    if not words or ((os.sep in word or word == ".") and os.path.isdir(word)):
        return lambda: _open(word or None)
    return None


def _open(directory: str | None) -> int:
    if directory is not None and is_view(directory):
        from mlops_tui.cli.view import show

        return show(directory)
    return open_on(projects.find(directory))


def _status() -> None:
    _search_seldom()
    from mlops_tui.cli import overview
    from mlops_tui.cli.workspace import Workspace

    workspace = Workspace()
    overview.show(workspace)
    workspace.close()


def _run() -> int:
    _search_seldom()
    from mlops_tui.cli import run_following
    from mlops_tui.cli.workspace import Workspace

    workspace = Workspace()
    code = run_following.everything(workspace)
    workspace.close()
    return code


def _search_seldom() -> None:
    """Lets Python look for garbage less often: what is loaded stays, and little else is made."""
    gc.set_threshold(50_000)


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
    global has_opened
    has_opened = True
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
