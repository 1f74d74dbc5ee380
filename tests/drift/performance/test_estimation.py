import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_store import drift
from mlops_store.records import Measure, ModelVersion, MonitorReport
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.drift import monitors
from mlops_tui.drift.performance import cbpe, doubts, scoring, support, tasks
from mlops_tui.drift.performance.outputs import Outputs
from mlops_tui.drift.predictions import Model
from mlops_tui.project import Project

CONFIG = """
[monitors.churn]
watch = "production/*"
reference = "test.csv"
prediction = "prediction"
labels = "labels/*"
id = "customer"
target = "left"
"""


def classified(count: int, first: int, *, spread: float = 1.0, shift: float = 0.0) -> pd.DataFrame:
    """Rows of a model whose probabilities are right; the smaller the spread, the harder are the rows."""
    rng = np.random.default_rng(first)
    x = rng.normal(shift, spread, count).round(3)
    p = (1 / (1 + np.exp(-2 * x))).round(4)
    frame = pd.DataFrame({"customer": np.arange(first, first + count), "x": x, "p": p})
    return frame.assign(prediction=(p > 0.5).astype(int), left=(rng.random(count) < p).astype(int))


def measured(count: int, first: int, *, noise: float = 1.0) -> pd.DataFrame:
    """Rows of a model whose error grows with x."""
    rng = np.random.default_rng(first)
    x = rng.uniform(0, noise, count).round(3)
    frame = pd.DataFrame({"customer": np.arange(first, first + count), "x": x, "prediction": 3 * x})
    return frame.assign(left=3 * x + rng.normal(0, 0.1 + x))


class Place:
    """A project whose monitor has labelled rows."""

    def __init__(self, root: Path) -> None:
        self.project = Project(str(root))
        self.store = Store(self.project.store_path)
        for folder in ("production", "labels"):
            (root / folder).mkdir()
        classified(1500, 0).to_csv(root / "test.csv", index=False)
        self.configure(CONFIG + 'proba = "p"\n')

    def configure(self, text: str) -> None:
        Path(self.project.config_path).write_text(text)
        self.config = configuration.load(self.project)

    def write(self, name: str, frame: pd.DataFrame) -> None:
        path, then = self.project.path(*name.split("/")), time.time() - 60
        frame.to_csv(path, index=False)
        os.utime(path, (then, then))

    def window(self, name: str, frame: pd.DataFrame) -> MonitorReport:
        self.write(f"production/{name}", frame.drop(columns="left"))
        (report,) = monitors.check(self.project, self.store, self.config, open_model=self.no_model)
        return report

    def no_model(self, version: ModelVersion) -> Model:
        raise AssertionError(version)

    def kinds(self, report: MonitorReport) -> list[str]:
        return sorted(alert.kind for alert in drift.alerts_of(self.store.read(), report.id))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.store.close()


def of(report: MonitorReport, family: str) -> dict[str, Measure]:
    return {each.name: each for each in report.measures if each.family == family}


def test_a_window_of_harder_rows_is_estimated_to_be_worse_and_labels_agree(place: Place) -> None:
    frame = classified(1000, 5000, spread=0.3)
    report = place.window("a.csv", frame)
    estimate = of(report, "estimate")["roc_auc"]
    assert (estimate.is_breach, estimate.count, estimate.detail["method"]) == (True, 1000, "CBPE")
    assert estimate.detail["doubts"] == []
    assert "estimate" in place.kinds(report)
    assumptions = of(report, "assumption")
    assert list(assumptions) == ["labelled_rows", "calibration_error", "outside_share"]
    assert not any(each.is_breach for each in assumptions.values())
    place.write("labels/1.csv", frame[["customer", "left"]])
    monitors.join_labels(place.project, place.store, place.config)
    labelled = drift.report(place.store.read(), report.id)
    realized = of(labelled, "performance")["roc_auc"]
    assert estimate.low < realized.value < estimate.high  # type: ignore[operator]
    assert realized.detail["estimated"] == estimate.value
    assert "estimate" not in place.kinds(report)
    assert "performance" in place.kinds(report)


def test_rows_beyond_the_labelled_ones_make_an_estimate_doubtful_and_raise_no_alert_of_it(place: Place) -> None:
    place.configure(CONFIG + 'proba = "p"\nmetrics = { precision = 0.999, recall = 1.0 }\n')
    report = place.window("a.csv", classified(500, 5000, shift=-4.0))
    (doubt,) = of(report, "estimate")["precision"].detail["doubts"]
    assert doubt.endswith("of the rows lie outside of what the labelled rows cover (x 54%)")
    assert of(report, "assumption")["outside_share"].is_breach
    assert "estimate" not in place.kinds(report)
    assert any(note.startswith("no alert of estimated recall") and doubt in note for note in report.notes)


def test_errors_are_estimated_for_a_regression(place: Place) -> None:
    place.write("test.csv", measured(1500, 0))
    place.configure(CONFIG)
    easy = place.window("a.csv", measured(800, 5000, noise=0.3).assign())
    estimate = of(easy, "estimate")
    assert [name for name, each in estimate.items() if each.value is not None] == ["mae", "rmse", "mape"]
    assert estimate["r2"].detail["why"] == "it cannot be estimated without labels"
    true = (measured(800, 5000, noise=0.3)["prediction"] - measured(800, 5000, noise=0.3)["left"]).abs().mean()
    assert estimate["mae"].value == pytest.approx(true, abs=0.03)
    assert estimate["mae"].reference > 2 * true  # type: ignore[operator]


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        (classified(25, 0), "there are only 25 labelled rows (test.csv), at least 30 are needed"),
        (classified(90, 0).drop(columns="left"), "no labelled rows are known that the model was not trained on"),
        (classified(90, 0).drop(columns="p"), "of the labelled rows (test.csv) no probabilities are known"),
        (
            classified(90, 0).assign(left=[1] + [0] * 89),
            "the labelled rows (test.csv) have no two rows of the class '1'",
        ),
    ],
)
def test_where_nothing_can_be_learned_it_is_said_why(place: Place, reference: pd.DataFrame, why: str) -> None:
    place.write("test.csv", reference)
    report = place.window("a.csv", classified(100, 5000))
    (estimate,) = of(report, "estimate").values()
    assert estimate.value is None
    assert estimate.detail["why"].startswith(why)


def test_estimates_can_be_switched_off(place: Place) -> None:
    place.configure(CONFIG + "estimate = false\n")
    assert of(place.window("a.csv", classified(100, 5000)), "estimate") == {}


def test_the_interval_of_an_estimate_holds_what_is_realized() -> None:
    task = tasks.of_classes(["0", "1"])

    def outputs(frame: pd.DataFrame) -> Outputs:
        return Outputs(frame["prediction"], frame[["p"]].set_axis([""], axis="columns"))

    held = dict.fromkeys(("roc_auc", "f1", "accuracy"), 0)
    for seed in range(6):
        reference = classified(1000, 10_000 * seed)
        rows, _ = scoring.rows(outputs(reference), reference["left"], task)
        assert rows is not None
        made = cbpe.Estimator(rows)
        for window in range(25):
            frame = classified(400, 1_000_000 + 1000 * seed + window, spread=0.6)
            given = outputs(frame)
            proba = given.matrix(task)
            assert proba is not None
            realized = scoring.score(given, frame["left"], task, tuple(held)).figures
            for name, found in made.estimates(tuple(held), given.codes(task), proba).items():
                held[name] += found.low <= realized[name].value <= found.high  # type: ignore[operator]
    assert {name: count > 0.9 * 150 for name, count in held.items()} == dict.fromkeys(held, True)


def test_what_is_outside_is_counted_by_row_and_by_column() -> None:
    reference = pd.DataFrame({"x": np.arange(100.0), "plan": ["free", "pro"] * 50})
    window = pd.DataFrame({"x": [-1.0, 5.0, 200.0, np.nan], "plan": ["free", "gold", "gold", "pro"]})
    found = support.coverage(reference, window)
    assert (found.outside, found.rows, found.columns) == (4, 4, (("x", 3), ("plan", 2)))
    assert found.expected == 0.02


def test_an_estimate_that_was_wrong_before_is_doubted() -> None:
    estimate = Measure("estimate", "roc_auc", value=0.9, low=0.88, high=0.92)
    right = Measure("performance", "roc_auc", value=0.89, low=0.85, high=0.93)
    wrong = Measure("performance", "roc_auc", value=0.7, low=0.66, high=0.74)
    assert doubts.of_record([(estimate, wrong)]) is None
    held = doubts.of_record([(estimate, right), (estimate, wrong)])
    assert held is not None
    assert (held.reason, held.measure.value) == ("", 0.5)
    failed = doubts.of_record([(estimate, right)] * 2 + [(estimate, wrong)] * 4)
    assert failed is not None
    assert failed.reason == "in 4 of 6 earlier windows the realized figure was not what was estimated"
