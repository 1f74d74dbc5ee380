"""What a supervisor finds when it takes over from one that was killed, and signals that come from somebody else."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from pipeline_builders import latest, make, run, stage, states, until
from slow_pipeline import at, begun, counts, is_running, kill_supervisor, settled, stale

from mlops_store import pipelines, processes
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.pipeline import groups, launch, plan
from mlops_tui.pipeline.recording import Recorder
from mlops_tui.pipeline.supervisor import Supervisor
from mlops_tui.project import Project

WAITS = "touch begun; until [ -e go ]; do sleep 0.02; done"


def started(project: Project, name: str = "a") -> int:
    """The process of a stage that has begun."""
    until(lambda: os.path.exists(project.path("begun")), "the stage")
    found = until(lambda: at(project, name, "running"), "the record of the stage")
    return stage(found, name).pid or 0


def set_store(project: Project, statement: str, *values: object) -> None:
    with Store(project.store_path) as store, store.write() as db:
        db.execute(statement, values)


@pytest.mark.parametrize("is_supervised", [True, False])
def test_a_stage_that_somebody_terminates_between_its_commands_is_not_complete(
    tmp_path: Path, is_supervised: bool
) -> None:
    project = make(tmp_path, f'stages: {{a: {{cmd: ["{WAITS}; echo > out", "touch second"], outs: [out]}}}}')
    pipeline.start(project)
    pid = started(project)
    if not is_supervised:
        kill_supervisor(project)
    os.kill(pid, signal.SIGTERM)
    (tmp_path / "go").touch()
    ended = settled(project)
    assert (stage(ended, "a").state, stage(ended, "a").exit_code) == ("failed", 143)
    assert not (tmp_path / "second").exists()
    assert stale(project) == ["a"]
    assert states(run(project)) == {"a": "done"}


def test_what_a_stage_leaves_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    project = make(tmp_path, f'stages: {{a: {{cmd: "sleep 600 & echo $! > left; {WAITS}; echo > out", outs: [out]}}}}')
    pipeline.start(project)
    started(project)
    kill_supervisor(project)
    (tmp_path / "go").touch()
    left = int((tmp_path / "left").read_text())
    try:
        assert settled(project).state == "finished"
        assert is_running(left)
    finally:
        os.kill(left, signal.SIGKILL)


def test_what_a_killed_stage_has_started_does_not_go_on_writing_outputs(tmp_path: Path) -> None:
    project = make(tmp_path, f'stages: {{a: {{cmd: "{WAITS}; echo > out", outs: [out]}}}}')
    pipeline.start(project)
    pid = started(project)
    ticks, run_id = processes.start_ticks(pid) or 0, stage(latest(project), "a").run_id or ""
    kill_supervisor(project)
    os.kill(pid, signal.SIGKILL)  # the shell that it has started goes on
    assert settled(project).state == "failed"
    assert not groups.is_alive(pid, ticks, run_id)
    assert not (tmp_path / "out").exists()


def test_waiting_is_not_deceived_by_a_process_that_got_the_supervisors_number(project: Project) -> None:
    run_id = pipeline.start(project)
    begun(project)
    kill_supervisor(project)
    stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        set_store(project, "UPDATE pipeline_runs SET supervisor_pid = ?", stranger.pid)
        Path(project.path("go")).touch()
        assert pipeline.wait(project, run_id).state == "finished"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_half_made_files_of_a_killed_supervisor_are_removed_and_count_for_nothing(tmp_path: Path) -> None:
    project = make(tmp_path, f'stages: {{a: {{cmd: "{WAITS}; echo > d/x", outs: [d: {{persist: true}}]}}}}', d___y="1")
    pipeline.start(project)
    started(project)
    pid = latest(project).supervisor_pid
    kill_supervisor(project)
    objects = Path(project.cache_dir, "files", "md5", "ab")
    objects.mkdir(parents=True)
    left = [tmp_path / "d" / f".x.{pid}-7.tmp", tmp_path / f"dvc.lock.{pid}.tmp", objects / f".c.{pid}-7.tmp"]
    others = [tmp_path / f"mine{pid}.tmp", objects / f".c.{(pid or 0) + 1}-7.tmp"]
    for path in (*left, *others):
        path.write_text("half")
    (tmp_path / "go").touch()
    assert settled(project).state == "finished"
    assert [path.exists() for path in (*left, *others)] == [False] * 3 + [True] * 2
    assert "nfiles: 2" in (tmp_path / "dvc.lock").read_text()


@pytest.mark.parametrize("boot", ["same", "another"])
def test_a_stage_that_never_began_is_begun_unless_the_machine_has_restarted(project: Project, boot: str) -> None:
    pipeline.start(project)
    found = stage(begun(project), "slow")
    kill_supervisor(project)
    os.killpg(found.pid or 0, signal.SIGKILL)
    until(lambda: not is_running(found.pid or 0), "the end of the stage")
    # what its shell leaves when the supervisor dies before letting it begin
    Path(plan.stage_file(project, latest(project).run_id, "slow", f"{found.run_id}.exit")).write_text("never\n")
    Path(project.path("slow.count")).unlink()
    Path(project.path("go")).touch()
    if boot == "another":
        set_store(project, "UPDATE pipeline_runs SET boot_id = 'another boot'")
    ended = settled(project)
    assert ended.state == ("finished" if boot == "same" else "stopped")
    assert stage(ended, "slow").state == ("done" if boot == "same" else "failed")
    assert counts(project) == (["ran", "ran", "ran"] if boot == "same" else ["ran", "", ""])


@pytest.mark.parametrize("by_s", [-1e6, 1e6])
def test_a_stage_that_took_its_stop_well_is_stopped_whatever_the_clock_says(tmp_path: Path, by_s: float) -> None:
    project = make(tmp_path, f"""stages: {{a: {{cmd: "trap 'exit 0' TERM; echo > out; {WAITS}", outs: [out]}}}}""")
    run_id = pipeline.start(project)
    pid = started(project)
    kill_supervisor(project)
    with Store(project.store_path) as store, store.write() as db:
        pipelines.request_stop(db, run_id, by="", at=time.time() + by_s)
    os.killpg(pid, signal.SIGTERM)  # as the supervisor did that was killed then
    ended = settled(project)
    assert (ended.state, stage(ended, "a").state) == ("stopped", "stopped")
    assert stale(project) == ["a"]


@pytest.mark.parametrize("by_s", [-1e6, 1e6])
def test_a_stage_that_had_ended_before_the_stop_is_done_whatever_the_clock_says(project: Project, by_s: float) -> None:
    run_id = pipeline.start(project)
    pid = stage(begun(project), "slow").pid or 0
    kill_supervisor(project)
    Path(project.path("go")).touch()
    until(lambda: not is_running(pid), "the end of the stage")
    with Store(project.store_path) as store, store.write() as db:
        pipelines.request_stop(db, run_id, by="", at=time.time() + by_s)
    assert states(settled(project)) == {"first": "done", "slow": "done", "last": "stopped"}
    assert states(run(project)) == {"first": "cached", "slow": "cached", "last": "done"}


def test_a_supervisor_that_fails_leaves_no_stage_behind(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(launch, "supervise", lambda *_, **__: None)
        run_id = pipeline.start(project)
    with Store(project.store_path) as store:
        the_plan = plan.load(project, run_id)
        supervisor = Supervisor(project, the_plan, store, Recorder(store, the_plan))

        def fail() -> None:
            if os.path.exists(project.path("begun")):
                raise RuntimeError("of the main thread")

        monkeypatch.setattr(supervisor, "_fold", fail)
        with pytest.raises(RuntimeError, match="of the main thread"):
            supervisor.supervise()
        found = stage(pipelines.get(store.read(), run_id), "slow")
    assert found.state == "stopped"
    assert not is_running(found.pid or 0)
