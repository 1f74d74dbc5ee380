"""A save in the editor to the stale mark on the real screen, with 50,000 files watched; and what watching costs.

    python tests/benchmarks/bench_watch.py [SAVES] [FILES]

The project has one stage that depends on a source file, a params file and a directory of 50,000 files in 500 folders,
all of them watched. Each save makes a file other than the lock says; then it is put back, and the mark has to go.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(__file__), os.pardir, "support"))

from terminal import Terminal

from mlops_tui import pipeline
from mlops_tui.config import Config
from mlops_tui.pipeline.file_events import Inotify
from mlops_tui.pipeline.live import LiveStatus
from mlops_tui.pipeline.watching import ProjectWatch
from mlops_tui.project import Project

BAR_MS = 250
FOLDERS = 500
PIPELINE = """
stages:
  train:
    cmd: cp params.yaml model.txt
    deps: [src/train.py, data]
    params: [lr]
    outs: [model.txt]
"""


def fill(root: Path, files: int) -> Project:
    """A project that is up to date."""
    (root / "src").mkdir()
    (root / "src" / "train.py").write_text("print(1)\n")
    (root / "params.yaml").write_text("lr: 1\n")
    (root / "dvc.yaml").write_text(PIPELINE)
    for folder in range(FOLDERS):
        (root / "data" / f"{folder:03}").mkdir(parents=True)
        for number in range(files // FOLDERS):
            (root / "data" / f"{folder:03}" / f"{number}.csv").write_text(f"{folder},{number}\n")
    (root / "data" / "007" / "7.csv").write_text("1\n")
    project = Project(str(root))
    pipeline.wait(project, pipeline.start(project))
    return project


def tell(name: str, ours: str, bar: str = "") -> None:
    print(f"{name:<58} {ours:>12}  {bar}", flush=True)


def written(path: Path) -> Callable[[str], None]:
    """Saves as most editors do: the file is cut and written."""
    return lambda text: path.write_text(text) and None


def replaced(path: Path) -> Callable[[str], None]:
    """Saves as vim does: another file is written and takes the place of the old one."""

    def save(text: str) -> None:
        other = path.with_name(f".{path.name}.swp")
        other.write_text(text)
        other.replace(path)

    return save


def saves(terminal: Terminal, name: str, save: Callable[[str], None], fresh: str, count: int) -> None:
    """Times from the moment before a save until the mark is on the screen."""
    times = []
    for number in range(count):
        started = time.perf_counter()
        save(fresh.replace("1", str(number + 2), 1))
        terminal.wait("1 stale")
        times.append((time.perf_counter() - started) * 1000)
        save(fresh)
        terminal.wait("up to date")
        time.sleep(0.05 * (number % 7))  # not in step with anything
    times.sort()
    p50, p95 = statistics.median(times), times[int(len(times) * 0.95)]
    tell(f"{name}, {count} saves: p50", f"{p50:.0f} ms")
    tell(f"{name}, {count} saves: p95", f"{p95:.0f} ms", f"(bar ≤ {BAR_MS} ms: {'met' if p95 <= BAR_MS else 'MISSED'})")


def setup(project: Project) -> None:
    """What finding and watching all directories costs."""
    events = Inotify()
    watch = ProjectWatch(project, Config(), events, LiveStatus(project))
    started, cpu = time.perf_counter(), time.process_time()
    watch.follow()
    tell("setting up the watches", f"{(time.perf_counter() - started) * 1000:.0f} ms")
    tell("  of that, processor", f"{(time.process_time() - cpu) * 1000:.0f} ms")
    for name in ("first judgement after that", "second"):
        started = time.perf_counter()
        watch.live.statuses()
        tell(name, f"{(time.perf_counter() - started) * 1000:.1f} ms")
    events.close()


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(terminal: Terminal, seconds: float = 10.0) -> None:
    before = terminal.quiet(2.0)
    started = cpu_s(terminal.process.pid)
    time.sleep(seconds)
    tell(f"idle for {seconds:.0f} s: bytes written", f"{len(terminal.output) - before}", "(bar 0)")
    tell(f"idle for {seconds:.0f} s: processor", f"{(cpu_s(terminal.process.pid) - started) * 1000:.0f} ms")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    files = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        project = fill(root, files)
        setup(project)
        with Terminal([sys.executable, "-m", "mlops_tui", directory], (120, 40)) as terminal:
            terminal.wait("up to date")
            terminal.send(":pipeline", "enter")
            terminal.wait("Stages last run")
            terminal.quiet(1.0)
            source, one = root / "src" / "train.py", root / "data" / "007" / "7.csv"
            idle(terminal)
            saves(terminal, f"the first of the {files:,} files", written(one), "1\n", 1)
            saves(terminal, "a source file", written(source), "print(1)\n", count)
            saves(terminal, "a source file, replaced", replaced(source), "print(1)\n", count)
            saves(terminal, "a param", written(root / "params.yaml"), "lr: 1\n", count)
            saves(terminal, f"one of the {files:,} files", written(one), "1\n", count)
            idle(terminal)


if __name__ == "__main__":
    main()
