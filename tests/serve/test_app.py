"""The application over real connections, in this process."""

from __future__ import annotations

import json
import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import pytest
from serving import ask, running

from mlops_tui.serve import schemas
from mlops_tui.serve.app import Server
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.served import Served

SIGNATURE = {"inputs": [{"name": name, "type": "double", "required": True} for name in ("a", "b")]}
entered, leave = threading.Event(), threading.Event()


def predict(rows: pd.DataFrame) -> Any:
    first = rows["a"].iloc[0]
    if first == -1:
        raise RuntimeError("secret/path of the \x1b[31mmodel")
    if first == -2:
        return [object()]
    if first == -3:
        entered.set()
        leave.wait(30)
    return (rows["a"] + rows["b"]).to_numpy()


SERVED = Served("adder", "3", "production", "d" * 64, schemas.read(SIGNATURE), predict)
LIMITS = Limits(body_bytes=10_000, held_bytes=25_000, prediction_s=20)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running(Server(SERVED, "1.2.3", LIMITS)) as port:
        yield port


def split(*rows: list[Any]) -> dict[str, Any]:
    return {"dataframe_split": {"columns": ["a", "b"], "data": list(rows)}}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (split([1, 2], [3, 4]), "application/json"),
        ({"dataframe_records": [{"a": 1, "b": 2}, {"b": 4, "a": 3, "c": "more"}]}, "application/json; charset=utf-8"),
        ({"instances": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}, "application/json"),
        ({"inputs": {"a": [1, 3], "b": [2, 4]}}, "application/json"),
        ("a,b\n1,2\n3,4\n", "text/csv"),
    ],
)
def test_every_form_of_body_is_answered(port: int, body: Any, content_type: str) -> None:
    answer = ask(port, body, content_type=content_type)
    assert (answer.status, answer.json) == (200, {"predictions": [3.0, 7.0]})
    assert answer.headers["content-type"] == "application/json"


def test_the_server_tells_of_itself(port: int) -> None:
    for path in ("/ping", "/health"):
        answer = ask(port, path=path, method="GET")
        assert (answer.status, answer.content, answer.headers["content-type"]) == (200, b"\n", "application/json")
    assert ask(port, path="/version", method="GET").content == b"1.2.3"


def test_errors_have_mlflows_form(port: int) -> None:
    for answer, status, code in (
        (ask(port, b"{"), 400, "BAD_REQUEST"),
        (ask(port, {"dataframe_records": [{"a": 1}]}), 400, "INVALID_PARAMETER_VALUE"),
        (ask(port, split([-1, 0])), 400, "BAD_REQUEST"),
        (ask(port, split([-2, 0])), 500, "INTERNAL_ERROR"),
        (ask(port, path="/nowhere"), 404, "ENDPOINT_NOT_FOUND"),
        (ask(port, path="/%2e%2e/etc/passwd", method="GET"), 404, "ENDPOINT_NOT_FOUND"),
        (ask(port, path="/ping"), 405, "BAD_REQUEST"),
        (ask(port, path="/invocations", method="GET"), 405, "BAD_REQUEST"),
    ):
        assert (answer.status, answer.json["error_code"]) == (status, code)
        assert b"Traceback" not in answer.content
    answer = ask(port, "a", content_type="text/plain")
    assert (answer.status, answer.headers["content-type"]) == (415, "text/plain; charset=utf-8")


def test_a_body_that_is_too_long_is_refused_before_and_while_it_comes(port: int) -> None:
    assert ask(port, b" " * 10_001).status == 413
    assert ask(port, b" " * (8 << 20)).status == 413  # read by who sends all of it first
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.sendall(b"2000\r\n" + b" " * 0x2000 + b"\r\n2000\r\n" + b" " * 0x2000 + b"\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413")


def test_clients_that_send_too_slowly_are_sent_away() -> None:
    with running(Server(SERVED, "", Limits(head_s=0.2, body_s=0.2))) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            assert b"DEADLINE_EXCEEDED" in b"".join(iter(lambda: client.recv(4096), b""))
        for begin in (b"", b"POST /invoc", b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\nGET /pi"):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                client.sendall(begin)
                answered = b"".join(iter(lambda client=client: client.recv(4096), b""))  # type: ignore[misc]
                assert answered.startswith(b"HTTP/1.1 200") == begin.startswith(b"GET")


def test_a_head_without_an_end_is_cut_off(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        with suppress(OSError):
            for _ in range(100):
                client.sendall(b"x" * 4_096)
        with suppress(ConnectionResetError):
            assert client.recv(12) in (b"HTTP/1.1 431", b"")
    assert ask(port, path="/ping", method="GET").status == 200


def test_bodies_of_many_clients_together_are_bounded(port: int) -> None:
    head = b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n\r\n"
    clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(3)]
    for client in clients:
        client.sendall(head + b" " * 9_999)
    (refused, *_), _, _ = select.select(clients, [], [], 10)
    assert refused.recv(12) == b"HTTP/1.1 503"
    for client in clients:
        client.close()


def test_the_server_answers_while_the_model_computes_and_counts_everything(port: int) -> None:
    answers: list[int] = []
    slow = threading.Thread(target=lambda: answers.append(ask(port, split([-3, 0])).status))
    slow.start()
    assert entered.wait(10)
    text = ask(port, path="/metrics", method="GET").content.decode()
    leave.set()
    slow.join()
    assert answers == [200]
    assert "mlops_requests_in_progress 1" in text
    sample = re.compile(r"(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*\})? [-+.e0-9]+)")
    assert [line for line in text.splitlines() if not sample.fullmatch(line)] == []
    assert 'mlops_model_info{digest="' + "d" * 64 + '",model="adder",stage="production",version="3"} 1' in text
    before = int(re.search(r"mlops_prediction_rows_total (\d+)", text)[1])  # type: ignore[index]
    ask(port, split([1, 2], [3, 4]))
    text = ask(port, path="/metrics", method="GET").content.decode()
    assert f"mlops_prediction_rows_total {before + 3}" in text
    assert "mlops_requests_in_progress 0\n" in text
    assert "mlops_body_bytes 0\n" in text


def test_a_prediction_that_takes_too_long_is_given_up() -> None:
    entered.clear()
    leave.clear()
    server = Server(SERVED, "", Limits(prediction_s=0.1))
    with running(server) as port:
        answer = ask(port, split([-3, 0]))
        assert not server.close(), "nothing can end it"
        leave.set()
    assert (answer.status, answer.json["error_code"]) == (504, "DEADLINE_EXCEEDED")


def test_only_who_has_the_token_may_ask() -> None:
    with running(Server(SERVED, "", LIMITS, "s3cret")) as port:
        for given in (None, "Bearer wrong", "Basic s3cret", "Bearer s3cre", "Bearer s3cret\xff"):
            headers = {} if given is None else {"Authorization": given}
            answer = ask(port, split([1, 2]), headers=headers)
            assert (answer.status, answer.json["error_code"]) == (401, "UNAUTHENTICATED")
        assert ask(port, path="/metrics", method="GET").status == 401
        assert ask(port, path="/ping", method="GET").status == 200
        assert ask(port, split([1, 2]), headers={"Authorization": "Bearer s3cret"}).json == {"predictions": [3.0]}


def test_pages_of_other_sites_cannot_ask_by_a_name_of_their_own(port: int) -> None:
    for path, method in (("/invocations", "POST"), ("/labels", "POST"), ("/metrics", "GET")):
        answer = ask(port, split([1, 2]), path, method=method, headers={"Host": f"evil.example:{port}"})
        assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED")
    assert ask(port, path="/ping", method="GET", headers={"Host": "balancer"}).status == 200
    for name in ("localhost", f"127.0.0.1:{port}", f"[::1]:{port}", "[::1]", "LOCALHOST:1"):
        assert ask(port, split([1, 2]), headers={"Host": name}).json == {"predictions": [3.0]}
    with running(Server(SERVED, "", LIMITS, "s3cret")) as other:
        headers = {"Host": "model", "Authorization": "Bearer s3cret"}
        assert ask(other, split([1, 2]), headers=headers).json == {"predictions": [3.0]}


def test_predictions_are_the_same_for_many_clients_at_once(port: int) -> None:
    found: dict[int, Any] = {}

    def client(number: int) -> None:
        found[number] = [ask(port, split([number, step])).json["predictions"] for step in range(5)]

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [[float(number + step)] for step in range(5)] for number in range(8)}
    assert np.isfinite(json.loads(json.dumps(found[0]))).all()
