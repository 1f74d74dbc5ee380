"""When a pipeline runs again by itself: for what a person changed, never for what a run left behind."""

from __future__ import annotations

from mlops_store.records import PipelineRun, PipelineState, StageRun, StageState
from mlops_tui.pipeline.auto_run import AutoRun
from mlops_tui.pipeline.reasons import Change
from mlops_tui.pipeline.state import StageStatus

RAW = Change("dep", "raw.csv", "modified", old="0", new="1")
RAW_AGAIN = Change("dep", "raw.csv", "modified", old="0", new="2")
CODE = Change("dep", "train.py", "modified", old="0", new="1")
MADE = Change("dep", "data.csv", "modified", old="0", new="1")
GONE = Change("out", "model", "deleted")
AFTER = Change("upstream", "prepare")


def prepare(*changes: Change) -> StageStatus:
    return status("prepare", ("data.csv",), changes)


def train(*changes: Change) -> StageStatus:
    return status("train", ("model",), changes)


def status(name: str, outs: tuple[str, ...], changes: tuple[Change, ...]) -> StageStatus:
    reasons = tuple(change.reason for change in changes)
    return StageStatus(name, bool(changes), reasons, False, "x", (), outs, changes)


def ran(prepared: StageState, trained: StageState) -> PipelineRun:
    is_done = {prepared, trained} <= {StageState.DONE, StageState.CACHED}
    state = PipelineState.FINISHED if is_done else PipelineState.FAILED
    return PipelineRun(
        "0", "p", state, 1, 0.0, stages=(StageRun("prepare", 0, prepared), StageRun("train", 1, trained))
    )


def started(*statuses: StageStatus) -> AutoRun:
    auto = AutoRun()
    auto.start(statuses)
    return auto


def test_at_first_all_that_is_stale_is_run() -> None:
    assert AutoRun().news([prepare(RAW), train(AFTER)]) == {
        "prepare": ("raw.csv changed",),
        "train": (),
    }
    assert AutoRun().news([prepare(), train()]) == {}


def test_a_stage_that_failed_runs_again_only_for_another_cause() -> None:
    auto = started(prepare(), train(CODE))
    auto.end(ran(StageState.CACHED, StageState.FAILED))
    assert auto.news([prepare(), train(CODE)]) == {}
    assert auto.news([prepare(), train(CODE, GONE)]) == {}  # a run removes outputs before the command
    assert auto.news([prepare(RAW), train(CODE, GONE, AFTER)]) == {"prepare": ("raw.csv changed",)}


def test_what_an_upstream_stage_made_is_no_new_cause() -> None:
    auto = started(prepare(RAW), train(AFTER))
    auto.end(ran(StageState.DONE, StageState.FAILED))
    assert auto.news([prepare(), train(MADE, GONE)]) == {}
    assert list(auto.news([prepare(), train(MADE, GONE, CODE)])) == ["train"]


def test_taking_back_what_made_a_run_fail_is_a_change() -> None:
    auto = started(prepare(), train(CODE, MADE))
    auto.end(ran(StageState.CACHED, StageState.FAILED))
    assert auto.news([prepare(), train(MADE)]) == {"train": ("changed back",)}


def test_a_save_during_a_run_starts_the_next_one() -> None:
    auto = started(prepare(RAW), train(AFTER))
    auto.end(ran(StageState.DONE, StageState.DONE))
    assert auto.news([prepare(RAW_AGAIN), train(AFTER)]) == {"prepare": ("raw.csv changed",)}


def test_the_same_change_after_a_run_that_finished_counts_again() -> None:
    auto = started(prepare(), train(GONE))
    auto.end(ran(StageState.CACHED, StageState.DONE))
    assert auto.news([prepare(), train(GONE)]) == {"train": ("output model missing",)}


def test_a_stage_that_always_runs_does_not_run_by_itself() -> None:
    auto = started(prepare(Change("always")), train(AFTER))
    auto.end(ran(StageState.DONE, StageState.CACHED))
    assert auto.news([prepare(Change("always")), train(AFTER)]) == {}
