from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drift_windows import examined, measure, outcome

from mlops_store.errors import SpecError, UsageError
from mlops_tui import config
from mlops_tui.drift.checks.examined import Outcome
from mlops_tui.drift.slices import cut


def a_frame(rows: int = 800, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.normal(40, 10, rows),
            "income": rng.lognormal(3, 1, rows),
            "plan": rng.choice(["free", "pro", "team"], rows, p=[0.6, 0.3, 0.1]),
            "two words": rng.choice(["a", "b"], rows),
        }
    )


def slices(frame: pd.DataFrame, wanted: dict[str, str], reference: pd.DataFrame | None = None) -> Outcome:
    return outcome("slices", examined(a_frame() if reference is None else reference, frame, slices=wanted))


def titles(found: Outcome) -> list[str]:
    return [alert.title for alert in found.alerts]


def moved(rows: Callable[[pd.DataFrame], Any], column: str, values: Any) -> pd.DataFrame:
    frame = a_frame(seed=1)
    frame.loc[rows(frame), column] = values
    return frame


def test_a_change_that_the_whole_hides_is_told_with_its_slice() -> None:
    frame = a_frame(seed=1)
    frame.loc[frame["plan"] == "team", "age"] += 12
    found = slices(frame, {"plan": "plan"})
    (alert,) = found.alerts
    assert alert.title.startswith("1 slice moved, the whole did not: plan = team: age (+1.")
    assert (alert.kind, alert.severity, alert.subject) == ("slices", "warning", "plan = team")
    figure = measure(found, "drifted_columns", "plan = team")
    assert (figure.value, figure.is_breach) == (1.0, True)
    assert figure.detail["columns"][0]["column"] == "age"
    assert measure(found, "share", "plan = free").count == int((frame["plan"] == "free").sum())
    assert measure(found, "drifted_columns", "plan = free").value == 0.0


def test_what_moves_everywhere_is_no_matter_of_slices() -> None:
    frame = a_frame(seed=1)
    frame["age"] += 12
    frame.loc[::2, "income"] = np.nan
    found = slices(frame, {"plan": "plan"})
    assert titles(found) == []
    assert measure(found, "drifted_columns", "plan = free").value == 1.0


def test_missing_values_of_one_slice_are_told() -> None:
    frame = moved(lambda frame: (frame["plan"] == "team") & (frame.index < 150), "income", np.nan)
    (title,) = titles(slices(frame, {"plan": "plan"}))
    assert title == "1 slice moved, the whole did not: plan = team: more missing values: income 0% → 17%"


def test_a_condition_is_a_slice_and_may_have_a_name() -> None:
    frame = moved(
        lambda frame: (frame["age"] > 45) & (frame["two words"] == "a") & (frame.index % 4 == 0), "plan", "team"
    )
    found = slices(frame, {"older": "age > 45 and `two words` == 'a'"})
    assert found.alerts[0].title.startswith("1 slice moved, the whole did not: older: plan ('team'")


def test_numbers_are_cut_into_quarters_of_the_reference() -> None:
    reference = pd.DataFrame({"x": np.arange(100.0)})
    parts = list(cut("x", "x", reference, reference))
    assert [part.name for part in parts] == ["x ≤ 24.75", "24.75 < x ≤ 49.5", "49.5 < x ≤ 74.25", "x > 74.25"]
    assert [int(part.reference.sum()) for part in parts] == [25, 25, 25, 25]


def test_a_small_slice_is_said_and_not_compared() -> None:
    found = slices(a_frame(100, seed=1), {"plan": "plan"})
    rows = measure(found, "share", "plan = team").count
    assert found.notes[0].startswith("slices not compared: plan = pro (")
    assert f"plan = team ({rows} rows, 78 of the reference, at least 30 are needed)" in found.notes[0]
    assert all(each.name == "share" for each in found.measures if each.subject == "plan = team")


def test_a_window_without_the_column_is_said() -> None:
    found = slices(a_frame(seed=1).drop(columns="plan"), {"plan": "plan", "pros": "plan == 'pro'"})
    assert "the batch lacks a column that it takes" in found.notes[0]
    assert titles(found) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [("plaan", "no column 'plaan'"), ("plaan == 'pro'", "cannot be applied"), ("plan > 3", "cannot be applied")],
)
def test_a_slice_that_the_reference_cannot_make_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        slices(a_frame(), {text: text})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('["age >"]', "is no condition"),
        ('["age > open(1)"]', "holds what a condition cannot (call)"),
        ('["age.__class__ == 3"]', "holds what a condition cannot (attribute)"),
        ('["@age > 3"]', "is no condition"),
        ("{ old = 3 }", "must be a string"),
        ("3", "must be a list of strings"),
    ],
)
def test_a_condition_that_is_none_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        config.parse(f"[monitors.p]\nslices = {text}")
    assert caught.value.line == 2
    assert message in caught.value.message


def test_slices_are_read_from_a_list_or_a_table() -> None:
    listed = config.parse('[monitors.p]\nslices = ["plan", "age > 60"]').monitors["p"].slices
    assert listed == {"plan": "plan", "age > 60": "age > 60"}
    named = config.parse("[monitors.p.slices]\nold = \"`the age` > 60 and plan in ['a', 'b']\"").monitors["p"].slices
    assert list(named) == ["old"]


def test_predictions_of_a_slice_are_compared() -> None:
    reference, frame = a_frame(), a_frame(seed=1)
    for each in (reference, frame):
        each["prediction"] = (each["age"] > 40).astype(int)
    frame.loc[frame["plan"] == "team", "prediction"] = 1
    window = examined(reference, frame, prediction="prediction", slices={"plan": "plan"})
    (alert,) = outcome("slices", window).alerts
    assert "plan = team: prediction ('" in alert.title


@pytest.mark.slow
def test_many_slices_of_windows_in_which_nothing_happened_hardly_ever_have_an_alert() -> None:
    told, windows = [], 200
    wanted = {"plan": "plan", "age": "age", "income": "income", "both": "age > 40 and `two words` == 'a'"}
    for number in range(windows):
        reference, frame = a_frame(900, 2 * number), a_frame(500 + number, 2 * number + 1)
        told += titles(slices(frame, wanted, reference))
    print(f"{len(told)} of {windows} windows without change have an alert of their slices: {told}")
    assert len(told) <= 6  # of 12 slices; were it 1 of 100, more than 6 of 200 would come in 1 of 200 runs
