"""Supervisors, stages and starters that are killed, terminals that go, and processes that are not ours."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pipeline_builders import latest, make, run, stage, states, until
from slow_pipeline import begun, counts, is_running, kill_supervisor, settled, stale

from mlops_store import processes, runs
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.project import Project


def test_a_killed_supervisors_stage_is_followed_to_its_end_and_the_run_goes_on(project: Project) -> None:
    pipeline.start(project)
    first = begun(project)
    kill_supervisor(project)

    with Store(project.store_path) as store:
        assert pipeline.recover(project, store) == [first.run_id]
        assert pipeline.recover(project, store) == []  # it is supervised now
    Path(project.path("go")).touch()
    ended = settled(project)

    assert ended.state == "finished"
    assert states(ended) == {"first": "done", "slow": "done", "last": "done"}
    assert counts(project) == ["ran", "ran", "ran"]
    assert stage(ended, "slow").pid == stage(first, "slow").pid
    assert Path(stage(ended, "slow").log_path).read_text() == "later\n"
    assert stale(project) == []


def test_a_stage_that_ended_while_nobody_supervised_it_counts(project: Project) -> None:
    pipeline.start(project)
    pid = stage(begun(project), "slow").pid or 0
    kill_supervisor(project)
    Path(project.path("go")).touch()
    until(lambda: not is_running(pid), "the end of the stage")

    ended = settled(project)

    assert ended.state == "finished"
    assert counts(project) == ["ran", "ran", "ran"]
    assert stale(project) == []


def test_waiting_goes_on_over_the_supervisors_death(project: Project) -> None:
    run_id = pipeline.start(project)
    begun(project)
    kill_supervisor(project)
    Path(project.path("go")).touch()
    assert pipeline.wait(project, run_id).state == "finished"


def test_a_new_start_is_refused_while_the_stage_of_a_dead_supervisor_runs(project: Project) -> None:
    from mlops_store.errors import Refused

    pipeline.start(project)
    begun(project)
    kill_supervisor(project)
    with pytest.raises(Refused, match="is going on"):
        pipeline.start(project)
    Path(project.path("go")).touch()
    assert settled(project).state == "finished"
    assert counts(project) == ["ran", "ran", "ran"]


def test_supervisor_and_stage_killed_together_fail_the_stage_and_a_new_run_finishes_the_job(project: Project) -> None:
    pipeline.start(project)
    pid = stage(begun(project), "slow").pid or 0
    kill_supervisor(project)
    os.killpg(pid, signal.SIGKILL)

    ended = settled(project)

    assert ended.state == "failed"
    assert states(ended) == {"first": "done", "slow": "failed", "last": "skipped"}
    assert stage(ended, "slow").error.startswith("was killed together with its supervisor")
    with Store(project.store_path) as store:
        assert runs.get(store.read(), stage(ended, "slow").run_id or "").status == "FAILED"
    Path(project.path("go")).touch()
    assert states(run(project)) == {"first": "cached", "slow": "done", "last": "done"}


def test_killing_the_starter_leaves_the_run_alone(project: Project) -> None:
    script = (
        "import os, signal; from mlops_tui import pipeline; from mlops_tui.project import Project; "
        f"pipeline.start(Project({project.root!r})); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    Path(project.path("go")).touch()
    assert settled(project).state == "finished"


def test_a_starter_killed_before_its_supervisor_began_is_made_good(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlops_tui.pipeline import launch

    with monkeypatch.context() as patch:
        patch.setattr(launch, "supervise", lambda *_, **__: None)
        run_id = pipeline.start(project)
    Path(project.path("go")).touch()
    assert pipeline.wait(project, run_id).state == "finished"


def chain_of_eight(directory: Path) -> Project:
    """Eight small stages in a row, each of which says in ``count`` that it ran."""
    names = "abcdefgh"
    lines = ["stages:"]
    for before, name in zip("_" + names, names, strict=False):
        dep = f", deps: [{before}.txt]" if before != "_" else ""
        lines.append(
            f'  {name}: {{cmd: "echo {name} >> count; sleep 0.01; echo > {name}.txt", outs: [{name}.txt]{dep}}}'
        )
    return make(directory, "\n".join(lines))


@pytest.mark.parametrize("moment", range(6))
def test_killed_at_any_moment_the_job_is_finished_with_no_stage_run_twice(tmp_path: Path, moment: int) -> None:
    project = chain_of_eight(tmp_path)
    run_id = pipeline.start(project)
    pid = until(lambda: latest(project).supervisor_pid, "the supervisor")
    until(lambda: sum(one.state == "done" for one in latest(project).stages) >= moment, "some stages")
    os.kill(pid, signal.SIGKILL)
    ended = pipeline.wait(project, run_id)
    assert set(states(ended).values()) <= {"done", "cached"}
    assert (tmp_path / "count").read_text().split() == list("abcdefgh")
    assert stale(project) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30))
def test_killed_again_and_again_the_job_is_finished_with_no_stage_run_twice(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    project = chain_of_eight(tmp_path)
    run_id = pipeline.start(project, jobs=dice.choice([1, 2]))
    for _ in range(dice.randint(1, 4)):
        time.sleep(dice.random() * 0.3)
        found = latest(project)
        if found.supervisor_pid and processes.start_ticks(found.supervisor_pid) == found.supervisor_ticks:
            os.kill(found.supervisor_pid, signal.SIGKILL)
        time.sleep(dice.random() * 0.1)
        with Store(project.store_path) as store:
            pipeline.recover(project, store)
    assert pipeline.wait(project, run_id).state == "finished"
    assert (tmp_path / "count").read_text().split() == list("abcdefgh")
    assert stale(project) == []


def test_a_locked_store_is_waited_for(project: Project) -> None:
    Path(project.path("go")).touch()
    with Store(project.store_path) as store:
        run_id = pipeline.start(project)
        with store.write():
            time.sleep(1.5)
        assert pipeline.wait(project, run_id).state == "finished"


def test_a_supervisor_that_cannot_work_ends_its_run_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make(tmp_path, "stages: {a: {cmd: 'true', deps: [x]}}", x="1", dvc__lock="schema: '2.0'\nstages: {}\n")
    from mlops_tui.pipeline import launch

    with monkeypatch.context() as patch:
        patch.setattr(launch, "supervise", lambda *_, **__: None)
        run_id = pipeline.start(project)
    (tmp_path / "dvc.lock").write_text("not: [a lock")
    ended = pipeline.wait(project, run_id)
    assert ended.state == "failed"
    with Store(project.store_path) as store:
        assert "dvc.lock" in runs.detail(store.read(), run_id).error
