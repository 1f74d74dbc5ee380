from pathlib import Path

import pytest
from pipeline_builders import dvc

from mlops_store.errors import NotFound
from mlops_tui.pipeline import graph, spec
from mlops_tui.project import Project


def pipeline(tmp_path: Path, **stages: str) -> spec.Pipeline:
    """Stages from words: ``train="model < data params"`` makes model from data and params."""
    lines = ["stages:"]
    for name, text in stages.items():
        outs, _, deps = text.partition("<")
        flags = ", frozen: true" if "!" in deps else ""
        lines.append(
            f"  {name}: {{cmd: x, outs: [{', '.join(outs.split())}], "
            f"deps: [{', '.join(deps.replace('!', '').split())}]{flags}}}"
        )
    return spec.parse("\n".join(lines).encode(), str(tmp_path))


def test_a_stage_needs_those_whose_output_it_reads(tmp_path: Path) -> None:
    found = pipeline(tmp_path, train="m < d", prepare="d < raw", report="r < m d")
    assert graph.edges(found) == {"train": ("prepare",), "prepare": (), "report": ("train", "prepare")}


def test_a_dep_may_contain_or_lie_in_an_output(tmp_path: Path) -> None:
    found = pipeline(
        tmp_path, files="data/a data/b < raw", other="dat < raw", inside="x < data/a/part", above="y < data"
    )
    assert graph.edges(found)["inside"] == ("files",)
    assert graph.edges(found)["above"] == ("files",)


def test_the_whole_project_as_a_dep_needs_every_stage(tmp_path: Path) -> None:
    found = pipeline(tmp_path, a="x < raw", b="sub/y < raw")
    with_root = spec.parse(
        b"stages: {a: {cmd: x, outs: [x]}, b: {cmd: x, outs: [sub/y]}, c: {cmd: x, deps: [.]}}", str(tmp_path)
    )
    assert set(graph.edges(with_root)["c"]) == set(found.stages)


def test_a_params_file_made_by_a_stage_is_an_edge(tmp_path: Path) -> None:
    found = spec.parse(
        b"stages: {search: {cmd: x, outs: [best.json]}, train: {cmd: x, params: [best.json: [lr]]}}", str(tmp_path)
    )
    assert graph.edges(found)["train"] == ("search",)


def test_order_puts_each_stage_after_what_it_needs_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = pipeline(tmp_path, report="r < m", train="m < d", prepare="d < raw", alone="z < raw")
    assert graph.order(found) == ["prepare", "train", "report", "alone"]


def test_a_target_brings_only_what_it_needs(tmp_path: Path) -> None:
    found = pipeline(tmp_path, report="r < m", train="m < d", prepare="d < raw", alone="z < raw")
    assert graph.order(found, ["train"]) == ["prepare", "train"]


def test_a_frozen_stage_needs_nothing(tmp_path: Path) -> None:
    found = pipeline(tmp_path, train="m < d!", prepare="d < raw")
    assert graph.order(found, ["train"]) == ["train"]


def test_an_unknown_target_names_the_nearest_stage(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'train'"):
        graph.order(pipeline(tmp_path, train="m < d"), ["trian"])


def test_downstream_is_everything_that_needs_a_stage(tmp_path: Path) -> None:
    found = pipeline(tmp_path, a="x < raw", b="y < x", c="z < y", d="w < raw")
    assert graph.downstream(graph.edges(found), ["a"]) == {"b", "c"}


def test_a_long_chain_needs_no_deep_recursion(tmp_path: Path) -> None:
    count = 3000
    stages = {f"s{i}": f"f{i + 1} < f{i}" for i in range(count)}
    found = pipeline(tmp_path, **dict(reversed(stages.items())))
    assert graph.order(found) == [f"s{i}" for i in range(count)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")
def test_the_order_is_dvcs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvc.repo import Repo
    from dvc.repo.reproduce import get_active_graph, plan_repro

    text = b"""
stages:
  report: {cmd: x, deps: [m1, m2, top.txt], outs: [r]}
  top: {cmd: x, outs: [top.txt]}
  m2: {cmd: x, deps: [data], outs: [m2]}
  b: {cmd: x, deps: [raw], outs: [data/b]}
  a: {cmd: x, outs: [data/a]}
  m1: {cmd: x, deps: [data/a], outs: [m1], frozen: true}
"""
    (tmp_path / "dvc.yaml").write_bytes(text)
    monkeypatch.chdir(tmp_path)
    repo = Repo.init(str(tmp_path), no_scm=True)
    with repo.lock:
        stages = repo.stage.collect("dvc.yaml")
        planned = plan_repro(get_active_graph(repo.index.graph), stages)
    assert graph.order(spec.parse(text, str(tmp_path))) == [stage.addressing for stage in planned]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")
@pytest.mark.parametrize(
    "target",
    ["one", "group", "group@b", "dvc.yaml", "dvc.yaml:one", "sub/dvc.yaml", "sub/dvc.yaml:x", "dvc.yaml:group"],
)
def test_a_target_names_what_dvc_understands_by_it(tmp_path: Path, target: str) -> None:
    from dvc_view import make_repository

    files = {
        "dvc.yaml": "stages: {one: {cmd: x}, group: {foreach: [a, b], do: {cmd: x}}}",
        "sub/dvc.yaml": "stages: {x: {foreach: [1, 2], do: {cmd: x}}, y: {cmd: x}}",
    }
    make_repository(tmp_path, files)
    with dvc(tmp_path) as repo:
        expected = [stage.addressing for stage in repo.stage.collect(target)]
    assert graph.chosen(spec.load(Project(str(tmp_path))), target) == expected


def test_a_mistyped_group_is_named() -> None:
    found = spec.Pipeline(stages={"group@a": spec.Stage("group@a", "x")})
    with pytest.raises(NotFound, match="did you mean 'group'"):
        graph.chosen(found, "gruop")
