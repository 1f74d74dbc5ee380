"""What a model server is sent that it should not be, and models that do what they should not, over real connections."""

from __future__ import annotations

import json
import os
import resource
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving import ask, running

from mlops_tui.serve import replay, schemas
from mlops_tui.serve.app import Server
from mlops_tui.serve.predicting import Joining
from mlops_tui.serve.replay import Plan
from mlops_tui.serve.request_log import RequestLog
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.served import Served

SIGNATURE = {"inputs": [{"name": "a", "type": "double"}, {"name": "b", "type": "long", "required": False}]}


class Stubborn(BaseException):
    """An error that is no Exception."""


def predict(rows: pd.DataFrame) -> Any:
    match rows["a"].iloc[0]:
        case 1.0:
            raise SystemExit("the model wants to end everything")
        case 2.0:
            raise RecursionError("deep")
        case 3.0:
            raise MemoryError
        case 4.0:
            raise Stubborn("secret")
        case 5.0:
            return {1, 2}
        case 6.0:
            return [np.nan, np.inf]
        case 7.0:
            return []
        case 8.0:
            raise StopIteration
        case 9.0:
            return reduce(lambda inner, _: [inner], range(100_000), [1.0])
    return rows["a"].to_numpy()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    served = Served("stubborn", "1", "", "", schemas.read(SIGNATURE), predict, is_row_by_row=True)
    log = RequestLog(str(tmp_path_factory.mktemp("log")))
    with running(Server(served, "", Limits(body_bytes=100_000), log=log, joining=Joining())) as port:
        yield port


def row(a: float) -> dict[str, Any]:
    return {"dataframe_records": [{"a": a, "b": 1}]}


def test_a_model_that_raises_anything_leaves_a_server_that_answers(port: int) -> None:
    for number, status in ((1, 400), (2, 400), (3, 400), (4, 400), (5, 500), (6, 200), (7, 200), (8, 400)):
        for _ in range(2 * (os.cpu_count() or 1)):  # more often than there are threads
            answer = ask(port, row(number))
            assert answer.status == status, number
            assert answer.headers["x-model-version"] == "1"
            assert b"Traceback" not in answer.content
    assert ask(port, row(6)).content == b'{"predictions": [NaN, Infinity]}'
    assert ask(port, row(0.5)).json == {"predictions": [0.5]}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab") | st.text(max_size=3), inner),
    max_leaves=8,
)
FORMS = st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs", "params", "labels", "id"])
KINDS = st.sampled_from(
    ["application/json", "text/csv", "application/vnd.apache.parquet", "application/jsonl", "x", ""]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=50) | VALUES | st.dictionaries(FORMS, VALUES, max_size=2) | VALUES.map(lambda a: row(a)),  # type: ignore[arg-type]
    KINDS,
    st.sampled_from(["/invocations", "/labels"]),
)
def test_no_body_makes_the_server_fail(port: int, body: Any, content_type: str, path: str) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = ask(port, content, path, content_type=content_type)
    assert answer.status in (200, 400, 409, 415), answer
    if answer.status == 400:
        assert set(answer.json) == {"error_code", "message"}


def test_bodies_that_libraries_choke_on_leave_every_thread_at_work() -> None:
    nested = {"inputs": [{"name": "a", "type": "map", "values": {"type": "double"}}]}
    served = Served("nested", "1", "", "", schemas.read(nested), predict)
    deep = reduce(lambda inner, _: [inner], range(66), 1)  # NumPy has at most 64 dimensions
    with running(Server(served, "1", Limits(prediction_s=5.0))) as port:
        for _ in range(2 * (os.cpu_count() or 1)):
            assert ask(port, {"instances": deep}).status == 400


def test_predictions_that_are_nested_too_deeply_leave_every_thread_at_work(port: int) -> None:
    for _ in range(2 * (os.cpu_count() or 1)):
        assert ask(port, row(9.0)).status == 500


def test_connections_that_break_off_cost_nobody_else_anything(port: int) -> None:
    head = (
        b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    body = json.dumps(row(0.5)).encode()
    for sent in (
        b"",
        b"POST",
        b"\x16\x03\x01\x02\x00 no HTTP at all\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        head % len(body),
        head % len(body) + body[:-1],
        head % len(body) + body,  # and nobody waits for the answer
        head % 10**15,
        b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: nine\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /../../etc/passwd\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ):
        for is_hard in (False, True):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                if is_hard:  # the connection is reset, not closed
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                with suppress(OSError):
                    client.sendall(sent)
                    if not is_hard:
                        client.shutdown(socket.SHUT_WR)
        assert ask(port, row(0.5)).json == {"predictions": [0.5]}, sent
    text = ""
    while "mlops_requests_in_progress 0\n" not in text or "mlops_body_bytes 0\n" not in text:
        text = ask(port, path="/metrics", method="GET").content.decode()


@pytest.mark.slow
def test_a_thousand_clients_at_once_are_all_answered(tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    served = Served("plain", "1", "", "", schemas.read(SIGNATURE), predict, is_row_by_row=True)
    bodies = replay.of_frame(pd.DataFrame({"a": np.arange(10.0, 20.0), "b": 1}))
    with running(Server(served, "", Limits(), log=RequestLog(str(tmp_path / "log")))) as port:
        found = replay.run(f"http://127.0.0.1:{port}", bodies, Plan(concurrency=1_000, duration_s=3))
    assert found.errors == {}
    assert found.requests >= 1_000
    assert found.versions == {"1": found.requests}
