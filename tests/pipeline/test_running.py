import json
import os
import threading
from pathlib import Path

import pytest
from pipeline_builders import latest, make, run, stage, states, until

from mlops_store import runs
from mlops_store.errors import Refused
from mlops_store.records import StageRun
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.pipeline import spec, state
from mlops_tui.project import Project

CHAIN = """
stages:
  a: {cmd: cp raw a.txt, deps: [raw], outs: [a.txt]}
  b: {cmd: cp a.txt b.txt, deps: [a.txt], outs: [b.txt]}
  c: {cmd: cp b.txt c.txt, deps: [b.txt], outs: [c.txt]}
"""


def stale(project: Project) -> list[str]:
    return [one.stage for one in state.status(project, spec.load(project)) if one.is_stale]


def test_stages_run_in_order_and_are_recorded(tmp_path: Path) -> None:
    project = make(tmp_path, CHAIN, raw="1")
    ended = run(project)
    assert ended.state == "finished"
    assert states(ended) == {"a": "done", "b": "done", "c": "done"}
    starts = [one.started_at or 0 for one in ended.stages]
    assert starts == sorted(starts)
    assert stage(ended, "a").reasons == ("never run",)
    assert stage(ended, "b").inputs[0]["path"] == "a.txt"
    assert stage(ended, "b").outputs[0]["md5"] == "c4ca4238a0b923820dcc509a6f75849b"
    assert stale(project) == []


def test_only_what_changed_runs_again(tmp_path: Path) -> None:
    project = make(tmp_path, CHAIN, raw="1")
    run(project)
    os.unlink(project.path("b.txt"))
    ended = run(project)
    assert states(ended) == {"a": "cached", "b": "restored", "c": "cached"}
    assert stage(ended, "b").reasons == ("output b.txt missing",)
    assert stage(ended, "c").reasons == ("b.txt is missing", "upstream b is stale")


def test_force_runs_everything(tmp_path: Path) -> None:
    project = make(tmp_path, CHAIN, raw="1")
    run(project)
    assert set(states(run(project, force=True)).values()) == {"done"}


def test_a_target_brings_only_what_it_needs(tmp_path: Path) -> None:
    project = make(tmp_path, CHAIN, raw="1")
    assert states(run(project, targets=["b"])) == {"a": "done", "b": "done"}
    assert stale(project) == ["c"]


def test_two_independent_stages_run_at_the_same_time_when_asked(tmp_path: Path) -> None:
    meet = (
        "touch {0}.here; n=0; until [ -e {1}.here ] || [ $n -gt 600 ]; do n=$((n+1)); sleep 0.05; done; [ -e {1}.here ]"
    )
    commands = {"x": meet.format("x", "y"), "y": meet.format("y", "x")}
    project = make(tmp_path, json.dumps({"stages": {name: {"cmd": cmd} for name, cmd in commands.items()}}))
    assert states(run(project, jobs=2)) == {"x": "done", "y": "done"}


def test_no_stage_starts_before_what_it_needs_has_ended_however_many_run(tmp_path: Path) -> None:
    names = {"top": "", "l": "top", "r": "top", "ll": "l", "rr": "r", "end": "ll rr"}
    lines = ["stages:"]
    for name, needs in names.items():
        deps = ", ".join(f"{need}.out" for need in needs.split())
        lines += [
            f"  {name}:",
            f"    cmd: echo begin {name} >> order; sleep 0.05; echo end {name} >> order; echo > {name}.out",
            f"    deps: [{deps}]",
            f"    outs: [{name}.out]",
        ]
    project = make(tmp_path, "\n".join(lines))
    assert run(project, jobs=4).state == "finished"
    order = (tmp_path / "order").read_text().splitlines()
    for name, needs in names.items():
        for need in needs.split():
            assert order.index(f"end {need}") < order.index(f"begin {name}")


def test_outputs_are_removed_before_the_command_unless_they_persist(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          a:
            cmd: ls gone.txt dir; echo x >> kept.txt; echo > gone.txt; mkdir dir
            outs: [gone.txt, dir, kept.txt: {persist: true}]
        """,
        gone__txt="old",
        kept__txt="old\n",
        dir___file="old",
    )
    ended = run(project)
    assert "No such file" in Path(stage(ended, "a").log_path).read_text()
    assert (tmp_path / "kept.txt").read_text() == "old\nx\n"
    assert os.listdir(tmp_path / "dir") == []


def test_a_persisting_output_that_shares_bytes_with_the_cache_gets_its_own(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: echo x >> kept.txt, outs: [kept.txt: {persist: true}]}}")
    (tmp_path / "object").write_text("cached\n")
    os.link(tmp_path / "object", tmp_path / "kept.txt")
    (tmp_path / "object").chmod(0o444)
    run(project)
    assert (tmp_path / "object").read_text() == "cached\n"
    assert (tmp_path / "kept.txt").read_text() == "cached\nx\n"


def test_a_second_start_is_refused_and_names_the_live_run(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {slow: {cmd: 'until [ -e go ]; do sleep 0.02; done'}}")
    run_id = pipeline.start(project, name="the first")
    until(lambda: stage(latest(project), "slow").state == "running")
    with pytest.raises(Refused, match=r"pipeline run the first is going on \(at slow\)"):
        pipeline.start(project)
    (tmp_path / "go").touch()
    pipeline.wait(project, run_id)
    assert run(project).state == "finished"


def test_of_many_starts_at_once_one_wins(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {slow: {cmd: 'echo x >> count; until [ -e go ]; do sleep 0.02; done'}}")
    Store(project.store_path).close()
    won, refused = [], []

    def begin() -> None:
        try:
            won.append(pipeline.start(project))
        except Refused as error:
            refused.append(error)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (tmp_path / "go").touch()
    assert (len(won), len(refused)) == (1, 7)
    assert pipeline.wait(project, won[0]).state == "finished"
    assert (tmp_path / "count").read_text() == "x\n"


def test_waiting_tells_each_state_and_at_last_the_run(tmp_path: Path) -> None:
    project = make(tmp_path, CHAIN.replace("cp b.txt c.txt", "exit 1"), raw="1")
    told: list[tuple[str, str]] = []
    run_id = pipeline.start(project)
    pipeline.wait(
        project, run_id, lambda one: told.append((one.stage if isinstance(one, StageRun) else "run", str(one.state)))
    )
    assert told[-1] == ("run", "failed")
    assert {name: how for name, how in told if how != "running"} == {
        "a": "done",
        "b": "done",
        "c": "failed",
        "run": "failed",
    }


def test_a_stage_runs_in_its_own_process_group_with_the_projects_environment(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          show:
            cmd:
              - echo "$MLOPS_PROJECT|$MLOPS_EXPERIMENT|$MLOPS_STAGE|$MLOPS_RUN_ID|$DVC_ROOT|$DVC_STAGE" > out
              - ps -o pgid= -p $$ > group
        """,
        mlops__toml='[project]\nexperiment = "trees"\n',
    )
    ended = run(project)
    shown = stage(ended, "show")
    assert (tmp_path / "out").read_text() == f"{tmp_path}|trees|show|{shown.run_id}|{tmp_path}|show\n"
    assert int((tmp_path / "group").read_text()) == shown.pid
    with Store(project.store_path) as store:
        assert runs.get(store.read(), shown.run_id or "").experiment == "trees"


def test_stdin_of_a_stage_is_empty(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: 'cat > out; echo end >> out'}}")
    assert run(project).state == "finished"
    assert (tmp_path / "out").read_text() == "end\n"
