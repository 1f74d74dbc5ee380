import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drift_windows import examined, measure, outcome

from mlops_store.errors import SpecError
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.config.monitor_stream import METHODS, StreamConfig
from mlops_tui.drift import monitors
from mlops_tui.drift.checks.examined import Outcome
from mlops_tui.project import Project

pytest.importorskip("river")


def a_frame(rows: int = 1000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.normal(40, 10, rows),
            "visits": rng.poisson(20, rows),
            "income": rng.lognormal(3, 1, rows),
            "plan": rng.choice(["free", "pro"], rows),
        }
    )


def stream(frame: pd.DataFrame, method: str = "adwin", *columns: str, reference: pd.DataFrame | None = None) -> Outcome:
    reference = a_frame() if reference is None else reference
    return outcome("stream", examined(reference, frame, stream=StreamConfig(method, columns)))


def late(rows: int = 1000, changed: int = 100, by: float = 20.0) -> pd.DataFrame:
    """The last rows have another age, too few to move the whole."""
    frame = a_frame(rows, seed=1)
    frame.loc[rows - changed :, "age"] += by
    return frame


@pytest.mark.parametrize("method", METHODS)
def test_a_change_late_in_a_window_is_told_with_its_row(method: str) -> None:
    found = stream(late(), method, "age", "visits")
    (alert,) = found.alerts
    row = measure(found, method, "age").value
    assert row is not None
    assert 900 <= row < 1000
    assert alert.title.startswith("1 column changed within the batch: age (mean ")
    assert alert.title.endswith(f", at row {int(row) + 1:,})")
    assert (alert.kind, alert.columns) == ("stream", ("age",))
    assert measure(found, method, "visits").value is None


@pytest.mark.parametrize("method", METHODS)
def test_a_detector_goes_on_from_the_last_rows_of_the_window_before(tmp_path: Path, method: str) -> None:
    project = Project(str(tmp_path))
    text = f'[monitors.m]\nwatch = "in/*.csv"\nreference = "train.csv"\nstream = "{method}"\ncolumns = ["age"]\n'
    settings = config.parse(text)
    (tmp_path / "in").mkdir()
    a_frame().to_csv(tmp_path / "train.csv", index=False)
    found = {}
    with Store(project.store_path) as store:
        for number, (rows, by) in enumerate([(150, 0.0), (150, 0.0), (150, 15.0), (150, 15.0)]):
            path = tmp_path / "in" / f"{number}.csv"
            a_frame(rows, seed=number + 1).assign(age=lambda frame, by=by: frame["age"] + by).to_csv(path, index=False)
            os.utime(path, (number + 1, number + 1))
            (report,) = monitors.check(project, store, settings, open_model=None)  # type: ignore[arg-type]
            found[number] = next(each.value for each in report.measures if each.family == "stream")
    assert (found[0], found[1]) == (None, None)
    assert found[2] is not None, "within the window the column does not change"
    assert found[3] is None, "it was told with the window before"


def test_a_column_that_drifted_as_a_whole_is_no_second_alert() -> None:
    found = stream(late(changed=600))
    assert measure(found, "adwin", "age").is_breach
    assert found.alerts == ()


def test_gaps_infinities_and_text_are_passed_over() -> None:
    frame = late().astype({"age": object})
    frame.loc[:800:3, "age"] = None
    frame.loc[1:800:3, "age"] = "x"
    frame["income"] = np.inf
    found = stream(frame)
    assert measure(found, "adwin", "age").value in range(900, 1000)
    assert measure(found, "adwin", "income").value is None


@pytest.mark.parametrize(
    ("frame", "columns", "note"),
    [
        (a_frame(50, seed=1), ("plan",), "plan not followed: it is no column of numbers that both have"),
        (a_frame(50, seed=1).drop(columns="age"), ("age",), "age not followed: it is no column of numbers"),
        (a_frame(50, seed=1), ("nothing",), "nothing not followed"),
    ],
)
def test_what_cannot_be_followed_is_said(frame: pd.DataFrame, columns: tuple[str, ...], note: str) -> None:
    assert stream(frame, "adwin", *columns).notes[0].startswith(note)


def test_a_constant_reference_is_said() -> None:
    reference = a_frame().assign(age=1.5)
    assert "its values in the reference are one" in stream(a_frame(), "adwin", "age", reference=reference).notes[0]


def test_a_long_window_is_followed_as_far_as_the_detector_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(import_streams().MOST_ROWS, "adwin", 300)
    found = stream(late())
    assert found.notes == ("adwin followed the first 300 of 1,000 rows",)
    assert found.alerts == ()


def import_streams() -> Any:
    from mlops_tui.drift import streams

    return streams


def test_without_river_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "river", None)
    found = stream(a_frame(50, seed=1))
    assert "pip install 'mlops-tui[river]'" in found.notes[0]
    assert found.measures[0].value is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"kswin"', StreamConfig("kswin")),
        ('{ method = "page_hinkley", columns = "age" }', StreamConfig("page_hinkley", ("age",))),
        ('{ columns = ["age", "income"] }', StreamConfig("adwin", ("age", "income"))),
    ],
)
def test_a_detector_is_read_from_the_monitor(text: str, expected: StreamConfig) -> None:
    assert config.parse(f"[monitors.p]\nstream = {text}").monitors["p"].stream == expected


@pytest.mark.parametrize("text", ['"adwn"', "true", "{ metod = 'adwin' }"])
def test_what_is_no_detector_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        config.parse(f"[monitors.p]\nstream = {text}")
    assert caught.value.line == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "windows", "rows"), [("adwin", 100, 2000), ("page_hinkley", 100, 2000), ("kswin", 12, 600)]
)
def test_windows_in_which_nothing_happens_hardly_ever_have_an_alert(method: str, windows: int, rows: int) -> None:
    told = sum(bool(stream(a_frame(rows, seed), method).alerts) for seed in range(1, windows + 1))
    print(f"{method}: {told} of {windows} windows of 3 columns and {rows} rows without change have an alert")
    assert told <= max(1, windows // 20)
