"""``status`` with changes and estimates, and ``mlops-tui pipeline why``."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_tui.cli import shapes
from mlops_tui.pipeline.reasons import Change

Cli = Callable[..., Any]

STAGES = """
stages:
  prepare: {cmd: cp raw.txt data.txt, deps: [raw.txt], params: [prepare], outs: [data.txt]}
  train: {cmd: cp data.txt model.txt, deps: [data.txt], outs: [model.txt]}
"""


@pytest.fixture
def changed(project: Path, cli: Cli) -> Path:
    """A project that ran, in which a nested param and a file were changed since."""
    (project / "dvc.yaml").write_text(STAGES)
    (project / "raw.txt").write_text("1")
    (project / "params.yaml").write_text("prepare: {seed: 1, rows: {train: 10}}\n")
    assert cli("run").exit_code == 0
    (project / "raw.txt").write_text("22")
    (project / "params.yaml").write_text("prepare: {seed: 1, rows: {train: 20}}\n")
    return project


def test_json_tells_each_change_as_data_and_what_would_run(changed: Path, cli: Cli) -> None:
    found = cli("status", "--json", "--jobs", "3").json
    prepare, train = found["stages"]
    dep, param = prepare["changes"]
    assert (dep["kind"], dep["path"], dep["how"]) == ("dep", "raw.txt", "modified")
    assert (dep["old_size_bytes"], dep["new_size_bytes"]) == (1, 2)
    assert param["old"] == {"seed": 1, "rows": {"train": 10}}
    assert (param["kind"], param["path"], param["key"]) == ("param", "params.yaml", "prepare")
    assert train["changes"] == [
        {"kind": "upstream", "path": "prepare", "key": "", "how": "", "old": None, "new": None,
         "old_size_bytes": None, "new_size_bytes": None}
    ]  # fmt: skip
    assert found["would_run"] == ["prepare", "train"]
    assert found["estimate_s"] == pytest.approx(prepare["estimate_s"] + train["estimate_s"])
    assert found["estimate_jobs"] == 3


def test_text_names_the_nested_value_and_the_time_in_all(changed: Path, cli: Cli) -> None:
    text = cli("status").stdout
    assert "params.yaml: prepare.rows.train 10 → 20" in text
    assert "would run 2 stages in about 0." in text


def test_stages_without_a_history_are_named(project: Path, cli: Cli) -> None:
    (project / "dvc.yaml").write_text(STAGES)
    assert "would run 2 stages; not known how long: prepare, train" in cli("status").stdout
    assert cli("status", "--json").json["estimate_s"] is None


def test_why_shows_old_and_new_and_what_follows(changed: Path, cli: Cli) -> None:
    text = cli("pipeline", "why", "prepare").stdout
    assert "c4ca4238 1 B → b6d767d2 2 B" in text
    assert "rows.train  10 → 20" in text
    assert "then      train" in text
    assert cli("pipeline", "why", "prepare", "--json").json["then"] == ["train"]


def test_why_of_an_unknown_stage_names_the_nearest(changed: Path, cli: Cli) -> None:
    outcome = cli("pipeline", "why", "tarin")
    assert outcome.exit_code != 0
    assert "train" in outcome.stderr


def test_a_date_among_params_is_told_as_its_text() -> None:
    change = Change("param", "conf.toml", "modified", "day", {"of": [1]}, {"of": [datetime.date(2026, 1, 2)]})
    assert shapes.change(change)["new"] == {"of": ["2026-01-02"]}
