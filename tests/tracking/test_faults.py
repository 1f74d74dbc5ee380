"""Processes that are killed at any moment, disks that are full, descriptors that are closed: what was said stays."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from disks import mounted
from tracked import all_runs, environment, only_run, opened, remarks, script, start, values

from mlops_store import metrics
from mlops_store.records import RunStatus

REPORTING = """
    import os
    report = os.open("report", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with mlops.start_run() as run:
        os.write(report, b"started\\n")
        for step in range(10**9):
            mlops.log_metrics({"a": step, "b": -step}, step=step)
            if step % 50 == 0:
                mlops.log_param(f"p{step}", "x" * 3000)
                mlops.log_text(str(step), f"texts/{step}.txt")
            os.write(report, b"%d\\n" % step)
"""


def killed(project: Path, after_s: float) -> list[str]:
    """Kills a logging process after a time; returns the lines that it wrote after each call had returned."""
    process = start(project, REPORTING)
    report = project / "report"
    while not report.exists() or not report.stat().st_size:
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    # the last line may have been cut by the kill
    return report.read_text().split("\n")[:-1]


def check_nothing_is_lost(project: Path, lines: list[str]) -> None:
    assert lines[0] == "started"
    steps = [int(line) for line in lines[1:]]
    run = only_run(project)
    assert run.status is RunStatus.KILLED
    with opened(project) as store:
        for key, sign in (("a", 1), ("b", -1)):
            found = [(step, value) for step, _, value in metrics.points(store.read(), run.run_id, key)]
            assert found[: len(steps)] == [(step, float(sign * step)) for step in steps]
            assert len(found) <= len(steps) + 1
    for step in (step for step in steps if step % 50 == 0):
        assert run.params[f"p{step}"] == "x" * 3000


def test_a_killed_process_loses_nothing_that_a_call_returned_for(tmp_path: Path) -> None:
    check_nothing_is_lost(tmp_path, killed(tmp_path, random.Random(1).uniform(0.0, 0.3)))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_process_killed_at_any_of_many_moments_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(2)
    for number in range(60):
        project = tmp_path / str(number)
        project.mkdir()
        check_nothing_is_lost(project, killed(project, chance.uniform(0.0, 0.4)))


def test_a_journal_that_is_removed_before_it_is_locked_is_made_again(tmp_path: Path) -> None:
    code = """
        import glob, os
        from mlops_tui.tracking import journal
        lock, removed = journal._lock_shared, []
        def late(descriptor):
            if not removed:
                removed.extend(glob.glob(".mlops/journals/*"))
                os.unlink(removed[0])
            lock(descriptor)
        journal._lock_shared = late
        with mlops.start_run(): mlops.log_metric("a", 1)
        assert removed
    """
    assert script(tmp_path, code).returncode == 0
    assert values(tmp_path, "a") == [1.0]


def test_a_folder_killed_at_any_moment_neither_loses_nor_repeats_anything(tmp_path: Path) -> None:
    lines = killed(tmp_path, 0.5)
    code = (
        "from mlops_store.store import Store\nfrom mlops_store import fold\nfold._BATCH_BYTES = 2000\n"
        "open('folding', 'w').close()\n"
        "fold.fold(Store('.mlops/store.db'), '.mlops/journals')"
    )
    for pause in (0.0, 0.001, 0.003, 0.006, 0.01, 0.02):
        (tmp_path / "folding").unlink(missing_ok=True)
        process = start(tmp_path, code)
        while not (tmp_path / "folding").exists() and process.poll() is None:
            time.sleep(0.0005)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    check_nothing_is_lost(tmp_path, lines)


def test_a_file_that_may_not_grow_is_reported_once_and_the_script_goes_on(tmp_path: Path) -> None:
    code = """
        import resource
        with mlops.start_run():
            mlops.log_metric("a", 0, step=0)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
            for step in range(1, 2000):
                mlops.log_metric("a", step, step=step)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            mlops.log_metric("a", 5000, step=5000)
        print("went on")
    """
    done = script(tmp_path, code)
    assert done.stdout == "went on\n"
    assert len([line for line in done.stderr.splitlines() if "cannot log" in line]) == 1
    found = values(tmp_path, "a")
    assert found == [*map(float, range(len(found) - 1)), 5000.0]
    assert only_run(tmp_path).status is RunStatus.FINISHED


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    with mounted(tmp_path, 1) as made:
        yield made


def test_a_full_disk_is_reported_once_and_what_was_logged_before_and_after_is_kept(small_disk: Path) -> None:
    code = """
        import os
        with mlops.start_run():
            mlops.log_metric("a", 0, step=0)
            ballast = os.open("ballast", os.O_WRONLY | os.O_CREAT)
            try:
                while True: os.write(ballast, b"x" * 4096)
            except OSError:
                pass
            for step in range(1, 5000):
                mlops.log_metrics({"a": step, "b": step}, step=step)
            mlops.log_text("x" * 10_000, "big.txt")
            os.unlink("ballast"); os.close(ballast)
            mlops.log_metric("a", 9999, step=9999)
        print("went on")
    """
    done = script(small_disk, code)
    assert done.stdout == "went on\n"
    assert len([line for line in done.stderr.splitlines() if "cannot log" in line]) == 1
    found = values(small_disk, "a")
    assert found[0] == 0.0
    assert found[-1] == 9999.0
    assert found == sorted(found)
    (remark,) = [text for text in remarks(small_disk) if "could not be written" in text]
    assert 0 <= int(remark.split()[0]) - (5001 - len(found)) <= 5  # lost values, and what came with them
    assert only_run(small_disk).status is RunStatus.FINISHED


def test_a_run_whose_end_had_no_room_does_not_run_for_ever(tmp_path: Path) -> None:
    code = """
        import glob, os, resource
        with mlops.start_run():
            mlops.log_metric("a", 0, step=0)
            size = os.path.getsize(glob.glob(".mlops/journals/*")[0])
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 30, resource.RLIM_INFINITY))
    """
    script(tmp_path, code)
    assert only_run(tmp_path).status is RunStatus.KILLED


def test_a_script_on_a_full_disk_is_told_at_its_start(small_disk: Path) -> None:
    with (small_disk / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    done = script(small_disk, "mlops.start_run()")
    assert "StoreFull" in done.stderr
    assert "is full" in done.stderr


def test_a_directory_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / ".mlops").write_text("a file in the way")
    done = script(tmp_path, "mlops.start_run()")
    assert "StoreReadOnly" in done.stderr
    assert ".mlops cannot be written" in done.stderr


def test_a_script_that_closes_every_descriptor_goes_on_logging(tmp_path: Path) -> None:
    code = """
        import os
        with mlops.start_run():
            mlops.log_metric("a", 1, step=1)
            os.closerange(3, 1000)
            mlops.log_metric("a", 2, step=2)
            mlops.log_param("p", 1)
            mlops.log_metric("a", 3, step=3)
    """
    done = script(tmp_path, code)
    assert (done.returncode, done.stderr) == (0, "")
    assert values(tmp_path, "a") == [1.0, 2.0, 3.0]
    assert only_run(tmp_path).params == {"p": "1"}


def test_a_script_without_stderr_is_no_trouble(tmp_path: Path) -> None:
    code = "import sys; sys.stderr = None\nwith mlops.start_run(): mlops.log_metric('a', 'bad')"
    assert script(tmp_path, code).returncode == 0
    assert len(remarks(tmp_path)) == 1


def test_a_script_with_few_descriptors_is_no_trouble(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))

    code = "import mlops_tui as mlops\nfor n in range(30):\n    with mlops.start_run(): mlops.log_metric('a', n)"
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), preexec_fn=limit, capture_output=True, timeout=60
    )
    assert done.returncode == 0
    assert len(all_runs(tmp_path)) == 30


def test_a_damaged_store_does_not_stop_a_script_and_its_journal_waits(tmp_path: Path) -> None:
    (tmp_path / ".mlops").mkdir()
    (tmp_path / ".mlops" / "store.db").write_bytes(b"garbage" * 1000)
    done = script(tmp_path, "with mlops.start_run(): mlops.log_metric('a', 1)")
    assert done.returncode == 0
    assert "is damaged or is not a database" in done.stderr.replace("\\n", " ")
    os.unlink(tmp_path / ".mlops" / "store.db")
    assert values(tmp_path, "a") == [1.0]


def test_a_newer_store_does_not_stop_a_script_and_its_journal_waits(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        version = store.read().execute("PRAGMA user_version").fetchone()[0]
        store.read().execute("PRAGMA user_version = 99")
    done = script(tmp_path, "with mlops.start_run(): mlops.log_metric('a', 1)")
    assert done.returncode == 0
    assert "install a newer mlops-tui" in done.stderr
    import sqlite3

    older = sqlite3.connect(tmp_path / ".mlops" / "store.db")
    older.execute(f"PRAGMA user_version = {version}")
    older.close()
    assert values(tmp_path, "a") == [1.0]
