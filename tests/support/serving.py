"""A served model in this process, and requests to it as any client sends them."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import uvicorn

from mlops_tui.serve import launching


class Answer(NamedTuple):
    status: int
    content: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@contextmanager
def running(server: launching.Server) -> Iterator[int]:
    """The port of a server that runs in a thread, for as long as the context."""
    listening = launching.listen("127.0.0.1", 0)
    running = uvicorn.Server(launching.config(server))
    thread = threading.Thread(target=running.run, args=([listening],))
    thread.start()
    try:
        while not running.started:
            time.sleep(0.005)
        yield listening.getsockname()[1]
    finally:
        running.should_exit = True
        thread.join()
        server.close()


def ask(
    port: int,
    body: Any = None,
    path: str = "/invocations",
    *,
    content_type: str = "application/json",
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request on a connection of its own; a body that is no text or bytes is sent as JSON."""
    content = body if isinstance(body, bytes | str) or body is None else json.dumps(body)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, content, {"Content-Type": content_type, **(headers or {})})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(), {key.lower(): value for key, value in answer.getheaders()})
    finally:
        connection.close()
