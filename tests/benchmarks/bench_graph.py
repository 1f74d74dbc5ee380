"""What the live pipeline screen costs: drawing graphs, searching logs, sampling processes.

Run it: ``python tests/benchmarks/bench_graph.py``. Prints one line a measure; a search stands beside counting
lines of the same file, a sample beside the two seconds between two of them.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mlops_tui.pipeline import log_search, sampling
from mlops_tui.ui.widgets import dag_drawing
from mlops_tui.ui.widgets.dag_boxes import Node
from mlops_tui.usage import groups

LOG_BYTES = 100_000_000


def seconds(act: Callable[[], object], rounds: int = 5) -> float:
    """CPU seconds, the median of some rounds."""
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        act()
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


def graphs() -> None:
    for count in (10, 100, 300, 1000):
        rng = random.Random(count)
        names = [f"stage_{number:04}" for number in range(count)]
        needs = {
            name: tuple({names[rng.randrange(max(0, place - 30), place)] for _ in range(2)}) if place else ()
            for place, name in enumerate(names)
        }
        nodes = {name: Node(name, "stale") for name in names}
        folded, drawn = dag_drawing.fitted(nodes, needs, (78, 20))
        fit_s = seconds(partial(dag_drawing.fitted, nodes, needs, (78, 20)))
        draw_s = seconds(partial(drawn.lines, nodes, folded, names[0]))
        print(f"graph of {count:5} stages: arranged in {fit_s * 1e3:6.1f} ms, drawn in {draw_s * 1e3:5.1f} ms")


def searches(path: Path) -> None:
    line = "2026-11-26 12:00:00 step 17 train_log_loss 0.0423 train_auc 1.0000 validation error: 0.154\n"
    path.write_text(line * (LOG_BYTES // len(line)) + "Traceback (most recent call last):\n")

    def count_lines() -> None:
        with path.open("rb") as file:
            while data := file.read(log_search.STEP_BYTES):
                data.count(b"\n")

    plain_s = seconds(count_lines)
    for name, sought in (
        ("a text", log_search.text("Traceback")),
        ("in any case", log_search.text("traceback")),
        ("errors", log_search.ERRORS),
    ):
        steps: list[float] = []

        def search(sought: log_search.Sought = sought, steps: list[float] = steps) -> None:
            found, is_more = log_search.Search(str(path), sought), True
            while is_more:
                begun = time.process_time()
                is_more = found.step()
                steps.append(time.process_time() - begun)

        taken_s = seconds(search, 3)
        longest_s = statistics.quantiles(steps, n=100)[98]
        print(
            f"100 MB searched for {name:12} {taken_s * 1e3:6.0f} ms, {taken_s / plain_s:.0f} times counting its lines; "
            f"p99 of a step {longest_s * 1e3:.1f} ms"
        )


def samples() -> None:
    group = os.getpgid(0)
    groups.usage([group])
    begun = time.process_time()
    for _ in range(50):
        groups.usage([group])
    spent_s = (time.process_time() - begun) / 50
    share = spent_s / sampling.FIRST_INTERVAL_S
    print(f"a sample takes {spent_s * 1e3:.2f} ms of CPU: {share:.3%} of a core at the densest")


if __name__ == "__main__":
    graphs()
    with tempfile.TemporaryDirectory() as scratch:
        searches(Path(scratch, "log"))
    samples()
