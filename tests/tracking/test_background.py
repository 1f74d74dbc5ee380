"""The background thread: useful, and never in the way."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest
from tracked import all_runs, detail, only_run, script, start, values

from mlops_store.store import Store

HEAVY = "asyncio collections contextlib dataclasses enum functools hashlib inspect json re sqlite3 subprocess typing"


def test_while_a_script_runs_its_thread_loads_no_package_that_the_script_might_be_importing(tmp_path: Path) -> None:
    code = f"""
        import sys, time
        before = set(sys.modules)
        mlops.start_run(); mlops.log_metric("a", 1)
        time.sleep(0.5)
        loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
        print(sorted(loaded & set({HEAVY!r}.split())), "mlops_tui.tracking.git" in sys.modules)
    """
    done = script(tmp_path, code)
    assert done.stdout == "[] True\n"


def test_the_surroundings_are_known_while_the_script_still_runs(tmp_path: Path) -> None:
    process = start(tmp_path, "import sys\nwith mlops.start_run(): sys.stdin.read()")
    deadline = time.monotonic() + 30
    while not (tmp_path / ".mlops").exists() or not all_runs(tmp_path) or not detail(tmp_path).packages:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.communicate()


def test_a_large_journal_is_stored_while_the_script_runs_and_nobody_reads(tmp_path: Path) -> None:
    Store(str(tmp_path / ".mlops" / "store.db")).close()
    code = """
        import sys
        from mlops_tui.tracking import background
        background._EVERY_S, background._LARGE_BYTES = 0.1, 100_000
        with mlops.start_run():
            for step in range(10_000):
                mlops.log_metrics({"a": step}, step=step)
            sys.stdin.read()
    """
    process = start(tmp_path, code)
    reader = sqlite3.connect(tmp_path / ".mlops" / "store.db")
    deadline = time.monotonic() + 30
    while reader.execute("SELECT count FROM metrics").fetchone() != (10_000,):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    reader.close()
    process.communicate()
    assert process.returncode == 0
    assert values(tmp_path, "a") == [float(step) for step in range(10_000)]


def test_a_long_journal_is_continued_in_a_new_file_and_loses_nothing(tmp_path: Path) -> None:
    code = """
        from mlops_tui.tracking import background, journal
        journal._MOST_BYTES = 2000
        with mlops.start_run(params={"p": 1}):
            for step in range(1000):
                mlops.log_metrics({"a": step}, step=step)
                if step % 100 == 0: journal.rotate()
            with mlops.start_run(nested=True): pass
    """
    done = script(tmp_path, code)
    assert (done.returncode, done.stderr) == (0, "")
    parent, child = all_runs(tmp_path)
    assert values(tmp_path, "a", parent.run_id) == [float(step) for step in range(1000)]
    assert (str(parent.status), str(child.status)) == ("FINISHED", "FINISHED")
    assert detail(tmp_path, child.run_id).packages


def test_a_run_with_ever_new_names_of_metrics_loses_nothing(tmp_path: Path) -> None:
    done = script(tmp_path, "with mlops.start_run():\n    for n in range(3000): mlops.log_metric(f'm{n}', n)")
    assert (done.returncode, done.stderr) == (0, "")
    assert only_run(tmp_path).metrics == {f"m{n}": float(n) for n in range(3000)}


@pytest.mark.parametrize("code", ["os.wait()", "os.waitpid(-1, 0)"])
def test_a_script_that_waits_for_any_child_gets_its_own(tmp_path: Path, code: str) -> None:
    script_code = f"""
        import os, time
        mlops.start_run()
        time.sleep(0.3)
        pid = os.fork()
        if pid == 0: os._exit(7)
        found, status = {code}
        print(found == pid, os.waitstatus_to_exitcode(status))
    """
    assert script(tmp_path, script_code).stdout == "True 7\n"
