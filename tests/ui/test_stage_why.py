"""Why a stage is stale, line by line: values, files and commands from old to new, and what runs because of it."""

from __future__ import annotations

from mlops_tui.pipeline import estimates
from mlops_tui.pipeline.reasons import Change
from mlops_tui.pipeline.state import StageStatus
from mlops_tui.ui import stage_why
from mlops_tui.ui.stage_rows import PipelineShown, StageShown, merged
from mlops_tui.ui.text import plain


def told(*changes: Change) -> list[str]:
    stage = StageShown("train", "stale", tuple(change.reason for change in changes), "run train", changes=changes)
    return [plain(line) for line in stage_why.lines(stage)]


def test_a_param_is_shown_from_old_to_new() -> None:
    assert any(
        line.endswith("lr in params.yaml  0.1 → 0.01")
        for line in told(Change("param", "params.yaml", "modified", "lr", 0.1, 0.01))
    )


def test_of_a_nested_param_only_the_leaves_that_differ_are_shown() -> None:
    old, new = {"lr": 0.1, "net": {"depth": 3, "act": "relu"}}, {"lr": 0.1, "net": {"depth": 4}, "wd": None}
    lines = told(Change("param", "p.yaml", "modified", "train", old, new))
    assert "      net.depth  3 → 4" in lines
    assert "      net.act  relu → nothing" in lines
    assert "      wd  nothing → null" in lines
    assert not any("lr" in line for line in lines)


def test_a_file_is_shown_with_short_fingerprints_and_sizes() -> None:
    change = Change("dep", "data.csv", "modified", old="a" * 32, new="b" * 32, old_size=1200, new_size=1300)
    assert "      aaaaaaaa 1.2 kB → bbbbbbbb 1.3 kB" in told(change)
    assert any(line.endswith("output m is missing") for line in told(Change("out", "m", "deleted", old="a" * 32)))


def test_a_command_is_shown_as_the_lines_that_differ() -> None:
    lines = told(Change("command", old=["a", "python train.py --lr 1"], new=["a", "python train.py --lr 2"]))
    assert "        a" in lines
    assert "      - python train.py --lr 1" in lines
    assert "      + python train.py --lr 2" in lines


def test_hostile_values_stay_one_line_of_text() -> None:
    (line,) = [line for line in told(Change("param", "p", "modified", "k", "x", "\x1b[31m\n")) if " in p" in line]
    assert line.count("→") == 1


def test_what_runs_because_of_it_and_for_how_long_is_said() -> None:
    statuses = [
        StageStatus("a", True, ("x changed",), False, "run a", (), (), (Change("dep", "x", "modified"),)),
        StageStatus("b", True, ("upstream a is stale",), False, "run b", ("a",), (), (Change("upstream", "a"),)),
        StageStatus("c", True, ("y changed",), False, "run c", (), (), (Change("dep", "y", "modified"),)),
    ]
    usual = {"a": 2.0, "b": 60.0}
    stages = merged(None, statuses, usual)
    pipeline = PipelineShown(None, stages, estimate=estimates.of(statuses, usual, jobs=2))
    lines = [plain(line) for line in stage_why.lines(stages[0], pipeline)]
    assert "would run a  usually 2.0s" in lines
    assert "then      b  usually 1m 00s" in lines
    assert "in all    3 stages, about 1m 02s with -j 2; not known how long: c" in lines
    assert stage_why.follow_up(stages[2], pipeline) == []


def test_a_running_stage_tells_why_it_ran_instead() -> None:
    stage = StageShown("a", "running", ("never run",), "x", changes=(Change("dep", "d", "modified"),))
    assert any("never run" in plain(line) for line in stage_why.lines(stage))
