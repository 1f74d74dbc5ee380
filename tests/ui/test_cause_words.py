"""What is said of a cause: what was found with its uncertainty, and why something was not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_tui.ui.screens import cause_words
from mlops_tui.ui.text import plain

SLICE = {
    "text": "region = north", "current_share": 0.13, "reference_share": 0.12, "explained": 0.9, "low": 0.7, "high": 1.0,
    "effect_inside": 0.6, "effect_outside": 0.01,
}  # fmt: skip
ORIGIN = {
    "path": "incoming/4.csv", "stage": "collect", "run_id": "r1", "run_name": "night", "run_at": 1e9,
    "git_commit": "a" * 40, "note": "",
    "commits": [{"sha": "b" * 40, "at": 1e9, "author": "Ada", "subject": "Collect in dollars"}],
}  # fmt: skip
NOTHING = {
    "slice": None, "slice_why": "there are too few rows to divide them", "slices_tried": 0, "rows_searched": 0,
    "rows_tested": 0, "batches": [], "window_origin": None, "reference_origin": None, "versions": [], "runs": [],
    "predictions": {"share": None, "low": 0, "high": 1, "rows": 0, "step": None, "why": "no model was in charge"},
    "notes": [],
}  # fmt: skip


def said(found: Mapping[str, Any]) -> list[str]:
    return [plain(line) for line in cause_words.lines(found, 1e9)]


def test_a_slice_is_told_with_its_size_its_interval_and_how_many_were_tried() -> None:
    told = said({**NOTHING, "slice": SLICE, "slices_tried": 1700, "rows_searched": 300, "rows_tested": 300,
                 "batches": ["a", "b"]})  # fmt: skip
    assert told[:4] == [
        "In which rows",
        "region = north",
        "13.0% of the rows (12.0% of the reference) explain 90% of it (95 % 70% to 100%): "
        "effect 0.60 within, 0.01 among the others",
        "1,700 slices tried on 300 rows of 2 windows, tested on 300 others",
    ]


def test_where_nothing_was_found_it_says_why() -> None:
    told = said(NOTHING)
    assert "there are too few rows to divide them" in told
    assert "no model was in charge" in told
    assert "What was trained on the reference" not in told


def test_predictions_data_and_versions_are_told() -> None:
    share = {"share": 0.31, "low": 0.28, "high": 0.34, "rows": 900, "step": 0.5, "why": ""}
    version = {"model": "churn", "version": 3, "stage": "production", "run_id": "r", "reads": True}
    told = said({**NOTHING, "predictions": share, "window_origin": ORIGIN, "versions": [version]})
    assert "31.0% would be others (95 % 28.0% to 34.0%, 900 rows)" in told
    assert "others: further apart than 0.5000" in told
    assert "incoming/4.csv · stage collect" in told
    assert any(line.startswith("bbbbbbbbbb ") and line.endswith("Ada: Collect in dollars") for line in told)
    assert "churn/3 (production), reads the column" in told
