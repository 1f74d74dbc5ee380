"""What logging costs a script, beside the same script with bare ``sqlite3`` (WAL, synchronous NORMAL).

Run it: ``python tests/benchmarks/bench_tracking.py``. Prints one line a measure. Every figure is measured in fresh
processes; ours and the floor take turns, medians are compared.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

BARE = """
import sqlite3, time
db = sqlite3.connect("bare.db", isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = NORMAL")
db.execute("CREATE TABLE IF NOT EXISTS runs(id INTEGER PRIMARY KEY, name TEXT, started_at REAL, ended_at REAL)")
db.execute("CREATE TABLE IF NOT EXISTS params(run_id INTEGER, key TEXT, value TEXT, PRIMARY KEY (run_id, key))")
db.execute("CREATE TABLE IF NOT EXISTS metrics(run_id INTEGER, key TEXT, step INTEGER, at REAL, value REAL)")
"""

FIRST_BARE = (
    BARE
    + """
db.execute("BEGIN IMMEDIATE")
run = db.execute("INSERT INTO runs(name, started_at) VALUES (?, ?)", ("x", time.time())).lastrowid
db.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", (run, "loss", 0, time.time(), 0.5))
db.execute("COMMIT")
"""
)
FIRST_OURS = """
import mlops_tui as mlops
mlops.start_run(run_name="x")
mlops.log_metric("loss", 0.5)
"""
DIE = "import os; os._exit(0)\n"

SHORT_RUNS_BARE = (
    BARE
    + """
for n in range(500):
    db.execute("BEGIN IMMEDIATE")
    run = db.execute("INSERT INTO runs(name, started_at) VALUES (?, ?)", (f"run {n}", time.time())).lastrowid
    db.executemany("INSERT INTO params VALUES (?, ?, ?)", [(run, f"param{k}", str(n * k)) for k in range(10)])
    db.executemany(
        "INSERT INTO metrics VALUES (?, ?, ?, ?, ?)",
        [(run, f"metric{k}", 0, time.time(), n / (k + 1)) for k in range(10)],
    )
    db.execute("UPDATE runs SET ended_at = ? WHERE id = ?", (time.time(), run))
    db.execute("COMMIT")
"""
)
SHORT_RUNS_OURS = """
import mlops_tui as mlops
for n in range(500):
    with mlops.start_run(run_name=f"run {n}"):
        mlops.log_params({f"param{k}": n * k for k in range(10)})
        mlops.log_metrics({f"metric{k}": n / (k + 1) for k in range(10)})
"""

TIMED = """
def timed(call, count):
    import time
    taken = []
    for step in range(count):
        begun = time.perf_counter()
        call(step)
        taken.append(time.perf_counter() - begun)
    taken.sort()
    print(taken[count // 2], taken[count * 99 // 100])
"""
CALLS_BARE = (
    BARE
    + TIMED
    + """
values = [(f"metric{k}", k * 0.12345) for k in range(10)]
def call(step):
    now = time.time()
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", [(1, key, step, now, value) for key, value in values])
    db.execute("COMMIT")
timed(call, 5000)
"""
)
CALLS_OURS = (
    TIMED
    + """
import mlops_tui as mlops
values = {f"metric{k}": k * 0.12345 for k in range(10)}
mlops.start_run()
timed(lambda step: mlops.log_metrics(values, step=step), 20000)
"""
)
BACKGROUND = """
import os, sys, time
import mlops_tui as mlops
values = {f"metric{k}": k * 0.12345 for k in range(10)}
mlops.start_run()
parent, step = os.getppid(), 0
while os.getppid() == parent:
    mlops.log_metrics(values, step=step)
    step += 1
    time.sleep(0.02)
"""

PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
MEMORY_BARE = (
    BARE
    + """
for step in range(2500):
    now = time.time()
    db.execute("BEGIN IMMEDIATE")
    db.executemany(
        "INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", [(1, f"metric{k}", step, now, k / (step + 1)) for k in range(10)]
    )
    db.execute("COMMIT")
    time.sleep(0.002)
"""
    + PEAK
)
MEMORY_OURS = (
    """
import time
import mlops_tui as mlops
mlops.start_run()
for step in range(2500):
    mlops.log_metrics({f"metric{k}": k / (step + 1) for k in range(10)}, step=step)
    time.sleep(0.002)
mlops.end_run()
from mlops_tui.tracking import exits
exits.leave()
"""
    + PEAK
)

CURVES = """
import math, random, struct, time
random.seed(0)
def points(count, is_even):
    step, at = 0, time.time()
    for _ in range(count):
        yield step, at
        step += 1 if is_even else random.randint(1, 40)
        at += 0.001 if is_even else random.uniform(0.2, 9)
def curve(run, key, step):
    value = (1 + key) * math.exp(-step / 3000) + random.gauss(0, 0.01)
    return {form}
"""
FORMS = {
    "": "value",
    "as float32": "struct.unpack('f', struct.pack('f', value))[0]",
    "of four places": "round(value, 4)",
}
SIZE_BARE = (
    BARE
    + CURVES
    + """
for run in range({runs}):
    for step, at in points({steps}, {is_even}):
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT INTO metrics VALUES (?, ?, ?, ?, ?)",
            [(run, f"metric{{k}}", step, at, curve(run, k, step)) for k in range({keys})],
        )
        db.execute("COMMIT")
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
"""
)
SIZE_OURS = (
    CURVES
    + """
import mlops_tui as mlops
for run in range({runs}):
    with mlops.start_run():
        for step, at in points({steps}, {is_even}):
            mlops.log_metrics({{f"metric{{k}}": curve(run, k, step) for k in range({keys})}}, step=step, timestamp=at)
"""
)


FOLDED = """
import os, math
import mlops_tui as mlops
mlops.start_run()
keys = [f"metric{{k}}" for k in range({keys})]
for step in range({steps}):
    mlops.log_metrics({{key: math.sin(step) for key in keys}}, step=step)
mlops.end_run()
os._exit(0)
"""
FOLD = """
import time
from mlops_store.fold import fold
from mlops_store.store import Store
with Store(".mlops/store.db") as store:
    begun = time.process_time()
    fold(store, ".mlops/journals", budget_s=3600)
    print(time.process_time() - begun)
"""
ROWS = (
    BARE
    + """
import math
db.execute("CREATE INDEX by_key ON metrics(run_id, key, step)")
rows = [(1, f"metric{{k}}", step, step / 10, math.sin(step)) for step in range({steps}) for k in range({keys})]
begun = time.process_time()
db.execute("BEGIN IMMEDIATE")
db.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", rows)
db.execute("COMMIT")
print(time.process_time() - begun)
"""
)


SAMPLE = """
import time
{}
begun = time.process_time()
for _ in range(100):
    {}
print((time.process_time() - begun) / 100)
"""
SAMPLE_OURS = SAMPLE.format(
    "from mlops_tui.usage.machine import Machine, figures\nasked = Machine('.')",
    "figures(asked.last, asked.last, asked.read())",
)
SAMPLE_BARE = SAMPLE.format(
    "import psutil",
    "psutil.cpu_times(), psutil.virtual_memory(), psutil.disk_usage('.'), psutil.net_io_counters(), "
    "[(one.cpu_times(), one.memory_info(), one.io_counters()) for one in "
    "(psutil.Process(), *psutil.Process().children(recursive=True))]",
)


class Bench:
    """A directory with a project and a bare database, and scripts run in it."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLOPS_", "PYTHONDONT"))}
        # bytecode as an installed package has it
        self.environment = {
            **kept,
            "MLOPS_PROJECT": directory,
            "PYTHONPYCACHEPREFIX": os.path.join(directory, "bytecode"),
        }

    def run(self, code: str) -> tuple[float, str]:
        """Seconds that a script takes from its process's start to its end, and what it prints."""
        path = os.path.join(self.directory, "script.py")
        Path(path).write_text(textwrap.dedent(code))
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, path], cwd=self.directory, env=self.environment, capture_output=True, text=True
        )
        taken = time.perf_counter() - begun
        if done.returncode or done.stderr:
            raise SystemExit(done.stderr)
        return taken, done.stdout

    def compare(
        self, ours: str, floor: str, rounds: int, reset: Callable[[], None] | None = None
    ) -> tuple[float, float]:
        """Median seconds of two scripts that take turns."""
        taken: tuple[list[float], list[float]] = ([], [])
        for turn in range(rounds + 1):
            for side, code in enumerate((ours, floor)):
                if reset:
                    reset()
                seconds, _ = self.run(code)
                if turn:  # the first round writes bytecode
                    taken[side].append(seconds)
        return statistics.median(taken[0]), statistics.median(taken[1])

    def fold(self) -> float:
        """Seconds that it takes to store what is left in the journals."""
        begun = time.perf_counter()
        from mlops_store.fold import fold
        from mlops_store.store import Store

        with Store(os.path.join(self.directory, ".mlops", "store.db")) as store:
            fold(store, os.path.join(self.directory, ".mlops", "journals"))
            store.read().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return time.perf_counter() - begun

    def wipe(self) -> None:
        """Begins again with an empty store and an empty bare database."""
        shutil.rmtree(os.path.join(self.directory, ".mlops"), ignore_errors=True)
        for name in ("bare.db", "bare.db-wal", "bare.db-shm"):
            Path(self.directory, name).unlink(missing_ok=True)
        self.run(BARE)
        self.fold_new()

    def fold_new(self) -> None:
        """Makes the store, so that scripts find one."""
        from mlops_store.store import Store

        Store(os.path.join(self.directory, ".mlops", "store.db")).close()


def show(name: str, ours: float, floor: float, bar: float, unit: str = "ms", scale: float = 1000) -> None:
    """Prints one measure."""
    print(f"{name:<58} {ours * scale:9.2f} {unit} {floor * scale:9.2f} {unit}  {ours / floor:6.2f}  (bar ≤ {bar:g})")


def starts(bench: Bench) -> None:
    """Import, and process start to first durable metric."""
    bench.wipe()
    ours, bare = bench.compare("import mlops_tui", "pass", 25)
    show("import mlops_tui / (2 × bare interpreter + 30 ms)", ours, 2 * bare + 0.03, 1)
    ours, bare = bench.compare(FIRST_OURS + DIE, FIRST_BARE + DIE, 25)
    show("start to first durable metric", ours, bare, 2)
    ours, bare = bench.compare(FIRST_OURS, FIRST_BARE, 15)
    show("the same to the end of the process, folded (no bar)", ours, bare, 2)


def calls(bench: Bench) -> None:
    """log_metrics of 10 values."""
    bench.wipe()
    quiet = [[float(word) for word in bench.run(CALLS_OURS)[1].split()] for _ in range(5)]
    bare = [[float(word) for word in bench.run(CALLS_BARE)[1].split()] for _ in range(5)]
    p50, p99 = (statistics.median(run[side] for run in quiet) for side in (0, 1))
    show(
        "log_metrics of 10 values, p50 / one sqlite3 commit",
        p50,
        statistics.median(run[0] for run in bare),
        0.3,
        "µs",
        1e6,
    )
    show("log_metrics of 10 values, p99 / its own p50", p99, p50, 3, "µs", 1e6)
    command = [sys.executable, "-c", BACKGROUND]
    others = [subprocess.Popen(command, cwd=bench.directory, env=bench.environment) for _ in range(20)]
    time.sleep(3)
    busy = [[float(word) for word in bench.run(CALLS_OURS)[1].split()] for _ in range(5)]
    for process in others:
        process.kill()
        process.wait()
    show("p50 while 20 other processes log / quiet", statistics.median(run[0] for run in busy), p50, 1.2, "µs", 1e6)
    show("p99 while 20 other processes log / quiet", statistics.median(run[1] for run in busy), p99, 1.5, "µs", 1e6)


def short_runs(bench: Bench) -> None:
    """500 runs of 10 params and 10 metrics, everything stored at the end."""
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(6):
        bench.wipe()
        ours = bench.run(SHORT_RUNS_OURS)[0] + bench.fold()
        bare = bench.run(SHORT_RUNS_BARE)[0]
        if turn:
            taken[0].append(ours)
            taken[1].append(bare)
    show("500 short runs, all stored / sqlite3, one commit a run", *map(statistics.median, taken), 3)


def memory(bench: Bench) -> None:
    """Peak memory of a process that logs for five seconds, folds in the background and at its end."""
    bench.wipe()
    ours = statistics.median(float(bench.run(MEMORY_OURS)[1]) for _ in range(3))
    bare = statistics.median(float(bench.run(MEMORY_BARE)[1]) for _ in range(3))
    show("peak memory of a logging process / Python + sqlite3", ours, bare, 1.6, "MB", 1 / 1024)


def size(bench: Bench) -> None:
    """Bytes of the whole store a logged value: noisy learning curves, of full double precision where not said."""
    even = ((1, 10, 10_000), (20, 10, 500), (20, 10, 300), (50, 10, 50), (10, 50, 50), (200, 10, 20), (40, 50, 20))
    uneven = ((1, 10, 10_000), (20, 10, 200), (50, 10, 50), (40, 50, 20))
    cases = [(*case, True, "") for case in even] + [(*case, False, "") for case in uneven]
    cases += [(*case, True, form) for form in FORMS if form for case in even[-2:]]
    for runs, keys, steps, is_even, form in cases:
        bench.wipe()
        empty = os.path.getsize(os.path.join(bench.directory, ".mlops", "store.db"))
        case = {"runs": runs, "keys": keys, "steps": steps, "is_even": is_even, "form": FORMS[form]}
        bench.run(SIZE_OURS.format(**case))
        bench.fold()
        bench.run(SIZE_BARE.format(**case))
        ours = os.path.getsize(os.path.join(bench.directory, ".mlops", "store.db")) - empty
        bare = os.path.getsize(os.path.join(bench.directory, "bare.db"))
        count = runs * steps * keys
        name = f"bytes a value: {runs} × {keys} × {steps} steps{'' if is_even else ', irregular'} {form}"
        print(f"{name:<58} {ours / count:9.2f} B  {bare / count:9.2f} B   {ours / bare:6.2f}  (bar ≤ 12 bytes)")


def folding(bench: Bench) -> None:
    """Values a second of processor time that folding stores, beside rows put into SQLite; and readers meanwhile."""
    for name, keys, steps in (("10 keys a step", 10, 100_000), ("1 key a step", 1, 500_000)):
        bench.wipe()
        bench.run(FOLDED.format(keys=keys, steps=steps))
        reader = sqlite3.connect(os.path.join(bench.directory, ".mlops", "store.db"), timeout=0)
        quiet = [_read(reader) for _ in range(300)]
        folder = subprocess.Popen(
            [sys.executable, "-c", FOLD], cwd=bench.directory, env=bench.environment, stdout=subprocess.PIPE, text=True
        )
        busy = []
        while folder.poll() is None:
            busy.append(_read(reader))
        reader.close()
        taken = float(folder.communicate()[0])
        bare = float(bench.run(ROWS.format(keys=keys, steps=steps))[1])
        rates = keys * steps / taken, keys * steps / bare
        print(
            f"{'values a second of CPU folded, ' + name:<58} {rates[0]:9,.0f}    {rates[1]:9,.0f}     "
            f"{rates[0] / rates[1]:6.2f}  (bar ≥ 300,000)"
        )
        show("a reader's query meanwhile / quiet, median", statistics.median(busy), statistics.median(quiet), 2)


def sampling(bench: Bench) -> None:
    """What a sample of system metrics costs, beside the bare calls of psutil that it needs."""
    bench.wipe()
    ours = float(bench.run(SAMPLE_OURS)[1])
    bare = float(bench.run(SAMPLE_BARE)[1])
    show("CPU time of a sample of system metrics / bare psutil", ours, bare, 2)
    print(f"{'share of a core at the default interval of 10 seconds':<58} {ours / 10:9.4%}")


def _read(db: sqlite3.Connection) -> float:
    """Seconds that a query for the newest runs takes; it fails if it would have to wait."""
    time.sleep(0.002)
    begun = time.perf_counter()
    db.execute("SELECT run_id, name, status FROM runs ORDER BY started_at DESC LIMIT 50").fetchall()
    return time.perf_counter() - begun


def main() -> None:
    """Prints all measures, or those that are named on the command line."""
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "store")]
    measures = {
        "starts": starts,
        "calls": calls,
        "short_runs": short_runs,
        "memory": memory,
        "size": size,
        "folding": folding,
        "sampling": sampling,
    }
    print(f"{'measure':<58} {'ours':>9}    {'floor':>9}     {'ratio':>6}")
    for name in sys.argv[1:] or measures:
        with tempfile.TemporaryDirectory(prefix="mlops-bench-") as directory:
            measures[name](Bench(directory))


if __name__ == "__main__":
    main()
