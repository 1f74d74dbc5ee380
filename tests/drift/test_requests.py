"""The log of a model server as the source of a monitor's windows."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_store.records import MonitorReport
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.drift import monitors
from mlops_tui.drift.sources import of_monitor
from mlops_tui.project import Project
from mlops_tui.serve import segments
from mlops_tui.serve.labels import LabelLog

SETTINGS = '[monitors.m]\nrequests = "churn"\nwindow = "100 rows"\nreference = "train.csv"\nprediction = "score"\n'


class Place:
    """A project with a monitor of requests."""

    def __init__(self, root: Path) -> None:
        self.project = Project(str(root))
        self.store = Store(self.project.store_path)
        self.directory = Path(self.project.requests_dir("churn"))
        rng = np.random.default_rng(9)
        pd.DataFrame({"age": rng.normal(40, 10, 400), "score": rng.random(400)}).to_csv(root / "train.csv", index=False)
        self.configure(SETTINGS)

    def configure(self, text: str) -> None:
        Path(self.project.config_path).write_text(text)
        self.config = configuration.load(self.project)

    def log(self, count: int, *, shift: float = 0.0, seed: int = 0, name: str = "1.jsonl", **more: Any) -> None:
        rng = np.random.default_rng(seed)
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / name).open("a") as file:
            for number in range(count):
                inputs = {"age": rng.normal(40 + 10 * shift, 10)}
                line = {"id": f"r{number}", "time": time.time(), "version": "3", "inputs": inputs}
                file.write(json.dumps(line | {"prediction": rng.random()} | more) + "\n")

    def reports(self) -> list[MonitorReport]:
        return monitors.check(self.project, self.store, self.config, open_model=None)  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.store.close()


def test_logged_requests_are_checked_while_the_log_grows(place: Place) -> None:
    assert monitors.pending(place.project, place.store.read(), place.config).batches == ()
    place.log(150, seed=1)
    assert len(monitors.pending(place.project, place.store.read(), place.config).batches) == 1, (
        "nobody waits for its end"
    )
    place.log(1, name="2.jsonl")
    (place.directory / "2.jsonl").write_text('{"id": "half')
    (report,) = place.reports()
    assert (report.batch, report.status, report.path) == ("rows 1-100", "ok", "churn")
    assert [column.column for column in report.columns] == ["age", "score"]
    assert report.columns[1].role == "prediction"
    assert place.reports() == []
    place.log(60, seed=2, shift=3.0)
    (report,) = place.reports()
    assert (report.batch, report.status, report.notes) == ("rows 101-200", "drift", ())


def test_a_file_of_the_log_stays_the_same_when_it_is_closed(place: Place) -> None:
    day = '[monitors.d]\nrequests = "churn"\nreference = "train.csv"\nprediction = "score"\n'
    place.configure(SETTINGS + day)
    place.log(150, seed=1, time=1_793_577_600.5, probabilities={"no": 0.25, "yes": 0.75})
    assert [report.batch for report in place.reports()] == ["rows 1-100", "2026-11-02"]
    held = of_monitor(place.project, place.config.monitors["m"])
    (before,) = held.files()
    assert segments.close_all(str(place.directory)) == 1
    assert [path.name for path in place.directory.iterdir()] == ["1.parquet"]
    read = held.read(before)
    assert read is not None
    assert read.count == 150, "what was listed before it was closed is found"
    (after,) = held.files()
    assert (after.batch, after.path) == (before.batch, before.path.replace("jsonl", "parquet"))
    assert place.reports() == [], "no row is a new one"
    place.log(50, seed=2, name="2.jsonl", time=1_793_577_601.5)
    found = place.reports()
    assert [(report.batch, report.row_count) for report in found] == [("rows 101-200", 100), ("2026-11-02", 200)]


def test_ids_and_probabilities_stand_beside_the_rows_and_are_not_checked(place: Place) -> None:
    place.log(100, seed=1, probabilities={"no": 0.25, "yes": 0.75})
    source = of_monitor(place.project, place.config.monitors["m"])
    rows = source.read(source.files()[0])
    assert rows is not None
    assert set(rows.rows(0, 1).frame.columns) == {
        *("age", "score", "request.id", "request.time", "request.version"),
        *("request.probability.no", "request.probability.yes"),
    }
    (report,) = place.reports()
    assert [column.column for column in report.columns] == ["age", "score"]


def test_requests_are_cut_into_days_where_nothing_else_is_said(place: Place) -> None:
    place.configure('[monitors.m]\nrequests = "churn"\nreference = "train.csv"\n')
    monitor = place.config.monitors["m"]
    assert (monitor.window.length_s, monitor.time) == (86400.0, "request.time")
    place.log(50, seed=1, time=1_793_577_600.0)
    (report,) = place.reports()
    assert (report.batch, report.row_count) == ("2026-11-02", 50)


def test_a_model_may_be_called_anything(place: Place) -> None:
    assert Path(place.project.requests_dir("team/churn%2F")).parent == place.directory.parent


def test_labels_that_were_posted_are_joined_with_requests_without_a_word_of_configuration(place: Place) -> None:
    place.configure('[monitors.m]\nrequests = "churn"\nwindow = "100 rows"\nreference = "train.csv"\n')
    place.log(100, seed=1, prediction=1)
    (report,) = place.reports()
    (awaited,) = (measure for measure in report.measures if measure.family == "performance")
    assert (awaited.value, awaited.detail["why"]) == (None, "no labels have come yet")
    log = LabelLog(place.project.labels_dir("churn"), 1 << 20)
    log.add([(f"r{number}", number % 2) for number in range(100)])
    log.add([("r0", 1), ("r2", 1), ("nobody asked", 1)])
    db = place.store.read()
    assert monitors.would_join(place.project, db, place.config) != [], "nobody waits for the end of the log"
    arrival = monitors.join_labels(place.project, place.store, place.config)["m"]
    (file,) = arrival.files
    assert (file.rows, file.matched, file.problem) == (101, 100, "")
    accuracy = next(m for m in arrival.reports[0].measures if (m.family, m.name) == ("performance", "accuracy"))
    assert (accuracy.value, accuracy.count) == (0.52, 100), "what was posted again counts"
    assert monitors.would_join(place.project, db, place.config) == []


def test_posted_labels_of_ids_that_nobody_has_are_told_of(place: Place) -> None:
    place.log(100, seed=1)
    place.reports()
    LabelLog(place.project.labels_dir("churn"), 1 << 20).add([("order-17", 1.5)])
    arrival = monitors.join_labels(place.project, place.store, place.config)["m"]
    assert arrival.files[0].notes == (
        "none of its 1 ids is in any window: there request.id is 'order-17', in the newest window 'r0', 'r1'",
    )
