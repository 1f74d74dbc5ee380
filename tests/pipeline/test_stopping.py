"""Stages that are stopped or killed, terminals that go, machines that restart, processes that are not ours."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pipeline_builders import latest, make, run, stage, states, until
from slow_pipeline import at, begun, is_running, kill_supervisor, settled, stale

from mlops_store import pipelines, processes, runs
from mlops_store.records import StageState
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.project import Project


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


def test_a_stage_may_tidy_up_when_it_is_stopped_and_is_not_taken_for_complete(tmp_path: Path) -> None:
    script = (
        "import signal, sys, time\n"
        "def stop(*_):\n"
        "    open('asked', 'a').write('x')\n"
        "    time.sleep(0.3)\n"
        "    open('model', 'w').write('half')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "open('begun', 'w')\n"
        "time.sleep(600)\n"
    )
    project = make(
        tmp_path,
        'stages: {a: {cmd: ["python3 train.py", "touch second"], deps: [train.py], outs: [model]}}',
        train__py=script,
    )
    run_id = pipeline.start(project)
    until((tmp_path / "begun").exists, "the script")
    pipeline.stop(project, run_id)
    ended = pipeline.wait(project, run_id)
    assert stage(ended, "a").state is StageState.STOPPED
    assert (tmp_path / "asked").read_text() == "x"  # asked once
    assert (tmp_path / "model").read_text() == "half"
    assert not (tmp_path / "second").exists()
    assert stale(project) == ["a"]
