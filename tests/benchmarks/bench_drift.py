"""Default drift checks of 100,000 and 1,000,000 × 30 columns against one plain scipy call a column, in the same run.

Run: ``python tests/benchmarks/bench_drift.py``. Ours converts, sorts and compares each column, and also makes effect,
p-value, summaries and drawing; the floor only calls scipy's function (and counts values for categories).
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats
from scipy.spatial import distance

from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift.check import check, prepared

BAR = 0.6
MEMORY_BAR_MB = 30
NUMERICAL, CATEGORICAL = 20, 10


def frames(rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reference and current frame: shifts, skew, ties and holes; categories of 2 to 200 values."""
    made = []
    for seed, shift in ((1, 0.0), (2, 0.1)):
        rng = np.random.default_rng(seed)
        columns: dict[str, object] = {}
        for index in range(NUMERICAL):
            values = rng.normal(shift * (index % 3), 1, rows)
            if index % 4 == 1:
                values = np.exp(values)
            if index % 4 == 2:
                values = np.round(values * 50)
            if index % 5 == 3:
                values[rng.random(rows) < 0.05] = np.nan
            columns[f"n{index}"] = values
        for index in range(CATEGORICAL):
            size = (2, 5, 20, 50, 200)[index % 5]
            weights = rng.dirichlet(np.ones(size) * 5)
            columns[f"c{index}"] = rng.choice([f"label {i}" for i in range(size)], rows, p=weights)
        made.append(pd.DataFrame(columns))
    return made[0], made[1]


def ours(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    """All that a check does once the frames are there."""
    kinds = {name: "numerical" if name.startswith("n") else "categorical" for name in reference.columns}
    check(prepared(reference, MonitorConfig("bench"), column_kinds=kinds), current)


def plain_scipy(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    """The function that the default choice names, called once for each column."""
    for name in reference.columns:
        before, now = reference[name].dropna(), current[name].dropna()
        if name.startswith("n"):
            stats.wasserstein_distance(before, now)
        else:
            counts = before.value_counts(), now.value_counts()
            names = counts[0].index.union(counts[1].index)
            distance.jensenshannon(*(side.reindex(names, fill_value=0) for side in counts))


def plain_scipy_tests(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    """The same for a small reference, where tests decide."""
    for name in reference.columns:
        before, now = reference[name].dropna(), current[name].dropna()
        if name.startswith("n"):
            stats.ks_2samp(before, now)
        else:
            counts = before.value_counts(), now.value_counts()
            names = counts[0].index.intersection(counts[1].index)
            expected, found = (side.reindex(names) for side in counts)
            stats.chisquare(found, expected * (found.sum() / expected.sum()))


def medians(rounds: int, *measured: Callable[[], None]) -> list[float]:
    """Median seconds of each, run in turns."""
    times: list[list[float]] = [[] for _ in measured]
    for _ in range(rounds):
        for place, run in enumerate(measured):
            began = time.perf_counter()
            run()
            times[place].append(time.perf_counter() - began)
    return [statistics.median(each) for each in times]


def peak_bytes(run: Callable[[], None]) -> int:
    """The most memory that Python and numpy held during the run above what they held before."""
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def main() -> None:
    """Prints one line a measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    ours(*frames(1000))  # imports
    for rows in arguments.rows:
        pair = frames(rows)
        mine, floor = medians(arguments.rounds, partial(ours, *pair), partial(plain_scipy, *pair))
        name = f"drift {rows:,} x {NUMERICAL + CATEGORICAL}"
        print(f"{name}  {mine:.3f} s  plain scipy {floor:.3f} s  {mine / floor:.2f}x  (bar <= {BAR})")
        peak = peak_bytes(partial(ours, *pair)) / 1e6
        print(f"{name} peak memory above the frames  {peak:.0f} MB  (bar <= {MEMORY_BAR_MB})")
    small = frames(1000)
    mine, floor = medians(arguments.rounds, lambda: ours(*small), lambda: plain_scipy_tests(*small))
    print(f"drift 1,000 x 30  {mine * 1e3:.0f} ms  plain scipy {floor * 1e3:.0f} ms  {mine / floor:.2f}x")


if __name__ == "__main__":
    main()
