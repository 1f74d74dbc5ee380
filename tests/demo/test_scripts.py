"""The scripts of the demo, run one by one as a person would without a pipeline."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from mlops_tui.demo import delivery
from mlops_tui.demo.template import write
from mlops_tui.project import Project


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = write(str(tmp_path_factory.mktemp("demo")))
    subprocess.run([sys.executable, "src/prepare.py"], cwd=project.root, check=True, timeout=120, capture_output=True)
    return project


def frame(project: Project, *parts: str) -> pd.DataFrame:
    return pd.read_csv(project.path(*parts))


def test_the_rows_are_the_569_real_ones_and_none_is_in_two_places(prepared: Project) -> None:
    from sklearn.datasets import load_breast_cancer

    real = load_breast_cancer(as_frame=True).data
    parts = [
        frame(prepared, "data", f"{name}.csv").drop(columns="malignant") for name in ("train", "validation", "test")
    ]
    parts += [frame(prepared, "incoming", f"week_{week}.csv") for week in (1, 2, 3)]
    rows = pd.concat(parts)
    assert not rows.duplicated().any()
    known = set(real.round(9).itertuples(index=False, name=None))
    assert set(rows.round(9).itertuples(index=False, name=None)) <= known


def test_the_parts_have_the_same_share_of_malignant_rows(prepared: Project) -> None:
    shares = [frame(prepared, "data", f"{name}.csv")["malignant"].mean() for name in ("train", "validation", "test")]
    assert max(shares) - min(shares) < 0.02


def test_batches_come_without_a_diagnosis(prepared: Project) -> None:
    for week in (1, 2, 3):
        assert "malignant" not in frame(prepared, "incoming", f"week_{week}.csv").columns


def test_the_last_batch_has_only_large_tumours(prepared: Project) -> None:
    large = frame(prepared, "data", "train.csv")["mean_radius"].quantile(2 / 3)
    assert (frame(prepared, "incoming", "week_3.csv")["mean_radius"] > large).all()
    assert (frame(prepared, "incoming", "week_1.csv")["mean_radius"] < large).any()


def test_a_batch_is_delivered_whole_one_at_a_time_until_none_is_left(prepared: Project) -> None:
    assert delivery.waiting(prepared) == ["week_1.csv", "week_2.csv", "week_3.csv"]
    assert delivery.deliver_next(prepared) == "delivered week_1.csv, 2 left"
    assert delivery.waiting(prepared) == ["week_2.csv", "week_3.csv"]
    pd.testing.assert_frame_equal(
        frame(prepared, "production", "week_1.csv"), frame(prepared, "incoming", "week_1.csv")
    )
    delivery.deliver_next(prepared)
    delivery.deliver_next(prepared)
    assert delivery.deliver_next(prepared) == "nothing left to deliver"
    assert sorted(path.name for path in Path(prepared.path("production")).iterdir()) == [
        "week_1.csv",
        "week_2.csv",
        "week_3.csv",
    ]


def test_no_stage_reads_the_pace_so_that_it_makes_none_stale(prepared: Project) -> None:
    stages = yaml.safe_load(Path(prepared.path("dvc.yaml")).read_text())["stages"]
    assert not any("pace_s" in stage.get("params", []) for stage in stages.values())
