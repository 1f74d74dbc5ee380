"""Charts: reading, drawing, zooming, and following twenty scripts that log at once.

    python tests/benchmarks/bench_charts.py [ROUNDS]

The floor of reading a history is a plain SQLite table with an index on run, key, step and time, read in the same
process. Drawing has bars of time, not a floor. The least processor time of several rounds is shown, because the machine
may be shared; nothing of it waits for a disk.
The last part runs the real dashboard in a pty while 20 processes log 50 values a second each.
"""

from __future__ import annotations

import math
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench_screen import Program

from mlops_store import ids, metrics, runs
from mlops_store.store import Store
from mlops_tui.ui.screens import curves
from mlops_tui.ui.widgets.legend import Drawing, compose
from mlops_tui.ui.widgets.plot import Options, Series

POINTS, RUNS, EACH = 1_000_000, 100, 10_000
WIDTH, HEIGHT = 200, 56

WRITER = """
import sys, time
import mlops_tui as mlops

with mlops.start_run(run_name=sys.argv[1]):
    step, due = 0, time.monotonic()
    while True:
        mlops.log_metrics({f"m{number}": (step * 7919 + number) % 1000 / 1000 for number in range(10)}, step=step)
        step, due = step + 1, due + 0.2
        time.sleep(max(0.0, due - time.monotonic()))
"""

PROBE = """
import sys
import mlops_tui as mlops

with mlops.start_run(run_name="probe"):
    for step, line in enumerate(sys.stdin):
        mlops.log_metric("probe", float(line), step=step)
        print("logged", flush=True)
"""


def tell(name: str, ours: float, floor: float | None, unit: str, bar: str) -> None:
    ratio = f"{ours / floor:7.2f}" if floor else " " * 7
    shown = f"{floor:>9.1f} {unit}" if floor else ""
    print(f"{name:<46} {ours:>9.1f} {unit} {shown:>13} {ratio}  (bar {bar})", flush=True)


def least(act: Callable[[], object], rounds: int) -> float:
    """Milliseconds of the fastest of several rounds."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        act()
        times.append(time.process_time() - started)
    return min(times) * 1000


def fill(store: Store, plain: sqlite3.Connection) -> tuple[str, list[str]]:
    """A run of a million points in the store and in a plain table, and a hundred runs of ten thousand."""
    draw = random.Random(1)
    points = [
        ("loss", step, 1.7e9 + step * 0.013, math.exp(-step / 3e5) + draw.gauss(0, 0.05)) for step in range(POINTS)
    ]
    names = [ids.new_id() for _ in range(RUNS + 1)]
    with store.write() as db:
        for number, run_id in enumerate(names):
            runs.create(db, run_id=run_id, name=f"run-{number}", experiment="e", started_at=1.7e9)
            part = points if number == 0 else points[(number - 1) * EACH : number * EACH]
            metrics.write(db, run_id, part)
    plain.execute("CREATE TABLE metrics (run TEXT, key TEXT, step INTEGER, ms INTEGER, value REAL)")
    rows = ((names[0], key, step, round(at * 1000), value) for key, step, at, value in points)
    plain.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", rows)
    plain.execute("CREATE INDEX by_run ON metrics(run, key, step, ms)")
    plain.commit()
    return names[0], names[1:]


def reading(store: Store, plain: sqlite3.Connection, run_id: str, rounds: int) -> None:
    db = store.read()
    query = "SELECT step, ms, value FROM metrics WHERE run = ? AND key = ? ORDER BY step, ms"
    floor = least(lambda: plain.execute(query, (run_id, "loss")).fetchall(), rounds)
    tell(
        "history of 1,000,000 points, as tuples",
        least(lambda: metrics.points(db, run_id, "loss"), rounds),
        floor,
        "ms",
        "<= floor",
    )
    tell("the same as columns", least(lambda: metrics.columns(db, run_id, "loss"), rounds), floor, "ms", "<= floor")


def drawing(store: Store, long: str, short: list[str], rounds: int) -> None:
    db = store.read()
    run = runs.get(db, long)
    many = [runs.get(db, run_id) for run_id in short]

    def draw(window: tuple[float, float] | None, count: int = 1) -> None:
        found = [curves.curve(db, run, "loss", columns=WIDTH, window=window, slot=slot) for slot in range(count)]
        compose(Drawing("loss", tuple(found), window=window), WIDTH, HEIGHT, Options())

    def overlay() -> None:
        found: list[Series] = [curves.curve(db, one, "loss", columns=WIDTH, slot=slot) for slot, one in enumerate(many)]
        compose(Drawing("loss", tuple(found)), WIDTH, HEIGHT, Options())

    tell("1,000,000 points, first drawn", least(lambda: draw(None), 1), None, "ms", "<= 100 ms")
    tell("  drawn again", least(lambda: draw(None), rounds), None, "ms", "<= 100 ms")
    for share in (2, 10, 100, 1000, 100_000):
        window = (400_000.0, 400_000.0 + POINTS / share)
        tell(f"  zoomed to 1/{share}", least(lambda window=window: draw(window), rounds), None, "ms", "<= 50 ms")
    tell("10 series of 1,000,000 points", least(lambda: draw(None, 10), rounds), None, "ms", "no pause")
    tell("100 runs of 10,000 points, overlaid", least(overlay, rounds), None, "ms", "<= 200 ms")


def live(root: Path, seconds: float, probes: int) -> None:
    """The dashboard on the charts of one of the runs that log, and how long a newest point takes to the screen."""
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    start = [sys.executable, "-c"]
    probe = subprocess.Popen(
        [*start, PROBE], cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    writers = [subprocess.Popen([*start, WRITER, f"w{number}"], cwd=root, env=environment) for number in range(20)]
    program = None
    try:
        assert probe.stdin is not None
        assert probe.stdout is not None

        def log(value: str) -> float:
            print(value, file=probe.stdin, flush=True)
            probe.stdout.readline()  # type: ignore[union-attr]
            return time.perf_counter()

        log("1111")
        log("9999")
        program = Program([sys.executable, "-m", "mlops_tui", str(root)], str(root / "cache"))
        program.until([b"w1"], timeout_s=60)
        os.write(program.master, b":run w0\r")
        program.until([b"m0"], timeout_s=60)
        os.write(program.master, b"2")
        deadline = time.perf_counter() + 5  # all writers have started
        while time.perf_counter() < deadline:
            program.read(0.1)
        used, started = program.cpu_s(), time.perf_counter()
        before = len(program.written)
        while time.perf_counter() - started < seconds:
            program.read(0.1)
        share = (program.cpu_s() - used) / (time.perf_counter() - started) * 100
        tell("20 x 50 values/s live, share of a core", share, None, "% ", "<= 15 %")
        print(f"{'  bytes to the terminal in that time':<46} {len(program.written) - before:>9}", flush=True)
        os.write(program.master, b":run probe\r")
        program.until([b"9999"], len(program.written), timeout_s=60)
        os.write(program.master, b"2")
        program.read(1.0)
        times = []
        for number in range(probes):
            value, since = str(1111 * (number % 8 + 1)), len(program.written)
            logged = log(value)
            program.until([value.encode()], since, timeout_s=60)
            times.append((time.perf_counter() - logged) * 1000)
            time.sleep(0.37)
        tell("  a logged value on the screen, p50", statistics.median(times), None, "ms", "<= 500 ms")
        tell("  the same, p95", sorted(times)[int(len(times) * 0.95)], None, "ms", "<= 500 ms")
    finally:
        for process in (*writers, probe):
            process.kill()
            process.wait()
        if program is not None:
            program.close()


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        plain = sqlite3.connect(folder / "plain.db")
        with Store(str(folder / "store.db")) as store:
            long, short = fill(store, plain)
            reading(store, plain, long, min(3, rounds))
            drawing(store, long, short, rounds)
        (folder / "project" / ".mlops").mkdir(parents=True)
        live(folder / "project", 15.0, 4 * rounds)


if __name__ == "__main__":
    main()
