"""How fast runs are taken over from an MLflow database, against copying its rows with SQLite alone.

python tests/benchmarks/bench_import.py [--runs 10000] [--points 5]

The source has the tables of MLflow 3.17 with 40 keys a run: 15 params, 5 tags and 20 metrics. The floor is one
``INSERT … SELECT`` of each table into one of the same shape with the same indexes, in a new file on the
same disk. Times are the least of three; a value is a param, a tag or a metric point.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mlops_store.store import Store
from mlops_tui.interop import importing, kinds
from mlops_tui.interop.source import Problems

SCHEMA = """
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR(256) UNIQUE NOT NULL,
  artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT);
CREATE TABLE runs (run_uuid VARCHAR(32) PRIMARY KEY, name VARCHAR(250), source_type VARCHAR(20),
  source_name VARCHAR(500),
  entry_point_name VARCHAR(50), user_id VARCHAR(256), status VARCHAR(9), start_time BIGINT, end_time BIGINT,
  source_version VARCHAR(50), lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200), experiment_id INTEGER,
  deleted_time BIGINT);
CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,
  run_uuid VARCHAR(32) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL,
  PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL, run_uuid VARCHAR(32) NOT NULL,
  PRIMARY KEY (key, run_uuid));
CREATE INDEX index_params_run_uuid ON params (run_uuid);
CREATE TABLE tags (key VARCHAR(250) NOT NULL, value VARCHAR(8000), run_uuid VARCHAR(32) NOT NULL,
  PRIMARY KEY (key, run_uuid));
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
"""
TABLES = ("runs", "params", "tags", "metrics")
PARAMS, TAGS, METRICS = 15, 5, 20


def make(path: Path, runs: int, points: int) -> int:
    """Writes a source; returns the number of values in it."""
    db = sqlite3.connect(path)
    db.executescript(SCHEMA)
    db.execute("INSERT INTO experiments VALUES (1, 'churn', '', 'active', 1700000000000, 1700000000000)")
    for number in range(runs):
        run, at = f"{number:032x}", 1_700_000_000_000 + number * 60_000
        db.execute(
            "INSERT INTO runs VALUES (?, ?, 'LOCAL', 'train.py', '', 'ann', 'FINISHED', ?, ?, '', 'active', '', 1, ?)",
            (run, f"run-{number}", at, at + 50_000, None),
        )
        db.executemany(
            "INSERT INTO params VALUES (?, ?, ?)", [(f"p{k}", str(number * k % 97 / 7), run) for k in range(PARAMS)]
        )
        db.executemany(
            "INSERT INTO tags VALUES (?, ?, ?)", [(f"t{k}", f"value {number % 13}", run) for k in range(TAGS)]
        )
        db.executemany(
            "INSERT INTO metrics VALUES (?, ?, ?, ?, ?, 0)",
            [
                (f"m{k}", 1 / (1 + step + k + number % 11), at + step * 1000, run, step)
                for step in range(points)
                for k in range(METRICS)
            ],
        )
    db.commit()
    db.close()
    return runs * (PARAMS + TAGS + METRICS * points)


def copy(source: Path, target: Path) -> None:
    """The floor."""
    db = sqlite3.connect(target, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.executescript(SCHEMA)
    db.execute("ATTACH ? AS source", (str(source),))
    db.execute("BEGIN")
    for table in TABLES:
        db.execute(f"INSERT INTO {table} SELECT * FROM source.{table}")
    db.execute("COMMIT")
    db.close()


def take_over(source: Path, target: Path) -> None:
    """What a user waits for."""
    problems = Problems()
    with Store(str(target)) as store:
        importing.take_over(store, kinds.open_source(str(source), problems), problems, importing.Options())


def least(work: Callable[[int], None]) -> tuple[float, float]:
    """Wall and processor seconds of the fastest of three."""
    taken = []
    for attempt in range(3):
        wall, processor = time.perf_counter(), time.process_time()
        work(attempt)
        taken.append((time.perf_counter() - wall, time.process_time() - processor))
    return min(taken)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=5, help="of each metric")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        source = here / "mlflow.db"
        values = make(source, options.runs, options.points)
        print(f"{options.runs:,} runs x 40 keys, {options.points} points a metric: {values:,} values")
        floor, floor_cpu = least(lambda attempt: copy(source, here / f"copy{attempt}.db"))
        first, first_cpu = least(lambda attempt: take_over(source, here / f"store{attempt}" / "store.db"))
        again, again_cpu = least(lambda _: take_over(source, here / "store0" / "store.db"))
        for what, wall, cpu in (
            ("row copy", floor, floor_cpu),
            ("import", first, first_cpu),
            ("again", again, again_cpu),
        ):
            print(
                f"{what:9} {wall:7.2f} s ({cpu:.2f} s CPU) {values / wall:12,.0f} values/s {wall / floor:6.2f} x floor"
            )


if __name__ == "__main__":
    main()
