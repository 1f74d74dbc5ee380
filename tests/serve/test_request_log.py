"""The log of requests: what it holds, that nothing waits for it, and that it stays within its bounds."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from serving import ask, running

from mlops_tui.serve import schemas
from mlops_tui.serve.app import Server
from mlops_tui.serve.request_log import Bounds, Entry, RequestLog, request_id
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.served import Served

SIGNATURE = {"inputs": [{"name": "a", "type": "double"}, {"name": "plan", "type": "string"}]}


def logged(directory: Path) -> list[dict[str, Any]]:
    names = sorted(os.listdir(directory))
    return [json.loads(line) for name in names for line in (directory / name).read_text().splitlines()]


def entry(identity: str, data: Any, predictions: Any, rows: int) -> Entry:
    return Entry(identity, 100.0, 0.25, "3", data, predictions, rows)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RequestLog]:
    log = RequestLog(str(tmp_path / "log"))
    yield log
    log.close()


def test_what_was_asked_and_answered_is_written_down_with_the_id_that_the_client_gets(tmp_path: Path) -> None:
    served = Served("adder", "3", "production", "d", schemas.read(SIGNATURE), lambda rows: rows["a"].to_numpy() * 2)
    log = RequestLog(str(tmp_path / "log"))
    one = {"dataframe_records": [{"a": 1.5, "plan": "pro", "unknown": 7}]}
    two = {"dataframe_split": {"columns": ["a", "plan"], "data": [[1, "x"], [2, None]]}}
    with running(Server(served, "1", Limits(), log=log)) as port:
        first = ask(port, one, headers={"X-Request-Id": "order-17"})
        second = ask(port, two)
        assert ask(port, "nonsense").status == 400
        metrics = ask(port, path="/metrics", method="GET").content.decode()
    assert first.headers["x-request-id"] == "order-17"
    lines = logged(tmp_path / "log")
    assert [line["id"] for line in lines] == [
        "order-17",
        *(f"{second.headers['x-request-id']}:{row}" for row in (0, 1)),
    ]
    assert lines[0]["inputs"] == {"a": 1.5, "plan": "pro"}
    assert [line["prediction"] for line in lines] == [3.0, 2.0, 4.0]
    assert {line["version"] for line in lines} == {"3"}
    assert all(0 < line["latency_s"] < 30 for line in lines)
    assert "mlops_unlogged_rows_total 0" in metrics
    assert oct((tmp_path / "log").stat().st_mode)[-3:] == "700"


@pytest.mark.parametrize(
    ("data", "predictions", "lines"),
    [
        (np.array([[1.0, 2.0]]), np.array([7]), [{"inputs": {"0": 1.0, "1": 2.0}, "prediction": 7}]),
        (
            {"x": np.array([1, 2])},
            np.array([[0.25, 0.75], [1.0, 0.0]]),
            [
                {"inputs": {"x": 1}, "prediction": 1, "probabilities": {"0": 0.25, "1": 0.75}},
                {"inputs": {"x": 2}, "prediction": 0, "probabilities": {"0": 1.0, "1": 0.0}},
            ],
        ),
        (
            pd.DataFrame({"at": pd.to_datetime(["2026-01-01"])}),
            pd.DataFrame({"low": [1.0], "high": [3.0]}),
            [{"inputs": {"at": "2026-01-01T00:00:00"}, "prediction": {"low": 1.0, "high": 3.0}}],
        ),
        (np.zeros((1, 8, 8)), ["a cat"], [{"prediction": "a cat"}]),
        (pd.DataFrame({"x": [1]}), 5.0, [{"inputs": {"x": 1}, "prediction": 5.0}]),
    ],
)
def test_every_kind_of_input_and_answer_has_its_lines(
    tmp_path: Path, log: RequestLog, data: Any, predictions: Any, lines: list[dict[str, Any]]
) -> None:
    log.put(entry("r", data, predictions, len(lines)))
    log.close()
    found = logged(tmp_path / "log")
    assert [
        {key: line[key] for key in line if key not in ("id", "time", "version", "latency_s")} for line in found
    ] == lines


def test_rows_that_there_is_no_room_for_are_left_out_and_counted(tmp_path: Path) -> None:
    log = RequestLog(str(tmp_path / "log"), Bounds(waiting_rows=10))
    log.put(entry("big", pd.DataFrame({"x": range(11)}), np.zeros(11), 11))
    log.put(entry("small", pd.DataFrame({"x": [1]}), np.zeros(1), 1))
    log.put(entry("odd", pd.DataFrame({"x": [object()]}), np.zeros(1), 1))
    log.close()
    assert (log.written_rows, log.lost_rows) == (1, 12)
    assert [line["id"] for line in logged(tmp_path / "log")] == ["small"]


def test_a_folder_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("in the way")
    log = RequestLog(str(tmp_path / "log"))
    log.put(entry("r", pd.DataFrame({"x": [1]}), np.zeros(1), 1))
    log.close()
    assert (log.written_rows, log.lost_rows) == (0, 1)


def test_files_are_closed_at_their_size_and_the_oldest_make_room(tmp_path: Path) -> None:
    bounds = Bounds(file_bytes=1_000, kept_bytes=4_000)
    log = RequestLog(str(tmp_path / "log"), bounds)
    for number in range(200):
        log.put(entry(f"r{number}", pd.DataFrame({"x": [number]}), np.zeros(1), 1))
    log.close()
    sizes = [path.stat().st_size for path in (tmp_path / "log").iterdir()]
    assert sum(sizes) <= bounds.kept_bytes
    assert logged(tmp_path / "log")[-1]["id"] == "r199"


def test_the_id_of_a_request_is_a_plain_word() -> None:
    assert request_id("a.b-c:1") == "a.b-c:1"
    for given in (None, "", "two words", "x" * 101, "\x1b[31m"):
        assert request_id(given) != given
