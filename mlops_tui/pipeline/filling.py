"""Bringing into a copy of the project what its stages need and Git does not see."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_store.errors import Refused
from mlops_tui.pipeline import copying

if TYPE_CHECKING:
    from mlops_tui.pipeline.cache import Cache
    from mlops_tui.pipeline.spec import Pipeline, Source, Stage
    from mlops_tui.pipeline.state import Inputs
    from mlops_tui.project import Project


def fill(project: Project, workspace: Project, pipeline: Pipeline, inputs: Inputs) -> None:
    """Brings into a copy what stages need and Git does not see; what is there already stays.

    Args:
        project: The project.
        workspace: Its copy.
        pipeline: Of the copy.
        inputs: Of the copy.

    Raises:
        Refused: A stage needs something by a relative path outside the project.
        OSError: It cannot be written.
    """
    known = _recorded(pipeline, inputs)
    outs = {stage.path(out.path) for stage in pipeline.stages.values() for out in stage.outs}
    filling = _Filling(project.root, os.path.join(workspace.state_dir, "tmp"))
    for path in _needed(pipeline):
        source, target = os.path.join(project.root, path), os.path.join(workspace.root, path)
        item = known.get(path)
        if path in outs or os.path.lexists(source) or item is not None:
            os.makedirs(os.path.dirname(target), exist_ok=True)  # commands count on it where outputs go
        is_recorded = item is not None and (path in outs or not os.path.lexists(source))
        if not (is_recorded and filling.check_out(inputs.cache, item or {}, target)):
            filling.complete(source, target)


def _needed(pipeline: Pipeline) -> Iterator[str]:
    for stage in pipeline.stages.values():
        for written in (*stage.deps, *stage.params, *(out.path for out in stage.outs)):
            path = stage.path(written)
            if os.path.isabs(path):
                continue
            if path.split(os.sep)[0] == os.pardir:
                raise Refused(
                    f"stage {stage.name!r} needs {path}, which is outside the project and so of its copy",
                    "give its absolute path",
                )
            yield path


def _recorded(pipeline: Pipeline, inputs: Inputs) -> dict[str, Mapping[str, Any]]:
    """Path -> what the lock and the ``.dvc`` files say about outputs and data, where it is in DVC 3's words."""
    found: dict[str, Mapping[str, Any]] = {}
    entries: list[tuple[Stage | Source, Mapping[str, Any]]] = [
        *((stage, inputs.locks.entry(stage) or {}) for stage in pipeline.stages.values()),
        *((source, source.entry) for source in pipeline.sources.values()),
    ]
    for one, entry in entries:
        items: Iterable[Mapping[str, Any]] = entry.get("outs", ())
        found.update({one.path(str(item["path"])): item for item in items if "hash" in item})
    return found


class _Filling:
    """Brings files into a copy, each in one step, so that a kill leaves no half of one; what is there stays.

    Args:
        root: The project's.
        scratch: A directory beside the copy for files that are not whole yet.
    """

    def __init__(self, root: str, scratch: str) -> None:
        self._root = root
        self._scratch = scratch
        copying.remove(scratch)
        os.makedirs(scratch)

    def check_out(self, cache: Cache, item: Mapping[str, Any], target: str) -> bool:
        """Copies what a lock names out of the cache; returns whether it was there."""
        md5 = str(item.get("md5"))
        if not cache.holds(md5):
            return False
        if not md5.endswith(".dir"):
            self._copy(cache.path(md5), target, 0o755 if item.get("isexec") else 0o644)
            return True
        os.makedirs(target, exist_ok=True)
        for name, member in cache.members(md5).items():
            path = os.path.join(target, *name.split("/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self._copy(cache.path(member), path, 0o644)
        return True

    def complete(self, source: str, target: str) -> None:
        """Copies a file, or what a directory holds and its copy, which may be there in part, does not."""
        if not os.path.isdir(source):
            if os.path.lexists(source):
                self._copy(source, target)
            return
        for directory, _, names in os.walk(source):
            below = os.path.normpath(os.path.join(target, os.path.relpath(directory, source)))
            os.makedirs(below, exist_ok=True)
            for name in names:
                self._copy(os.path.join(directory, name), os.path.join(below, name))

    def _copy(self, source: str, target: str, mode: int | None = None) -> None:
        if os.path.lexists(target):
            return
        half = os.path.join(self._scratch, "half")
        copying.remove(half)
        copying.copy(source, half, self._root)
        if mode is not None:
            os.chmod(half, mode)
        if os.path.lexists(half):
            os.rename(half, target)
