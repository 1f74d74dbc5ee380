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
    assert monitors.pending(place.project, place.store.read(), place.config) == []
    place.log(150, seed=1)
    assert len(monitors.pending(place.project, place.store.read(), place.config)) == 1, "nobody waits for its end"
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
