from hypothesis import given
from hypothesis import strategies as st

from mlops_store.records import PipelineState, StageState
from mlops_tui.pipeline.graph import downstream
from mlops_tui.pipeline.plan import Plan
from mlops_tui.pipeline.schedule import Schedule
from mlops_tui.pipeline.spec import Stage

GOOD = (StageState.DONE, StageState.CACHED)
graphs = st.integers(1, 8).flatmap(
    lambda count: st.tuples(*(st.sets(st.integers(0, max(0, number - 1))) for number in range(count)))
)


def plan_of(graph: tuple[set[int], ...], *, keep_going: bool = False) -> Plan:
    """Stage ``n`` needs the earlier stages that its set names."""
    needs = {
        str(number): tuple(str(need) for need in sorted(found) if need < number) for number, found in enumerate(graph)
    }
    return Plan("p", tuple(Stage(name, "x") for name in needs), needs, "default", keep_going=keep_going)


@given(graphs, st.data(), st.booleans(), st.integers(1, 3))
def test_every_stage_ends_and_none_starts_before_its_needs(
    graph: tuple[set[int], ...], data: st.DataObject, keep_going: bool, jobs: int
) -> None:
    plan = plan_of(graph, keep_going=keep_going)
    schedule = Schedule(plan, {stage.name: StageState.WAITING for stage in plan.stages})
    running: list[str] = []
    failed: set[str] = set()
    while not schedule.is_done:
        while len(running) < jobs and (stage := schedule.take()) is not None:
            assert all(schedule.states[need] in GOOD for need in plan.needs[stage.name])
            running.append(stage.name)
        assert running, "nothing runs and nothing can start"
        ended = running.pop(data.draw(st.integers(0, len(running) - 1)))
        how = data.draw(st.sampled_from([StageState.DONE, StageState.CACHED, StageState.FAILED]))
        if how is StageState.FAILED:
            failed.add(ended)
        skipped = schedule.end(ended, how)
        assert not set(skipped) & set(running)
    assert schedule.outcome is (PipelineState.FAILED if failed else PipelineState.FINISHED)
    if keep_going:
        left_out = {name for name, state in schedule.states.items() if state is StageState.SKIPPED}
        assert left_out == downstream(plan.needs, failed) - failed


@given(graphs)
def test_a_stop_leaves_only_what_runs(graph: tuple[set[int], ...]) -> None:
    plan = plan_of(graph)
    schedule = Schedule(plan, {stage.name: StageState.WAITING for stage in plan.stages})
    first = schedule.take()
    assert first is not None
    assert len(schedule.stop()) == len(plan.stages) - 1
    assert schedule.take() is None
    schedule.end(first.name, StageState.STOPPED)
    assert schedule.is_done
    assert schedule.outcome is PipelineState.STOPPED


def test_what_a_failure_before_made_unreachable_is_skipped_on_resuming() -> None:
    plan = plan_of((set(), {0}, {1}))
    schedule = Schedule(plan, {"0": StageState.FAILED, "1": StageState.WAITING, "2": StageState.WAITING})
    assert schedule.skip_unreachable() == ["1", "2"]
    assert schedule.is_done


@given(graphs)
def test_one_at_a_time_the_stage_foretold_is_the_next_one(graph: tuple[set[int], ...]) -> None:
    plan = plan_of(graph)
    names = [stage.name for stage in plan.stages]
    schedule = Schedule(plan, dict.fromkeys(names, StageState.WAITING), attempts=dict.fromkeys(names, 0))
    stage = schedule.take()
    while stage is not None:
        foretold = schedule.following(stage.name)
        schedule.end(stage.name, StageState.DONE)
        stage = schedule.take()
        assert foretold == stage


def test_a_stage_that_has_been_tried_is_not_foretold() -> None:
    plan = plan_of((set(), {0}))
    states = {"0": StageState.RUNNING, "1": StageState.WAITING}
    assert Schedule(plan, states).following("0") is plan.stages[1]
    assert Schedule(plan, states, attempts={"1": 1}).following("0") is None
