"""Leaders that are started before their stage's turn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pipeline_builders import make, run, stage, states, until
from slow_pipeline import is_running

from mlops_store import processes
from mlops_tui.pipeline import shell
from mlops_tui.pipeline.ahead import Ahead, Leader
from mlops_tui.pipeline.spec import Stage
from mlops_tui.project import Project


@pytest.fixture
def begun(tmp_path: Path) -> list[Leader]:
    """The leaders that were started."""
    return []


@pytest.fixture
def ahead(tmp_path: Path, begun: list[Leader]) -> Ahead:
    def start(stage: Stage) -> Leader:
        started = shell.start(
            stage.commands,
            directory=str(tmp_path),
            log_path=str(tmp_path / "log"),
            exit_path=str(tmp_path / "exit"),
            environment=dict(os.environ),
        )
        begun.append(Leader(started, stage.name))
        return begun[-1]

    return Ahead(start)


def test_a_leader_waits_for_its_turn_and_then_runs_the_commands(
    ahead: Ahead, begun: list[Leader], tmp_path: Path
) -> None:
    one = Stage("one", "touch made")
    ahead.prepare(one)
    ahead.prepare(one)
    assert len(begun) == 1
    assert not (tmp_path / "made").exists()

    leader = ahead.take(one)
    assert leader is not None
    assert ahead.take(one) is None
    leader.started.go()
    assert leader.started.wait() == 0
    assert (tmp_path / "made").exists()


def test_a_leader_that_is_dropped_has_run_nothing(ahead: Ahead, begun: list[Leader], tmp_path: Path) -> None:
    one = Stage("one", "touch made")
    ahead.prepare(one)
    ahead.drop(one)
    ahead.drop(one)
    assert not is_running(begun[0].started.pid)
    assert shell.never_began(str(tmp_path / "exit"))
    assert not (tmp_path / "made").exists()


def test_a_directory_that_the_stage_before_may_still_make_is_waited_for(ahead: Ahead, begun: list[Leader]) -> None:
    ahead.prepare(Stage("one", "true", wdir="sub"))
    assert begun == []


def chain(directory: Path, *commands: str, **files: str) -> Project:
    """A project whose stages each need the one before; ``@`` in a command is the stage's output."""
    stages = "".join(
        f"  s{number}: {{cmd: '{command.replace('@', f'o{number}')}', deps: [{f'o{number - 1}' if number else 'in'}], "
        f"outs: [o{number}]}}\n"
        for number, command in enumerate(commands)
    )
    return make(directory, f"stages:\n{stages}", **{"in": "1", **files})


def test_every_stage_of_a_chain_has_the_run_and_the_process_that_are_recorded(tmp_path: Path) -> None:
    tell = "echo $MLOPS_RUN_ID $PPID $MLOPS_STAGE $DVC_STAGE > @"
    project = chain(tmp_path, *[tell] * 6)
    ended = run(project)
    assert ended.state == "finished"
    for number in range(6):
        one = stage(ended, f"s{number}")
        told = Path(project.path(f"o{number}")).read_text().split()
        assert told == [str(one.run_id), str(one.pid), one.stage, one.stage]


def test_what_a_failure_keeps_from_running_leaves_no_process(tmp_path: Path) -> None:
    project = chain(tmp_path, "touch @", "touch @", "echo $MLOPS_PROJECT; exit 3", "touch @", "touch @")
    ended = run(project)
    assert states(ended) == {"s0": "done", "s1": "done", "s2": "failed", "s3": "skipped", "s4": "skipped"}
    wanted = f"MLOPS_PROJECT={project.root}".encode()
    until(lambda: not any(wanted in environment(pid) for pid in os.listdir("/proc")), "the end of all processes")


def environment(pid: str) -> list[bytes]:
    try:
        return Path("/proc", pid, "environ").read_bytes().split(b"\0") if pid.isdigit() else []
    except OSError:
        return []


def test_a_stage_that_turns_out_to_be_up_to_date_does_not_use_its_leader(tmp_path: Path) -> None:
    project = chain(tmp_path, "touch x0; head -c 1 in > @", "touch x1; cat o0 > @", "touch x2; cat o1 > @")
    assert run(project).state == "finished"
    for number in range(3):
        os.unlink(project.path(f"x{number}"))
    Path(project.path("in")).write_text("12")
    again = run(project)
    assert states(again) == {"s0": "done", "s1": "cached", "s2": "cached"}
    assert sorted(path.name for path in tmp_path.glob("x*")) == ["x0"]
    assert processes.start_ticks(stage(again, "s0").pid or 0) is None
