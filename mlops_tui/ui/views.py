"""How the list of runs was last looked at, kept for each user in the project's state directory between two sessions."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from typing import Any

from mlops_store import processes
from mlops_store.errors import UsageError
from mlops_tui.compare.views import Goal, RunsView, read, shape
from mlops_tui.project import Project

_FILE = "ui.json"


def load(project: Project, goal: Goal) -> RunsView:
    """The user's view in the last session, without its filter; the default where there is none that can be read."""
    with contextlib.suppress(UsageError, RecursionError):  # from another version, or edited: nothing of worth is lost
        return read(_kept(project).get(processes.user(), {}), goal)
    return RunsView()


def save(project: Project, view: RunsView) -> None:
    """Keeps the view, where the project has a state directory that can be written."""
    path = os.path.join(project.state_dir, _FILE)
    temporary = f"{path}.{os.getpid()}"
    if not os.path.isdir(project.state_dir):
        return
    views = {**_kept(project), processes.user(): shape(replace(view, filter=""))}
    with contextlib.suppress(OSError):  # a read-only project is only looked at
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump({"runs": views}, file)
        os.replace(temporary, path)


def _kept(project: Project) -> dict[str, Any]:
    """The views by user; none where the file was never written or cut short."""
    try:
        with open(os.path.join(project.state_dir, _FILE), encoding="utf-8") as file:
            kept = json.load(file)["runs"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}
