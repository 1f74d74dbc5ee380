"""What ``dvc status --json`` prints, for tools that read that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.pipeline import state
from mlops_tui.pipeline.lock import Entry
from mlops_tui.pipeline.spec import Pipeline, Source, Stage
from mlops_tui.pipeline.state import Change, Inputs

Status = dict[str, list[Any]]


def of(inputs: Inputs, pipeline: Pipeline) -> Status:
    """Each stage and ``.dvc`` file that is not up to date, with what has changed, in DVC's words.

    Unlike DVC, which asks other repositories whether imported data has changed there, this looks at the project only.

    Raises:
        SpecError: A lock or a params file is not understood.
        Refused: A file cannot be read.
    """
    found: Status = {}
    for name, stage in pipeline.stages.items():
        if status := _stage(inputs, stage):
            found[name] = status
    for name, source in pipeline.sources.items():
        if status := _source(inputs, source):
            found[name] = status
    return found


def _stage(inputs: Inputs, stage: Stage) -> list[Any]:
    entry = inputs.locks.entry(stage)
    known: Entry = entry if entry is not None else {}
    found: list[Any] = []
    if not stage.is_frozen:
        deps = {**_files(state.dep_changes(inputs, stage, known)), **_params(inputs, stage, known)}
        if deps:
            found.append({"changed deps": deps})
    if outs := _files(state.out_changes(inputs, stage, known)):
        found.append({"changed outs": outs})
    if stage.always_changed or stage.is_callback:
        found.append("always changed")
    if entry is not None and state.has_new_command(stage, entry):
        found.append("changed command")
    return found


def _source(inputs: Inputs, source: Source) -> list[Any]:
    found: list[Any] = []
    if not source.is_frozen and (deps := _files(state.dep_changes(inputs, source, source.entry))):
        found.append({"changed deps": deps})
    if outs := _files(state.out_changes(inputs, source, source.entry)):
        found.append({"changed outs": outs})
    return found


def _files(changes: Iterable[Change]) -> dict[str, str]:
    found = {}
    for change in changes:
        if change.how == "unreadable":
            raise Refused(change.reason)
        # to DVC a file whose hash nobody has recorded yet is a modified one
        found[change.path] = "modified" if change.how == "new" else change.how
    return found


def _params(inputs: Inputs, stage: Stage, entry: Entry) -> dict[str, Any]:
    known: Mapping[str, Any] = entry.get("params", {})
    found: dict[str, Any] = {}
    for file in stage.params:
        path = stage.path(file)
        if inputs.params(stage, file) is None:
            found[path] = "deleted"
        elif file not in known:
            found[path] = "new"
    for change in state.param_changes(inputs, stage, entry):
        if not isinstance(found.get(change.path), str):
            found.setdefault(change.path, {})[change.key] = change.how
    return found
