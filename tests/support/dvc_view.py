"""How DVC itself resolves a project, in the shape of ``mlops-tui pipeline show --json``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_KINDS = (("metric", "metric"), ("plot", "plot"))
_GRAPH_ERRORS = {
    "CyclicGraphError": "cycle",
    "OutputDuplicationError": "duplicate-output",
    "OverlappingOutputPathsError": "overlapping-outputs",
    "StagePathAsOutputError": "overlapping-outputs",
}


def make_repository(root: Path, files: dict[str, str]) -> None:
    """A DVC repository without Git, with files by path; ``.dvc/config`` may be among them."""
    for name, text in {".dvc/config": "", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if name != ".dvc/config" else "[core]\n    no_scm = True\n" + text)


def resolved(root: Path) -> dict[str, Any]:
    """DVC's view of the project; ``{"ok": False, …}`` when it refuses."""
    from dvc.repo import Repo

    before = os.getcwd()
    os.chdir(root)
    try:
        with Repo(str(root)) as repo:
            try:
                return _shape(repo, str(root))
            except Exception as error:  # DVC crashes on some input that it does not refuse
                kind = _GRAPH_ERRORS.get(type(error).__name__)
                return {"ok": False, "error": f"{type(error).__name__}: {error}"} | (
                    {"graph_error": kind} if kind else {}
                )
    finally:
        os.chdir(before)


def _shape(repo: Any, root: str) -> dict[str, Any]:
    from dvc.stage import PipelineStage

    index = repo.index
    index.graph  # noqa: B018 checks it
    stages = {stage.addressing: _stage(stage, root) for stage in index.stages if isinstance(stage, PipelineStage)}
    edges = [[user.addressing, needed.addressing] for user, needed in index.graph.edges()]

    def top(found: dict[str, Any]) -> dict[str, Any]:
        return {os.path.relpath(path, root): value for path, value in found.items()}

    return {
        "ok": True,
        "stages": stages,
        "edges": edges,
        "top": {
            "metrics": top(index._metrics),
            "plots": top(index._plots),
            "params": top(index._params),
            "artifacts": top(index._artifacts),
        },
    }


def _stage(stage: Any, root: str) -> dict[str, Any]:
    from dvc.dependency import ParamsDependency

    return {
        "cmd": stage.cmd,
        "wdir": os.path.relpath(stage.wdir, root),
        "deps": [dep.def_path for dep in stage.deps if not isinstance(dep, ParamsDependency)],
        "params": {dep.def_path: list(dep.params) for dep in stage.deps if isinstance(dep, ParamsDependency)},
        "outs": [_out(out) for out in stage.outs],
        "frozen": stage.frozen,
        "always_changed": stage.always_changed,
        "desc": stage.desc,
        "meta": _without_dates(stage.meta),
    }


def _out(out: Any) -> dict[str, Any]:
    kind = next((kind for attribute, kind in _KINDS if getattr(out, attribute)), "out")
    shown = {
        "path": out.def_path,
        "kind": kind,
        "cache": out.use_cache,
        "persist": out.persist,
        "push": out.can_push,
    }
    given = {"remote": out.remote, **out.annot.to_dict(), "plot": out.plot if isinstance(out.plot, dict) else None}
    return shown | {key: _without_dates(value) for key, value in given.items() if value}


def _without_dates(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))
