"""Removing the half-made files that a supervisor left when it was killed.

Every file of ours is made under a temporary name that ends with the number of its process. In a directory that is an
output such a file would count as a part of the output, and in the cache nobody would ever ask for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from mlops_tui.pipeline.spec import Stage
from mlops_tui.project import Project


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
    pattern = re.compile(rf"(^|\.){pid}(-\d+)?\.tmp$")
    places: set[str] = {project.state_dir}
    trees: set[str] = {os.path.join(cache_directory, "files", "md5"), os.path.join(cache_directory, "runs")}
    for stage in stages:
        places.add(os.path.dirname(project.path(stage.file)))
        for out in stage.outs:
            path = project.path(stage.path(out.path))
            places.add(os.path.dirname(path))
            trees.add(path)
    removed = []
    for path in (*_in(places), *_below(trees)):
        if pattern.search(os.path.basename(path)):
            with suppress(OSError):
                os.unlink(path)
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
