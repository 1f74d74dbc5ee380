"""The params, metrics and files of a whole pipeline run, gathered from those of its stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops_store.records import StageState
from mlops_tui.pipeline import metric_files
from mlops_tui.pipeline.lock import Entry
from mlops_tui.pipeline.plan import Plan
from mlops_tui.pipeline.state import Inputs


@dataclass(frozen=True, slots=True)
class Totals:
    """What a pipeline run amounts to.

    ``params`` by file and key; ``inputs`` and ``outputs`` by path, in the lock's words; ``inputs`` leaves out what a
    stage of the run makes.
    """

    params: Mapping[str, Mapping[str, Any]]
    metrics: Mapping[str, float]
    inputs: Mapping[str, Entry]
    outputs: Mapping[str, Entry]


def of(inputs: Inputs, plan: Plan, states: Mapping[str, StageState]) -> Totals:
    """Gathers from the lock and the metrics files of the stages that are up to date.

    A metric that two stages have is called ``stage.key`` for the later one.

    Args:
        inputs: Knows the lock and the root.
        plan: What was run.
        states: How each stage ended.
    """
    params: dict[str, dict[str, Any]] = {}
    metrics: dict[str, float] = {}
    read: dict[str, Entry] = {}
    made: dict[str, Entry] = {}
    for stage in plan.stages:
        entry = inputs.locks.entry(stage)
        if entry is None or not states[stage.name].is_good:
            continue
        for file, values in entry.get("params", {}).items():
            params.setdefault(stage.path(file), {}).update(values)
        for key, value in metric_files.read(inputs.root, stage)[0].items():
            metrics[key if key not in metrics else f"{stage.name}.{key}"] = value
        deps = (item for item in entry.get("deps", ()) if item["path"] not in stage.urls)
        read.update({stage.path(item["path"]): item for item in deps})
        made.update({stage.path(item["path"]): item for item in entry.get("outs", ())})
    return Totals(params, metrics, {path: item for path, item in read.items() if path not in made}, made)
