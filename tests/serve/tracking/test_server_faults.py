"""The tracking server among clients and processes that do not behave: it goes on, and loses nothing it has answered."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tracking_process import Running, tracking_server
from tracking_wire import serving

from mlops_store import metrics
from mlops_store.store import Store
from mlops_tui.serve.requests import Limits

LOG_BATCH = "/api/2.0/mlflow/runs/log-batch"


class Kept:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def post(self, path: str, **body: Any) -> tuple[int, Any]:
        self.connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def run(self) -> str:
        status, answer = self.post("/api/2.0/mlflow/runs/create", experiment_id="0", start_time=1)
        assert status == 200, answer
        return str(answer["run"]["info"]["run_id"])


def raw(port: int, *parts: bytes) -> bytes:
    """What is answered to bytes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        found = b""
        while chunk := connection.recv(65536):
            found += chunk
        return found


def test_clients_that_do_not_finish_what_they_send_are_let_go(tmp_path: Path) -> None:
    head = b"POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with serving(str(tmp_path), limits=Limits(head_s=0.2, body_s=0.2)) as wire:
        assert raw(wire.port, head) == b""
        late = raw(wire.port, head + b"Content-Length: 10\r\n\r\n{")
        assert late.startswith(b"HTTP/1.1 408 ")
        assert b'"error_code"' in late
        announced = raw(wire.port, head + b"Content-Length: 99999999999999\r\n\r\n")
        assert announced.startswith(b"HTTP/1.1 413 ")
        endless = raw(wire.port, head + b"Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\nx")
        assert endless.startswith(b"HTTP/1.1 4")
        assert wire.send("GET", "/health").status == 200


@contextmanager
def locking(store: str, seconds: float) -> Iterator[None]:
    """Another process holds the store's write lock."""
    code = (
        "import sqlite3, sys, time\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('BEGIN IMMEDIATE')\nprint(flush=True)\ntime.sleep(float(sys.argv[2]))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, store, str(seconds)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


@pytest.mark.slow
def test_a_store_that_stays_locked_is_told_of_and_readers_are_answered_meanwhile(tmp_path: Path) -> None:
    with tracking_server(tmp_path) as server:
        client = Kept(server.port)
        run_id = client.run()
        with locking(server.store, 600.0):
            found: list[tuple[int, Any]] = []
            point = {"key": "a", "value": 1.0, "timestamp": 1, "step": 0}
            waiting = threading.Thread(
                target=lambda: found.append(Kept(server.port).post(LOG_BATCH, run_id=run_id, metrics=[point]))
            )
            waiting.start()
            for _ in range(20):
                client.connection.request("GET", f"/api/2.0/mlflow/runs/get?run_id={run_id}")
                answer = client.connection.getresponse()
                answer.read()
                assert answer.status == 200
            waiting.join()
        ((status, told),) = found
        assert (status, told["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")  # the client tries again
        assert Kept(server.port).post(LOG_BATCH, run_id=run_id, metrics=[point])[0] == 200


@pytest.mark.slow
def test_a_thousand_connections_are_served_together(tmp_path: Path) -> None:
    with tracking_server(tmp_path) as server, ExitStack() as stack:
        clients = [Kept(server.port) for _ in range(1_000)]
        for client in clients:
            stack.callback(client.connection.close)
            client.connection.connect()
        run_id = clients[0].run()
        for step, client in enumerate(clients):
            point = {"key": "a", "value": 1.0, "timestamp": step, "step": step}
            assert client.post(LOG_BATCH, run_id=run_id, metrics=[point])[0] == 200
        with Store(server.store) as store:
            assert len(metrics.history(store.read(), run_id, "a")) == 1_000


def log_until_dead(server: Running, run_id: str, number: int, answered: list[tuple[str, int]]) -> None:
    client, step = Kept(server.port), 0
    while True:
        keys = [f"{number}.{index}" for index in range(20)]
        points = [{"key": key, "value": step, "timestamp": step, "step": step} for key in keys]
        try:
            status, _ = client.post(LOG_BATCH, run_id=run_id, metrics=points)
        except (OSError, http.client.HTTPException):
            return
        assert status == 200
        answered.extend((key, step) for key in keys)
        step += 1


@pytest.mark.slow
def test_whatever_batch_was_answered_is_there_after_kill_9_and_none_is_there_by_half(tmp_path: Path) -> None:
    answered: list[list[tuple[str, int]]] = [[] for _ in range(6)]
    with tracking_server(tmp_path) as server:
        run_id = Kept(server.port).run()
        threads = [
            threading.Thread(target=log_until_dead, args=(server, run_id, number, answered[number]))
            for number in range(6)
        ]
        for thread in threads:
            thread.start()
        while min(map(len, answered)) < 200:
            time.sleep(0.01)
        os.kill(server.process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join()
    with tracking_server(tmp_path) as server, Store(server.store) as store:
        for number in range(6):
            lengths = set()
            for index in range(20):
                key = f"{number}.{index}"
                steps = [point.step for point in metrics.history(store.read(), run_id, key)]
                assert {step for name, step in answered[number] if name == key} <= set(steps)
                lengths.add(len(steps))
            assert len(lengths) == 1
