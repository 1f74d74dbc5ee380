"""``mlops-tui pipeline graph``: the stages drawn, in full or around one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

STAGES = """
stages:
  prepare: {cmd: cp raw.txt data.txt, deps: [raw.txt], outs: [data.txt]}
  train: {cmd: cp data.txt model.txt, deps: [data.txt], outs: [model.txt]}
  report: {cmd: cp data.txt report.txt, deps: [data.txt], outs: [report.txt]}
  evaluate: {cmd: cat model.txt, deps: [model.txt]}
"""


@pytest.fixture
def pipeline(project: Path) -> Path:
    (project / "dvc.yaml").write_text(STAGES)
    (project / "raw.txt").write_text("1")
    return project


def test_the_stages_are_drawn_below_what_they_need(pipeline: Path, cli: Callable[..., object]) -> None:
    text = cli("pipeline", "graph").stdout  # type: ignore[attr-defined]
    assert text.index("prepare") < text.index("train") < text.index("evaluate")
    assert "╰" in text or "+" in text


def test_only_the_neighbourhood_of_a_stage_is_drawn_when_asked(pipeline: Path, cli: Callable[..., object]) -> None:
    text = cli("pipeline", "graph", "evaluate", "--levels", "1").stdout  # type: ignore[attr-defined]
    assert "train" in text
    assert "prepare" not in text
    assert "report" not in text


def test_json_has_what_each_stage_needs_and_its_state(pipeline: Path, cli: Callable[..., object]) -> None:
    stages = {stage["stage"]: stage for stage in cli("pipeline", "graph", "--json").json}  # type: ignore[attr-defined]
    assert stages["evaluate"]["needs"] == ["train"]
    assert stages["prepare"]["state"] == "stale"


def test_an_unknown_stage_names_the_nearest(pipeline: Path, cli: Callable[..., object]) -> None:
    outcome = cli("pipeline", "graph", "trian")
    assert outcome.exit_code != 0  # type: ignore[attr-defined]
    assert "train" in outcome.stderr  # type: ignore[attr-defined]


def test_hostile_names_reach_the_terminal_cleaned(project: Path, cli: Callable[..., object]) -> None:
    (project / "dvc.yaml").write_text('stages:\n  "a\\e[31mb": {cmd: x}\n')
    assert "\x1b" not in cli("pipeline", "graph").stdout  # type: ignore[attr-defined]


def test_hundreds_of_stages_are_folded_and_all_shown_when_asked(project: Path, cli: Callable[..., object]) -> None:
    (project / "dvc.yaml").write_text(
        "stages:\n" + "".join(f"  s{i:03}: {{cmd: x, outs: [o{i}]}}\n" for i in range(300))
    )
    assert " more" in cli("pipeline", "graph").stdout  # type: ignore[attr-defined]
    assert "s299" in cli("pipeline", "graph", "--all").stdout  # type: ignore[attr-defined]
