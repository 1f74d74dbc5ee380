"""Comparing 200 runs of 500 keys, beside reading the same rows by plain SQL on the same file.

Run it: ``python tests/benchmarks/bench_compare.py``. Ours and the floor take turns; medians of wall time. The floor
reads every param, metric and tag of the runs into tuples and builds nothing from them.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from mlops_store import keys, metrics, run_rows, runs
from mlops_store.ids import new_id
from mlops_store.store import Store
from mlops_tui.compare import export, report
from mlops_tui.compare.predictions import of_pair
from mlops_tui.compare.runs import Comparison, compare
from mlops_tui.config import Config
from mlops_tui.prediction_files import decode, encode

RUNS, PARAMS, METRICS, ROUNDS, BAR_MS = 200, 200, 300, 7, 300.0
ROWS = 100_000


def fill(store: Store) -> list[str]:
    """Stores the runs, every metric and every tenth param different in each."""
    chance = random.Random(0)
    found = [new_id() for _ in range(RUNS)]
    with store.write() as db:
        experiment = run_rows.experiment_number(db, "default")
        names = [keys.intern(db, f"group{key % 7}.param{key:03}") for key in range(PARAMS)]
        measured = [keys.intern(db, f"metric{key:03}") for key in range(METRICS)]
        rows = [
            {
                "id": n,
                "run_id": run_id,
                "name": f"run {n}",
                "started_at": float(n),
                "experiment_id": experiment,
                "kind": "run",
                "status": "FINISHED",
            }
            for n, run_id in enumerate(found, 1)
        ]
        run_rows.insert(db, rows)
        run_rows.insert_params(
            db,
            [
                (run, key, str(chance.random() if place % 10 == 0 else place))
                for run in range(1, RUNS + 1)
                for place, key in enumerate(names)
            ],
        )
        batches = [
            metrics.Batch(run, key, [(0, run, chance.random())], is_new_run=True)
            for run in range(1, RUNS + 1)
            for key in measured
        ]
        metrics.append(db, batches)
    return found


def by_hand(db: sqlite3.Connection, run_ids: list[str]) -> int:
    """The floor."""
    marks = ",".join("?" * len(run_ids))
    count = 0
    for table, column in (("params", "value"), ("metrics", "last_value"), ("tags", "value")):
        count += len(
            db.execute(
                f"SELECT r.run_id, k.name, v.{column} FROM {table} v JOIN keys k ON k.id = v.key_id "
                f"JOIN runs r ON r.id = v.run_id WHERE r.run_id IN ({marks})",
                run_ids,
            ).fetchall()
        )
    return count


def taken_ms(*calls: Callable[[], Any]) -> list[float]:
    """The medians of calls that take turns."""
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for place, call in enumerate(calls):
            begun = time.perf_counter()
            call()
            taken[place].append((time.perf_counter() - begun) * 1000)
    return [statistics.median(one) for one in taken]


def of_predictions() -> None:
    """Prints what comparing the predictions of two runs takes, and reading them by pyarrow alone."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    chance = np.random.default_rng(0)
    truth = chance.integers(0, 3, ROWS)
    slices = {f"s{number}": chance.integers(0, 6, ROWS) for number in range(6)}
    files = [
        encode(truth, np.where(chance.random(ROWS) < share, truth, 0), np.arange(ROWS), slices=slices)
        for share in (0.9, 0.8)
    ]
    ours, floor = taken_ms(
        lambda: of_pair("b", *map(decode, files)), lambda: [pq.read_table(pa.BufferReader(file)) for file in files]
    )
    print(f"predictions of {ROWS:,} rows, 6 columns for slices  {ours:8.1f} ms {floor:8.1f} ms  {ours / floor:5.1f}")
    print(f"a file of {ROWS:,} rows: {len(files[0]) / ROWS:.1f} bytes a row")


def main() -> None:
    """Prints all measures."""
    with tempfile.TemporaryDirectory(prefix="mlops-bench-") as folder, Store(f"{folder}/store.db") as store:
        run_ids = fill(store)
        db = store.read()
        made: list[Comparison] = []
        ours, floor = taken_ms(
            lambda: made.append(compare(db, run_ids, Config())) or made.clear(), lambda: by_hand(db, run_ids)
        )
        print(f"{RUNS} runs × {PARAMS + METRICS} keys{'':<29} {'ours':>8}    {'floor':>8}     ratio")
        print(
            f"compare{'':<43} {ours:8.1f} ms {floor:8.1f} ms  {ours / floor:5.2f}  (bar {BAR_MS:g} ms: "
            f"{'kept' if ours < BAR_MS else 'MISSED'})"
        )
        found = compare(db, run_ids, Config())
        assert len(found.metrics) == METRICS
        assert len(found.params) == PARAMS
        assert by_hand(db, run_ids) == RUNS * (PARAMS + METRICS)
        whole = report.Report(found, report.TABLES)
        for kind in export.FORMATS:
            (once,) = taken_ms(lambda kind=kind: export.render(whole, kind))
            print(f"export as {kind:<40} {once:8.1f} ms {floor:8.1f} ms  {once / floor:5.2f}")
        assert runs.count(db) == RUNS
    of_predictions()


if __name__ == "__main__":
    main()
