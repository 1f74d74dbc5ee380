"""Files that count as larger than memory, which here are those of more than a few KB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_store import drift
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.drift import monitors, profiles
from mlops_tui.drift.sketches import tables
from mlops_tui.project import Project

ROWS = 20_000


def frame(shift: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "amount": rng.normal(shift, 1, ROWS),
            "age": rng.integers(18, 90, ROWS),
            "city": rng.choice(["Bonn", "Kiel", "Ulm"], ROWS),
        }
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A monitor whose reference and windows are large; 2,000 of their rows are held in memory."""
    monkeypatch.setattr(tables, "LARGE_BYTES", 10_000)
    monkeypatch.setattr("mlops_tui.drift.sources.large.LARGE_BYTES", 10_000)
    monkeypatch.setattr("mlops_tui.drift.sources.large.SAMPLE_ROWS", 2000)
    monkeypatch.setattr(profiles, "SAMPLE_ROWS", 2000)
    (tmp_path / "mlops.toml").write_text('[monitors.web]\nwatch = ["in/*"]\nreference = "reference.parquet"\n')
    (tmp_path / "in").mkdir()
    frame(0, 1).to_parquet(tmp_path / "reference.parquet")
    return Project(str(tmp_path))


def test_a_file_larger_than_memory_is_checked_by_the_profile_of_all_its_rows(project: Project) -> None:
    frame(0, 2).to_csv(Path(project.path("in/same.csv")), index=False)
    frame(1, 3).to_parquet(project.path("in/shifted.parquet"))
    store = Store(project.store_path)
    reports = monitors.check(project, store, config.load(project), open_model=pytest.fail)
    assert [(report.status, report.row_count) for report in reports] == [("ok", ROWS), ("drift", ROWS)]
    for report in reports:
        columns = {column.column: column for column in report.columns}
        assert columns["amount"].current_count == ROWS
        assert columns["amount"].detail["score_error"] is not None
        assert any("columns are compared by profiles of all 20,000 rows" in note for note in report.notes)
        measures = {measure.name: measure for measure in report.measures}
        assert measures["row_count"].value == ROWS
        assert "chosen by chance" in measures["duplicate_share"].detail["why"]
    assert {column.column: column.is_drifted for column in reports[1].columns} == {
        "amount": True,
        "age": False,
        "city": False,
    }


def test_a_reference_larger_than_memory_is_known_by_its_profile_and_some_rows(project: Project) -> None:
    frame(0, 2)[:200].to_csv(Path(project.path("in/few.csv")), index=False)
    store = Store(project.store_path)
    (report,) = monitors.check(project, store, config.load(project), open_model=pytest.fail)
    assert report.status == "ok"
    assert any("compared with 2,000 of the reference's 20,000 rows" in note for note in report.notes)
    profile = drift.profile(store.read(), 1)
    assert profile.row_count == ROWS
    assert profiles.merging(store, profile).columns["amount"].moments.mean == pytest.approx(
        frame(0, 1)["amount"].mean()
    )
