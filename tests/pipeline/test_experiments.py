"""Runs with other params, each in its own copy; and taking one over."""

import json
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pipeline_builders import dvc, make, run, stage, states, until
from slow_pipeline import stale

from mlops_store import pipelines, queue, runs
from mlops_store.errors import Busy, NotFound, Refused, UsageError
from mlops_store.records import PipelineRun
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.pipeline import adoption, experiments, turns, workspaces
from mlops_tui.pipeline.request import Request
from mlops_tui.project import Project

PARAMS = "# all of them\ntrain:\n  lr: 0.1  # rate\ndepth: 3\nname: ann\n"
TRAIN = """
stages:
  prepare: {cmd: echo x >> prepared.count; cp raw.txt ready.txt, deps: [raw.txt], outs: [ready.txt]}
  train:
    cmd: cat ready.txt params.yaml other.json > model.txt; echo "{\\"score\\":" $(grep -c 0.1 params.yaml) "}" > m.json
    deps: [ready.txt]
    params: [train.lr, depth, other.json: [k]]
    outs: [model.txt]
    metrics: [m.json: {cache: false}]
"""
FILES = {
    "raw__txt": "raw\n",
    "params__yaml": PARAMS,
    "other__json": '{"k": 1}',
    "__gitignore": "raw.txt\nready.txt\n*.count\n",
}


def trained(directory: Path) -> Project:
    project = make(directory, TRAIN, **FILES)
    run(project)
    return project


def begin(project: Project, *written: str, name: str = "", **options: Any) -> list[str]:
    combinations = experiments.expand(project, written)
    with Store(project.store_path) as store:
        made = experiments.add(project, store, Request(**options), combinations, name=name, priority=0)
        turns.advance(project, store)
    return made


def ended(project: Project, run_ids: list[str]) -> list[PipelineRun]:
    def look() -> bool:
        with Store(project.store_path) as store:
            pipeline.recover(project, store)
            return not any(queue.find(store.read(), run_id) for run_id in run_ids)

    until(look, "the turns")
    return [pipeline.wait(project, run_id) for run_id in run_ids]


def adopt(project: Project, run_id: str, *, dry_run: bool = False) -> adoption.Adoption:
    with Store(project.store_path) as store:
        return adoption.adopt(project, store, run_id, dry_run=dry_run)


def test_every_combination_of_values_becomes_one(tmp_path: Path) -> None:
    project = make(tmp_path, TRAIN, **FILES)
    found = experiments.expand(project, ["train.lr=0.1,1e-3", "other.json:k=[1, 2],null", "depth=5"])
    assert found == [
        {"params.yaml": {"train.lr": lr, "depth": 5}, "other.json": {"k": k}}
        for lr in (0.1, 0.001)
        for k in ([1, 2], None)
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [("no", "no"), ("true", True), ("012", 12), ("'1,2'", "1,2"), ("a=b", "a=b"), ("{x: 1}", {"x": 1}), ("a b", "a b")],
)
def test_values_are_yaml_1_2(tmp_path: Path, written: str, value: object) -> None:
    project = make(tmp_path, TRAIN, **FILES)
    assert experiments.expand(project, [f"name={written}"]) == [{"params.yaml": {"name": value}}]


@pytest.mark.parametrize(
    ("written", "kind", "message", "hint"),
    [
        (["train.lrr=1"], NotFound, "params.yaml has no 'train.lrr'", "did you mean 'train.lr'?"),
        (["othr.json:k=1"], NotFound, "the pipeline reads no params from othr.json", "did you mean 'other.json'?"),
        (["raw.txt:k=1"], NotFound, "the pipeline reads no params from raw.txt", "known"),
        (["depth"], UsageError, "'depth' sets no param", "KEY=VALUE"),
        (["=3"], UsageError, "'=3' sets no param", "KEY=VALUE"),
        (["depth="], UsageError, "depth is set to nothing", "KEY=VALUE"),
        (["depth=[1"], UsageError, "the value of depth is not understood", "quotes"),
        (["depth=1", "depth=2"], UsageError, "depth of params.yaml is set twice", "depth=1,2"),
    ],
)
def test_what_cannot_be_set_is_refused(
    tmp_path: Path, written: list[str], kind: type[Exception], message: str, hint: str
) -> None:
    with pytest.raises(kind) as caught:
        experiments.expand(make(tmp_path, TRAIN, **FILES), written)
    assert message in caught.value.message  # type: ignore[attr-defined]
    assert hint in caught.value.hint  # type: ignore[attr-defined]


def test_what_is_interpolated_can_be_set(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        vars: [more.yaml]
        stages:
          a: {cmd: "echo ${train.lr} ${size} > out", outs: [out]}
        """,
        params__yaml="train: {lr: 0.1}\n",
        more__yaml="size: 3\n",
    )
    run(project)
    for made, shown in zip(
        ended(project, begin(project, "train.lr=0.2", "more.yaml:size=4,5")), ("0.2 4\n", "0.2 5\n"), strict=True
    ):
        assert Path(turns.place(project, made).path("out")).read_text() == shown
    with pytest.raises(NotFound, match=r"no params from dvc\.yaml"):
        experiments.expand(project, ["dvc.yaml:stages=1"])


def test_an_experiment_like_an_earlier_one_takes_its_outputs_from_the_cache(tmp_path: Path) -> None:
    project = trained(tmp_path)
    ended(project, begin(project, "depth=7"))
    [again] = ended(project, begin(project, "depth=7"))
    assert states(again)["train"] == "restored"
    assert "depth: 7" in Path(turns.place(project, again).path("model.txt")).read_text()


def test_an_experiment_runs_in_a_project_that_git_knows_and_dvc_does_not(tmp_path: Path) -> None:
    project = trained(tmp_path / "project")
    subprocess.run(["git", "init", "--quiet", project.root], check=True)

    (one,) = ended(project, begin(project, "train.lr=0.2"))

    assert (one.state, states(one)) == ("finished", {"prepare": "cached", "train": "done"})


def test_an_experiment_runs_in_its_copy_and_the_project_stays_as_it_is(tmp_path: Path) -> None:
    project = trained(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in ("params.yaml", "dvc.lock", "model.txt", "m.json")}
    [made] = ended(project, begin(project, "train.lr=0.5"))
    assert (made.state, states(made)) == ("finished", {"prepare": "cached", "train": "done"})
    assert stage(made, "train").reasons == ("params.yaml: train.lr 0.1 → 0.5",)
    place = turns.place(project, made)
    assert Path(place.path("params.yaml")).read_text() == PARAMS.replace("0.1", "0.5")
    assert "lr: 0.5  # rate" in Path(place.path("model.txt")).read_text()
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert stale(project) == []
    assert (tmp_path / "prepared.count").read_text() == "x\n"


def test_it_is_found_by_what_it_has_changed_and_compared_by_what_it_made(tmp_path: Path) -> None:
    project = trained(tmp_path)
    [run_id, _] = begin(project, "train.lr=0.5,0.6", "depth=3", name="try")
    ended(project, [run_id, _])
    with Store(project.store_path) as store:
        found = runs.get(store.read(), run_id)
    assert found.name == "try-1"
    assert found.params["train.lr"] == "0.5"
    assert found.tags["mlops.set"] == "train.lr=0.5, depth=3"
    assert found.metrics["score"] == 0.0


def test_scripts_in_a_copy_log_to_the_projects_store(tmp_path: Path) -> None:
    script = "import mlops_tui as mlops\nmlops.log_metric('seen', float(open('params.yaml').read().split()[1]))\n"
    text = f"stages: {{a: {{cmd: {sys.executable} a.py, deps: [a.py], params: [lr]}}}}"
    project = make(tmp_path, text, a__py=script, params__yaml="lr: 1.0\n")
    [made] = ended(project, begin(project, "lr=7.5"))
    with Store(project.store_path) as store:
        assert runs.get(store.read(), stage(made, "a").run_id or "").metrics == {"seen": 7.5}
    assert not os.path.exists(os.path.join(turns.place(project, made).root, ".mlops"))


MEET = """
stages:
  a:
    cmd: touch {0}/$(cat params.yaml | cut -c4-); n=0; until [ $(ls {0} | wc -l) -ge {1} ] || [ $n -gt {2} ];
      do n=$((n+1)); sleep 0.02; done; ls {0} | wc -l > seen
    params: [k]
    outs: [seen]
    meta: {{mlops: {3}}}
"""


def seen(project: Project, made: list[PipelineRun]) -> list[int]:
    return [int(Path(turns.place(project, one).path("seen")).read_text()) for one in made]


def test_so_many_run_at_once_as_are_allowed(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    project = make(tmp_path / "project", MEET.format(tmp_path / "here", 2, 3000, "{}"), params__yaml="k: 0\n")
    assert seen(project, ended(project, begin(project, "k=1,2", parallel=2))) == [2, 2]


def test_one_at_a_time_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    project = make(tmp_path / "project", MEET.format(tmp_path / "here", 9, 10, "{}"), params__yaml="k: 0\n")
    assert seen(project, ended(project, begin(project, "k=1,2,3"))) == [1, 2, 3]


def test_runs_side_by_side_share_the_machine(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    text = MEET.format(tmp_path / "here", 9, 10, "{mutex: door}")
    project = make(tmp_path / "project", text, params__yaml="k: 0\n")
    made = ended(project, begin(project, "k=1,2,3", parallel=3))
    assert [one.state for one in made] == ["finished"] * 3
    assert sorted(seen(project, made)) == [1, 2, 3]
    spans = sorted((stage(one, "a").started_at or 0, stage(one, "a").ended_at or 0) for one in made)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def test_later_edits_do_not_reach_an_experiment_that_waits(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        "stages: {a: {cmd: cat code > out, deps: [code], params: [k], outs: [out]}}",
        code="first",
        params__yaml="k: 0\n",
    )
    combinations = experiments.expand(project, ["k=1"])
    with Store(project.store_path) as store:
        run_ids = experiments.add(project, store, Request(), combinations, name="", priority=0)
    (tmp_path / "code").write_text("second")
    [made] = ended(project, run_ids)
    assert Path(turns.place(project, made).path("out")).read_text() == "first"


def test_a_killed_experiment_is_recovered(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        f"stages: {{a: {{cmd: 'echo x >> {tmp_path}/count; until [ -e {tmp_path}/go ]; do sleep 0.02; done; touch out',"
        " params: [k], outs: [out]}}",
        params__yaml="k: 0\n",
    )
    [run_id] = begin(project, "k=1")
    until(lambda: (tmp_path / "count").exists(), "the stage")
    with Store(project.store_path) as store:
        until(lambda: stage(pipelines.get(store.read(), run_id), "a").state == "running")
        pid = pipelines.get(store.read(), run_id).supervisor_pid or 0
    os.kill(pid, signal.SIGKILL)
    (tmp_path / "go").touch()
    [made] = ended(project, [run_id])
    assert (made.state, (tmp_path / "count").read_text()) == ("finished", "x\n")
    assert os.path.exists(turns.place(project, made).path("out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_killed_at_any_moment_every_experiment_runs_once_in_a_whole_copy(tmp_path: Path, seed: int) -> None:
    import random
    import time

    import psutil

    dice = random.Random(seed)
    text = f"stages: {{a: {{cmd: 'echo x >> {tmp_path}/count; cat data/* params.yaml > out', deps: [data],"
    project = make(tmp_path / "project", text + " params: [k], outs: [out]}}", params__yaml="k: 0\n")
    os.mkdir(project.path("data"))
    for number in range(200):
        Path(project.path(f"data/{number}")).write_text("row\n")
    Path(project.path(".gitignore")).write_text("data\n")
    run_ids = begin(project, "k=1,2,3", parallel=2)
    for _ in range(6):
        time.sleep(dice.random() * 0.4)
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "mlops_tui.pipeline.supervisor" in words and project.root in words:
                process.kill()
        with Store(project.store_path) as store:
            pipeline.recover(project, store)
    made = ended(project, run_ids)
    assert [one.state for one in made] == ["finished"] * 3
    assert (tmp_path / "count").read_text().split() == ["x"] * 3
    for one, k in zip(made, (1, 2, 3), strict=True):
        assert Path(turns.place(project, one).path("out")).read_text() == "row\n" * 200 + f"k: {k}\n"


def test_an_experiment_can_be_stopped(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: sleep 1000, params: [k]}}", params__yaml="k: 0\n")
    [run_id] = begin(project, "k=1")

    def is_running() -> bool:
        with Store(project.store_path) as store:
            return pipelines.exists(store.read(), run_id) and any(
                one.state == "running" for one in pipelines.get(store.read(), run_id).stages
            )

    until(is_running, "the stage")
    pipeline.stop(project, run_id)
    assert pipeline.wait(project, run_id).state == "stopped"


def test_the_project_runs_beside_its_experiments_and_is_what_status_is_about(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        f"stages: {{a: {{cmd: 'until [ -e {tmp_path}/go$(cut -c4- params.yaml) ]; do sleep 0.02; done',"
        " params: [k]}}",
        params__yaml="k: 0\n",
        go0="",
    )
    [run_id] = begin(project, "k=1")
    mine = run(project)
    assert mine.state == "finished"
    with Store(project.store_path) as store:
        newest = pipelines.latest(store.read())
    assert newest is not None
    assert newest.run_id == mine.run_id
    (tmp_path / "go1").touch()
    assert ended(project, [run_id])[0].state == "finished"


def test_taking_over_changes_values_outputs_and_lock_and_nothing_else(tmp_path: Path) -> None:
    project = trained(tmp_path)
    [run_id] = begin(project, "train.lr=0.5", "other.json:k=2")
    ended(project, [run_id])
    planned = adopt(project, run_id, dry_run=True)
    assert planned.params == (("params.yaml", "train.lr", 0.1, 0.5), ("other.json", "k", 1, 2))
    assert planned.outs == (("model.txt", True), ("m.json", False))
    assert [one.name for one, _ in planned.entries] == ["train"]
    assert (tmp_path / "params.yaml").read_text() == PARAMS

    assert adopt(project, run_id) == planned
    assert (tmp_path / "params.yaml").read_text() == PARAMS.replace("0.1", "0.5")
    assert (tmp_path / "other.json").read_text() == '{"k": 2}'
    assert "lr: 0.5" in (tmp_path / "model.txt").read_text()
    assert stale(project) == []
    again = adopt(project, run_id)
    assert (again.params, again.outs, again.entries) == ((), (), ())


def test_dvc_agrees_with_what_was_taken_over(tmp_path: Path) -> None:
    project = make(tmp_path, TRAIN, **FILES)
    with dvc(tmp_path, init=True):
        pass
    run(project)
    [run_id] = begin(project, "train.lr=0.5")
    [made] = ended(project, [run_id])
    assert states(made) == {"prepare": "cached", "train": "done"}
    adopt(project, run_id)
    with dvc(tmp_path) as repo:
        assert repo.status() == {}


def test_what_cannot_be_taken_over_is_refused(tmp_path: Path) -> None:
    project = trained(tmp_path)
    with pytest.raises(Refused, match="ran in the project itself"):
        adopt(project, run(project).run_id)
    [failed, well] = begin(project, "depth=4,5")
    ended(project, [failed, well])
    with Store(project.store_path) as store, store.write() as db:
        db.execute(
            "UPDATE pipeline_runs SET state = 'failed' WHERE run_id = (SELECT id FROM runs WHERE run_id = ?)", (failed,)
        )
    with pytest.raises(Refused, match="has not finished"):
        adopt(project, failed)
    slow = {"stages": {"a": {"cmd": "until [ -e go ]; do sleep 0.02; done"}}}
    text = (tmp_path / "dvc.yaml").read_text()
    (tmp_path / "dvc.yaml").write_text(json.dumps(slow))
    run_id = pipeline.start(project)
    with pytest.raises(Busy, match="is going on"):
        adopt(project, well)
    (tmp_path / "go").touch()
    pipeline.wait(project, run_id)
    (tmp_path / "dvc.yaml").write_text(text)
    workspaces.remove(project, well)
    with pytest.raises(Refused, match="has been removed"):
        adopt(project, well)


def test_only_copies_that_nobody_needs_are_unused(tmp_path: Path) -> None:
    project = make(
        tmp_path, "stages: {a: {cmd: 'until [ -e go ]; do sleep 0.02; done', params: [k]}}", params__yaml="k: 0"
    )
    run_ids = begin(project, "k=1,2")
    with Store(project.store_path) as store:
        until(lambda: pipelines.exists(store.read(), run_ids[0]))
        assert workspaces.unused(project, store) == []
        os.makedirs(project.workspace("left-by-a-killed-process").root)
        assert workspaces.unused(project, store) == ["left-by-a-killed-process"]
        for run_id in run_ids:
            Path(project.workspace(run_id).path("go")).touch()
        ended(project, run_ids)
        until(lambda: set(workspaces.unused(project, store)) >= set(run_ids))
