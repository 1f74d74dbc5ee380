"""Removing the half-made files that a process left when it was killed.

Every file of ours is made under a temporary name that ends with the number of its process. In a directory that is an
output such a file would count as a part of the output, and in the cache nobody would ever ask for it. A supervisor's
number stands in the store; any other command that writes outputs leaves a note while it does so. All of them hold the
pipeline lock, so that whoever finds a note under that lock knows that its writer was killed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mlops_tui.project import Project

if TYPE_CHECKING:
    from mlops_tui.pipeline.spec import Stage

_NOTE = "writing.json"


@contextmanager
def noted(project: Project, paths: Iterable[str]) -> Iterator[None]:
    """Notes what this process writes in the block, for whoever has the pipeline lock after it if it is killed.

    Args:
        project: The project, whose lock this process holds; without a state directory nothing is noted.
        paths: What is written, relative to the project's root.

    Raises:
        OSError: The note cannot be written.
    """
    if not os.path.isdir(project.state_dir):
        yield
        return
    note = os.path.join(project.state_dir, _NOTE)
    try:
        with open(note, "w", encoding="ascii") as file:
            json.dump({"pid": os.getpid(), "paths": sorted(paths)}, file)
        yield
    finally:
        with suppress(FileNotFoundError):
            os.unlink(note)


def sweep_noted(project: Project) -> list[str]:
    """Removes what a command has left that was killed while it wrote; this process holds the pipeline lock.

    A directory that had made way for its successor, which did not come, takes its place again.

    Returns:
        The paths that were removed or renamed.
    """
    note = os.path.join(project.state_dir, _NOTE)
    try:
        with open(note, encoding="ascii") as file:
            content = json.load(file)
        pid, paths = int(content["pid"]), [project.path(str(path)) for path in content["paths"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        paths, pid = [], 0  # killed while it wrote the note, before anything else
    places = {os.path.dirname(path) for path in paths}
    done = [path for path in _in(places) if path.endswith(f".{pid}.old")]
    for path in done:
        _take_back(path, path.removesuffix(f".{pid}.old"))
    if paths:
        done += _remove(pid, places | {project.state_dir}, {*paths, *_cache_trees(project)})
    os.unlink(note)
    return done


def _take_back(old: str, path: str) -> None:
    if os.path.lexists(path):
        from mlops_tui.pipeline import copying  # seldom needed, and every start of a run loads this module

        copying.remove(old)
    else:
        os.rename(old, path)


def _cache_trees(project: Project) -> tuple[str, ...]:
    from mlops_store.errors import SpecError
    from mlops_tui.pipeline import cache

    try:
        return _trees(cache.find(project).directory)
    except SpecError:
        return ()  # its configuration has been broken since


def _trees(cache_directory: str) -> tuple[str, ...]:
    return os.path.join(cache_directory, "files", "md5"), os.path.join(cache_directory, "runs")


def sweep(project: Project, stages: Iterable[Stage], cache_directory: str, pid: int) -> list[str]:
    """Removes what a process has begun to write for a pipeline run and not finished.

    Args:
        project: The project.
        stages: The run's stages; looked for in and beside their outputs and locks.
        cache_directory: The cache.
        pid: The number of the process, which is gone.

    Returns:
        The paths that were removed.
    """
    places: set[str] = {project.state_dir}
    trees: set[str] = {*_trees(cache_directory)}
    for stage in stages:
        places.add(os.path.dirname(project.path(stage.file)))
        for out in stage.outs:
            path = project.path(stage.path(out.path))
            places.add(os.path.dirname(path))
            trees.add(path)
    return _remove(pid, places, trees)


def _remove(pid: int, places: Iterable[str], trees: Iterable[str]) -> list[str]:
    """Removes the temporary files of a process in some directories, and at any depth below others."""
    pattern = re.compile(rf"(^|\.){pid}(-\d+)?\.tmp$")
    removed = []
    for path in (*_in(places), *_below(trees)):
        if pattern.search(os.path.basename(path)):
            with suppress(OSError):
                from mlops_tui.pipeline import copying

                copying.remove(path)
                removed.append(path)
    return removed


def _in(directories: Iterable[str]) -> Iterator[str]:
    for directory in directories:
        with suppress(OSError):
            yield from (os.path.join(directory, name) for name in os.listdir(directory))


def _below(directories: Iterable[str]) -> Iterator[str]:
    for top in directories:
        for directory, _, names in os.walk(top):
            yield from (os.path.join(directory, name) for name in names)
