"""What a pipeline run is to do, written down before it starts, so that any supervisor can go on with it.

The plan is a file of the run: editing ``dvc.yaml`` while the run goes on changes the next run, not this one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mlops_tui.config import ExecutorConfig
from mlops_tui.pipeline import options
from mlops_tui.pipeline.capacity import Capacity
from mlops_tui.pipeline.options import Options
from mlops_tui.pipeline.spec import Out, Stage
from mlops_tui.project import Project

_PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline run's stages and options.

    Attributes:
        run_id: The pipeline run.
        stages: The stages that may run, each after those that it needs.
        needs: Stage -> the stages of this plan that it needs.
        experiment: Where its runs are filed.
        jobs: How many stages may run at once.
        force: Run every stage, stale or not.
        force_downstream: Run every stage of which a stage that it needs has run.
        run_cache: Whether outputs of earlier runs with the same inputs are taken instead of running.
        keep_going: After a failure run what does not depend on it.
        sources: ``.dvc`` files whose data has changed and is saved before the stages run.
        options: How each stage is to be run, as its ``meta`` says.
        capacity: What the stages share.
        executors: Those that stages name.
        in_workspace: It works in a copy of the project.
        code: ``git_commit``, ``git_branch`` and ``git_remote`` at the start, as far as known.
    """

    run_id: str
    stages: tuple[Stage, ...]
    needs: Mapping[str, tuple[str, ...]]
    experiment: str
    jobs: int = 1
    force: bool = False
    force_downstream: bool = False
    run_cache: bool = True
    keep_going: bool = False
    sources: tuple[str, ...] = ()
    options: Mapping[str, Options] = field(default_factory=dict)
    capacity: Capacity = field(default_factory=Capacity)
    executors: Mapping[str, ExecutorConfig] = field(default_factory=dict)
    in_workspace: bool = False
    code: Mapping[str, str] = field(default_factory=dict)


def empty(run_id: str) -> Plan:
    """A plan of nothing, for a run whose own cannot be read."""
    return Plan(run_id, (), {}, "default")


def save(project: Project, plan: Plan) -> None:
    """Writes the plan into the folder of its run.

    Raises:
        OSError: It cannot be written.
    """
    directory = folder(project, plan.run_id)
    os.makedirs(directory, exist_ok=True)
    content = {
        "run_id": plan.run_id,
        "stages": [_stage_out(stage) for stage in plan.stages],
        "needs": plan.needs,
        "experiment": plan.experiment,
        "jobs": plan.jobs,
        "force": plan.force,
        "force_downstream": plan.force_downstream,
        "capacity": asdict(plan.capacity),
        "executors": [asdict(executor) for executor in plan.executors.values()],
        "run_cache": plan.run_cache,
        "keep_going": plan.keep_going,
        "sources": plan.sources,
        "in_workspace": plan.in_workspace,
        "code": plan.code,
    }
    with open(os.path.join(directory, _PLAN), "w", encoding="ascii") as file:
        json.dump(content, file)


def load(project: Project, run_id: str) -> Plan:
    """The plan of a run.

    Raises:
        OSError: There is none.
        ValueError: It was cut short.
    """
    with open(os.path.join(folder(project, run_id), _PLAN), encoding="ascii") as file:
        content = json.load(file)
    stages = tuple(_stage_in(stage) for stage in content.pop("stages"))
    needs = {name: tuple(needed) for name, needed in content.pop("needs").items()}
    capacity = content.pop("capacity")
    executors = [ExecutorConfig(**{**one, "command": tuple(one["command"])}) for one in content.pop("executors")]
    return Plan(
        stages=stages,
        needs=needs,
        sources=tuple(content.pop("sources")),
        options=options.read_all(stages),
        capacity=Capacity(**{**capacity, "gpus": tuple(capacity["gpus"])}),
        executors={executor.name: executor for executor in executors},
        **content,
    )


def folder(project: Project, run_id: str) -> str:
    """Where the files of a pipeline run lie: its plan, and log, snapshot and exit code of each stage."""
    return os.path.join(project.logs_dir, run_id)


def stage_file(project: Project, run_id: str, stage: str, ending: str) -> str:
    """The path of a stage's file in the folder of a pipeline run, whatever characters its name has.

    Args:
        project: The project.
        run_id: The pipeline run.
        stage: The stage's name.
        ending: 'log' or 'start', or 'exit' or 'timeout' behind the id of the stage's own run.
    """
    safe = "".join(ch if ch.isascii() and (ch.isalnum() or ch in "-_@") else "_" for ch in stage)
    if safe != stage or len(safe) > 100:
        import hashlib

        digest = hashlib.sha256(stage.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        safe = f"{safe[:80]}~{digest}"
    return os.path.join(folder(project, run_id), f"{safe}.{ending}")


def _stage_out(stage: Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "cmd": stage.cmd,
        "wdir": stage.wdir,
        "deps": stage.deps,
        "urls": stage.urls,
        "params": stage.params,
        "outs": [[out.path, out.kind, out.cache, out.persist] for out in stage.outs],
        "is_frozen": stage.is_frozen,
        "always_changed": stage.always_changed,
        "meta": stage.meta,
        "file": stage.file,
        "line": stage.line,
        "column": stage.column,
    }


def _stage_in(content: dict[str, Any]) -> Stage:
    cmd = content["cmd"]
    return Stage(
        name=content["name"],
        cmd=cmd if isinstance(cmd, str) else tuple(cmd),
        wdir=content["wdir"],
        deps=tuple(content["deps"]),
        urls=tuple(content["urls"]),
        params={file: tuple(keys) for file, keys in content["params"].items()},
        outs=tuple(Out(*out) for out in content["outs"]),
        is_frozen=content["is_frozen"],
        always_changed=content["always_changed"],
        meta=content["meta"],
        file=content["file"],
        line=content["line"],
        column=content["column"],
    )
