"""A supervisor that is a copy of the command which starts it, and what it must not have taken over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pipeline_builders import latest, states
from slow_pipeline import begun, kill_supervisor, settled

from mlops_store.store import Store
from mlops_tui.project import Project

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="supervisors are copied on Linux only")

_SPAWNED = [b"-P", b"-m", b"mlops_tui.pipeline.supervisor"]


def words(pid: int) -> list[bytes]:
    return [word for word in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") if word]


def start(project: Project, *arguments: str, before: str = "pass", **options: object) -> subprocess.Popen[bytes]:
    code = f"import sys; from mlops_tui.cli import main; {before}; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", code, "run", *arguments],
        cwd=project.root,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        **options,  # type: ignore[call-overload]
    )


def test_the_supervisor_of_a_command_is_a_copy_of_it_with_a_name_and_a_session_of_its_own(project: Project) -> None:
    command = start(project)
    run = begun(project)
    pid = run.supervisor_pid or 0
    assert words(pid) == [b"mlops_tui.pipeline.supervisor", run.run_id.encode()]
    assert os.getsid(pid) == pid != os.getsid(command.pid)
    assert os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(project.root)
    Path(project.path("go")).touch()
    assert command.wait(60) == 0


def test_it_outlives_the_process_group_of_the_command(project: Project) -> None:
    command = start(project)
    begun(project)
    os.killpg(command.pid, signal.SIGKILL)
    command.wait(60)
    Path(project.path("go")).touch()
    assert settled(project).state == "finished"


def test_it_holds_no_pipe_open_that_the_command_was_given(project: Project) -> None:
    reader, writer = os.pipe()
    command = start(project, "--detach", pass_fds=(writer,), stdin=subprocess.PIPE)
    os.close(writer)
    assert command.wait(60) == 0
    begun(project)
    assert os.read(reader, 1) == b""  # the end: nobody could write any more
    os.close(reader)


def test_a_killed_copy_is_replaced_while_the_command_waits(project: Project) -> None:
    command = start(project)
    begun(project)
    kill_supervisor(project)
    Path(project.path("go")).touch()
    assert command.wait(60) == 0
    assert states(latest(project)) == {"first": "done", "slow": "done", "last": "done"}


@pytest.mark.parametrize(
    "before",
    [
        "import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
        "from mlops_store.store import Store; kept = Store('.mlops/store.db')",
    ],
    ids=["another thread", "an open store"],
)
def test_a_process_that_cannot_be_copied_safely_starts_another_program(project: Project, before: str) -> None:
    with Store(project.store_path):
        command = start(project, before=before)
        run = begun(project)
        assert words(run.supervisor_pid or 0)[1:4] == _SPAWNED
        Path(project.path("go")).touch()
        assert command.wait(60) == 0
