"""Lists of 10,000 runs with 40 keys each, beside the best hand-written SQL for the same result on the same file.

Run it: ``python tests/benchmarks/bench_runs_window.py``. Prints one line a measure; ours and the floor take turns.
The window is the 50 runs that a screen shows, with all their params, metrics and tags; "all" is the order of every run
that fits, as a table needs it for its length.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

from mlops_store import keys, metrics, run_rows, runs
from mlops_store.ids import new_id
from mlops_store.run_columns import order
from mlops_store.store import Store
from mlops_tui.compare.condition import condition

RUNS, KEYS, WINDOW, ROUNDS = 10_000, 20, 50, 40
FILTER = "metrics.metric07 > 0.9 AND params.param03 = '5'"
BAR = 2.0


def fill(store: Store) -> None:
    """Stores 10,000 runs with 20 params and 20 metrics each, every fiftieth without one of them."""
    chance = random.Random(0)
    with store.write() as db:
        experiment = run_rows.experiment_number(db, "default")
        params = [keys.intern(db, f"param{key:02}") for key in range(KEYS)]
        values = [keys.intern(db, f"metric{key:02}") for key in range(KEYS)]
        common = {
            "experiment_id": experiment,
            "kind": "run",
            "status": "FINISHED",
            "user": "ann",
            "host": "box",
            "source": "train.py",
            "git_commit": "c0ffee" * 6,
            "git_dirty": 0,
            "command": '["python", "train.py"]',
            "cwd": "/home/ann/project",
            "python_version": "3.11.9",
        }
        rows = [
            {
                "id": n,
                "run_id": new_id(),
                "name": f"run {n % 700}",
                "started_at": n / 7,
                "ended_at": n / 7 + 60,
                **common,
            }
            for n in range(1, RUNS + 1)
        ]
        run_rows.insert(db, rows)
        run_rows.insert_params(
            db, [(run, key, str(chance.randrange(20))) for run in range(1, RUNS + 1) for key in params]
        )
        metrics.append(
            db,
            [
                metrics.Batch(run, key, [(0, run, chance.random())], is_new_run=True)
                for run in range(1, RUNS + 1)
                for key in values
                if (run + key) % 50
            ],
        )


def records(db: sqlite3.Connection, chosen: list[int]) -> list[dict[str, Any]]:
    """What a person would write to read one window: a statement a table, dicts instead of records."""
    marks = ",".join("?" * len(chosen))
    found = {
        row[0]: {"attributes": row, "params": {}, "metrics": {}, "tags": {}}
        for row in db.execute(
            "SELECT r.id, r.run_id, r.name, e.name, r.kind, r.status, r.started_at, r.ended_at, p.run_id, r.user, "
            "r.host, r.source, r.git_commit, r.git_dirty, r.exit_code, r.archived_at, r.deleted_at FROM runs r "
            "JOIN experiments e ON e.id = r.experiment_id LEFT JOIN runs p ON p.id = r.parent_id "
            f"WHERE r.id IN ({marks})",
            chosen,
        )
    }
    for table, column in (("params", "value"), ("metrics", "last_value"), ("tags", "value")):
        for run, key, value in db.execute(
            f"SELECT v.run_id, k.name, v.{column} FROM {table} v JOIN keys k ON k.id = v.key_id "
            f"WHERE v.run_id IN ({marks})",
            chosen,
        ):
            found[run][table][key] = value
    return [found[run] for run in chosen]


def ids_by_hand(db: sqlite3.Connection, sql: str, arguments: tuple[Any, ...], limit: int | None) -> list[int]:
    """The numbers of a list."""
    tail = f" LIMIT {limit}" if limit else ""
    return [row[0] for row in db.execute(sql + tail, arguments).fetchall()]


KEY = "(SELECT id FROM keys WHERE name = ?)"
NEWEST = "SELECT id FROM runs WHERE deleted_at IS NULL AND archived_at IS NULL ORDER BY started_at DESC, id DESC"
FILTERED = (
    f"SELECT r.id FROM metrics m CROSS JOIN params p ON p.run_id = m.run_id AND p.key_id = {KEY} "
    f"CROSS JOIN runs r ON r.id = m.run_id WHERE m.key_id = {KEY} AND m.last_value > ? AND p.value = ? "
    "AND r.deleted_at IS NULL AND r.archived_at IS NULL ORDER BY r.started_at DESC, r.id DESC"
)
SORTED = (
    f"SELECT r.id FROM metrics m CROSS JOIN runs r ON r.id = m.run_id WHERE m.key_id = {KEY} "
    "AND r.deleted_at IS NULL AND r.archived_at IS NULL ORDER BY m.last_value DESC, m.run_id DESC"
)
SORTED_REST = (
    "SELECT id FROM runs r WHERE deleted_at IS NULL AND archived_at IS NULL AND NOT EXISTS "
    f"(SELECT 1 FROM metrics m WHERE m.run_id = r.id AND m.key_id = {KEY}) ORDER BY started_at DESC, id DESC"
)


def compare(name: str, ours: Callable[[], Any], floor: Callable[[], Any]) -> None:
    """Prints the medians of two ways to the same result that take turns."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for side, call in enumerate((ours, floor)):
            begun = time.perf_counter()
            call()
            taken[side].append(time.perf_counter() - begun)
    mine, theirs = (statistics.median(side) * 1000 for side in taken)
    print(f"{name:<44} {mine:8.2f} ms {theirs:8.2f} ms  {mine / theirs:5.2f}  (bar ≤ {BAR:g})")


def main() -> None:
    """Prints all measures."""
    with tempfile.TemporaryDirectory(prefix="mlops-bench-") as folder, Store(f"{folder}/store.db") as store:
        fill(store)
        db = store.read()
        wanted = condition(FILTER)
        filter_arguments = ("param03", "metric07", 0.9, "5")
        lists: dict[str, tuple[Callable[[int | None], Any], Callable[[int | None], list[int]]]] = {
            "newest": (lambda limit: runs.ids(db, limit=limit), lambda limit: ids_by_hand(db, NEWEST, (), limit)),
            "filter": (
                lambda limit: runs.ids(db, condition=wanted, limit=limit),
                lambda limit: ids_by_hand(db, FILTERED, filter_arguments, limit),
            ),
            "sort by a metric": (
                lambda limit: runs.ids(db, order=[order("-metrics.metric07")], limit=limit),
                lambda limit: (
                    ids_by_hand(db, SORTED, ("metric07",), limit)
                    + ([] if limit else ids_by_hand(db, SORTED_REST, ("metric07",), None))
                ),
            ),
        }
        print(f"{RUNS} runs × {2 * KEYS} keys{'':<24} {'ours':>8}    {'floor':>8}     ratio")
        for name, (ours, floor) in lists.items():
            assert list(ours(WINDOW)) == floor(WINDOW), name
            assert list(ours(None)) == floor(None), name
            assert [run.run_id for run in runs.by_ids(db, ours(WINDOW))] == [
                found["attributes"][1] for found in records(db, floor(WINDOW))
            ]
            compare(
                f"{name}: window of {WINDOW}",
                lambda ours=ours: runs.by_ids(db, ours(WINDOW)),
                lambda floor=floor: records(db, floor(WINDOW)),
            )
            compare(f"{name}: all, in order", lambda ours=ours: ours(None), lambda floor=floor: floor(None))


if __name__ == "__main__":
    main()
