"""Clients of model servers, for benchmarks."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable


class Client:
    """One connection that asks for the same prediction again and again.

    Args:
        port: Of the server, on this machine.
        body: JSON.
        token: Which the server wants; "" for none.
    """

    def __init__(self, port: int, body: bytes, token: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        self.body = body

    def ask(self) -> bytes:
        """The answer's content."""
        self.connection.request("POST", "/invocations", self.body, self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return content


def times_s(client: Client, count: int) -> list[float]:
    """How long requests take, in ascending order."""
    found = []
    for _ in range(count):
        start = time.perf_counter()
        client.ask()
        found.append(time.perf_counter() - start)
    return sorted(found)


def throughput(connect: Callable[[], Client], seconds: float = 2.0) -> float:
    """Requests a second of eight clients at once."""
    counts: list[int] = []
    end = time.perf_counter() + seconds

    def work() -> None:
        client, count = connect(), 0
        while time.perf_counter() < end:
            client.ask()
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


__all__ = ["Client", "throughput", "times_s"]
