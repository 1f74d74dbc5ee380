"""Threads, forks and many processes: nothing is lost, mixed up or locked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tracked import all_runs, only_run, opened, script, start, values

from mlops_store import metrics
from mlops_store.records import RunStatus


def test_threads_that_log_at_once_lose_and_mix_nothing(tmp_path: Path) -> None:
    code = """
        import sys, threading
        sys.setswitchinterval(1e-6)
        def work(n):
            for step in range(500):
                mlops.log_metrics({f"m{n}": step, f"n{step % 7}": n}, step=step)
                if step % 50 == 0:
                    mlops.log_param(f"p{n}.{step}", "x" * 1000)
        with mlops.start_run():
            threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
    """
    assert script(tmp_path, code).stderr == ""
    for n in range(8):
        assert values(tmp_path, f"m{n}") == [float(step) for step in range(500)]
    assert sum(len(values(tmp_path, f"n{n}")) for n in range(7)) == 8 * 500
    assert len(only_run(tmp_path).params) == 80


def until_settled(project: Path) -> None:
    """Reads until no journal is left; a process that was seen alive is not looked at again for a second."""
    deadline = time.monotonic() + 30
    while list((project / ".mlops" / "journals").iterdir()):
        assert time.monotonic() < deadline
        all_runs(project)
        time.sleep(0.05)


def test_forked_workers_log_into_the_same_run(tmp_path: Path) -> None:
    code = """
        import multiprocessing
        def work(n):
            for step in range(200):
                mlops.log_metric(f"worker{n}", step, step=step)
            return n
        with mlops.start_run():
            mlops.log_metric("before", 1)
            with multiprocessing.get_context("fork").Pool(4) as pool:
                assert pool.map(work, range(8)) == list(range(8))
            mlops.log_metric("after", 2)
    """
    done = script(tmp_path, code)
    assert (done.returncode, done.stderr) == (0, "")
    for n in range(8):
        assert values(tmp_path, f"worker{n}") == [float(step) for step in range(200)]
    run = only_run(tmp_path)
    assert (run.status, run.metrics["before"], run.metrics["after"]) == (RunStatus.FINISHED, 1.0, 2.0)
    until_settled(tmp_path)


def test_a_fork_while_another_thread_logs_neither_hangs_nor_corrupts(tmp_path: Path) -> None:
    code = """
        import os, threading
        stop = threading.Event()
        count = 0
        def work():
            global count
            while not stop.is_set():
                mlops.log_metric("thread", count, step=count)
                count += 1
        with mlops.start_run():
            thread = threading.Thread(target=work); thread.start()
            for n in range(30):
                pid = os.fork()
                if pid == 0:
                    mlops.log_metric("child", n, step=n)
                    os._exit(0)
                assert os.waitpid(pid, 0)[1] == 0
            stop.set(); thread.join()
            print(count)
    """
    done = script(tmp_path, code)
    assert (done.returncode, done.stderr) == (0, "")
    assert values(tmp_path, "thread") == [float(step) for step in range(int(done.stdout))]
    assert values(tmp_path, "child") == [float(n) for n in range(30)]


def log_from(tmp_path: Path, processes: int, calls: int) -> None:
    """Starts many processes that log at once, and checks that nothing is lost and nobody sees an error."""
    code = f"""
        import sys
        sys.stdin.read()
        with mlops.start_run(run_name=sys.argv[1] if len(sys.argv) > 1 else None, params={{"a": 1}}):
            for step in range({calls}):
                mlops.log_metrics({{"x": step, "y": -step}}, step=step)
    """
    started = [start(tmp_path, code) for _ in range(processes)]
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    for process in started:
        _, errors = process.communicate(timeout=600)
        assert (process.returncode, errors) == (0, "")
    runs = all_runs(tmp_path)
    assert len(runs) == processes
    assert {run.status for run in runs} == {RunStatus.FINISHED}
    with opened(tmp_path) as store:
        for run in runs:
            found = metrics.points(store.read(), run.run_id, "x")
            assert [(step, value) for step, _, value in found] == [(step, float(step)) for step in range(calls)]
    until_settled(tmp_path)


def test_sixty_processes_that_log_at_once_lose_nothing(tmp_path: Path) -> None:
    log_from(tmp_path, 60, 50)


@pytest.mark.slow
def test_a_thousand_processes_that_log_at_once_lose_nothing(tmp_path: Path) -> None:
    log_from(tmp_path, 1000, 50)


def test_readers_that_fold_while_scripts_log_see_every_value_once(tmp_path: Path) -> None:
    code = """
        import time
        with mlops.start_run():
            for step in range(2000):
                mlops.log_metric("x", step, step=step)
                if step % 20 == 0: time.sleep(0.001)
    """
    process = start(tmp_path, code)
    seen: list[float] = []
    while process.poll() is None:
        found = values(tmp_path, "x") if all_runs(tmp_path) else []
        assert found[: len(seen)] == seen
        seen = found
    process.communicate()
    assert values(tmp_path, "x") == [float(step) for step in range(2000)]
