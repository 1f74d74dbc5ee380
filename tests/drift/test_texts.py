import importlib.util
import json
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from drift_windows import examined

from mlops_store.errors import UsageError
from mlops_store.records import ColumnReport
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import severity
from mlops_tui.drift.check import prepared
from mlops_tui.drift.columns import Settings, prepare
from mlops_tui.drift.texts import compare

REFERENCE = Path(__file__).parent / "reference"
EVIDENTLY: dict[str, Any] = json.loads((REFERENCE / "evidently.json").read_text())["texts"]


@pytest.fixture(scope="module")
def cases() -> Any:
    spec = importlib.util.spec_from_file_location("drift_reference_texts", REFERENCE / "cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(reference: list[Any], current: list[Any], **thresholds: float) -> ColumnReport:
    before, now = pd.Series(reference, dtype=object), pd.Series(current, dtype=object)
    return compare(prepare(before, "text", name="note"), before, now, Settings(thresholds=thresholds))


@pytest.mark.parametrize("name", sorted(EVIDENTLY))
def test_the_area_and_the_verdict_are_evidentlys(cases: Any, name: str) -> None:
    reference, current = cases.TEXTS[name]
    found = report(reference, current)
    assert found.score == pytest.approx(EVIDENTLY[name]["score"], abs=1e-9)
    assert found.is_drifted == bool(EVIDENTLY[name]["drifted"])
    assert found.method == ("abs" if len(reference) > 1000 else "perc") + "_text_content_drift"


def test_texts_about_other_things_raise_an_alert_that_names_a_word(cases: Any) -> None:
    reference = pd.DataFrame({"note": cases.comments(600, 0), "x": range(600)})
    frame = pd.DataFrame({"note": cases.comments(400, 1, 0.4), "x": range(400)})
    findings = examined(reference, frame).findings
    (alert,) = severity.alerts(findings)
    assert alert.title.startswith("1 of 1 columns drifted: note ('")
    assert alert.columns == ("note",)
    column = findings.columns[0]
    assert column.detail["score_is"] == "AUC"
    assert len(column.detail["reference"]["labels"]) == len(column.detail["current"]["counts"]) == 10


def test_texts_about_the_same_raise_none(cases: Any) -> None:
    reference = pd.DataFrame({"note": cases.comments(600, 0)})
    assert severity.alerts(examined(reference, pd.DataFrame({"note": cases.comments(400, 1)})).findings) == ()


def test_a_threshold_of_the_monitor_counts(cases: Any) -> None:
    reference, current = cases.TEXTS["few moved"]
    assert not report(reference, current, note=0.99).is_drifted
    assert report(reference, current, perc_text_content_drift=0.51).threshold == 0.51


@pytest.mark.parametrize(
    ("reference", "current", "why"),
    [
        (["a b"] * 29, ["a b"] * 99, "the reference has 29 values"),
        ([f"word{i}" for i in range(99)], ["a", None], "the batch has 1 values"),
        ([f"word{i}" for i in range(99)], [None] * 50, "the batch has 0 values"),
        (["... ,"] * 40, ["."] * 40, "its texts hold no words"),
        (["same"] * 40, ["same"] * 40, "its texts hold no words"),
    ],
)
def test_what_cannot_be_compared_is_said(reference: list[Any], current: list[Any], why: str) -> None:
    found = report(reference, current)
    assert found.score is None
    assert found.detail["finding"]["message"].startswith(why)


def test_texts_of_any_kind_are_read() -> None:
    texts: list[Any] = [b"bytes are", 3.5, "\x1b[31mred" * 5, "[bold]x[/]", ["list"], "💥 boom \ud800"]
    found = report([f"word{i} other{i % 7}" for i in range(60)], texts * 10)
    assert found.score is not None
    json.dumps(found.detail, allow_nan=False).encode()


@pytest.mark.slow
def test_texts_of_one_source_hardly_ever_raise_an_alert(cases: Any) -> None:
    told, windows = 0, 150
    rng = random.Random(0)
    for number in range(windows):
        rows = rng.randint(30, 600), rng.randint(30, 600)
        reference = pd.DataFrame({"note": cases.comments(rows[0], 2 * number)})
        frame = pd.DataFrame({"note": cases.comments(rows[1], 2 * number + 1)})
        told += bool(severity.alerts(examined(reference, frame).findings))
    print(f"{told} of {windows} windows of the same texts have an alert")
    assert told <= 13  # one column: the false discovery rate of 5 % is that of alerts


def test_a_method_for_a_text_is_refused(cases: Any) -> None:
    frame = pd.DataFrame({"note": cases.comments(60, 0)})
    with pytest.raises(UsageError, match="'psi' cannot compare 'note', which is text"):
        prepared(frame, MonitorConfig("m", methods={"note": "psi"}))
