"""What data costs: lists over 100,000 runs, statistics of a table, restoring a directory.

Run it: ``python tests/benchmarks/bench_data.py``. Each line has a floor or peer measured in the same process: a scan of
the uses, pandas on the whole table, a copy of the directory.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import numpy as np
import pandas as pd
from data_builders import DataProject

from mlops_store import datasets, ids, runs
from mlops_store.records import Dataset
from mlops_store.store import Store
from mlops_tui.data import restore, tables

RUNS, FILES, ROWS = 100_000, 2_000, 1_000_000
ROUNDS = 5


def seconds(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The best of some rounds."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    return min(taken)


def told(what: str, ours_s: float, peer: str, peer_s: float) -> None:
    print(f"{what:44} {ours_s * 1e3:10.2f} ms   {peer_s * 1e3:10.2f} ms {peer:28} {ours_s / peer_s:6.2f}x")


def lists(store: Store) -> None:
    with store.write() as db:
        for number in range(RUNS):
            run_id = ids.new_id()
            at = 1e9 + number
            runs.create(db, run_id=run_id, name="train", experiment="e", kind="stage", started_at=at, status="FINISHED")
            datasets.use(db, run_id, Dataset("t.csv", "a" * 32, "t.csv", 10, created_at=at), "input")
            datasets.use(db, run_id, Dataset("model", f"{number:032x}", "model", 10, created_at=at), "output")
    db = store.read()
    scan_s = seconds(lambda: db.execute("SELECT count(*), max(context) FROM run_datasets NOT INDEXED").fetchone())
    told("all data, 100,001 versions", seconds(lambda: datasets.summaries(db)), "a scan of the uses", scan_s)
    told("versions of the model, newest 1,000", seconds(lambda: datasets.versions(db, "model")), "the same", scan_s)
    told("newest 1,000 runs of the table", seconds(lambda: datasets.uses(db, "t.csv", "a" * 32)), "the same", scan_s)


def table(directory: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{place}": rng.normal(size=ROWS).round(6) for place in range(8)})
    frame["label"] = rng.choice(["a", "b", "c"], ROWS)
    path = str(directory / "t.csv")
    frame.to_csv(path, index=False)
    peer_s = seconds(lambda: pd.read_csv(path).describe(include="all"), 2)
    told("statistics of 1,000,000 rows of CSV", seconds(lambda: tables.read(path), 2), "pandas on all of them", peer_s)


def directory(root: Path) -> None:
    data = DataProject(root / "project")
    versions = [data.keep("raw", {f"{i}.txt": f"{k} {i} " * 500 for i in range(FILES)}) for k in range(2)]
    data.track("raw")
    shutil.copytree(data.root / "raw", root / "warm")
    start = time.perf_counter()
    shutil.copytree(data.root / "raw", root / "copied")
    peer_s = time.perf_counter() - start
    item, inputs = data.item("raw"), data.inputs
    start = time.perf_counter()
    restore.apply(inputs, item, versions[0])
    told(f"restore {FILES:,} files of 5 kB", time.perf_counter() - start, "copytree", peer_s)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        with Store(str(Path(scratch, "store.db"))) as store:
            lists(store)
        table(Path(scratch))
        directory(Path(scratch))


if __name__ == "__main__":
    main()
