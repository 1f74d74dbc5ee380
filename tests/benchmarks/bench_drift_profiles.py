"""Profiles of files of any size against only reading them, their merging, and scores from them against exact ones.

Run: ``python tests/benchmarks/bench_drift_profiles.py --gigabytes 10 --folder DIR``: it writes a Parquet file and then
a CSV file of that size there, 1 GB each by default, and removes them. The floor is Arrow's own reader in batches, in a
process of its own like ours, in turns; the fastest of each counts, because other work on the machine only ever makes
them slower.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from bench_drift import CATEGORICAL, NUMERICAL, frames

from mlops_tui.drift.columns import Settings, compare, prepare
from mlops_tui.drift.sketches import checking, packing
from mlops_tui.drift.sketches.quantiles import Gatherer
from mlops_tui.drift.sketches.table import TableGatherer, TableSketch, joined

COLUMNS = NUMERICAL + CATEGORICAL
MEASURED = r"""
import json, re, sys, time
kind, path = sys.argv[1:]
if kind == "ours":
    from mlops_tui.drift.sketches import building
    building.of_file  # imports are not counted
    import pandas, pyarrow.csv, pyarrow.parquet, datasketches
    act = lambda: building.of_file(path).rows
else:
    import pyarrow.csv as pc, pyarrow.parquet as pq
    def act():
        reader = pq.ParquetFile(path).iter_batches(65_536) if path.endswith("parquet") else pc.open_csv(path)
        return sum(batch.num_rows for batch in reader)
began = time.perf_counter()
rows = act()
taken = time.perf_counter() - began
# not the process's ru_maxrss, which begins with that of the process that started it
peak = int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) / 1e3
print(json.dumps({"rows": rows, "s": taken, "mb": peak}))
"""


def write(path: Path, gigabytes: float) -> None:
    """A file of about so many bytes: the same columns as in the other benchmarks, over and over."""
    table = pa.Table.from_pandas(frames(250_000)[0], preserve_index=False)
    is_parquet = path.suffix == ".parquet"
    with pq.ParquetWriter(path, table.schema) if is_parquet else pc.CSVWriter(str(path), table.schema) as writer:
        while path.stat().st_size < gigabytes * 1e9:
            writer.write_table(table)


def measured(kind: str, path: Path) -> dict[str, float]:
    """One run in a process of its own."""
    command = [sys.executable, "-c", MEASURED, kind, str(path)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def sketched(seed: int, rows: int) -> TableSketch:
    """A profile of a frame's rows."""
    gatherer = TableGatherer()
    frame = frames(rows)[seed % 2]
    gatherer.add(pa.RecordBatch.from_pandas(frame, preserve_index=False))
    return gatherer.result()


def main() -> None:
    """Prints one line a measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--folder", help="where to write the files; a temporary folder by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--formats", nargs="+", choices=["parquet", "csv"], default=["parquet", "csv"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for ending in arguments.formats:
            path = Path(folder) / f"rows.{ending}"
            write(path, arguments.gigabytes)
            runs = [(measured("ours", path), measured("reading", path)) for _ in range(arguments.rounds)]
            mine, floor = (min(pair[side]["s"] for pair in runs) for side in (0, 1))
            peak = max(pair[0]["mb"] for pair in runs)
            size = path.stat().st_size / 1e9
            print(f"profile {size:.1f} GB {path.suffix[1:]}, {runs[0][0]['rows']:,} x {COLUMNS}", end="  ")
            print(f"{mine:.2f} s  reading alone {floor:.2f} s  {mine / floor:.2f}x  (bar <= 1.5)", end="  ")
            print(f"peak {peak:.0f} MB of the whole process  (bar <= 500)", flush=True)
            path.unlink()
    _merging()
    _scores()
    _quantiles()


def _merging() -> None:
    made = packing.packed(sketched(0, 20_000))
    profiles = [packing.unpacked(made) for _ in range(1000)]
    began = time.perf_counter()
    joined(profiles)
    print(f"merge 1,000 profiles of {COLUMNS} columns  {time.perf_counter() - began:.2f} s  (bar < 1)", end="  ")
    print(f"{len(made) / COLUMNS / 1e3:.1f} KB a column")


def _scores() -> None:
    before, now = frames(200_000)
    profiles = [sketched(seed, 200_000) for seed in (0, 1)]
    known = [checking.known(column) for column in profiles[0].columns.values()]
    times, worst = [], 0.0
    for column in known:
        began = time.perf_counter()
        report = checking.compare(column, profiles[1].columns[column.name], Settings())
        times.append(time.perf_counter() - began)
        exact = compare(prepare(before[column.name], column.kind, name=column.name), now[column.name], Settings())
        off = abs((report.score or 0.0) - (exact.score or 0.0))
        worst = max(worst, off - report.detail["score_error"])
    print(f"score of two profiles  {np.median(times) * 1e3:.2f} ms a column  (bar < 1)", end="  ")
    print(f"of 200,000 rows: {'all within' if worst <= 1e-9 else 'NOT within'} the stated errors")


def _quantiles() -> None:
    import datasketches

    values = np.random.default_rng(0).normal(size=2_000_000)
    gatherer, kll = Gatherer(), datasketches.kll_doubles_sketch(256)
    began = time.perf_counter()
    for part in np.split(values, 32):
        gatherer.add(np.sort(part))
    found = gatherer.result()
    mine = time.perf_counter() - began
    began = time.perf_counter()
    for part in np.split(values, 32):
        kll.update(part)
    theirs = time.perf_counter() - began
    size = found.values.nbytes + found.weights.nbytes // 2
    print(
        f"quantiles of 2,000,000  {mine / 2e6 * 1e9:.1f} ns a value, within {found.rank_error:.2%}, {size} bytes",
        end="  ",
    )
    error = kll.normalized_rank_error(False)
    print(f"KLL {theirs / 2e6 * 1e9:.1f} ns, within {error:.2%} (99 %), {len(kll.serialize())} bytes")


if __name__ == "__main__":
    main()
