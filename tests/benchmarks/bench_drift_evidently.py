"""Default drift checks of 100,000 and 1,000,000 × 30 columns against Evidently on the same data, computation only.

Evidently does not import with pandas 3, so it runs in an interpreter of its own, named by ``--python`` or
``MLOPS_EVIDENTLY_PYTHON``::

    python -m venv evidently && evidently/bin/pip install "evidently==0.7.23" "pandas<3" pyarrow
    python tests/benchmarks/bench_drift_evidently.py --python evidently/bin/python

Neither side's imports, reading of files or start of the interpreter are counted. Verdicts are compared as well.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from bench_drift import CATEGORICAL, NUMERICAL, frames

from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift.check import check, prepared
from mlops_tui.drift.severity import Findings

BAR = 0.05
Answer = dict[str, Any]

THEIRS = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.core import ColumnType
from evidently.presets import DataDriftPreset
folder = sys.argv[1]
reference, current = (pd.read_parquet(f"{folder}/{name}.parquet") for name in ("reference", "current"))
names = list(reference.columns)
kinds = {name: ColumnType.Numerical if name.startswith("n") else ColumnType.Categorical for name in names}
definition = DataDefinition(
    numerical_columns=[name for name in names if name.startswith("n")],
    categorical_columns=[name for name in names if name.startswith("c")],
)
def judge():
    pair = Dataset.from_pandas(current, definition), Dataset.from_pandas(reference, definition)
    return Report([DataDriftPreset()]).run(*pair)
def tests_alone():
    found = {}
    for name in names:
        pair = reference[name].dropna(), current[name].dropna()
        result = get_stattest(*pair, kinds[name], None)(*pair, kinds[name], None)
        found[name] = [float(result.drift_score), bool(result.drifted)]
    return found
print("ready", flush=True)
for line in sys.stdin:
    began = time.perf_counter()
    judge()
    report_s = time.perf_counter() - began
    began = time.perf_counter()
    found = tests_alone()
    print(json.dumps({"report_s": report_s, "tests_s": time.perf_counter() - began, "found": found}), flush=True)
"""


def arguments(doc: str, variable: str) -> argparse.Namespace:
    """The words of a benchmark against a peer in an interpreter of its own."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=os.environ.get(variable, ""))
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    found = parser.parse_args()
    if not found.python:
        sys.exit(f"name the peer's interpreter: --python PATH, or {variable}")
    return found


def measured(python: str, program: str, rows: int, rounds: int) -> tuple[float, Findings, list[Answer]]:
    """Our median seconds and findings, and what the peer's program answered each time it was asked, in turns."""
    reference, current = frames(rows)
    kinds = {name: "numerical" if name.startswith("n") else "categorical" for name in reference.columns}
    mine: list[float] = []
    theirs: list[Answer] = []
    with tempfile.TemporaryDirectory() as folder:
        reference.to_parquet(f"{folder}/reference.parquet")
        current.to_parquet(f"{folder}/current.parquet")
        command = [python, "-c", program, folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder) as peer:
            assert peer.stdin is not None
            assert peer.stdout is not None
            peer.stdout.readline()
            for _ in range(rounds):
                began = time.perf_counter()
                findings = check(prepared(reference, MonitorConfig("bench"), column_kinds=kinds), current)
                mine.append(time.perf_counter() - began)
                peer.stdin.write("again\n")
                peer.stdin.flush()
                theirs.append(json.loads(peer.stdout.readline()))
    return statistics.median(mine), findings, theirs


def main() -> None:
    """Prints one line a measure, and whether the verdicts agree."""
    words = arguments(str(__doc__), "MLOPS_EVIDENTLY_PYTHON")
    for rows in words.rows:
        ours, findings, theirs = measured(words.python, THEIRS, rows, words.rounds)
        found = theirs[-1]["found"]
        agree = sum(
            abs(column.score - found[column.column][0]) <= 1e-9 * abs(found[column.column][0])
            and column.is_drifted == found[column.column][1]
            for column in findings.columns
            if column.score is not None
        )
        name = f"drift {rows:,} x {NUMERICAL + CATEGORICAL}"
        peer_s, tests_s = (statistics.median(each[key] for each in theirs) for key in ("report_s", "tests_s"))
        print(f"{name}  {ours:.3f} s  Evidently {peer_s:.3f} s  {ours / peer_s:.3f}x  (bar <= {BAR})")
        print(f"{name}  {ours:.3f} s  its tests alone, without summaries, {tests_s:.3f} s  {ours / tests_s:.3f}x")
        print(f"{name}  scores and verdicts that agree: {agree} of {len(found)}", flush=True)


if __name__ == "__main__":
    main()
