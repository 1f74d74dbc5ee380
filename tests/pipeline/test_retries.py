"""Stages that are tried again, that take too long, and what each attempt leaves behind."""

import os
import signal
import time
from pathlib import Path

import pytest
from pipeline_builders import latest, make, run, stage, states, until
from slow_pipeline import is_running, kill_supervisor, settled

from mlops_store import pipelines, runs
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.project import Project

#: Fails until it has been tried three times.
FLAKY = """
stages:
  flaky:
    cmd: echo try >> count; echo output $MLOPS_ATTEMPT; [ $(wc -l < count) -ge 3 ] && echo > flaky.txt
    outs: [flaky.txt]
    meta: {mlops: {retries: %s}}
  last: {cmd: cp flaky.txt last.txt, deps: [flaky.txt], outs: [last.txt]}
"""


def tries(project: Project) -> int:
    path = Path(project.path("count"))
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_a_stage_is_tried_again_until_it_succeeds(tmp_path: Path) -> None:
    project = make(tmp_path, FLAKY % 5)
    ended = run(project)
    assert states(ended) == {"flaky": "done", "last": "done"}
    flaky = stage(ended, "flaky")
    assert (flaky.attempt, flaky.error, flaky.exit_code, flaky.retry_at) == (3, "", 0, None)
    assert Path(flaky.log_path).read_text().splitlines() == [
        "output 1", "--- attempt 2 of 6 ---", "output 2", "--- attempt 3 of 6 ---", "output 3",
    ]  # fmt: skip


def test_each_attempt_has_its_own_run_and_stays_known(tmp_path: Path) -> None:
    project = make(tmp_path, FLAKY % 2)
    ended = run(project)
    with Store(project.store_path) as store:
        attempts = pipelines.attempts(store.read(), ended.run_id, "flaky")
        assert [(one.attempt, one.exit_code) for one in attempts] == [(1, 1), (2, 1)]
        assert all(one.error.startswith("exit code 1") for one in attempts)
        ids = [one.run_id or "" for one in attempts] + [stage(ended, "flaky").run_id or ""]
        assert [runs.get(store.read(), run_id).status for run_id in ids] == ["FAILED", "FAILED", "FINISHED"]


def test_after_the_last_attempt_the_stage_has_failed(tmp_path: Path) -> None:
    project = make(tmp_path, FLAKY % 1)
    ended = run(project)
    assert (ended.state, states(ended)) == ("failed", {"flaky": "failed", "last": "skipped"})
    assert stage(ended, "flaky").attempt == 2
    assert tries(project) == 2


def test_another_stage_runs_while_one_waits_for_its_next_attempt(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          flaky:
            cmd: "[ -e other ]"
            meta: {mlops: {retries: {times: 1, backoff: 1s}}}
          other: {cmd: touch other}
        """,
    )
    assert states(run(project, jobs=1)) == {"flaky": "done", "other": "done"}


def test_a_wait_is_kept(tmp_path: Path) -> None:
    project = make(tmp_path, FLAKY % "{times: 2, backoff: 0.2, factor: 2}")
    ended = run(project)
    with Store(project.store_path) as store:
        first, second = pipelines.attempts(store.read(), ended.run_id, "flaky")
    assert (second.started_at or 0) - first.ended_at >= 0.2
    assert (stage(ended, "flaky").started_at or 0) - second.ended_at >= 0.4


def test_a_stop_ends_the_waiting(tmp_path: Path) -> None:
    project = make(tmp_path, FLAKY % "{times: 2, backoff: 1h}")
    run_id = pipeline.start(project)
    until(lambda: stage(latest(project), "flaky").retry_at is not None, "the first failure")
    pipeline.stop(project, run_id)
    ended = pipeline.wait(project, run_id)
    assert (ended.state, states(ended)) == ("stopped", {"flaky": "stopped", "last": "stopped"})
    assert tries(project) == 1


def test_a_killed_supervisor_does_not_shorten_the_wait_nor_lose_count(tmp_path: Path) -> None:
    project = make(tmp_path, FLAKY % "{times: 2, backoff: 1s, factor: 1}")
    pipeline.start(project)
    until(lambda: stage(latest(project), "flaky").retry_at is not None, "the first failure")
    kill_supervisor(project)
    ended = settled(project)
    assert ended.state == "finished"
    assert (stage(ended, "flaky").attempt, tries(project)) == (3, 3)
    with Store(project.store_path) as store:
        first, _ = pipelines.attempts(store.read(), ended.run_id, "flaky")
        second = pipelines.attempts(store.read(), ended.run_id, "flaky")[1]
    assert (second.started_at or 0) - first.ended_at >= 0.9


def test_an_attempt_that_failed_while_nobody_supervised_it_is_followed_by_the_next(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          flaky:
            cmd: echo try >> count; until [ -e go ]; do sleep 0.02; done; [ $(wc -l < count) -ge 2 ]
            meta: {mlops: {retries: 3}}
        """,
    )
    pipeline.start(project)
    pid = until(lambda: stage(latest(project), "flaky").pid if tries(project) else None, "the first attempt")
    kill_supervisor(project)
    (tmp_path / "go").touch()
    until(lambda: not is_running(pid), "its end")
    ended = settled(project)
    assert (ended.state, stage(ended, "flaky").attempt, tries(project)) == ("finished", 2, 2)


def test_an_attempt_that_was_killed_with_its_supervisor_is_followed_by_the_next(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        "stages: {a: {cmd: 'echo try >> count; [ -e go ] || sleep 1000', meta: {mlops: {retries: 1}}}}",
    )
    pipeline.start(project)
    pid = until(lambda: stage(latest(project), "a").pid if tries(project) else None, "the first attempt")
    kill_supervisor(project)
    os.killpg(pid, signal.SIGKILL)
    (tmp_path / "go").touch()
    ended = settled(project)
    assert (ended.state, stage(ended, "a").attempt, tries(project)) == ("finished", 2, 2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_killed_at_any_moment_no_attempt_is_made_twice(tmp_path: Path, seed: int) -> None:
    import random

    from mlops_store import processes

    dice = random.Random(seed)
    project = make(tmp_path, FLAKY % "{times: 2, backoff: 50ms}")
    run_id = pipeline.start(project)
    for _ in range(3):
        time.sleep(dice.random() * 0.25)
        found = latest(project)
        if found.supervisor_pid and processes.start_ticks(found.supervisor_pid) == found.supervisor_ticks:
            os.kill(found.supervisor_pid, signal.SIGKILL)
        with Store(project.store_path) as store:
            pipeline.recover(project, store)
    assert pipeline.wait(project, run_id).state == "finished"
    assert tries(project) == 3


def test_a_stage_that_takes_too_long_is_ended_with_all_it_has_started(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        "stages: {a: {cmd: 'sleep 1000 & echo $! > child; sleep 1000', meta: {mlops: {timeout: 500ms}}}}",
    )
    ended = run(project)
    found = stage(ended, "a")
    assert found.state == "failed"
    assert found.error.startswith("timed out after 0.5s")
    until(lambda: not is_running(int((tmp_path / "child").read_text())), "the end of the child")


def test_a_stage_that_tidies_up_after_its_time_has_failed_all_the_same(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          a:
            cmd: trap 'echo tidy > tidied; exit 0' TERM; echo > out; while :; do sleep 0.02; done
            outs: [out]
            meta: {mlops: {timeout: 0.5}}
        """,
    )
    ended = run(project)
    assert stage(ended, "a").error.startswith("timed out after 0.5s")
    assert (tmp_path / "tidied").exists()
    assert not (tmp_path / "dvc.lock").exists()


def test_a_stage_that_ends_in_time_is_left_alone(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: 'true', meta: {mlops: {timeout: 10m}}}}")
    assert run(project).state == "finished"


def test_a_time_limit_is_for_each_attempt(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        "stages: {a: {cmd: 'echo >> count; [ $(wc -l < count) -ge 2 ] || sleep 1000', "
        "meta: {mlops: {timeout: 1s, retries: 1}}}}",
    )
    ended = run(project)
    assert (ended.state, stage(ended, "a").attempt) == ("finished", 2)


def test_a_time_limit_outlives_the_supervisor(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: 'touch begun; sleep 1000', meta: {mlops: {timeout: 1s}}}}")
    pipeline.start(project)
    until(lambda: stage(latest(project), "a").pid and (tmp_path / "begun").exists(), "the stage")
    kill_supervisor(project)
    ended = settled(project)
    assert stage(ended, "a").error.startswith("timed out after 1s")


def test_the_environment_reaches_the_stage_and_only_that(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          a: {cmd: echo "$COLOUR|$DVC_STAGE" > a, meta: {mlops: {env: {COLOUR: red, DVC_STAGE: other}}}}
          b: {cmd: 'echo "[$COLOUR]" > b'}
        """,
    )
    run(project)
    assert (tmp_path / "a").read_text() == "red|a\n"
    assert (tmp_path / "b").read_text() == "[]\n"
