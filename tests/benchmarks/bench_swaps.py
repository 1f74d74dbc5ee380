"""What swaps of a served version do to the time of answers: the same requests with and without them, in the same run.

A forest is the worst that there is: a prediction gives the interpreter away for each tree, and has to get it back from
what loads the next version. It is asked at a fixed rate, so that what waits is seen to wait, through the model server,
which loads the next version beside the threads that answer, and through the router, where a process of its own does.

    python tests/benchmarks/bench_swaps.py [--trees 200] [--rate 30] [--seconds 10]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from registry_builders import CONFIG, log_directory, make_run, make_store

from mlops_store.store import Store
from mlops_tui.registry import formats, stages, versions
from mlops_tui.serve.launching import TOKEN_VARIABLE

_EVERY_S = 1.5
_PROGRAM = [sys.executable, "-m", "mlops_tui"]


def project(root: Path, store: Store, trees: int) -> None:
    """Two versions of a forest, and rows to ask about."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame(random.normal(size=(2000, 6)), columns=list("abcdef"))
    target = (rows.sum(axis=1) > 0).astype(int)
    for seed in (1, 2):
        saved = root / f"model-{seed}"
        fitted = RandomForestClassifier(trees, random_state=seed).fit(rows, target)
        info = formats.save(fitted, str(saved), input_example=rows[:5])
        run_id = make_run(store)
        log_directory(store, run_id, saved, signature=info.signature)
        versions.register(store, CONFIG, "forest", run_id=run_id)
    stages.promote(store, CONFIG, "forest", 1, "production")
    rows[:200].to_csv(root / "rows.csv", index=False)


def asked(root: Path, port: str, rate: float, seconds: float) -> dict[str, Any]:
    """What a load test tells."""
    words = ["load", f"http://127.0.0.1:{port}", "--rows", "rows.csv", "--rate", f"{rate}", "--duration", f"{seconds}"]
    ended = subprocess.run([*_PROGRAM, *words, "--json"], cwd=root, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def swapping(store: Store, ending: threading.Event, count: list[int]) -> None:
    """Puts the other version into production every now and then."""
    while not ending.wait(_EVERY_S):
        count[0] += 1
        stages.promote(store, CONFIG, "forest", 1 + count[0] % 2, "production")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    chosen = parser.parse_args()
    environment = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
    with tempfile.TemporaryDirectory() as directory, make_store(Path(directory)) as store:
        root = Path(directory)
        project(root, store, chosen.trees)
        count = [0]
        for words in (["serve", "forest@production"], ["route", "forest", "--no-log"]):
            command = [*_PROGRAM, *words, "--port", "0"]
            with subprocess.Popen(
                command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
            ) as process:
                assert process.stdout is not None
                said = re.search(r":(\d+)", process.stdout.readline())
                assert said is not None
                asked(root, said[1], chosen.rate, 2.0)
                quiet = asked(root, said[1], chosen.rate, chosen.seconds)
                ending, first = threading.Event(), count[0]
                thread = threading.Thread(target=swapping, args=(store, ending, count))
                thread.start()
                busy = asked(root, said[1], chosen.rate, chosen.seconds)
                ending.set()
                thread.join()
                process.terminate()
            for share in ("p50", "p99", "max"):
                before, during = (found["latency_s"][share] * 1e3 for found in (quiet, busy))
                print(f"{words[0]:>6} {share:>4}: {before:6.1f} ms, {during:6.1f} ms during {count[0] - first} swaps, "
                      f"{during / before:.1f} times; {busy['failed']} failed")  # fmt: skip


if __name__ == "__main__":
    main()
