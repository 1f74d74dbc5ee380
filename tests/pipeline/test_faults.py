"""Supervisors, stages and starters that are killed, terminals that go, and processes that are not ours."""

import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline_builders import latest, make, run, stage, states, until

from mlops_store import pipelines, processes, runs
from mlops_store.records import PipelineRun, StageState
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.pipeline import spec, state
from mlops_tui.project import Project

SLOW = """
stages:
  first: {cmd: "echo ran >> first.count; echo > first.txt", outs: [first.txt]}
  slow:
    cmd: "echo ran >> slow.count; touch begun; until [ -e go ]; do sleep 0.02; done; echo later; echo > slow.txt"
    deps: [first.txt]
    outs: [slow.txt]
  last: {cmd: "echo ran >> last.count; cp slow.txt last.txt", deps: [slow.txt], outs: [last.txt]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project whose second stage runs until a file named ``go`` appears."""
    project = make(tmp_path, SLOW)
    yield project
    (tmp_path / "go").touch()  # nothing of a failed test may go on
    if project.has_store:
        settled(project)


def settled(project: Project) -> PipelineRun:
    """The newest pipeline run when it has ended, recovered where that is needed."""

    def look() -> PipelineRun | None:
        with Store(project.store_path) as store:
            pipeline.recover(project, store)
        found = latest(project)
        return None if found.state.is_live else found

    found: PipelineRun = until(look, "the end of the run")
    return found


def begun(project: Project) -> PipelineRun:
    until(lambda: os.path.exists(project.path("begun")), "the slow stage")
    found: PipelineRun = until(lambda: at(project, "slow", "running"), "the record of the slow stage")
    return found


def at(project: Project, name: str, how: str) -> PipelineRun | None:
    found = latest(project)
    return found if stage(found, name).state == how else None


def kill_supervisor(project: Project) -> None:
    pid = latest(project).supervisor_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: processes.start_ticks(pid) is None, "the supervisor's end")


def counts(project: Project) -> list[str]:
    found = []
    for name in ("first", "slow", "last"):
        path = Path(project.path(f"{name}.count"))
        found.append(path.read_text().replace("\n", " ").strip() if path.exists() else "")
    return found


def is_running(pid: int) -> bool:
    return processes.start_ticks(pid) is not None


def stale(project: Project) -> list[str]:
    return [one.stage for one in state.status(project, spec.load(project)) if one.is_stale]


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


def test_a_closed_terminal_leaves_the_run_alone(project: Project) -> None:
    master, slave = pty.openpty()
    script = (
        "import time; from mlops_tui import pipeline; from mlops_tui.project import Project; "
        f"pipeline.start(Project({project.root!r})); time.sleep(600)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    )
    os.close(slave)
    until(lambda: project.has_store, "the store")
    begun(project)
    os.close(master)  # the kernel hangs the terminal up: SIGHUP to everything in its session
    assert starter.wait(timeout=60) == -signal.SIGHUP
    os.kill(latest(project).supervisor_pid or 0, signal.SIGHUP)
    Path(project.path("go")).touch()
    assert settled(project).state == "finished"


def test_a_killed_leader_fails_the_stage_and_takes_what_it_had_started_along(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: 'sleep 1000 & echo $! > child; sleep 1000'}}")
    run_id = pipeline.start(project)
    child = int(until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text().strip(), "the child"))
    leader = stage(until(lambda: at(project, "a", "running"), "the record"), "a").pid
    os.kill(leader or 0, signal.SIGKILL)
    ended = pipeline.wait(project, run_id)
    assert stage(ended, "a").error == "killed by SIGKILL (exit code 137)"
    until(lambda: not is_running(child), "the end of the child")


def test_a_stop_ends_the_stages_and_keeps_the_rest_from_starting(project: Project) -> None:
    run_id = pipeline.start(project)
    pid = stage(begun(project), "slow").pid or 0
    pipeline.stop(project, run_id, by="ann")
    ended = pipeline.wait(project, run_id)
    assert ended.state == "stopped"
    assert states(ended) == {"first": "done", "slow": "stopped", "last": "stopped"}
    assert not is_running(pid)
    with Store(project.store_path) as store:
        assert runs.get(store.read(), stage(ended, "slow").run_id or "").status == "KILLED"
        assert runs.get(store.read(), run_id).status == "KILLED"


def test_a_stop_reaches_the_stage_of_a_dead_supervisor(project: Project) -> None:
    run_id = pipeline.start(project)
    pid = stage(begun(project), "slow").pid or 0
    kill_supervisor(project)
    pipeline.stop(project, run_id)
    ended = pipeline.wait(project, run_id)
    assert states(ended) == {"first": "done", "slow": "stopped", "last": "stopped"}
    assert not is_running(pid)


@pytest.mark.slow
def test_a_stage_that_ignores_the_request_is_killed_after_the_grace(tmp_path: Path) -> None:
    project = make(tmp_path, """stages: {a: {cmd: "trap '' TERM; touch begun; while :; do sleep 0.1; done"}}""")
    run_id = pipeline.start(project)
    until((tmp_path / "begun").exists, "the stage")
    asked = time.monotonic()
    pipeline.stop(project, run_id)
    assert stage(pipeline.wait(project, run_id), "a").state == "stopped"
    assert time.monotonic() - asked >= 5


def test_stopping_what_has_ended_is_refused(project: Project) -> None:
    from mlops_store.errors import Refused

    Path(project.path("go")).touch()
    ended = run(project)
    with pytest.raises(Refused, match="has ended already"):
        pipeline.stop(project, ended.run_id)


def test_terminating_the_supervisor_itself_stops_the_run(project: Project) -> None:
    run_id = pipeline.start(project)
    os.kill(begun(project).supervisor_pid or 0, signal.SIGTERM)
    assert pipeline.wait(project, run_id).state == "stopped"


def test_after_a_restart_of_the_machine_what_was_cut_off_is_told_and_nothing_started(project: Project) -> None:
    pipeline.start(project)
    pid = stage(begun(project), "slow").pid or 0
    kill_supervisor(project)
    os.killpg(pid, signal.SIGKILL)
    with Store(project.store_path) as store, store.write() as db:
        db.execute("UPDATE pipeline_runs SET boot_id = 'another boot'")
    ended = settled(project)
    assert states(ended) == {"first": "done", "slow": "failed", "last": "skipped"}
    assert stage(ended, "slow").error.startswith("was cut off when the machine restarted")
    assert stage(ended, "last").error == "the machine restarted"


@pytest.mark.parametrize("boot", ["same", "another"])
def test_a_process_that_got_the_number_of_a_stage_is_left_alone(project: Project, boot: str) -> None:
    run_id = pipeline.start(project)
    pid = stage(begun(project), "slow").pid or 0
    kill_supervisor(project)
    os.killpg(pid, signal.SIGKILL)
    stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        with Store(project.store_path) as store, store.write() as db:
            ticks = 1 if boot == "same" else processes.start_ticks(stranger.pid)
            pipelines.update_stage(db, run_id, "slow", pid=stranger.pid, process_ticks=ticks)
            if boot == "another":
                db.execute("UPDATE pipeline_runs SET boot_id = 'another boot'")
        pipeline.stop(project, run_id)
        ended = pipeline.wait(project, run_id)
        assert stage(ended, "slow").state is StageState.STOPPED
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_starter_killed_before_its_supervisor_began_is_made_good(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlops_tui.pipeline import launch

    with monkeypatch.context() as patch:
        patch.setattr(launch, "supervise", lambda *_: None)
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
        patch.setattr(launch, "supervise", lambda *_: None)
        run_id = pipeline.start(project)
    (tmp_path / "dvc.lock").write_text("not: [a lock")
    ended = pipeline.wait(project, run_id)
    assert ended.state == "failed"
    with Store(project.store_path) as store:
        assert "dvc.lock" in runs.detail(store.read(), run_id).error
