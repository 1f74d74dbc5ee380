"""Stages that share a machine: never more than there is, never two with one mutex, and every one gets its turn."""

import dataclasses
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_builders import latest, make, run, stage, states, until

from mlops_store.errors import Refused
from mlops_store.records import StageState
from mlops_tui import pipeline
from mlops_tui.config import ResourcesConfig
from mlops_tui.pipeline import capacity
from mlops_tui.pipeline.capacity import Capacity
from mlops_tui.pipeline.options import Demand, Options
from mlops_tui.pipeline.plan import Plan
from mlops_tui.pipeline.schedule import Schedule
from mlops_tui.pipeline.spec import Stage
from mlops_tui.pipeline.tokens import Holding, Tokens, from_json

THERE = Capacity(4, 100, ("0", "1", "2"))
demands = st.builds(
    Demand,
    cpus=st.integers(0, 4),
    memory_bytes=st.sampled_from([0, 10, 60, 100]),
    gpus=st.integers(0, 3),
    mutexes=st.sets(st.sampled_from("ab")).map(lambda found: tuple(sorted(found))),
)


def plan_of(wanted: list[Demand], needs: dict[str, tuple[str, ...]] | None = None) -> Plan:
    names = [str(number) for number in range(len(wanted))]
    options = {name: Options(demand=demand) for name, demand in zip(names, wanted, strict=True)}
    return Plan(
        "p",
        tuple(Stage(name, "x") for name in names),
        dict.fromkeys(names, ()) | (needs or {}),
        "default",
        options=options,
        capacity=THERE,
    )


def schedule_of(plan: Plan) -> Schedule:
    return Schedule(plan, {stage.name: StageState.WAITING for stage in plan.stages})


def assert_within(held: list[Holding]) -> None:
    gpus = [gpu for one in held for gpu in one.gpus]
    mutexes = [mutex for one in held for mutex in one.mutexes]
    assert sum(one.cpus for one in held) <= THERE.cpus
    assert sum(one.memory_bytes for one in held) <= THERE.memory_bytes
    assert len(gpus) == len(set(gpus))
    assert set(gpus) <= set(THERE.gpus)
    assert len(mutexes) == len(set(mutexes))


@given(st.lists(demands, min_size=1, max_size=8), st.data(), st.booleans())
def test_the_machine_is_never_overdrawn_and_every_stage_runs(
    wanted: list[Demand], data: st.DataObject, in_a_chain: bool
) -> None:
    needs = {str(n): (str(n // 2),) for n in range(1, len(wanted))} if in_a_chain else None
    schedule = schedule_of(plan_of(wanted, needs))
    others = data.draw(st.sampled_from([[], [Holding(2, 40, ("1",), ("a",))]]))
    running: list[str] = []
    while not schedule.is_done:
        while (stage := schedule.take(0.0, others)) is not None:
            running.append(stage.name)
            assert len(schedule.holding(stage.name).gpus) == wanted[int(stage.name)].gpus
            assert_within([*others, *map(schedule.holding, running)])
        if not running:
            assert others, "nothing runs and nothing can start"
            others = []  # the other run ends
            continue
        ended = running.pop(data.draw(st.integers(0, len(running) - 1)))
        if schedule.attempt(ended) < 3 and data.draw(st.booleans()):
            assert schedule.retry(ended, 0.0) == []
        else:
            schedule.end(ended, StageState.DONE)


@given(st.lists(demands, min_size=2, max_size=8))
def test_nobody_takes_what_an_earlier_stage_waits_for(wanted: list[Demand]) -> None:
    """While one waits for its share, those that start ask for nothing that would make it wait longer."""
    schedule = schedule_of(plan_of(wanted))
    taken: list[str] = []
    while (stage := schedule.take()) is not None:
        taken.append(stage.name)
    waiting = [name for name, state in schedule.states.items() if state is StageState.WAITING]
    if not waiting:
        return
    first = waiting[0]
    later = [name for name in taken if int(name) > int(first)]
    without = Tokens(THERE, [schedule.holding(name) for name in taken if name not in later])
    assert without.take(wanted[int(first)]) is None, "it could have started before them"
    for name in later:
        alone = Tokens(THERE, [*(schedule.holding(other) for other in taken if other not in later)])
        alone.reserve(wanted[int(first)])
        assert alone.take(wanted[int(name)]) is not None
        assert not set(wanted[int(first)].mutexes) & set(wanted[int(name)].mutexes)


@given(st.lists(demands, max_size=6))
def test_a_schedule_that_takes_over_counts_what_runs(wanted: list[Demand]) -> None:
    plan = plan_of(wanted)
    first = schedule_of(plan)
    while first.take() is not None:
        pass
    held = {name: from_json(json.loads(json.dumps(first.holding(name).as_json()))) for name in first.states}
    again = Schedule(plan, first.states, held)
    assert again.take() is None
    assert_within([again.holding(name) for name in again.states])


def test_a_stage_that_waits_for_its_next_attempt_holds_nothing_and_blocks_nobody() -> None:
    plan = plan_of([Demand(cpus=4), Demand(cpus=4)])
    schedule = schedule_of(plan)
    assert schedule.take(10.0) is plan.stages[0]
    schedule.retry("0", 20.0)
    assert schedule.take(10.0) is plan.stages[1]
    schedule.end("1", StageState.DONE)
    assert schedule.take(19.0) is None
    assert schedule.wait_s(19.0) == 1.0
    assert schedule.take(20.0) is plan.stages[0]
    assert schedule.attempt("0") == 2


def test_a_retry_after_the_end_of_the_run_is_none() -> None:
    schedule = schedule_of(plan_of([Demand(), Demand(), Demand()]))
    for _ in range(2):
        schedule.take()
    assert schedule.end("1", StageState.FAILED) == ["2"]
    assert schedule.retry("0", 1.0) == []
    assert schedule.states["0"] is StageState.FAILED
    assert schedule.is_done


def test_the_machine_is_asked_only_for_what_stages_want() -> None:
    assert capacity.find(ResourcesConfig(), {"a": Options()}) == Capacity()
    found = capacity.find(ResourcesConfig(), {"a": Options(demand=Demand(cpus=1, memory_bytes=1))})
    assert found.cpus >= 1
    assert found.memory_bytes > 10**8


def test_what_the_project_says_counts_before_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    all_of_it = {"a": Options(demand=Demand(1, 1, 1))}
    assert capacity.find(ResourcesConfig(64, 10**12, 2), all_of_it) == Capacity(64, 10**12, ("0", "1"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-7,5")
    assert capacity.find(ResourcesConfig(64, 10**12, 2), all_of_it).gpus == ("3", "GPU-7")
    assert capacity.find(ResourcesConfig(64, 10**12), all_of_it).gpus == ("3", "GPU-7", "5")


def test_gpus_are_counted_by_nvidia_smi_where_its_library_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(
        "#!/bin/sh\n[ $1 = -L ] && echo 'GPU 0: NVIDIA H100 (UUID: GPU-1)' && echo 'GPU 1: NVIDIA H100 (UUID: GPU-2)'\n"
    )
    program.chmod(0o755)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    wanted = {"a": Options(demand=Demand(gpus=1))}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert capacity.find(ResourcesConfig(), wanted).gpus == ("0", "1")
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert capacity.find(ResourcesConfig(), wanted).gpus == ()


MEETING = (
    "echo $$ in >> order; n=0; until [ -e go ] || [ $n -gt 20 ]; do n=$((n+1)); sleep 0.02; done; echo $$ out >> order"
)


def overlaps(directory: Path) -> bool:
    """Whether two stages were in at the same time."""
    steps = [line.split()[1] for line in (directory / "order").read_text().splitlines()]
    return any(one == other == "in" for one, other in pairwise(steps))


def pipeline_of(wanted: dict[str, object], names: str = "xyz") -> str:
    return json.dumps({"stages": {name: {"cmd": MEETING, "meta": {"mlops": wanted}} for name in names}})


@pytest.mark.parametrize("wanted", [{"mutex": "door"}, {"cpus": 3}, {"memory": "3GB"}, {"gpus": 2}])
def test_stages_that_do_not_fit_together_run_one_after_the_other(
    tmp_path: Path, wanted: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    resources = '[resources]\ncpus = 4\nmemory = "4GB"\ngpus = 3\n'
    project = make(tmp_path, pipeline_of(wanted), mlops__toml=resources)
    assert set(states(run(project, jobs=3)).values()) == {"done"}
    assert not overlaps(tmp_path)


def test_each_stage_sees_only_its_own_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    see = "echo $CUDA_VISIBLE_DEVICES > {0}; n=0; until [ -e {1} ] || [ $n -gt 500 ]; do n=$((n+1)); sleep 0.02; done"
    stages = {
        name: {"cmd": see.format(name, other), "meta": {"mlops": {"gpus": 1}}} for name, other in ("ab", "ba")
    } | {"none": {"cmd": "echo ${CUDA_VISIBLE_DEVICES-unset} > none"}}
    text = json.dumps({"stages": stages}).replace("${", "\\\\${")
    project = make(tmp_path, text, mlops__toml="[resources]\ngpus = 2\n")
    ended = run(project, jobs=3)
    assert ended.state == "finished"
    assert {(tmp_path / name).read_text() for name in "ab"} == {"0\n", "1\n"}
    assert (tmp_path / "none").read_text() == "unset\n"
    assert stage(ended, "a").holding is not None


def test_more_than_the_machine_has_is_refused_before_anything_starts(tmp_path: Path) -> None:
    for wanted, words in (
        ({"gpus": 1}, "stage 'x' needs 1 GPU, and this machine has none"),
        ({"cpus": 5}, "stage 'x' needs 5 CPUs, and this machine has 4"),
        ({"memory": "1TB"}, "stage 'x' needs 1TB of memory, and this machine has 4GB"),
    ):
        resources = '[resources]\ncpus = 4\nmemory = "4GB"\ngpus = 0\n'
        project = make(tmp_path, pipeline_of(wanted), mlops__toml=resources)
        with pytest.raises(Refused, match=words):
            pipeline.start(project)
        assert not (tmp_path / "order").exists()


def test_what_is_up_to_date_needs_nothing_of_the_machine(tmp_path: Path) -> None:
    text = (
        "stages: {{a: {{cmd: echo > a, outs: [a], meta: {{mlops: {{gpus: {0}}}}}}}, b: {{cmd: echo > b, outs: [b]}}}}"
    )
    project = make(tmp_path, text.format(0), mlops__toml="[resources]\ngpus = 0\n")
    run(project, targets=["a"])
    (tmp_path / "dvc.yaml").write_text(text.format(1))
    assert states(run(project)) == {"a": "cached", "b": "done"}
    with pytest.raises(Refused, match="needs 1 GPU"):
        pipeline.start(project, force=True)


def test_a_resumed_run_keeps_to_what_it_was_started_with(tmp_path: Path) -> None:
    from slow_pipeline import kill_supervisor, settled

    project = make(tmp_path, pipeline_of({"mutex": "door"}, "xy").replace("-gt 20", "-gt 2000"))
    pipeline.start(project, jobs=2)
    until(lambda: any(one.state == "running" for one in latest(project).stages), "a stage")
    kill_supervisor(project)
    (tmp_path / "go").touch()
    assert settled(project).state == "finished"
    assert not overlaps(tmp_path)


def test_a_plan_reads_back_as_it_was_written(tmp_path: Path) -> None:
    from mlops_tui.config import ExecutorConfig
    from mlops_tui.pipeline import options, plan
    from mlops_tui.project import Project

    project = Project(str(tmp_path))
    one = Stage("a", "x", meta={"mlops": {"gpus": 1, "retries": 2, "executor": "far"}})
    written = Plan(
        "p",
        (one,),
        {"a": ()},
        "default",
        force_downstream=True,
        options=options.read_all([one]),
        capacity=THERE,
        executors={"far": ExecutorConfig("far", ("ssh", "far"), quote=True)},
    )
    plan.save(project, written)
    assert dataclasses.asdict(plan.load(project, "p")) == dataclasses.asdict(written)
