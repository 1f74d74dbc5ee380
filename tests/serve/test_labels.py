"""Labels that are posted: what is taken, what is refused, and that all of it is written down or nothing."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import ask, running

from mlops_tui.serve import labels, schemas
from mlops_tui.serve.app import Server
from mlops_tui.serve.faults import Fault
from mlops_tui.serve.labels import LabelLog
from mlops_tui.serve.request_log import RequestLog
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.served import Served

SERVED = Served("churn", "3", "", "d", schemas.read({}), lambda rows: rows)
JSON = "application/json"
LINES = "application/jsonl"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("labels") / "churn"


@pytest.fixture(scope="module")
def port(directory: Path) -> Iterator[int]:
    log = RequestLog(str(directory.parent / "log"))
    server = Server(SERVED, "", Limits(body_bytes=5_000), "", log, LabelLog(str(directory), 1 << 20))
    with running(server) as port:
        yield port


def written(directory: Path) -> list[tuple[str, Any]]:
    lines = [line for file in sorted(directory.iterdir()) for line in file.read_text().splitlines()]
    return [(found["id"], found["label"]) for found in map(json.loads, lines)]


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ({"a": 1, "b": "yes"}, JSON, [("a", 1), ("b", "yes")]),
        ({"id": "a:0", "label": False}, JSON, [("a:0", False)]),
        ([{"id": 7, "label": 0.5}, {"label": 1, "id": "x", "note": "more"}], JSON, [("7", 0.5), ("x", 1)]),
        (
            '{"id": "é", "label": 1}\n\n{"id": "b", "label": 2}'.encode(),
            f"{LINES}; charset=utf-8",
            [("é", 1), ("b", 2)],
        ),
    ],
)
def test_labels_come_by_id_in_any_form(
    port: int, directory: Path, body: Any, content_type: str, expected: list[tuple[str, Any]]
) -> None:
    answer = ask(port, body, "/labels", content_type=content_type)
    assert (answer.status, answer.json) == (200, {"accepted": len(expected), "refused": 0, "problems": []})
    assert written(directory)[-len(expected) :] == expected
    assert (directory.stat().st_mode & 0o777, next(directory.iterdir()).stat().st_mode & 0o777) == (0o700, 0o600)


def test_what_is_wrong_is_told_and_the_others_are_taken(port: int, directory: Path) -> None:
    bad = {"": 1, "two\nlines": 1, "x" * 201: 1, "none": None, "list": [1], "nan": float("nan"), "long": "y" * 1001}
    answer = ask(port, {**bad, "good": 1}, "/labels")
    assert (answer.status, answer.json["accepted"], answer.json["refused"]) == (200, 1, len(bad))
    assert {"id": "nan", "reason": "the label is no finite number"} in answer.json["problems"]
    assert written(directory)[-1] == ("good", 1)
    lines = '{"id": "a", "label": 1}\n{bad\n{"id": "b"}\n{"id": "c", "label": 2}'
    answer = ask(port, lines, "/labels", content_type=LINES)
    assert (answer.status, answer.json["accepted"]) == (200, 2)
    assert [problem["id"] for problem in answer.json["problems"]] == ["line 2", "line 3"]
    assert written(directory)[-2:] == [("a", 1), ("c", 2)]
    before = written(directory)
    for body, content_type, status in (
        (bad, JSON, 400),
        ("{", JSON, 400),
        ("[1]", JSON, 400),
        ('{"id": "b"}\n{bad', LINES, 400),
        ("id,label\na,1", "text/csv", 415),
        (b"\xff", LINES, 400),
        ("[" * 4_000, JSON, 400),
        (" " * 5_001, JSON, 413),
    ):
        assert ask(port, body, "/labels", content_type=content_type).status == status
    assert written(directory) == before


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode), st.sampled_from([JSON, LINES, "", "text/plain"]))
def test_any_body_is_read_or_refused(content: bytes, content_type: str) -> None:
    try:
        assert all(isinstance(name, str) for name, _ in labels.read(content, content_type).labels)
    except Fault as fault:
        assert fault.status in (400, 415)


def test_labels_need_a_log_of_requests() -> None:
    with running(Server(SERVED, "", Limits())) as port:
        answer = ask(port, {"a": 1}, "/labels")
    assert (answer.status, answer.json["error_code"]) == (409, "INVALID_STATE")


def test_a_disk_that_takes_no_more_is_told(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("in the way")
    log = LabelLog(str(tmp_path / "labels"), 1 << 20)
    with running(Server(SERVED, "", Limits(), "", RequestLog(str(tmp_path / "log")), log)) as port:
        answer = ask(port, {"a": 1}, "/labels")
    assert (answer.status, answer.json["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")


def test_many_servers_write_to_one_file_and_the_oldest_make_room(tmp_path: Path) -> None:
    directory = tmp_path / "labels"
    os.makedirs(directory)
    (directory / "20200101T00.jsonl").write_text("x" * 4_000)
    logs = [LabelLog(str(directory), 4_000) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda log=log, place=place: [log.add([(f"{place}-{n}", n)] * 5) for n in range(20)])  # type: ignore[misc]
        for place, log in enumerate(logs)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = written(directory)
    assert len(found) == 4 * 20 * 5
    assert set(found) == {(f"{place}-{number}", number) for place in range(4) for number in range(20)}
