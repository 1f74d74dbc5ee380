"""100 independent stages with ``-j 2`` beside ``-j 1``, and ``xargs -P`` with the same commands as the most to be had.

Run it: ``python tests/benchmarks/bench_parallel.py [ROUNDS]``. Stages that sleep for 100 ms show what running them two
at a time gains; stages that compute for 100 ms show that only as far as two processors are free, which xargs tells.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

STAGES = 100
BAR = 1.8
BIN = Path(sys.executable).parent
SLEEP = "sleep 0.1"


def computing() -> str:
    """A command that computes for 100 ms of processor time on this machine, its own start included."""
    turns, seconds = 100_000, 0.0
    while True:
        command = f"awk 'BEGIN {{ for (i = 0; i < {turns}; i++) x += i * i }}'"
        seconds = min(_cpu_s(command) for _ in range(5))
        if abs(seconds - 0.1) < 0.005:
            return command
        turns = int(turns * max(0.2, min(5.0, 0.1 / max(seconds, 0.001))))


def _cpu_s(command: str) -> float:
    before = os.times()
    subprocess.run(["/bin/sh", "-c", command], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def project(directory: Path, command: str) -> Path:
    """A project of independent stages."""
    directory.mkdir(parents=True)
    stages = (
        f"  s{number:03}:\n    cmd: {command} && echo {number} > {number}.txt\n"
        f"    outs:\n    - {number}.txt:\n        cache: false\n"
        for number in range(STAGES)
    )
    (directory / "dvc.yaml").write_text("stages:\n" + "".join(stages))
    subprocess.run([BIN / "mlops-tui", "init", directory], check=True, capture_output=True)
    return directory


def ours(directory: Path, jobs: int) -> float:
    """Seconds that running all of them takes, the supervisor's start included."""
    for path in (*directory.glob("*.txt"), directory / "dvc.lock"):
        path.unlink(missing_ok=True)
    command = [BIN / "mlops-tui", "run", "-j", str(jobs)]
    return _seconds(lambda: subprocess.run(command, cwd=directory, check=True, capture_output=True))


def floor(command: str, jobs: int) -> float:
    """Seconds that ``xargs`` takes for the same commands."""
    lines = "\0".join([command] * STAGES)
    words = ["xargs", "-0", "-P", str(jobs), "-n", "1", "/bin/sh", "-c"]
    return _seconds(lambda: subprocess.run(words, input=lines.encode(), check=True))


def _seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def main(rounds: int) -> None:
    """Measures and prints; the best of each side, all of them interleaved."""
    scratch = Path(tempfile.mkdtemp(prefix="bench-parallel-"))
    try:
        print(f"{f'{STAGES} stages':24} {'-j 1':>10} {'-j 2':>10}   faster   (bar ≥ {BAR})")
        for name, command in (("sleeping 100 ms", SLEEP), ("computing 100 ms", computing())):
            place = project(scratch / name.split()[0], command)
            times = [(ours(place, 1), ours(place, 2), floor(command, 1), floor(command, 2)) for _ in range(rounds)]
            one, two, least_one, least_two = (min(side) for side in zip(*times, strict=True))
            print(f"{name:24} {one:8.2f} s {two:8.2f} s   {one / two:.2f}")
            print(f"{'  the same by xargs':24} {least_one:8.2f} s {least_two:8.2f} s   {least_one / least_two:.2f}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
