"""Which stages a request means, beside what DVC plans for the same flags."""

from pathlib import Path

import pytest
from pipeline_builders import dvc, make

from mlops_store.errors import NotFound, UsageError
from mlops_tui.pipeline import graph, selection, spec
from mlops_tui.pipeline.request import Request, from_json

#: Two pipelines; ``frozen`` needs nothing, though it reads what ``c`` makes.
GRAPH = """
stages:
  a: {cmd: x, outs: [a]}
  b: {cmd: x, deps: [a], outs: [b]}
  c: {cmd: x, deps: [a], outs: [c]}
  d: {cmd: x, deps: [b, c], outs: [d]}
  frozen: {cmd: x, deps: [c], outs: [f], frozen: true}
  below: {cmd: x, deps: [f], outs: [g]}
  other: {cmd: x, outs: [o]}
  end: {cmd: x, deps: [o], outs: [e]}
"""


@pytest.mark.parametrize("targets", [("a",), ("d",), ("below",), ("frozen",), ("b", "end"), ("d", "a"), ()])
@pytest.mark.parametrize("flag", ["", "single_item", "downstream", "whole_pipeline"])
def test_the_stages_are_those_that_dvc_plans(tmp_path: Path, targets: tuple[str, ...], flag: str) -> None:
    from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

    project = make(tmp_path, GRAPH)
    with dvc(tmp_path, init=True) as repo:
        stages = collect_stages(repo, targets or ["dvc.yaml"])
        if flag != "single_item":
            active = get_active_graph(repo.index.graph)
            stages = plan_repro(active, stages, flag == "whole_pipeline", flag == "downstream")
        planned = {stage.addressing for stage in stages}
    pipeline = spec.load(project)
    chosen = selection.choose(pipeline, Request(targets, **({flag: True} if flag else {})))
    assert set(chosen) == planned
    needs = graph.active(pipeline)
    assert all(chosen.index(need) < chosen.index(name) for name in chosen for need in needs[name] if need in chosen)


def test_an_unknown_target_is_refused_however_it_is_meant(tmp_path: Path) -> None:
    pipeline = spec.load(make(tmp_path, GRAPH))
    for request in (Request(("fozen",)), Request(("fozen",), single_item=True), Request(("fozen",), downstream=True)):
        with pytest.raises(NotFound) as caught:
            selection.choose(pipeline, request)
        assert "did you mean 'frozen'?" in caught.value.hint


def test_two_ways_of_choosing_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        Request(single_item=True, downstream=True)


def test_a_request_reads_back_as_it_was_written() -> None:
    request = Request(("a", "b"), jobs=3, force_downstream=True, whole_pipeline=True)
    assert from_json(request.as_json()) == request
