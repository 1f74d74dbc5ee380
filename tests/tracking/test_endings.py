"""How a run ends: as its block or its process does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tracked import all_runs, detail, environment, only_run, opened, script, start, values

from mlops_store import runs
from mlops_store.records import RunStatus
from mlops_store.store import Store


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def ended(project: Path) -> tuple[str, int | None]:
    run = only_run(project)
    assert run.ended_at is not None
    return str(run.status), run.exit_code


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("with mlops.start_run(): pass", ("FINISHED", None)),
        ("with mlops.start_run(): raise SystemExit", ("FINISHED", 0)),
        ("import sys\nwith mlops.start_run(): sys.exit(0)", ("FINISHED", 0)),
        ("import sys\nwith mlops.start_run(): sys.exit(3)", ("FAILED", 3)),
        ("with mlops.start_run(): raise SystemExit('bad data')", ("FAILED", 1)),
        ("with mlops.start_run(): raise KeyboardInterrupt", ("KILLED", 130)),
        ("with mlops.start_run(): 1 / 0", ("FAILED", 1)),
        ("mlops.start_run()", ("FINISHED", 0)),
        ("import sys\nmlops.start_run(); sys.exit()", ("FINISHED", 0)),
        ("import sys\nmlops.start_run(); sys.exit(4)", ("FAILED", 4)),
        ("import sys\nmlops.start_run(); sys.exit('bad data')", ("FAILED", 1)),
        ("mlops.start_run(); 1 / 0", ("FAILED", 1)),
        ("mlops.start_run(); raise KeyboardInterrupt", ("KILLED", 130)),
        ("import argparse\nmlops.start_run(); argparse.ArgumentParser().parse_args(['--nope'])", ("FAILED", 2)),
        ("mlops.start_run(); mlops.end_run('KILLED'); 1 / 0", ("KILLED", None)),
        ("import os\nmlops.start_run(); mlops.log_metric('a', 1); os._exit(0)", ("KILLED", None)),
        ("import os\nmlops.start_run(); os.abort()", ("KILLED", None)),
        ("import os\nwith mlops.start_run(): os.kill(os.getpid(), 11)", ("KILLED", None)),
    ],
)
def test_a_run_ends_as_its_script_does(tmp_path: Path, code: str, expected: tuple[str, int | None]) -> None:
    script(tmp_path, code)
    assert ended(tmp_path) == expected


@pytest.mark.parametrize("form", ["with mlops.start_run():\n    fail()", "mlops.start_run()\nfail()"])
def test_a_crash_keeps_its_traceback_and_is_shown_as_ever(tmp_path: Path, form: str) -> None:
    done = script(tmp_path, f"def fail():\n    raise ValueError('bad [b]data[/b]')\n{form}")
    assert done.returncode == 1
    assert "ValueError: bad [b]data[/b]" in done.stderr
    assert detail(tmp_path).error.rstrip().endswith("ValueError: bad [b]data[/b]")
    assert ", in fail" in detail(tmp_path).error


def test_an_exception_hook_of_the_script_is_left_alone(tmp_path: Path) -> None:
    done = script(tmp_path, "import sys\nmlops.start_run()\nsys.excepthook = lambda *a: print('mine')\n1 / 0")
    assert done.stdout == "mine\n"
    assert ended(tmp_path) == ("FAILED", 1)


def test_an_exit_that_the_script_catches_does_not_count(tmp_path: Path) -> None:
    code = """
        import sys
        mlops.start_run()
        try:
            sys.exit(3)
        except SystemExit:
            mlops.log_metric("went on", 1)
    """
    assert script(tmp_path, code).returncode == 0
    assert ended(tmp_path) == ("FINISHED", 0)


def test_an_exception_that_is_caught_outside_of_the_block_still_failed_the_run(tmp_path: Path) -> None:
    code = """
        try:
            with mlops.start_run():
                raise ValueError
        except ValueError:
            pass
        with mlops.start_run():
            pass
    """
    assert script(tmp_path, code).returncode == 0
    assert [str(run.status) for run in all_runs(tmp_path)] == ["FAILED", "FINISHED"]


def test_a_crash_ends_nested_runs_too(tmp_path: Path) -> None:
    script(tmp_path, "mlops.start_run()\nmlops.start_run(nested=True)\n1 / 0")
    assert [str(run.status) for run in all_runs(tmp_path)] == ["FAILED", "FAILED"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_signal_ends_the_process_at_once_and_the_run_as_killed(tmp_path: Path, number: int) -> None:
    code = """
        import time
        mlops.start_run()
        mlops.log_metric("a", 1)
        open("ready", "w").close()
        time.sleep(60)
    """
    process = start(tmp_path, code)
    wait_for(tmp_path / "ready")
    assert only_run(tmp_path).status is RunStatus.RUNNING
    process.send_signal(number)
    assert process.wait(timeout=10) == -number
    process.communicate()
    deadline = time.monotonic() + 10
    while only_run(tmp_path).status is RunStatus.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert ended(tmp_path) == ("KILLED", None)
    assert "killed" in detail(tmp_path).error
    assert values(tmp_path, "a") == [1.0]


def test_a_signal_handler_of_the_script_is_left_alone(tmp_path: Path) -> None:
    code = """
        import os, signal, sys
        signal.signal(signal.SIGTERM, lambda *a: sys.exit(7))
        mlops.start_run()
        os.kill(os.getpid(), signal.SIGTERM)
    """
    assert script(tmp_path, code).returncode == 7
    assert ended(tmp_path) == ("FAILED", 7)


def test_interactive_mistakes_do_not_fail_the_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-i", "-c", "import mlops_tui as mlops; mlops.start_run()"],
        input="1 / 0\nmlops.log_metric('a', 1)\n",
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "ZeroDivisionError" in done.stderr
    assert ended(tmp_path)[0] == "FINISHED"


def test_the_end_of_a_forked_child_does_not_end_the_run(tmp_path: Path) -> None:
    code = """
        import os, sys
        with mlops.start_run():
            mlops.log_metric("parent", 1)
            if os.fork() == 0:
                mlops.log_metric("child", 2)
                sys.exit(5)
            os.wait()
            mlops.log_metric("after", 3)
    """
    assert script(tmp_path, code).returncode == 0
    assert ended(tmp_path) == ("FINISHED", None)
    assert only_run(tmp_path).metrics == {"parent": 1.0, "child": 2.0, "after": 3.0}


def test_the_process_does_not_wait_for_a_store_that_is_locked(tmp_path: Path) -> None:
    script(tmp_path, "with mlops.start_run(): pass")
    with opened(tmp_path) as store, store.write():
        begun = time.monotonic()
        done = script(tmp_path, "with mlops.start_run(run_name='second'): mlops.log_metric('a', 1)")
        assert (done.returncode, done.stderr) == (0, "")
        assert time.monotonic() - begun < 20  # the busy timeout of a reader is 30
    assert [run.name for run in all_runs(tmp_path)][1] == "second"


def test_a_finished_script_leaves_everything_in_the_store(tmp_path: Path) -> None:
    script(tmp_path, "with mlops.start_run(): mlops.log_metric('a', 1)")
    assert os.listdir(tmp_path / ".mlops" / "journals") == []
    with Store(str(tmp_path / ".mlops" / "store.db")) as store:
        assert runs.count(store.read()) == 1
