"""Default drift checks of 100,000 and 1,000,000 × 30 columns against NannyML's univariate drift, computation only.

NannyML does not import with pandas 3, so it runs in an interpreter of its own, named by ``--python`` or
``MLOPS_NANNYML_PYTHON``::

    python -m venv nannyml && nannyml/bin/pip install "nannyml==0.13.1" "pandas<3" "scipy<1.16" pyarrow
    python tests/benchmarks/bench_drift_nannyml.py --python nannyml/bin/python

It fits its thresholds on the reference, as it must; then it is asked for the same two distances, of one chunk.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bench_drift import CATEGORICAL, NUMERICAL
from bench_drift_evidently import arguments, measured

THEIRS = """
import json, os, sys, time, warnings
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"  # it would tell its makers, and wait for that
warnings.filterwarnings("ignore")
import pandas as pd
from nannyml import UnivariateDriftCalculator
folder = sys.argv[1]
reference, current = (pd.read_parquet(f"{folder}/{name}.parquet") for name in ("reference", "current"))
names = list(reference.columns)
for frame in (reference, current):
    for name in names:
        if name.startswith("c"):
            frame[name] = frame[name].astype("category")
def judge():
    calculator = UnivariateDriftCalculator(
        names,
        continuous_methods=["wasserstein"],
        categorical_methods=["jensen_shannon"],
        chunk_size=len(current),
    )
    calculator.fit(reference)
    fitted = time.perf_counter()
    calculator.calculate(current)
    return fitted
print("ready", flush=True)
for line in sys.stdin:
    began = time.perf_counter()
    fitted = judge()
    now = time.perf_counter()
    print(json.dumps({"all_s": now - began, "calculate_s": now - fitted}), flush=True)
"""


def main() -> None:
    """Prints one line a measure."""
    words = arguments(str(__doc__), "MLOPS_NANNYML_PYTHON")
    for rows in words.rows:
        ours, _, theirs = measured(words.python, THEIRS, rows, words.rounds)
        name = f"drift {rows:,} x {NUMERICAL + CATEGORICAL}"
        all_s, calculate_s = (statistics.median(each[key] for each in theirs) for key in ("all_s", "calculate_s"))
        print(f"{name}  {ours:.3f} s  NannyML with fitting {all_s:.3f} s  {ours / all_s:.3f}x", flush=True)
        print(
            f"{name}  {ours:.3f} s  NannyML's calculation alone {calculate_s:.3f} s  {ours / calculate_s:.3f}x",
            flush=True,
        )


if __name__ == "__main__":
    main()
