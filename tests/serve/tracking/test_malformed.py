"""Whatever is sent to whichever endpoint: the answer is MLflow's JSON, and never an error of the server."""

from __future__ import annotations

import asyncio
import json
import typing
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from mlops_store import runs
from mlops_store.store import Store
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.tracking.app import TrackingServer
from mlops_tui.serve.tracking.routes import Call, Context, Stream
from mlops_tui.serve.tracking.table import ENDPOINTS

RUN = "a" * 32
#: What a field may be, by its name, so that the others of a request do not hide the one that is wrong.
PLAUSIBLE = {
    "run_id": RUN,
    "run_uuid": RUN,
    "experiment_id": "0",
    "experiment_ids": ["0"],
    "experiment_name": "Default",
    "name": "model",
    "version": "1",
    "key": "key",
    "value": "1",
    "new_name": "other",
    "alias": "champion",
    "stage": "Staging",
    "source": f"runs:/{RUN}/model",
    "metric_key": "key",
    "timestamp": 1,
    "max_results": 10,
    "model_id": "m-" + "b" * 32,
}
HOSTILE: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 1.5, float("nan"), float("-inf"), "", " ", "x" * 9_000, "\0", "a\nb", "\ud800", "../etc",
    "/etc/passwd", "'; DROP TABLE runs; --", "%s%n{0}", [], [None], [[]], ["x"], [1], {}, {"a": {"b": []}}, [{}],
    [{"key": "k", "value": {}}], [{"key": 1, "value": 1, "timestamp": "x", "step": []}],
)  # fmt: skip
BODIES = (
    b"", b"{", b"[]", b"null", b"0", b'"{}"', b'"x"', b"\xff\xfe{}", b"{}{}", b'{"a": 1e999}', b'{"a": NaN}',
    b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5_000, b'{"run_id": "a", "run_id": 1}', "{\u2028}".encode(), b"\0" * 100,
)  # fmt: skip


class Asked:
    """A server that is asked without a socket."""

    def __init__(self, server: TrackingServer) -> None:
        self.application = server.application()

    async def __call__(self, method: str, path: str, body: bytes = b"", query: str = "") -> tuple[int, str, bytes]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode("utf-8", "replace")}
        scope |= {"query_string": query.encode("latin-1"), "headers": headers, "client": ("127.0.0.1", 1)}
        await self.application({**scope, "server": ("127.0.0.1", 1), "scheme": "http", "root_path": ""}, receive, send)
        start = sent[0]
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return start["status"], dict(start["headers"]).get(b"content-type", b"").decode(), content


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    directory = tmp_path_factory.mktemp("server")
    store = Store(str(directory / "store.db"))
    with store.write() as db:
        runs.create(db, run_id=RUN, name="run", experiment="default", started_at=1.0)
    server = TrackingServer(Context(store), "1", Limits())
    yield server
    server.close()


def judge(answer: tuple[int, str, bytes], what: object) -> None:
    status, media_type, content = answer
    assert status < 500 or status == 501, (what, status, content)
    if status >= 400:
        assert media_type.startswith("application/json"), (what, media_type, content)
        found = json.loads(content)
        assert isinstance(found["error_code"], str), (what, found)
        assert isinstance(found["message"], str), (what, found)
    elif content and media_type.startswith("application/json"):
        json.loads(content, parse_constant=lambda constant: pytest.fail(f"{what}: {constant} is no JSON"))


def path_of(call: Call[Any], value: str = "m-1") -> str:
    path = call.prefixes[0] + call.path
    for name in typing.get_type_hints(call.arguments):
        path = path.replace(f"{{{name}}}", value)
    return path


CALLS = [endpoint for endpoint in ENDPOINTS if isinstance(endpoint, Call)]


def test_no_value_of_any_field_of_any_endpoint_is_an_error_of_the_server(server: TrackingServer) -> None:
    async def ask_all() -> None:
        ask = Asked(server)
        for call in CALLS:
            fields = list(typing.get_type_hints(call.arguments))
            plausible = {name: PLAUSIBLE[name] for name in fields if name in PLAUSIBLE}
            for name in fields:
                for value in HOSTILE:
                    given = {**plausible, name: value}
                    answer = await ask(call.method, path_of(call), json.dumps(given).encode())
                    judge(answer, (call.method, call.path, given))
                    if call.method == "GET" and isinstance(value, str):
                        query = urlencode(given, doseq=True, errors="replace")
                        judge(await ask("GET", path_of(call), query=query), (call.path, query))

    asyncio.run(ask_all())


def test_no_body_is_an_error_of_the_server(server: TrackingServer) -> None:
    async def ask_all() -> None:
        ask = Asked(server)
        for call in CALLS:
            for body in BODIES:
                judge(await ask(call.method, path_of(call), body), (call.method, call.path, body[:40]))

    asyncio.run(ask_all())


def test_no_path_and_no_query_is_an_error_of_the_server(server: TrackingServer) -> None:
    async def ask_all() -> None:
        ask = Asked(server)
        segments = ("..", "../../etc/passwd", "%2e%2e", "a\0b", "ü", "\ud800", "x" * 5_000, "a//b", "", "'")
        for call in CALLS:
            for segment in segments:
                judge(await ask(call.method, path_of(call, segment)), (call.path, segment))
                judge(
                    await ask(call.method, path_of(call), query=f"{quote(segment, errors='replace')}=%FF&&="), call.path
                )
        for stream in (endpoint for endpoint in ENDPOINTS if isinstance(endpoint, Stream)):
            for segment in segments:
                path = stream.prefixes[0] + stream.path.partition("{")[0] + segment
                judge(await ask(stream.method, path, b"x", query=f"path={quote(segment, errors='replace')}"), path)
        for path in ("/", "", "/x", "/api/2.0/mlflow/", "/api/2.0/mlflow/runs", "/api/3.0/mlflow/traces", "//", "/%00"):
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "BREW"):
                judge(await ask(method, path, b"{}"), (method, path))

    asyncio.run(ask_all())
