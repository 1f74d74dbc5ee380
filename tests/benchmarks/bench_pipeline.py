"""A chain of 100 trivial stages beside ``dvc repro``, ``dvc status`` and doit.

Run it: ``python tests/benchmarks/bench_pipeline.py [ROUNDS]``. Prints one line a measure. Everything goes through the
command line and counts from its start to its end, the supervisor's start included. Programs run as they are installed:
with their compiled modules, which an editable checkout gets by the first run.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

STAGES = 100
#: What is to be reached: of DVC's time cold and when there is nothing to do, and of doit's.
COLD_BAR, IDLE_BAR, DOIT_BAR = 1 / 15, 1 / 25, 1.5
BIN = Path(sys.executable).parent
#: What would make a project, a cache or the lack of one of the surroundings part of the measurement.
_LEFT_OUT = ("MLOPS_", "DVC_", "PYTHONDONTWRITEBYTECODE")


def chain(directory: Path, *, for_doit: bool = False) -> Path:
    directory.mkdir(parents=True)
    (directory / "f0.txt").write_text("hello\n")
    if for_doit:
        (directory / "dodo.py").write_text(
            f"def task_chain():\n    for i in range({STAGES}):\n        yield {{'name': f's{{i}}', "
            "'actions': [f'cp f{i}.txt f{i + 1}.txt'], 'file_dep': [f'f{i}.txt'], 'targets': [f'f{i + 1}.txt']}\n"
        )
        return directory
    stages = (
        f"  s{i:03}:\n    cmd: cp f{i}.txt f{i + 1}.txt\n    deps: [f{i}.txt]\n"
        f"    outs:\n    - f{i + 1}.txt:\n        cache: false\n"
        for i in range(STAGES)
    )
    (directory / "dvc.yaml").write_text("stages:\n" + "".join(stages))
    subprocess.run([BIN / "dvc", "init", "-q", "--no-scm"], cwd=directory, check=True)
    subprocess.run([BIN / "dvc", "config", "core.analytics", "false"], cwd=directory, check=True)
    return directory


def clean(directory: Path) -> None:
    """Removes what the chain has made, so that every stage has to run."""
    for path in (*directory.glob("f[1-9]*.txt"), directory / "dvc.lock", *directory.glob(".doit.db*")):
        path.unlink(missing_ok=True)


def timed(directory: Path, *command: str) -> float:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(_LEFT_OUT)}
    begun = time.perf_counter()
    subprocess.run([BIN / command[0], *command[1:]], cwd=directory, check=True, env=environment, capture_output=True)
    return time.perf_counter() - begun


def measure(
    name: str, bar: float, ours: Callable[[], float], peer: Callable[[], float], rounds: int, peer_rounds: int
) -> None:
    """Interleaves the two and prints the medians with their ratio."""
    mine, theirs = [], []
    for number in range(rounds):
        mine.append(ours())
        if number < peer_rounds:
            theirs.append(peer())
    here, there = statistics.median(mine), statistics.median(theirs)
    print(f"{name:34} {here * 1e3:9.1f} ms {there * 1e3:9.1f} ms   1/{there / here:.1f}   (bar ≤ 1/{1 / bar:.0f})")


def beside_doit(name: str, ours: Callable[[], float], doit: Callable[[], float], rounds: int) -> None:
    """Interleaves the two and prints the medians with their ratio."""
    pairs = [(ours(), doit()) for _ in range(rounds)]
    here, there = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"{name:34} {here * 1e3:9.1f} ms {there * 1e3:9.1f} ms   {here / there:.2f}   (bar ≤ {DOIT_BAR})")


def main(rounds: int) -> None:
    """Measures and prints."""
    scratch = Path(tempfile.mkdtemp(prefix="bench-pipeline-"))
    try:
        ours, theirs, doit = (
            chain(scratch / "ours"),
            chain(scratch / "dvc"),
            chain(scratch / "doit", for_doit=True),
        )

        def cold(directory: Path, *command: str) -> float:
            clean(directory)
            return timed(directory, *command)

        print(f"{f'a chain of {STAGES} stages':34} {'ours':>12} {'dvc repro':>12}   ratio")
        measure(
            "all of them",
            COLD_BAR,
            lambda: cold(ours, "mlops-tui", "run"),
            lambda: cold(theirs, "dvc", "repro", "-q"),
            rounds,
            min(rounds, 2),
        )

        def after_a_run() -> float:
            cold(ours, "mlops-tui", "run")
            time.sleep(0.5)
            return timed(ours, "mlops-tui", "run")

        measure(
            "nothing to do",
            IDLE_BAR,
            lambda: timed(ours, "mlops-tui", "run"),
            lambda: timed(theirs, "dvc", "repro", "-q"),
            3 * rounds,
            rounds,
        )
        measure(
            "nothing to do, first after a run",
            IDLE_BAR,
            after_a_run,
            lambda: timed(theirs, "dvc", "repro", "-q"),
            rounds,
            rounds,
        )
        measure(
            "status",
            IDLE_BAR,
            lambda: timed(ours, "mlops-tui", "status"),
            lambda: timed(theirs, "dvc", "status"),
            3 * rounds,
            rounds,
        )
        print(f"{'':34} {'ours':>12} {'doit':>12}   ratio")
        beside_doit("all of them", lambda: cold(ours, "mlops-tui", "run"), lambda: cold(doit, "doit"), 2 * rounds)
        beside_doit("nothing to do", lambda: timed(ours, "mlops-tui", "run"), lambda: timed(doit, "doit"), 2 * rounds)
        beside_doit("status", lambda: timed(ours, "mlops-tui", "status"), lambda: timed(doit, "doit"), 2 * rounds)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
