"""The heat table over a real pty with 1,000 columns and 1,000 windows: from a key to the frame that it asks for.

    python tests/benchmarks/bench_heat.py [ROUNDS]

A key counts as answered when the bytes have come with which the place it goes to is on the screen: wall-clock time, so
other work on the machine shows in it. The floor is a cursor move in a bare Textual application with a ``DataTable`` of
100 rows, in the same terminal. What the store reads is compared with the same cells out of the full reports.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from bench_runs_screen import SIZE, floor_ms, tell
from timed_program import TimedProgram

from mlops_store import heat
from mlops_store.records import COLUMN_STATES
from mlops_store.store import Store

COLUMNS = WINDOWS = 1000
#: Windows that are kept in full for the comparison of reading.
FULL = 20
#: Longer than this between a key and its frame is a pause.
BAR_MS = 100


def fill(store: Store) -> None:
    """A tenth of the columns drifts from some window on."""
    chance = random.Random(1)
    begin = [chance.randrange(WINDOWS) if column % 10 == 0 else WINDOWS for column in range(COLUMNS)]
    names = json.dumps([[f"column_{column:04d}", "feature"] for column in range(COLUMNS)], separators=(",", ":"))
    steady, drifted = COLUMN_STATES.index("steady") + 1, COLUMN_STATES.index("drifted") + 1
    detail = json.dumps({"reference": {"counts": list(range(20))}, "current": {"counts": list(range(20))}})
    with store.write() as db:
        for window in range(WINDOWS):
            db.execute(
                "INSERT INTO monitor_reports(id, monitor, batch, path, digest, status, checked_at, checked_columns, "
                "drifted_columns) VALUES (?, 'm', ?, '', '', 'ok', ?, ?, 1)",
                (window + 1, f"window-{window + 1:04d}", float(window), COLUMNS),
            )
            is_drifted = [window >= begin[column] for column in range(COLUMNS)]
            effects = [chance.randrange(80, 160) if is_so else chance.randrange(1, 20) for is_so in is_drifted]
            states = bytes(drifted if is_so else steady for is_so in is_drifted)
            heat.keep(db, window + 1, names, states, bytes(effects), "psi", bytes(33 * COLUMNS))
            if window < FULL:
                db.executemany(
                    'INSERT INTO monitor_columns(report_id, position, "column", role, kind, is_drifted, effect, detail)'
                    " VALUES (?, ?, ?, 'feature', 'numerical', 0, 0.1, ?)",
                    [(window + 1, column, f"column_{column:04d}", detail) for column in range(COLUMNS)],
                )


def reading(store: Store, rounds: int) -> tuple[float, float]:
    """Milliseconds a window: out of the compact table, and out of the full reports."""
    compact, full = [], []
    for _ in range(rounds):
        begun = time.process_time()
        heat.read(store.read())
        compact.append((time.process_time() - begun) * 1000 / WINDOWS)
        begun = time.process_time()
        for report_id in range(1, FULL + 1):
            sql = 'SELECT "column", is_drifted, effect, detail FROM monitor_columns WHERE report_id = ?'
            store.read().execute(sql, (report_id,)).fetchall()
        full.append((time.process_time() - begun) * 1000 / FULL)
    return min(compact), min(full)


def main() -> None:
    """Prints all measures."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="mlops-bench-") as folder:
        root = Path(folder, "project")
        with Store(str(root / ".mlops" / "store.db")) as store:
            fill(store)
            compact, full = reading(store, rounds)
        print(f"{COLUMNS:,} columns × {WINDOWS:,} windows: read in {compact * WINDOWS:.0f} ms of CPU, ", end="")
        print(f"{full / compact:.0f} times less than the full reports ({full * WINDOWS / 1000:.1f} s)")
        floor = floor_ms(rounds)
        print(f"{SIZE[0]}×{SIZE[1]}; floor: {floor:.1f} ms, a cursor move in a DataTable of 100 rows")
        print(f"{'':<52} {'p50':>10} {'p95':>10} {'÷ floor':>6}   (bar {BAR_MS} ms)")
        program = TimedProgram([sys.executable, "-m", "mlops_tui", "-C", str(root)], SIZE)
        program.until(lambda text: "Experiments" in text)
        program.quiet(1.5)
        program.type(":heat")
        opened = program.press("\r", lambda text: "window 1000 of 1000" in text)
        program.quiet(1.0)
        print(f"{'open':<52} {opened:7.1f} ms")
        everything: list[float] = []
        window, times = WINDOWS, list[float]()
        for _ in range(rounds * 4):
            window -= 1
            times.append(program.press("h", lambda text, window=window: f"window {window} of 1000" in text))
        tell("a window earlier", times, floor)
        everything += times
        for key, what in (("H", "a page of windows earlier"), ("\x06", "a page of columns down")):
            times = []
            for _ in range(rounds):
                program.quiet(0.1)
                before = program.text
                times.append(program.press(key, lambda text, before=before: text != before))
            tell(what, times, floor)
            everything += times
        times = []
        for _ in range(rounds):
            for key, number in (("0", 1), ("$", WINDOWS)):
                times.append(program.press(key, lambda text, number=number: f"window {number} of 1000" in text))
        tell("to the first and the last window", times, floor)
        everything += times
        tell("all of these", everything, floor)
        print(f"slowest {max(everything):.1f} ms, median {statistics.median(everything):.1f} ms")
        program.quiet(1.0)
        print(f"memory {program.memory_mb():.0f} MB")
        program.close()


if __name__ == "__main__":
    main()
