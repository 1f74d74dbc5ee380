"""The back-test: 1,000 windows replayed from what was kept of them, against reading that alone.

    python tests/benchmarks/bench_backtest.py [WINDOWS] [COLUMNS]

The floor is what SQLite takes to hand out the rows that are replayed. CPU times, the least of several runs.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable

from mlops_store import drift, kept_windows
from mlops_store.drift import NewAlert
from mlops_store.records import ColumnReport, MonitorReport, Severity
from mlops_store.store import Store
from mlops_tui.drift import severity
from mlops_tui.drift.incidents import trials
from mlops_tui.drift.schemas import Schema
from mlops_tui.drift.severity import Findings
from mlops_tui.project import Project

TEXT = '[monitors.m]\nwatch = "in/*.csv"\n'
RUNS = 5


def fill(store: Store, windows: int, columns: int) -> None:
    """Windows in which every tenth column moves now and then, with details as large as those of real checks."""
    chances = random.Random(1)
    summary = {"edges": [chances.random() for _ in range(21)], "counts": [chances.randrange(999) for _ in range(20)]}
    with store.write() as db:
        for number in range(windows):
            found = []
            for place in range(columns):
                effect = 0.3 if place % 10 == number % 37 else chances.uniform(0, 0.08)
                moved = effect > 0.1
                detail = {
                    "reference": {**summary, "count": 1000, "missing": 0, "mean": 0.5, "std": 0.2},
                    "current": {**summary, "count": 1000, "missing": 0, "mean": 0.6, "std": 0.2},
                    "p_value": 1e-9 if moved else chances.uniform(0.1, 1),
                    "shift": {"from": 0.5, "to": 0.6, "std": 0.5, "spread": 1.0},
                }
                found.append(
                    ColumnReport(f"c{place}", "feature", "numerical", "psi", effect, 0.1, moved, effect, 9, 9, detail)
                )
            kept = severity.mark_notable(found)
            raised = list(severity.alerts(Findings(kept, Schema(), 0.5)))
            raised += [NewAlert("quality", Severity.WARNING, "rows are gone")] if number % 50 == 0 else []
            batch = f"{number}.csv"
            drift.add_report(db, MonitorReport(0, "m", batch, batch, batch, "ok", float(number), columns=kept), raised)


def least(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of several runs."""
    times = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def main() -> None:
    """Prints the times and their ratios."""
    windows = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    columns = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as folder, Store(f"{folder}/store.db") as store:
        fill(store, windows, columns)
        db = store.read()
        for name, settings in (
            ("other rules for opening (five settings)", []),
            ("another threshold, columns judged anew", ["thresholds.psi=0.2"]),
        ):
            with_columns = bool(settings)
            floor = least(lambda w=with_columns: kept_windows.last(db, "m", windows, with_figures=w))
            took = least(lambda s=settings: trials.run(Project(folder), store, TEXT, "m", s, last=windows))
            print(f"{windows:,} windows x {columns:,} columns: {name}: {took:.3f} s, {took / floor:.1f}x reading them")


if __name__ == "__main__":
    main()
