"""A folder that DVCLive 3 wrote."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_store import metrics, runs
from mlops_store.store import Store
from mlops_tui.interop import kinds
from mlops_tui.interop.importing import Report
from mlops_tui.interop.source import Problems

Make = Callable[..., Path]


def test_a_folder_is_a_run_with_params_and_whole_histories(folder: Make, runs_of: Callable) -> None:
    (run,) = runs_of(folder("dvclive")).values()
    assert run.params == {"lr": "0.1", "net.depth": "4"}
    assert [(step, value) for step, _, value in run.series["loss"]] == [(step, 1 / (step + 1)) for step in range(5)]
    assert [value for _, _, value in run.series["eval/auc"]] == [0.5 + step / 10 for step in range(5)]
    assert math.isnan(run.series["final"][0][2])
    assert set(run.series) == {"loss", "eval/auc", "final"}


def test_a_training_that_goes_on_is_one_run_and_the_next_one_another(
    store: Store, folder: Make, take_over: Callable[..., Report]
) -> None:
    root = folder("dvclive")
    table = root / "plots" / "metrics" / "loss.tsv"
    whole = table.read_text()
    take_over(root)
    with open(table, "a") as file:
        file.write("5\t0.1\n")
    os.utime(root / "metrics.json", (2e9, 2e9))
    report = take_over(root)
    assert (report.runs_added, report.runs_changed, report.values) == (0, 1, 1)
    table.write_text(whole.replace("1.0", "0.9"))
    assert take_over(root).runs_added == 1
    assert take_over(root).runs_unchanged == 1
    histories = [metrics.points(store.read(), run.run_id, "loss") for run in runs.by_ids(store.read(), [1, 2])]
    assert [len(points) for points in histories] == [6, 5]


def test_other_files_are_artifacts(folder: Make) -> None:
    root = folder("dvclive")
    (root / "plots" / "images").mkdir()
    (root / "plots" / "images" / "a.png").write_bytes(b"png")
    (found,) = kinds.open_source(str(root), Problems()).runs()
    assert [file.path for file in found.files] == ["plots/images/a.png"]


@given(
    st.integers(0, 80),
    st.sampled_from(["plots/metrics/loss.tsv", "plots/metrics/eval/auc.tsv", "metrics.json", "params.yaml"]),
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_anywhere_gives_what_was_complete(folder: Make, runs_of: Callable, size: int, name: str) -> None:
    root = folder("dvclive")
    path = root / name
    whole = path.read_bytes()
    path.write_bytes(whole[:size])
    problems = Problems()
    (run,) = runs_of(root, problems, "dvclive").values()
    path.write_bytes(whole)
    if name.endswith("loss.tsv") and size >= len("step\tloss\n"):
        points = run.series.get("loss", [])
        lines = max(0, whole[:size].count(b"\n") - 1)
        # the newest value stands in metrics.json too
        assert len(points) == lines if lines else len(points) == 1
        assert bool(problems.count) == (not whole[:size].endswith(b"\n"))
