"""The dashboard over a real pty: first useful screen, bytes of a cursor move, idle, and changes of other processes.

    python tests/benchmarks/bench_screen.py [ROUNDS]

The floor of the first screen is a bare Textual application with a table of 100 rows, started in turn with ours on the
same machine; both have their bytecode cached. A screen counts as useful when the contents of all four panes are on it.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from pathlib import Path

from mlops_store import drift, ids, metrics, model_versions, pipelines, runs
from mlops_store.records import MonitorReport, PipelineState, Severity, StageRun, StageState
from mlops_store.store import Store
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift.incidents import recording

BARE = """
from textual.app import App
from textual.widgets import DataTable

class Bare(App):
    def compose(self):
        yield DataTable()

    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns("name", "status", "auc", "loss", "rate", "started")
        for number in range(100):
            table.add_row(f"run-{number}", "FINISHED", f"{number / 100:.3f}", f"{1 - number / 100:.3f}", "0.1", "today")

Bare().run()
"""

#: One word of each pane.
CONTENTS = (b"run-99", b"stage-two", b"model-one", b"alert-one")

BAR_FIRST, BAR_MOVE_BYTES, BAR_LATENCY_MS = 1.3, 700, 250


def fill(root: Path) -> None:
    """A project with something in every pane."""
    now = time.time()
    with Store(str(root / ".mlops" / "store.db")) as store, store.write() as db:
        for number in range(100):
            run_id = ids.new_id()
            started = now - 10_000 + number
            runs.create(db, run_id=run_id, name=f"run-{number}", experiment="e", started_at=started)
            runs.set_params(db, run_id, {"depth": str(number), "rate": "0.1"})
            metrics.write(
                db,
                run_id,
                [(key, step, started, step / (number + 20)) for step in range(20) for key in ("auc", "loss")],
            )
            runs.finish(db, run_id, "FINISHED", started + 60)
        run_id = ids.new_id()
        runs.create(db, run_id=run_id, name="p", experiment="e", kind="pipeline", started_at=now - 9_000)
        plan = [
            StageRun(name, place, StageState.WAITING, command="x")
            for place, name in enumerate(["stage-one", "stage-two"])
        ]
        pipelines.create(db, run_id, stages=plan, jobs=1, request={})
        for stage in plan:
            pipelines.update_stage(
                db, run_id, stage.stage, state=StageState.DONE, started_at=now - 9_000, ended_at=now - 8_990
            )
        pipelines.set_state(db, run_id, PipelineState.FINISHED)
        runs.finish(db, run_id, "FINISHED", now - 8_900)
        model_versions.add(
            db, "model-one", stage="production", source="s", flavor="f", digest="d", size_bytes=1, created_at=now
        )
        report = MonitorReport(0, "m", "b.csv", "b.csv", "0" * 64, "drift", now, row_count=9)
        raised = [drift.NewAlert("data_drift", Severity.WARNING, "alert-one")]
        report_id = drift.add_report(db, report, raised)
        assert report_id is not None
        recording.record(db, report_id, MonitorConfig("m"), lambda _: "max")


class Program:
    """A command in a pty, and what it wrote."""

    def __init__(self, command: Sequence[str], cache: str, size: tuple[int, int] = (120, 40)) -> None:
        environment = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor", PYTHONPYCACHEPREFIX=cache)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment.pop("NO_COLOR", None)
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=environment
        )
        os.close(slave)
        self.written = b""

    def read(self, seconds: float) -> bool:
        """Reads what comes within some seconds; False when nothing did."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.written += os.read(self.master, 1 << 20)
        return True

    def until(self, words: Sequence[bytes], since: int = 0, timeout_s: float = 30.0) -> float:
        """Seconds from the start until all words were written."""
        while not all(word in self.written[since:] for word in words):
            if not self.read(timeout_s):
                raise AssertionError(f"{words} never came:\n{self.written[-3000:]!r}")
        return time.perf_counter() - self.started

    def quiet(self, seconds: float = 0.6) -> int:
        """Waits until nothing is written for some seconds; returns the number of bytes so far."""
        while self.read(seconds):
            pass
        return len(self.written)

    def cpu_s(self) -> float:
        """Seconds of processor time used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Ends it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.master)


def tell(name: str, ours: str, floor: str, ratio: str, bar: str) -> None:
    print(f"{name:<34} {ours:>12} {floor:>12} {ratio:>7}  (bar {bar})", flush=True)


def first_screen(root: Path, bare: Path, cache: str, rounds: int) -> None:
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    commands = {
        "ours": ([sys.executable, "-m", "mlops_tui", str(root)], CONTENTS),
        "bare": ([sys.executable, str(bare)], [b"run-9"]),
    }
    for round_number in range(rounds + 1):
        for name, (command, words) in commands.items():
            program = Program(command, cache)
            seconds = program.until(words)
            program.close()
            if round_number:  # the first round fills the caches
                times[name].append(seconds)
    ours, floor = statistics.median(times["ours"]), statistics.median(times["bare"])
    tell(
        "first useful screen",
        f"{ours * 1000:.0f} ms",
        f"{floor * 1000:.0f} ms",
        f"{ours / floor:.2f}",
        f"≤ {BAR_FIRST}",
    )


def moves(root: Path, cache: str, size: tuple[int, int], start: str) -> None:
    program = Program([sys.executable, "-m", "mlops_tui", str(root)], cache, size)
    program.until(CONTENTS[:1])
    program.quiet(1.5)
    if start:
        os.write(program.master, f":{start}\r".encode())
        program.quiet(1.5)
    costs = []
    for key in (b"j", b"j", b"j", b"k", b"j", b"k", b"j"):
        before = len(program.written)
        os.write(program.master, key)
        program.until([b"\x1b"], before)
        costs.append(program.quiet(0.3) - before)
    program.close()
    name = f"cursor move, {start or 'overview'} {size[0]}x{size[1]}"
    worst = max(costs)
    tell(name, f"{statistics.median(costs):.0f} B", "", f"max {worst}", f"≤ {BAR_MOVE_BYTES} B")


def idle(root: Path, cache: str, seconds: float = 10.0) -> None:
    program = Program([sys.executable, "-m", "mlops_tui", str(root)], cache)
    program.until(CONTENTS)
    before = program.quiet(3.0)
    used = program.cpu_s()
    program.read(seconds)
    written, used = len(program.written) - before, program.cpu_s() - used
    program.close()
    tell(f"idle for {seconds:.0f} s, bytes", f"{written} B", "", "", "0 B")
    tell(f"idle for {seconds:.0f} s, processor", f"{used * 1000:.0f} ms", "", f"{used / seconds:.2%}", "not measurable")


def latency(root: Path, cache: str, rounds: int) -> None:
    program = Program([sys.executable, "-m", "mlops_tui", str(root)], cache)
    program.until(CONTENTS)
    program.quiet(1.5)
    times = []
    with Store(str(root / ".mlops" / "store.db")) as store:
        for number in range(rounds):
            program.quiet(0.3 + 0.01 * (number % 7))
            with store.write() as db:
                run_id = ids.new_id()
                runs.create(db, run_id=run_id, name=f"new-{number}", experiment="e", started_at=time.time())
                runs.finish(db, run_id, "FINISHED", time.time())
            committed = time.perf_counter()
            if not program.read(30.0):
                raise AssertionError("the commit was never shown")
            times.append(time.perf_counter() - committed)
    program.close()
    times.sort()
    p50, p95 = statistics.median(times), times[int(len(times) * 0.95)]
    tell("commit elsewhere to bytes, p50", f"{p50 * 1000:.0f} ms", "", "", f"≤ {BAR_LATENCY_MS} ms")
    tell("commit elsewhere to bytes, p95", f"{p95 * 1000:.0f} ms", "", "", f"≤ {BAR_LATENCY_MS} ms")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    with tempfile.TemporaryDirectory() as directory:
        root, bare, cache = Path(directory, "project"), Path(directory, "bare.py"), str(Path(directory, "cache"))
        bare.write_text(BARE)
        fill(root)
        tell("measure", "ours", "floor", "ratio", "")
        first_screen(root, bare, cache, rounds)
        for size in ((80, 24), (120, 40), (200, 60)):
            moves(root, cache, size, "")
            moves(root, cache, size, "runs")
        idle(root, cache)
        latency(root, cache, 4 * rounds)


if __name__ == "__main__":
    main()
