from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tracking_wire import Wire, serving

from mlops_tui.serve.tracking.history import thinned

BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
INTERVAL = "metrics/get-history-bulk-interval"


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Wire, list[str]]]:
    """Two runs with 900 values each, logged from the last to the first."""
    with serving(str(tmp_path_factory.mktemp("history"))) as wire:
        runs = sorted(wire.run() for _ in range(2))
        for run_id in runs:
            values = [{"key": "loss", "value": step, "step": step, "timestamp": 1000 + step} for step in range(900)]
            wire.post("runs/log-batch", run_id=run_id, metrics=values[::-1])
        yield wire, runs


def steps(answer: Any) -> list[int]:
    return [value["step"] for value in answer.get("metrics", [])]


def test_a_history_is_whole_and_by_time(logged: tuple[Wire, list[str]]) -> None:
    wire, (run_id, _) = logged
    answer = wire.get("metrics/get-history", run_id=run_id, metric_key="loss")
    assert (steps(answer), "next_page_token" in answer) == (list(range(900)), False)
    assert answer["metrics"][3] == {"key": "loss", "value": 3.0, "timestamp": 1003, "step": 3}
    assert wire.get("metrics/get-history", run_id=run_id, metric_key="none") == {}


def test_a_history_comes_in_pages(logged: tuple[Wire, list[str]]) -> None:
    wire, (run_id, _) = logged
    found, token = [], ""
    for _ in range(3):
        answer = wire.get("metrics/get-history", run_id=run_id, metric_key="loss", max_results=300, page_token=token)
        found += steps(answer)
        token = answer.get("next_page_token", "")
    assert (found, token) == (list(range(900)), "")


def test_histories_of_several_runs_come_at_once(logged: tuple[Wire, list[str]]) -> None:
    wire, runs = logged
    found = wire.get(BULK, run_id=[*runs[::-1], "none"], metric_key="loss", max_results=1000)["metrics"]
    assert [value["run_id"] for value in found] == [runs[0]] * 900 + [runs[1]] * 100
    assert wire.send("GET", "metrics/get-history-bulk?run_id=a&metric_key=b").status == 404


def test_long_histories_are_thinned_out(logged: tuple[Wire, list[str]]) -> None:
    wire, runs = logged
    found = wire.get(INTERVAL, run_ids=runs, metric_key="loss", max_results=10)["metrics"]
    assert [value["step"] for value in found] == [*range(0, 810, 90), 899] * 2
    few = wire.get(INTERVAL, run_ids=runs[:1], metric_key="loss", start_step=3, end_step=5)
    assert steps(few) == [3, 4, 5]


@pytest.mark.parametrize(
    ("path", "wrong", "said"),
    [
        ("metrics/get-history", {"metric_key": "a"}, "Missing value for required parameter 'run_id'."),
        ("metrics/get-history", {"run_id": "a", "metric_key": "a", "max_results": 0}, "must be a positive integer"),
        ("metrics/get-history", {"run_id": "a", "metric_key": "a", "page_token": "?"}, "could not base64-decode"),
        (
            "metrics/get-history",
            {"run_id": "a", "metric_key": "a", "page_token": "eyJhZnRlciI6WzFdfQ=="},
            "Invalid page",
        ),
        (BULK, {"metric_key": "a"}, "must specify at least one run_id"),
        (BULK, {"run_id": ["a"]}, "must specify a metric_key"),
        (BULK, {"run_id": ["a"] * 101, "metric_key": "a"}, "Received 101 run_ids"),
        (INTERVAL, {"run_ids": ["a"], "metric_key": "a", "max_results": 2501}, "max_results must be between 1 and"),
        (INTERVAL, {"run_ids": ["a"], "metric_key": "a", "start_step": 1}, "both must be specified"),
        (INTERVAL, {"run_ids": ["a"], "metric_key": "a", "start_step": 2, "end_step": 1}, "must be greater than"),
        (INTERVAL, {"metric_key": "a"}, "Missing value for required parameter 'run_ids'."),
    ],
)
def test_a_history_that_is_none_is_refused(
    logged: tuple[Wire, list[str]], path: str, wrong: dict[str, Any], said: str
) -> None:
    code, message = logged[0].refused(path, method="GET", **wrong)
    assert (code, said in message) == ("INVALID_PARAMETER_VALUE", True), message


def test_thinning_keeps_both_ends() -> None:
    points = [(step, step, 0.0) for step in range(7)]
    assert [point[0] for point in thinned(points, 3)] == [0, 3, 6]
    assert (thinned(points, 1), thinned(points, 7)) == ([points[-1]], points)
