"""What ``dvc status --json`` prints, for tools that read that."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.pipeline import state
from mlops_tui.pipeline.lock import Entry
from mlops_tui.pipeline.reasons import Change
from mlops_tui.pipeline.spec import FILE, Pipeline, Source, Stage
from mlops_tui.pipeline.state import Inputs

Status = dict[str, list[Any]]


def of(inputs: Inputs, pipeline: Pipeline, start: str = "") -> Status:
    """Each stage and ``.dvc`` file that is not up to date, with what has changed, in DVC's words.

    Unlike DVC, which asks other repositories whether imported data has changed there, this looks at the project only.

    Args:
        inputs: What is there, and what the locks say.
        pipeline: The stages and ``.dvc`` files.
        start: The directory that names are relative to; the project's root by default.

    Raises:
        SpecError: A lock or a params file is not understood.
        Refused: A file cannot be read.
    """
    names = _Names(inputs.root, start or inputs.root)
    found: Status = {}
    for stage in pipeline.stages.values():
        if status := _stage(inputs, stage, names):
            found[names.stage(stage)] = status
    for name, source in pipeline.sources.items():
        if status := _source(inputs, source, names):
            found[names.path(name)] = status
    return found


class _Names:
    """How DVC writes names for somebody who is in the directory ``start``."""

    def __init__(self, root: str, start: str) -> None:
        self._root = os.path.realpath(root)
        self._start = os.path.realpath(start)

    def path(self, path: str) -> str:
        full = os.path.normpath(os.path.join(self._root, path))
        return os.path.relpath(full, self._start) if full.startswith(os.path.join(self._root, "")) else full

    def stage(self, stage: Stage) -> str:
        file = self.path(stage.file)
        return stage.key if file == FILE else f"{file}:{stage.key}"

    def files(self, changes: Iterable[Change]) -> dict[str, str]:
        found = {}
        for change in changes:
            if change.how == "unreadable":
                raise Refused(change.reason)
            # to DVC a file whose hash nobody has recorded yet is a modified one
            found[self.path(change.path)] = "modified" if change.how == "new" else change.how
        return found


def _stage(inputs: Inputs, stage: Stage, names: _Names) -> list[Any]:
    entry = inputs.locks.entry(stage)
    known: Entry = entry if entry is not None else {}
    found: list[Any] = []
    if not stage.is_frozen:
        deps = {**names.files(state.dep_changes(inputs, stage, known)), **_params(inputs, stage, known, names)}
        if deps:
            found.append({"changed deps": deps})
    if outs := names.files(state.out_changes(inputs, stage, known)):
        found.append({"changed outs": outs})
    if stage.always_changed or stage.is_callback:
        found.append("always changed")
    if entry is not None and state.has_new_command(stage, entry):
        found.append("changed command")
    return found


def _source(inputs: Inputs, source: Source, names: _Names) -> list[Any]:
    found: list[Any] = []
    if not source.is_frozen and (deps := names.files(state.dep_changes(inputs, source, source.entry))):
        found.append({"changed deps": deps})
    if outs := names.files(state.out_changes(inputs, source, source.entry)):
        found.append({"changed outs": outs})
    return found


def _params(inputs: Inputs, stage: Stage, entry: Entry, names: _Names) -> dict[str, Any]:
    known: Mapping[str, Any] = entry.get("params", {})
    found: dict[str, Any] = {}
    for file in stage.params:
        if inputs.params(stage, file) is None:
            found[names.path(stage.path(file))] = "deleted"
        elif file not in known:
            found[names.path(stage.path(file))] = "new"
    for change in state.param_changes(inputs, stage, entry):
        path = names.path(change.path)
        if not isinstance(found.get(path), str):
            found.setdefault(path, {})[change.key] = change.how
    return found
