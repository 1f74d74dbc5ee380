"""Windows of lists of 100,000 runs with 40 keys each, beside the best hand-written SQL for the same rows.

Run it: ``python tests/benchmarks/bench_runs_window.py [RUNS]``; filling the store takes two minutes. Prints one line a
measure; ours and the floor take turns on the same file, medians of processor time, which other programs disturb least.
The window is the 50 runs that a screen shows, with the six keys that
it shows of them. Then 300 filters and orders picked at random: how long a window takes at the median and at the 95th
percentile, and how long the whole order, which the screen reads meanwhile.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from mlops_store import keys, metrics, run_rows, runs
from mlops_store.ids import new_id
from mlops_store.run_columns import column, order
from mlops_store.run_groups import Measure, groups
from mlops_store.store import Store
from mlops_tui.compare.condition import condition

KEYS, WINDOW, ROUNDS, MIXED = 20, 50, 15, 300
SHOWN = (
    "metrics.metric01",
    "metrics.metric02",
    "metrics.metric07",
    "metrics.metric08",
    "params.param00",
    "params.param03",
)
BAR = 2.0


def fill(store: Store, count: int) -> None:
    """Stores runs with 20 params and 20 metrics each, every fiftieth without one of them; every other is a curve.

    One in 20,000 has a name of its own, and each has a tag.
    """
    chance = random.Random(0)
    common = {
        "kind": "run",
        "user": "ann",
        "host": "box",
        "source": "train.py",
        "git_commit": "c0ffee" * 6,
        "git_dirty": 0,
        "command": '["python", "train.py"]',
        "cwd": "/home/ann/project",
        "python_version": "3.11.9",
    }
    for start in range(1, count + 1, 5000):
        some = range(start, min(start + 5000, count + 1))
        with store.write() as db:
            experiments = [run_rows.experiment_number(db, f"experiment {place}") for place in range(5)]
            params = [keys.intern(db, f"param{key:02}") for key in range(KEYS)]
            values = [keys.intern(db, f"metric{key:02}") for key in range(KEYS)]
            rows = [
                {
                    "id": n,
                    "run_id": new_id(),
                    "experiment_id": experiments[n % 5],
                    "name": f"needle {n}" if n % 20_000 == 0 else f"run {n % 700}",
                    "status": "FAILED" if n % 17 == 0 else "FINISHED",
                    "started_at": n / 7,
                    "ended_at": n / 7 + 60 + n % 300,
                    **common,
                }
                for n in some
            ]
            run_rows.insert(db, rows)
            run_rows.insert_params(db, [(run, key, str(chance.randrange(20))) for run in some for key in params])
            team = keys.intern(db, "team")
            db.executemany("INSERT INTO tags VALUES (?, ?, ?)", [(run, team, f"team {run % 7}") for run in some])
            metrics.append(
                db,
                [
                    metrics.Batch(
                        run, key, [(step, run, chance.random()) for step in range(3 if key % 2 else 1)], is_new_run=True
                    )
                    for run in some
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
    for table, held in (("params", "value"), ("metrics", "last_value")):
        names = [key.partition(".")[2] for key in SHOWN if key.startswith(table)]
        for run, key, value in db.execute(
            f"SELECT v.run_id, k.name, v.{held} FROM {table} v JOIN keys k ON k.id = v.key_id "
            f"WHERE v.run_id IN ({marks}) AND v.key_id IN "
            f"(SELECT id FROM keys WHERE name IN ({','.join('?' * len(names))}))",
            [*chosen, *names],
        ):
            found[run][table][key] = value
    return [found[run] for run in chosen]


KEY = "(SELECT id FROM keys WHERE name = ?)"
SEEN = "r.deleted_at IS NULL AND r.archived_at IS NULL"
FEW = f"ORDER BY r.started_at DESC, r.id DESC LIMIT {WINDOW}"
OF_RUN = f"v.run_id = r.id AND v.key_id = {KEY}"

#: Name, filter, order, and the same by hand.
LISTS: tuple[tuple[str, str, str, str, tuple[Any, ...]], ...] = (
    ("newest", "", "-started_at", f"SELECT r.id FROM runs r WHERE {SEEN} {FEW}", ()),
    (
        "metric AND param: 0.5 % of the runs",
        "metrics.metric07 > 0.9 AND params.param03 = '5'",
        "-started_at",
        f"SELECT r.id FROM runs r WHERE {SEEN} AND EXISTS (SELECT 1 FROM params v WHERE {OF_RUN} AND v.value = ?) "
        f"AND EXISTS (SELECT 1 FROM metrics v WHERE {OF_RUN} AND v.last_value > ?) {FEW}",
        ("param03", "5", "metric07", 0.9),
    ),
    (
        "one metric, 10 runs",
        "metrics.metric07 > 0.9999",
        "-started_at",
        f"SELECT r.id FROM metrics v CROSS JOIN runs r ON r.id = v.run_id WHERE v.key_id = {KEY} AND v.last_value > ? "
        f"AND {SEEN} {FEW}",
        ("metric07", 0.9999),
    ),
    (
        "OR of two, 1 run in 200",
        "metrics.metric07 > 0.995 OR metrics.metric08 < 0.001",
        "-started_at",
        f"SELECT r.id FROM runs r WHERE {SEEN} AND r.id IN (SELECT run_id FROM metrics WHERE key_id = {KEY} AND "
        f"last_value > ? UNION SELECT run_id FROM metrics WHERE key_id = {KEY} AND last_value < ?) {FEW}",
        ("metric07", 0.995, "metric08", 0.001),
    ),
    (
        "NOT and parentheses",
        "NOT (params.param03 IN ('1', '2') OR status = 'FAILED') AND metrics.metric02 < 0.05",
        "-started_at",
        f"SELECT r.id FROM runs r WHERE {SEEN} AND r.status <> 'FAILED' AND EXISTS (SELECT 1 FROM metrics v WHERE "
        f"{OF_RUN} AND v.last_value < ?) AND NOT EXISTS (SELECT 1 FROM params v WHERE {OF_RUN} AND v.value IN (?, ?)) "
        f"{FEW}",
        ("metric02", 0.05, "param03", "1", "2"),
    ),
    (
        "greatest of a metric",
        "max(metric07) > 0.999",
        "-started_at",
        f"SELECT r.id FROM runs r WHERE {SEEN} AND r.id IN (SELECT run_id FROM metrics WHERE key_id = {KEY} AND "
        f"max_value > ? UNION SELECT run_id FROM metrics WHERE key_id = {KEY} AND "
        f"last_value > ?) {FEW}",
        ("metric07", 0.999, "metric07", 0.999),
    ),
    (
        "regular expression on a param",
        "params.param03 ~ '^1[05]$'",
        "-started_at",
        f"SELECT r.id FROM runs r WHERE {SEEN} AND EXISTS (SELECT 1 FROM params v WHERE {OF_RUN} "
        f"AND matches_pattern(v.value, ?)) {FEW}",
        ("param03", "^1[05]$"),
    ),
    (
        "regular expression that no run has",
        "params.param03 ~ 'x'",
        "-started_at",
        f"SELECT r.id FROM runs r WHERE {SEEN} AND +r.id IN (SELECT run_id FROM params WHERE key_id = {KEY} "
        f"AND matches_pattern(value, ?)) {FEW}",
        ("param03", "x"),
    ),
    (
        "two that exclude each other",
        "metrics.metric07 > 0.5 AND metrics.metric07 < 0.4999",
        "-started_at",
        f"SELECT r.id FROM runs r WHERE {SEEN} AND +r.id IN (SELECT run_id FROM metrics "
        f"WHERE key_id = {KEY} AND last_value > ? AND last_value < ?) {FEW}",
        ("metric07", 0.5, 0.4999),
    ),
    (
        "a word",
        '"run 69"',
        "-started_at",
        f"SELECT r.id FROM runs r WHERE {SEEN} AND (r.name LIKE ? OR r.status = ? OR r.experiment_id IN "
        "(SELECT id FROM experiments WHERE name LIKE ?) OR r.run_id GLOB ? OR EXISTS (SELECT 1 FROM tags t "
        f"JOIN keys k ON k.id = t.key_id WHERE t.run_id = r.id AND (t.value LIKE ? OR k.name LIKE ?))) {FEW}",
        ("%run 69%", "RUN 69", "%run 69%", "run 69*", "%run 69%", "%run 69%"),
    ),
    (
        "a word that 5 runs have",
        "needle",
        "-started_at",
        f"SELECT r.id FROM runs r WHERE {SEEN} AND r.id IN (SELECT id FROM runs WHERE name LIKE ? UNION ALL "
        "SELECT id FROM runs WHERE status = ? UNION ALL SELECT id FROM runs WHERE experiment_id IN "
        "(SELECT id FROM experiments WHERE name LIKE ?) UNION ALL SELECT id FROM runs WHERE run_id >= ? AND "
        "run_id < ? UNION ALL SELECT t.run_id FROM tags t JOIN keys k ON k.id = t.key_id "
        f"WHERE t.value LIKE ? OR k.name LIKE ?) {FEW}",
        ("%needle%", "NEEDLE", "%needle%", "needle", "needlf", "%needle%", "%needle%"),
    ),
    (
        "sorted by a metric",
        "",
        "-metrics.metric07",
        f"SELECT r.id FROM metrics v CROSS JOIN runs r ON r.id = v.run_id WHERE v.key_id = {KEY} AND {SEEN} "
        f"ORDER BY v.last_value DESC, v.run_id DESC LIMIT {WINDOW}",
        ("metric07",),
    ),
    (
        "sorted by the greatest of a metric",
        "",
        "-max(metric07)",
        f"SELECT id FROM (SELECT run_id AS id, max_value FROM metrics WHERE key_id = {KEY} AND max_value IS NOT NULL "
        "UNION ALL SELECT run_id, last_value FROM metrics INDEXED BY metrics_last "
        f"WHERE key_id = {KEY} AND max_value IS NULL ORDER BY 2 DESC, 1 DESC LIMIT {WINDOW})",
        ("metric07", "metric07"),
    ),
    (
        "sorted by a param",
        "",
        "params.param03",
        f"SELECT r.id FROM params v CROSS JOIN runs r ON r.id = v.run_id WHERE v.key_id = {KEY} AND "
        f"v.number IS NOT NULL AND {SEEN} ORDER BY v.number, v.run_id LIMIT {WINDOW}",
        ("param03",),
    ),
    (
        "filtered and sorted by a metric",
        "params.param03 = '5' AND status = 'FINISHED'",
        "-metrics.metric07",
        f"SELECT r.id FROM metrics m CROSS JOIN runs r ON r.id = m.run_id WHERE m.key_id = {KEY} AND {SEEN} AND "
        f"r.status = 'FINISHED' AND EXISTS (SELECT 1 FROM params v WHERE {OF_RUN} AND v.value = ?) "
        f"ORDER BY m.last_value DESC, m.run_id DESC LIMIT {WINDOW}",
        ("metric07", "param03", "5"),
    ),
)


def taken(*sides: Callable[[], Any], rounds: int = ROUNDS) -> list[float]:
    """The median milliseconds of each; they take turns."""
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, call in zip(times, sides, strict=True):
            begun = time.thread_time()
            call()
            side.append(time.thread_time() - begun)
    return [statistics.median(side) * 1000 for side in times]


def show(name: str, ours: float, floor: float, bar: float = BAR) -> None:
    """Prints one measure."""
    print(f"{name:<52} {ours:8.2f} ms {floor:8.2f} ms  {ours / floor:5.2f}  (bar ≤ {bar:g})")


def windows(db: sqlite3.Connection) -> None:
    """The window of each list."""
    for name, text, sort, by_hand, arguments in LISTS:

        def ours(text: str = text, sort: str = sort) -> list[Any]:
            chosen = runs.ids(db, condition=condition(text), order=[order(sort)], limit=WINDOW)
            return runs.by_ids(db, chosen, keys=SHOWN)

        def floor(by_hand: str = by_hand, arguments: tuple[Any, ...] = arguments) -> list[Any]:
            return records(db, [row[0] for row in db.execute(by_hand, arguments).fetchall()])

        assert [run.run_id for run in ours()] == [found["attributes"][1] for found in floor()], name
        show(name, *taken(ours, floor))


def grouped(db: sqlite3.Connection) -> None:
    """All runs grouped by a param, with the mean, deviation and best of a metric."""
    by, measure = [column("params.param03")], Measure(column("metrics.metric07"))
    sql = (
        f"SELECT p.value, count(*), avg(m.last_value), sum(m.last_value * m.last_value), max(m.last_value), r.id "
        f"FROM runs r CROSS JOIN params p ON p.run_id = r.id AND p.key_id = {KEY} "
        f"LEFT JOIN metrics m ON m.run_id = r.id AND m.key_id = {KEY} "
        f"WHERE {SEEN} GROUP BY 1 ORDER BY 2 DESC"
    )
    found = groups(db, by=by, measures=[measure])
    by_hand = db.execute(sql, ("param03", "metric07")).fetchall()
    assert [(group.keys[0], group.count) for group in found][:3] == [row[:2] for row in by_hand][:3]
    assert [group.statistics[0].best for group in found][:3] == [row[5] for row in by_hand][:3]
    ours, floor = taken(
        lambda: groups(db, by=by, measures=[measure]),
        lambda: db.execute(sql, ("param03", "metric07")).fetchall(),
        rounds=5,
    )
    show("grouped by a param, one metric", ours, floor)


def mixed(db: sqlite3.Connection) -> None:
    """Filters and orders picked at random: the first window, and the whole order."""
    chance = random.Random(1)

    def one() -> str:
        key = chance.randrange(KEYS)
        return chance.choice(
            [
                f"metrics.metric{key:02} {chance.choice('<>')} {chance.random():.3f}",
                f"{chance.choice(['max', 'min', 'mean', 'best'])}(metric{key:02}) > {chance.random():.3f}",
                f"params.param{key:02} = '{chance.randrange(22)}'",
                f"params.param{key:02} > {chance.randrange(20)}",
                f"params.param{key:02} ~ '{chance.randrange(10)}$'",
                f"params.param{key:02} IN ('{chance.randrange(20)}', '{chance.randrange(20)}')",
                f"status = '{chance.choice(['FAILED', 'FINISHED', 'KILLED'])}'",
                f"name ~ '{chance.randrange(100)}'",
                f"run{chance.randrange(80)}",
            ]
        )

    def some() -> str:
        pieces = [f"{chance.choice(['', '', 'NOT '])}({one()})" for _ in range(chance.randrange(4))]
        return f" {chance.choice(['AND', 'AND', 'OR'])} ".join(pieces)

    sorts = ["-started_at", "name", "-duration", *[f"metrics.metric{key:02}" for key in range(4)]]
    sorts += ["-max(metric03)", "mean(metric05)", "params.param07"]
    first, whole = [], []
    for _ in range(MIXED):
        text, sort = some(), order(chance.choice(sorts))
        begun = time.thread_time()
        chosen = runs.ids(db, condition=condition(text), order=[sort], limit=WINDOW)
        runs.by_ids(db, chosen, keys=SHOWN)
        then = time.thread_time()
        assert runs.ids(db, condition=condition(text), order=[sort])[:WINDOW] == chosen, text
        first.append((then - begun) * 1000)
        whole.append((time.thread_time() - then) * 1000)
    for name, times, bars in (("first window", first, (16, 50)), ("whole order", whole, (0, 0))):
        times.sort()
        p50, p95 = times[len(times) // 2], times[len(times) * 95 // 100]
        said = f"  (bars ≤ {bars[0]} and {bars[1]} ms, with the paint)" if bars[0] else ""
        print(f"{MIXED} random filters and orders, {name:<12} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms{said}")


def main() -> None:
    """Prints all measures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="mlops-bench-") as folder, Store(f"{folder}/store.db") as store:
        fill(store, count)
        db = store.read()
        print(f"{f'{count:,} runs × {2 * KEYS} keys, window of {WINDOW}':<52} {'ours':>8}    {'floor':>8}     ratio")
        windows(db)
        grouped(db)
        mixed(db)


if __name__ == "__main__":
    main()
