import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_store import drift, incidents, labels
from mlops_store.errors import SpecError, UsageError
from mlops_store.records import IncidentState, Measure, ModelVersion, MonitorReport
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.drift import monitors
from mlops_tui.drift.performance.arrivals import Arrival
from mlops_tui.drift.predictions import Model
from mlops_tui.project import Project

CONFIG = """
[monitors.churn]
watch = "production/*"
reference = "test.csv"
labels = "labels/*"
id = "customer"
target = "left"
proba = "p"
"""


def rows(count: int, first: int, *, wrong: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(first)
    x = rng.normal(size=count).round(3)
    p = 1 / (1 + np.exp(-2 * x))
    left = rng.random(count) < p
    left ^= rng.random(count) < wrong
    frame = pd.DataFrame({"customer": np.arange(first, first + count), "x": x, "p": p.round(4)})
    return frame.assign(prediction=(p > 0.5).astype(int), left=left.astype(int))


class Place:
    """A project whose windows and labels arrived a minute ago, one after the other."""

    def __init__(self, root: Path) -> None:
        self.project = Project(str(root))
        self.store = Store(self.project.store_path)
        self._age_s = 1000.0
        for folder in ("production", "labels"):
            (root / folder).mkdir()
        rows(1000, 0).to_csv(root / "test.csv", index=False)
        self.configure(CONFIG)

    def configure(self, text: str) -> None:
        Path(self.project.config_path).write_text(text)
        self.config = configuration.load(self.project)

    def write(self, name: str, frame: pd.DataFrame | bytes) -> None:
        path = Path(self.project.path(*name.split("/")))
        path.write_bytes(frame if isinstance(frame, bytes) else frame.to_csv(index=False).encode())
        self._age_s -= 1
        then = time.time() - self._age_s
        os.utime(path, (then, then))

    def window(self, name: str, frame: pd.DataFrame) -> MonitorReport:
        self.write(f"production/{name}", frame.drop(columns="left", errors="ignore"))
        (report,) = monitors.check(self.project, self.store, self.config, open_model=self.no_model)
        return report

    def label(self, name: str, frame: pd.DataFrame | bytes) -> Arrival:
        self.write(f"labels/{name}", frame)
        return self.join()

    def join(self) -> Arrival:
        return monitors.join_labels(self.project, self.store, self.config)["churn"]

    def no_model(self, version: ModelVersion) -> Model:
        raise AssertionError(version)

    def measures(self, report: MonitorReport) -> dict[str, Measure]:
        found = drift.report(self.store.read(), report.id).measures
        return {each.name: each for each in found if each.family == "performance"}

    def alerts(self, report: MonitorReport) -> list[tuple[str, str]]:
        return [(each.severity, each.state) for each in drift.alerts_of(self.store.read(), report.id)]

    def incidents(self) -> list[tuple[str, str]]:
        return [(each.state, each.title[:7]) for each in incidents.ranked(self.store.read(), tuple(IncidentState))]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.store.close()


def truth(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[["customer", "left"]]


def test_labels_that_come_later_measure_their_window(place: Place) -> None:
    frame = rows(800, 5000)
    report = place.window("a.csv", frame)
    awaited = place.measures(report)["roc_auc"]
    assert (awaited.value, awaited.count, awaited.detail["why"]) == (None, 0, "no labels have come yet")
    assert [name for name, _ in monitors.pending(place.project, place.store.read(), place.config).batches] == []
    arrival = place.label("1.csv", truth(frame.iloc[:300]))
    assert [(file.path, file.rows, file.matched) for file in arrival.files] == [("labels/1.csv", 300, 300)]
    found = place.measures(report)
    assert list(found) == ["roc_auc", "average_precision", "f1", "precision", "recall", "specificity", "accuracy"]
    area = found["roc_auc"]
    assert area.low < area.value < area.high  # type: ignore[operator]
    assert (area.count, area.detail["labelled"], area.detail["of"]) == (300, 300, 800)
    assert (area.detail["interval"], area.detail["reference"]) == ("DeLong", "test.csv")
    assert place.alerts(report) == []
    place.label("2.csv", truth(frame.iloc[300:]))
    assert place.measures(report)["roc_auc"].count == 800
    assert place.join() == Arrival()


def test_a_much_worse_window_raises_an_alert_that_a_correction_takes_back(place: Place) -> None:
    frame = rows(800, 5000, wrong=0.3)
    report = place.window("a.csv", frame)
    place.label("1.csv", truth(frame))
    assert place.alerts(report) == [("critical", "open")]
    assert drift.report(place.store.read(), report.id).status == "drift"
    (alert,) = drift.alerts_of(place.store.read(), report.id)
    assert (alert.kind, alert.subject) == ("performance", "roc_auc")
    assert alert.title.startswith("roc_auc 0.8")
    assert alert.title.endswith(", 800 rows)")
    assert place.incidents() == [("open", "roc_auc")]
    place.label("2.csv", truth(frame.assign(left=rows(800, 5000)["left"])))
    assert place.alerts(report) == []
    assert place.incidents() == [("resolved", "roc_auc")]
    assert drift.report(place.store.read(), report.id).status == "ok"
    assert place.measures(report)["roc_auc"].detail["changed"] > 100


def test_a_slice_that_is_worse_while_the_whole_is_not_is_told_of(place: Place) -> None:
    place.configure(CONFIG + 'metrics = ["accuracy"]\nslices = ["site"]\n')
    sites = np.array([*["a"] * 19, "b"])
    rows(2000, 0).assign(site=np.resize(sites, 2000)).to_csv(place.project.path("test.csv"), index=False)
    frame = rows(2000, 8000).assign(site=np.resize(sites, 2000))
    frame["left"] ^= (frame["site"] == "b") & (np.arange(2000) % 50 < 40)
    report = place.window("a.csv", frame)
    estimated = {each.subject: each for each in report.measures if each.name == "estimated_accuracy"}
    assert (list(estimated), estimated["site = b"].count) == (["site = a", "site = b"], 100)
    assert estimated["site = b"].reference == pytest.approx(0.8, abs=0.1)
    assert place.alerts(report) == []
    place.label("1.csv", truth(frame))
    found = drift.report(place.store.read(), report.id).measures
    accuracy = {(each.family, each.subject): each for each in found if each.name == "accuracy"}
    assert not accuracy["performance", ""].is_breach
    assert accuracy["slices", "site = b"].is_breach
    assert not accuracy["slices", "site = a"].is_breach
    (alert,) = drift.alerts_of(place.store.read(), report.id)
    assert (alert.kind, alert.subject) == ("slice_performance", "site = b")
    assert alert.title.startswith("worse in a part of the rows, not in the whole: site = b: accuracy 0.")
    place.label("2.csv", truth(frame.assign(left=rows(2000, 8000)["left"])))
    assert place.alerts(report) == []


def test_labels_that_come_before_their_window_wait_for_it(place: Place) -> None:
    frame = rows(200, 5000)
    (file,) = place.label("1.csv", truth(frame)).files
    assert file.notes[0].startswith("no window with ids has been checked yet; its labels are kept until one comes")
    report = place.window("a.csv", frame)
    assert place.join().files == ()
    assert place.measures(report)["roc_auc"].count == 200


def test_a_file_that_matches_nothing_says_what_the_ids_look_like(place: Place) -> None:
    place.window("a.csv", rows(100, 5000))
    strange = pd.DataFrame({"customer": [f"C-{n}" for n in range(50)], "left": [0, 1] * 25})
    (file,) = place.label("1.csv", strange).files
    assert file.matched == 0
    assert file.notes == (
        "none of its 50 ids is in any window: there customer is 'C-0', 'C-1', in the newest window '5000', '5001'",
    )


def test_a_changed_file_counts_as_it_is_now(place: Place) -> None:
    frame = rows(300, 5000)
    report = place.window("a.csv", frame)
    place.label("1.csv", truth(frame))
    place.label("1.csv", truth(frame.iloc[:100]))
    assert place.measures(report)["roc_auc"].count == 100
    place.label("1.csv", b"customer,other\n1,2\n")
    (file,) = labels.files(place.store.read())
    assert file.problem == "has no column 'left'; there are customer, other"
    assert place.measures(report)["roc_auc"].detail["why"] == "no labels have come yet"


def test_ids_and_labels_may_be_written_in_several_ways(place: Place) -> None:
    frame = rows(200, 5000)
    report = place.window("a.csv", frame)
    content = "\n".join(f"{row.customer}.0,{bool(row.left)}" for row in frame.itertuples())
    place.label("1.csv", f"customer,left\n{content}\n".encode())
    assert place.measures(report)["accuracy"].count == 200
    plain = place.measures(report)["accuracy"].value
    assert plain == pytest.approx((frame["prediction"] == frame["left"]).mean())


def test_ids_with_two_labels_and_rows_without_one_are_left_out_and_told(place: Place) -> None:
    frame = rows(100, 5000)
    place.window("a.csv", frame)
    double = pd.concat([truth(frame), truth(frame.iloc[:4]).assign(left=1 - frame["left"].iloc[:4])])
    gaps = pd.DataFrame({"customer": [None, 5001], "left": [1.0, None]})
    (file,) = place.label("1.csv", pd.concat([double, gaps])).files
    assert (file.rows, file.matched) == (96, 96)
    assert file.notes == (
        "2 of 106 rows lack the id or the label", "4 ids have different labels in it and are left out",
    )  # fmt: skip


def test_labels_that_are_no_class_of_the_model_are_told(place: Place) -> None:
    frame = rows(100, 5000)
    report = place.window("a.csv", frame)
    place.label("1.csv", truth(frame).assign(left="churned"))
    area = place.measures(report)["roc_auc"]
    assert area.value is None
    assert area.detail["why"] == ("100 of 100 labels are no class of the model ('churned'; it knows '0', '1')")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"drop": "customer"}, "labels cannot be joined: the rows have no column 'customer'"),
        ({"drop": "prediction"}, ""),
        ({"drop": ["prediction", "p"]}, "there is no column 'prediction', and no model to predict"),
    ],
)
def test_a_window_that_cannot_be_joined_says_why(place: Place, change: dict[str, Any], why: str) -> None:
    report = place.window("a.csv", rows(100, 5000).drop(columns=change["drop"]))
    assert place.measures(report)["roc_auc"].detail["why"] == (why or "no labels have come yet")


def test_a_window_that_brings_its_own_truth_is_measured_at_once(place: Place) -> None:
    frame = rows(200, 5000)
    place.write("production/a.csv", frame)
    (report,) = monitors.check(place.project, place.store, place.config, open_model=place.no_model)
    assert place.measures(report)["roc_auc"].count == 200


def test_a_bound_of_the_projects_own_decides(place: Place) -> None:
    frame = rows(500, 5000)
    place.configure(CONFIG + "metrics = { accuracy = 0.95, recall = 0.1 }\n")
    report = place.window("a.csv", frame)
    place.label("1.csv", truth(frame))
    found = place.measures(report)
    assert {name: (each.threshold, each.is_breach) for name, each in found.items()} == {
        "accuracy": (0.95, True),
        "recall": (0.1, False),
    }
    assert [alert.subject for alert in drift.alerts_of(place.store.read(), report.id)] == ["accuracy"]


def test_a_regression_is_measured_by_its_errors(place: Place) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"customer": np.arange(400), "x": rng.normal(size=400)})
    frame = frame.assign(prediction=2 * frame["x"], left=2 * frame["x"] + rng.normal(0, 0.5, 400))
    frame.to_csv(place.project.path("test.csv"), index=False)
    place.configure(CONFIG.replace('proba = "p"\n', ""))
    report = place.window("a.csv", frame)
    place.label(
        "1.csv", truth(frame.assign(left=frame["left"].astype(object)).replace({"left": {frame["left"][0]: "?"}}))
    )
    found = place.measures(report)
    assert list(found) == ["mae", "rmse", "mape", "r2"]
    assert found["mae"].count == 399
    assert found["mae"].detail["remarks"] == ["1 of 400 labels are no numbers"]
    assert found["mae"].reference == pytest.approx((frame["prediction"] - frame["left"]).abs().mean())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('labels = "../x.csv"', "monitors.churn.labels '../x.csv' leaves the project"),
        ("labels = 3", "monitors.churn.labels must be a list of strings, not a number"),
        ("estimate = { other = 1 }", "monitors.churn.estimate.other is not a key of mlops.toml"),
    ],
)
def test_a_monitor_that_is_not_understood_is_refused(place: Place, line: str, message: str) -> None:
    with pytest.raises(SpecError, match=message.replace("(", r"\(")):
        place.configure(CONFIG.replace('labels = "labels/*"', "") + line + "\n")


def test_labels_want_an_id_and_a_target(place: Place) -> None:
    with pytest.raises(SpecError, match=r"monitors\.churn\.labels needs monitors\.churn\.target"):
        place.configure(CONFIG.replace('target = "left"\n', ""))


def test_a_metric_of_another_task_is_refused(place: Place) -> None:
    place.configure(CONFIG + 'metrics = ["rmse"]\n')
    with pytest.raises(UsageError, match=r"'rmse' is no metric of a binary model"):
        place.window("a.csv", rows(100, 5000))
