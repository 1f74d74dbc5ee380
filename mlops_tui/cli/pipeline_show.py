"""``mlops-tui pipeline show``: every stage with its templates, foreach and matrix resolved, and who needs whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlops_store.errors import SpecError
from mlops_tui.cli import output
from mlops_tui.cli.parameters import json_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.pipeline.spec import Out, Pipeline, Stage

_TOP = ("metrics", "plots", "params", "artifacts")


@click.command()
@json_option
@click.pass_context
def show(context: click.Context, as_json: bool) -> None:
    """Show every stage as it would run: templates, foreach and matrix resolved, from all dvc.yaml files.

    Exits with 2 when something is not understood; the message names file, line and column.
    """
    from mlops_tui.pipeline import graph, spec

    workspace: Workspace = context.obj
    try:
        pipeline = spec.load(workspace.project)
    except SpecError as error:
        if not as_json:
            raise
        output.write_json(refusal(error, error.kind if isinstance(error, graph.GraphError) else ""))
        context.exit(error.exit_code)
    if as_json:
        output.write_json(shape(pipeline))
        return
    links = graph.links(pipeline)
    rows = [
        (name, ", ".join(links[name]), " && ".join(stage.commands), ", ".join(out.path for out in stage.outs))
        for name, stage in pipeline.stages.items()
    ]
    rows += [(name, "", "", ", ".join(out.path for out in source.outs)) for name, source in pipeline.sources.items()]
    if rows:
        write_table(("stage", "needs", "command", "outputs"), rows)
    else:
        output.say("no stages: neither a dvc.yaml nor a .dvc file describes any")


def refusal(error: SpecError, graph_error: str = "") -> dict[str, Any]:
    """What is printed instead of a pipeline that is not understood."""
    shown: dict[str, Any] = {
        "ok": False,
        "error": error.message,
        "hint": error.hint,
        "file": error.file,
        "line": error.line,
        "column": error.column,
    }
    return shown | ({"graph_error": graph_error} if graph_error else {})


def shape(pipeline: Pipeline) -> dict[str, Any]:
    """A resolved pipeline for JSON."""
    from mlops_tui.pipeline import graph

    return {
        "ok": True,
        "stages": {name: _stage(stage) for name, stage in pipeline.stages.items()},
        "edges": [[name, needed] for name, needs in graph.links(pipeline).items() for needed in needs],
        "top": {key: pipeline.top.get(key, {}) for key in _TOP},
    }


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "cmd": stage.cmd,
        "wdir": stage.wdir or ".",
        "deps": (*stage.deps, *stage.urls),
        "params": stage.params,
        "outs": [_out(out) for out in stage.outs],
        "frozen": stage.is_frozen,
        "always_changed": stage.always_changed,
        "desc": stage.desc or None,
        "meta": stage.meta,
    }


def _out(out: Out) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "path": out.path,
        "kind": out.kind,
        "cache": out.cache,
        "persist": out.persist,
        "push": out.push,
    }
    given = {
        "remote": out.remote,
        "desc": out.desc,
        "type": out.type,
        "labels": out.labels,
        "meta": out.meta,
        "plot": out.plot,
    }
    return shown | {key: value for key, value in given.items() if value}
