"""How the list of runs was last looked at, kept in the project's state directory between two sessions."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass

from mlops_tui.project import Project

_FILE = "ui.json"

#: Which kinds of runs a list shows: all but stages that logged nothing, really all, or no parts of pipelines.
KINDS = ("useful", "all", "scripts")


@dataclass(frozen=True, slots=True)
class RunsView:
    """Order, columns and kinds of a list of runs.

    Attributes:
        sort: As ``mlops_store.runs.ids`` takes it.
        is_descending: Greatest first.
        columns: ``metrics.KEY`` and ``params.KEY`` in order; empty for what ``compare.columns`` finds most telling.
        kinds: One of ``KINDS``.
    """

    sort: str = "started_at"
    is_descending: bool = True
    columns: tuple[str, ...] = ()
    kinds: str = "useful"


def load(project: Project) -> RunsView:
    """The view of the last session; the default where there is none that can be read."""
    try:
        with open(os.path.join(project.state_dir, _FILE), encoding="utf-8") as file:
            kept = json.load(file)["runs"]
        view = RunsView(str(kept["sort"]), bool(kept["is_descending"]), tuple(map(str, kept["columns"])), kept["kinds"])
    except (OSError, ValueError, KeyError, TypeError):
        # never written, cut short, or from another version: nothing of worth is lost
        return RunsView()
    return view if view.kinds in KINDS else RunsView()


def save(project: Project, view: RunsView) -> None:
    """Keeps the view, where the project has a state directory that can be written."""
    path = os.path.join(project.state_dir, _FILE)
    temporary = f"{path}.{os.getpid()}"
    if not os.path.isdir(project.state_dir):
        return
    with contextlib.suppress(OSError):  # a read-only project is only looked at
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump({"runs": asdict(view)}, file)
        os.replace(temporary, path)
