"""Which directories of a project matter: where its files, its pipeline's inputs and its batches lie."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from mlops_store.errors import MlopsError
from mlops_tui.config import Config
from mlops_tui.project import Project

#: Directories followed at most; what lies in more is found by the slow poll, or not at all.
LIMIT = 500

#: Directories that are never inputs.
_SKIPPED = frozenset((".git", ".mlops", ".dvc", ".venv", "venv", "node_modules", "__pycache__"))


def of_store(project: Project) -> set[str]:
    """Where the store and the journals change."""
    return {project.state_dir, project.journals_dir}


def of_project(project: Project, config: Config) -> set[str]:
    """Where the project's own files change: its root, the pipeline's inputs, the batches."""
    found = {project.root}
    for path in (*_inputs(project), *of_batches(project, config)):
        found.update(_with_below(path, LIMIT - len(found)))
    return found


def of_batches(project: Project, config: Config) -> set[str]:
    """The directories in which monitors look for batches: of each glob the part before its first wildcard."""
    found = set()
    for monitor in config.monitors.values():
        for pattern in monitor.watch:
            fixed = pattern.replace("\\", "/").split("/")
            for place, part in enumerate(fixed):
                if any(letter in part for letter in "*?["):
                    fixed = fixed[:place]
                    break
            else:
                fixed = fixed[:-1]
            found.add(_existing(project.path(*fixed), project.root))
    return found


def _inputs(project: Project) -> Iterator[str]:
    from mlops_tui.pipeline import spec

    try:
        pipeline = spec.load(project)
    except MlopsError:
        return  # the pipeline's screen says what is wrong with it
    yield from map(project.path, pipeline.stamps)
    for stage in pipeline.stages.values():
        for path in (*stage.deps, *stage.params):
            yield os.path.normpath(project.path(stage.wdir, path))


def _existing(path: str, root: str) -> str:
    """The nearest directory upwards that exists, the root at most."""
    while path != root and not os.path.isdir(path):
        parent = os.path.dirname(path)
        if parent == path or not path.startswith(root):
            return root
        path = parent
    return path


def _with_below(path: str, limit: int) -> Iterable[str]:
    """The directory of a file, or a directory with all below it."""
    if not os.path.isdir(path):
        directory = os.path.dirname(path)
        return [directory] if os.path.isdir(directory) and limit > 0 else []
    found: list[str] = []
    for directory, names, _ in os.walk(path):
        names[:] = [name for name in names if name not in _SKIPPED]
        if len(found) >= limit:
            break
        found.append(directory)
    return found
