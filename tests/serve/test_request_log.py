"""The log of requests: what it holds, that nothing waits for it, and that it stays within its bounds."""

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving import ask, running

from mlops_store.errors import Refused, UsageError
from mlops_tui.config.serving import ServeConfig
from mlops_tui.drift import profiles
from mlops_tui.serve import entries, redaction, request_log, schemas, segments
from mlops_tui.serve.app import Server
from mlops_tui.serve.entries import Entry
from mlops_tui.serve.metrics import Metrics
from mlops_tui.serve.redaction import Redaction, require_known
from mlops_tui.serve.request_log import Bounds, RequestLog, request_id
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.served import Served

SIGNATURE = {"inputs": [{"name": "a", "type": "double"}, {"name": "plan", "type": "string"}]}


def logged(directory: Path) -> list[dict[str, Any]]:
    """The lines that were not closed yet."""
    files = sorted(directory.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def closed(directory: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(file) for file in sorted(directory.glob("*.parquet"))], ignore_index=True)


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


ADDER = Served("adder", "", "", "d", schemas.read(SIGNATURE), lambda rows: rows["a"].to_numpy() * 2)
ONE = {"dataframe_records": [{"a": 1.5, "plan": "pro"}]}


def test_an_answer_comes_when_it_is_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "_PATIENCE_S", 600.0)
    log = RequestLog(str(tmp_path / "log"))
    with running(Server(ADDER, "1", Limits(), log=log)) as port:
        for number in range(50):
            assert ask(port, ONE, headers={"X-Request-Id": str(number)}).status == 200
            assert [line["id"] for line in logged(tmp_path / "log")] == [*map(str, range(number + 1))]


def test_a_disk_that_is_slow_holds_up_one_answer_and_then_none_until_it_has_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_write, write = threading.Event(), entries.lines
    monkeypatch.setattr(entries, "lines", lambda *arguments: may_write.wait(300) and write(*arguments))
    monkeypatch.setattr(request_log, "_PATIENCE_S", 0.01)
    log = RequestLog(str(tmp_path / "log"))
    with running(Server(ADDER, "1", Limits(), log=log)) as port:
        assert ask(port, ONE, headers={"X-Request-Id": "first"}).status == 200
        monkeypatch.setattr(request_log, "_PATIENCE_S", 600.0)
        assert ask(port, ONE, headers={"X-Request-Id": "second"}).status == 200
        assert log._late is not None
        may_write.set()
        while log._late is not None:
            time.sleep(0.01)
        assert ask(port, ONE, headers={"X-Request-Id": "third"}).status == 200
        assert [line["id"] for line in logged(tmp_path / "log")] == ["first", "second", "third"]


def test_long_answers_are_not_held_up_for_the_log_and_hold_up_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_write, write = threading.Event(), entries.lines
    monkeypatch.setattr(
        entries, "lines", lambda entry, rules: (entry.rows == 1 or may_write.wait(300)) and write(entry, rules)
    )
    monkeypatch.setattr(request_log, "_PATIENCE_S", 600.0)
    log = RequestLog(str(tmp_path / "log"))
    with running(Server(ADDER, "1", Limits(), log=log)) as port:
        long = {"dataframe_records": [{"a": 1.5, "plan": "x" * 100}] * 1000}
        assert ask(port, long, headers={"X-Request-Id": "long"}).status == 200
        assert ask(port, ONE, headers={"X-Request-Id": "one"}).status == 200
        assert [line["id"] for line in logged(tmp_path / "log")] == ["one"]
        may_write.set()
    assert [line["id"] for line in logged(tmp_path / "log")] == ["one", *(f"long:{row}" for row in range(1000))]


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
        (
            pd.DataFrame({"x": [1, 2]}),
            {"low": np.array([1.0, 2.0]), "name": ["a", "b"]},
            [
                {"inputs": {"x": 1}, "prediction": {"low": 1.0, "name": "a"}},
                {"inputs": {"x": 2}, "prediction": {"low": 2.0, "name": "b"}},
            ],
        ),
        (pd.DataFrame({"x": [1]}), {"n": 1, "z": 2}, [{"inputs": {"x": 1}, "prediction": {"n": 1, "z": 2}}]),
        (np.zeros((1, 8, 8)), ["a cat"], [{"prediction": "a cat"}]),
        (pd.DataFrame({"x": [1]}), 5.0, [{"inputs": {"x": 1}, "prediction": 5.0}]),
        (pd.DataFrame({"x": [1], 7: [2.5]}), [3], [{"inputs": {"x": 1, "7": 2.5}, "prediction": 3}]),
        (
            pd.DataFrame({"x": [1.5, 2.0], 7: [-1.5, 2.5]}),
            [True, False],
            [
                {"inputs": {"x": 1.5, "7": -1.5}, "prediction": True},
                {"inputs": {"x": 2.0, "7": 2.5}, "prediction": False},
            ],
        ),
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
    metrics = Metrics({})
    log = RequestLog(str(tmp_path / "log"), Bounds(waiting_rows=10), metrics=metrics)
    log.put(entry("big", pd.DataFrame({"x": range(11)}), np.zeros(11), 11))
    log.put(entry("small", pd.DataFrame({"x": [1]}), np.zeros(1), 1))
    log.put(entry("odd", pd.DataFrame({"x": [object()]}), np.zeros(1), 1))
    log.close()
    assert (metrics.logged_rows, metrics.refused_rows, metrics.failed_rows) == (1, 11, 1)
    assert [line["id"] for line in logged(tmp_path / "log")] == ["small"]


def test_bytes_that_there_is_no_room_for_are_left_out_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_write, write = threading.Event(), entries.lines
    monkeypatch.setattr(entries, "lines", lambda *arguments: may_write.wait(30) and write(*arguments))
    metrics = Metrics({})
    log = RequestLog(str(tmp_path / "log"), Bounds(waiting_bytes=10), metrics=metrics)
    for name, size in (("longer than all", 11), ("second", 1)):
        log.put(replace(entry(name, pd.DataFrame({"x": [1]}), np.zeros(1), 1), size=size))
    may_write.set()
    while not metrics.logged_rows or log._waiting_rows:
        time.sleep(0.01)
    log.put(replace(entry("third", pd.DataFrame({"x": [1]}), np.zeros(1), 1), size=10))
    log.close()
    assert (metrics.logged_rows, metrics.refused_rows) == (2, 1)
    assert [line["id"] for line in logged(tmp_path / "log")] == ["longer than all", "third"]


def test_a_request_without_rows_leaves_the_others_readable(log: RequestLog, tmp_path: Path) -> None:
    log.put(entry("empty", pd.DataFrame({"x": []}), np.zeros(0), 0))
    log.put(entry("one", pd.DataFrame({"x": [1]}), np.zeros(1), 1))
    log.close()
    assert [line["id"] for line in logged(tmp_path / "log")] == ["one"]


def test_a_folder_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("in the way")
    metrics = Metrics({})
    log = RequestLog(str(tmp_path / "log"), metrics=metrics)
    log.put(entry("r", pd.DataFrame({"x": [1]}), np.zeros(1), 1))
    log.close()
    assert (metrics.logged_rows, metrics.failed_rows) == (0, 1)


def test_a_disk_that_was_full_within_a_line_leaves_the_next_lines_readable(tmp_path: Path) -> None:
    class Full(FileIO):
        """A file on a disk that takes half of the first thing that is written."""

        taken = 0

        def write(self, content: Any) -> int:
            self.taken += 1
            if self.taken > 2:
                return super().write(content)
            if self.taken == 2:
                raise OSError(28, "No space left on device")
            return super().write(content[: len(content) // 2])

    metrics = Metrics({})
    log = RequestLog(str(tmp_path / "log"), metrics=metrics)
    log.put(entry("a", pd.DataFrame({"x": [1]}), np.zeros(1), 1))
    while not metrics.logged_rows:
        time.sleep(0.01)
    log._file = Full(next((tmp_path / "log").iterdir()), "ab")
    log.put(entry("b", pd.DataFrame({"x": [1]}), np.zeros(1), 1))
    while not metrics.failed_rows:
        time.sleep(0.01)
    log.put(entry("c", pd.DataFrame({"x": [1]}), np.zeros(1), 1))
    log.close()
    assert (metrics.logged_rows, metrics.failed_rows) == (2, 1)
    assert [line["id"] for line in logged(tmp_path / "log")] == ["a", "c"]


def test_files_become_parquet_at_their_size_and_the_oldest_make_room(tmp_path: Path) -> None:
    directory = tmp_path / "log"
    bounds = Bounds(file_bytes=40_000, kept_bytes=150_000)
    log = RequestLog(str(directory), bounds)
    for number in range(200):
        log.put(entry(f"r{number}", pd.DataFrame({"x": np.arange(20.0)}), np.zeros(20), 20))
    log.close()
    segments.close_all(str(directory))
    found = closed(directory)
    assert sum(path.stat().st_size for path in directory.iterdir()) <= bounds.kept_bytes
    assert [path.suffix for path in directory.iterdir() if path.suffix != ".parquet"] == []
    assert list(found["id"])[-5:] == [f"r199:{number}" for number in range(15, 20)]
    assert list(found.columns) == ["id", "time", "version", "latency_s", "inputs.x", "prediction"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in directory.iterdir())


def test_what_a_killed_server_left_is_closed_and_what_another_one_writes_to_is_not(tmp_path: Path) -> None:
    directory = tmp_path / "log"
    other = RequestLog(str(directory))
    other.put(entry("other", pd.DataFrame({"x": [1.5]}), np.zeros(1), 1))
    while not (directory.is_dir() and logged(directory)):
        pass
    (held,) = directory.iterdir()
    whole = '{"id": "a", "inputs": {"x": 1}}\n{"id": "b", "inputs": {"x": "one"}}\n'
    (directory / "1-left.jsonl").write_text(whole + '{"id": "c", "inp')
    (directory / "2-broken.jsonl").write_text("nonsense\n" + whole)
    (directory / "3-empty.jsonl").write_text("")
    log = RequestLog(str(directory))
    log.put(entry("own", pd.DataFrame({"x": [2.5]}), np.zeros(1), 1))
    log.close()
    found = pd.read_parquet(directory / "1-left.parquet")
    assert list(found["id"]) == ["a", "b"]
    assert list(found["inputs.x"]) == ["1", "one"], "a column of many types is one of words"
    assert held.exists()
    other.close()
    left = {path.name for path in directory.iterdir()}
    assert {"1-left.parquet", "2-broken.jsonl"} <= left
    assert not {"1-left.jsonl", "3-empty.jsonl", "3-empty.parquet"} & left


def test_half_a_character_in_a_text_or_name_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "1-half.jsonl").write_text(
        '{"id": "a", "inputs": {"x": "\\ud83d!", "\\ud83d": 1}}\n{"id": "b", "inputs": {"x": null}}\n'
    )
    (tmp_path / "2-whole.jsonl").write_text('{"id": "c", "inputs": {"x": "\\u00e9\\ud83d\\ude00\\\\ud83d"}}\n')
    assert segments.close_all(str(tmp_path)) == 2
    half = pd.read_parquet(tmp_path / "1-half.parquet")
    assert list(half.columns) == ["id", "inputs.x", "inputs.?"]
    assert half["inputs.x"][0] == "?!"
    assert pd.read_parquet(tmp_path / "2-whole.parquet")["inputs.x"].to_list() == ["é😀\\ud83d"]


def test_a_file_that_cannot_be_converted_keeps_no_other_one_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("1", "2"):
        (tmp_path / f"{name}.jsonl").write_text(f'{{"id": "{name}"}}\n')
    convert = profiles.to_parquet

    def failing(frame: pd.DataFrame) -> bytes:
        if list(frame["id"]) == ["1"]:
            raise MemoryError
        return convert(frame)

    monkeypatch.setattr(profiles, "to_parquet", failing)
    assert segments.close_all(str(tmp_path)) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"1.jsonl", "2.parquet"}
    assert "1.jsonl cannot be closed (MemoryError" in capsys.readouterr().err


SECRET = st.text(min_size=4, max_size=12) | st.integers(10**6, 10**9) | st.floats(1e6, 1e9)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(SECRET, SECRET, st.floats(1e6, 1e9)), min_size=1, max_size=3))
def test_what_must_not_be_kept_never_reaches_the_disk(tmp_path: Path, rows: list[tuple[Any, Any, float]]) -> None:
    rules = ServeConfig(drop=("name",), hash=("city", "group"), round={"income": -6, "name2": 1})
    columns = {"name": [row[0] for row in rows], "city": [row[1] for row in rows], "income": [row[2] for row in rows]}
    data = pd.DataFrame(columns | {"name2": [row[0] for row in rows]}).astype({"name": object, "city": object})
    lines = entries.lines(
        entry("r", data, pd.DataFrame({"group": columns["name"], "low": 1}), len(rows)), Redaction(rules, b"k" * 32)
    ).decode()
    for line, (name, _, income) in zip(map(json.loads, lines.splitlines()), rows, strict=True):
        inputs = line["inputs"]
        assert set(inputs) == {"city", "income", "name2"}
        assert re.fullmatch("[0-9a-f]{16}", inputs["city"])
        assert re.fullmatch("[0-9a-f]{16}", line["prediction"]["group"])
        assert inputs["income"] == round(income, -6)
        assert inputs["name2"] == (None if isinstance(name, str) else round(name, 1))
    again = Redaction(rules, b"l" * 32).apply({"city": [rows[0][1]]})
    assert again["city"] != [json.loads(lines.splitlines()[0])["inputs"]["city"]], "another key, another hash"


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        (ServeConfig(drop=("prediction",)), {}),
        (ServeConfig(drop=("prediction",), round={"probabilities": 3}), {}),
        (ServeConfig(drop=("probabilities",)), {"prediction": 1}),
        (ServeConfig(round={"prediction": -1}), {"prediction": 0, "probabilities": {"0": 0.0, "1": 0.0}}),
        (ServeConfig(round={"probabilities": 1}), {"prediction": 1, "probabilities": {"0": 0.2, "1": 0.8}}),
    ],
)
def test_probabilities_say_no_more_than_the_prediction_may(rules: ServeConfig, kept: dict[str, Any]) -> None:
    require_known(rules, schemas.read(SIGNATURE), "churn")
    (line,) = entries.lines(entry("r", None, np.array([[0.24, 0.76]]), 1), Redaction(rules)).splitlines()
    assert {key: value for key, value in json.loads(line).items() if key in ("prediction", "probabilities")} == kept


def test_a_hashed_prediction_leaves_no_probabilities_and_hashes_each_column() -> None:
    hashing = Redaction(ServeConfig(hash=("prediction",)), b"k" * 32)
    line = json.loads(entries.lines(entry("r", None, np.array([[0.24, 0.76]]), 1), hashing))
    assert re.fullmatch("[0-9a-f]{16}", line["prediction"])
    assert "probabilities" not in line
    frame = pd.DataFrame({"low": [1.0], "high": [3.0]})
    line = json.loads(entries.lines(entry("r", None, frame, 1), hashing))
    assert all(re.fullmatch("[0-9a-f]{16}", value) for value in line["prediction"].values())


def test_a_rule_for_the_only_column_of_a_table_of_answers_holds() -> None:
    line = entries.lines(entry("r", None, pd.DataFrame({"score": [7.25]}), 1), Redaction(ServeConfig(drop=("score",))))
    assert b"7.25" not in line


@pytest.mark.parametrize(
    ("rules", "outputs", "answered", "kept"),
    [
        (ServeConfig(drop=("score",)), ("score",), np.array([7.25]), {}),
        (ServeConfig(round={"score": 0}), ("score",), np.array([7.25]), {"prediction": 7.0}),
        (ServeConfig(drop=("score",)), ("score",), np.array([[0.25, 0.75]]), {}),
        (ServeConfig(drop=("score",), round={"prediction": 0}), ("score",), np.array([7.25]), {}),
        (ServeConfig(drop=("low",)), ("low", "high"), np.array([[7.25, 9.5]]), {}),
        (
            ServeConfig(drop=("low",)),
            ("low", "high"),
            pd.DataFrame({"low": [7.25], "high": [9.5]}),
            {"prediction": 9.5},
        ),
        (ServeConfig(drop=("a",)), ("score",), np.array([7.25]), {"prediction": 7.25}),
    ],
)
def test_a_rule_for_an_output_holds_where_it_comes_without_its_name(
    rules: ServeConfig, outputs: tuple[str, ...], answered: Any, kept: dict[str, Any]
) -> None:
    line = json.loads(entries.lines(replace(entry("r", None, answered, 1), outputs=outputs), Redaction(rules)))
    assert {key: value for key, value in line.items() if key in ("prediction", "probabilities")} == kept


def test_rules_are_checked_against_what_the_model_takes(tmp_path: Path) -> None:
    schema = schemas.read({**SIGNATURE, "outputs": [{"name": "score", "type": "double"}]})
    require_known(ServeConfig(drop=("plan", "score"), hash=("a",)), schema, "churn")
    with pytest.raises(UsageError, match="neither takes nor gives") as caught:
        require_known(ServeConfig(round={"plam": 1}), schema, "churn")
    assert "'plan'" in caught.value.hint
    path = str(tmp_path / ".mlops" / "requests.key")
    assert redaction.key(path) == redaction.key(path)
    assert os.stat(path).st_mode & 0o777 == 0o600
    Path(path).write_bytes(b"short")
    with pytest.raises(Refused, match="damaged"):
        redaction.key(path)


def test_the_id_of_a_request_is_a_plain_word() -> None:
    assert request_id("a.b-c:1") == "a.b-c:1"
    for name in (None, "", "two words", "x" * 101, "\x1b[31m", "é1"):
        assert request_id(name) != name
