"""A tracking server in this process, and requests to it as MLflow's clients send them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from serving import Answer, ask, running

from mlops_store.store import Store
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.tracking.app import TrackingServer
from mlops_tui.serve.tracking.routes import Context

PREFIX = "/api/2.0/mlflow/"


@dataclass(frozen=True, slots=True)
class Wire:
    """A server and the store behind it."""

    port: int
    store: Store

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """A request to an endpoint of MLflow; ``path`` begins with / where it is a whole one."""
        whole = path if path.startswith("/") else PREFIX + path
        return ask(self.port, body, whole, method=method, headers=headers)

    def post(self, path: str, /, **body: Any) -> Any:
        """What a POST is answered with."""
        return self._fine(self.send("POST", path, body))

    def get(self, path: str, /, **query: Any) -> Any:
        """What a GET is answered with."""
        return self._fine(self.send("GET", f"{path}?{urlencode(query, doseq=True)}"))

    def refused(self, path: str, /, *, method: str = "POST", answer_status: int = 400, **body: Any) -> tuple[str, str]:
        """Code and message of the error that a request is answered with."""
        if method == "GET":
            path, body = f"{path}?{urlencode(body, doseq=True)}", {}
        answer = self.send(method, path, body)
        assert answer.status == answer_status, (answer.status, answer.content)
        return answer.json["error_code"], answer.json["message"]

    def run(self, **given: Any) -> str:
        """The id of a run that is made."""
        given = {"experiment_id": "0", "start_time": 1_700_000_000_123, **given}
        return str(self.post("runs/create", **given)["run"]["info"]["run_id"])

    def tags(self, run_id: str) -> dict[str, str]:
        """The tags of a run."""
        found = self.get("runs/get", run_id=run_id)["run"]["data"]["tags"]
        return {tag["key"]: tag["value"] for tag in found}

    @staticmethod
    def _fine(answer: Answer) -> Any:
        assert answer.status == 200, (answer.status, answer.content)
        return answer.json


@contextmanager
def serving(directory: str, *, limits: Limits | None = None, token: str = "") -> Iterator[Wire]:
    """A server over a store in a directory."""
    path = os.path.join(directory, "store.db")
    server = TrackingServer(
        Context(Store(path)),
        "1.2.3",
        limits or Limits(body_bytes=1 << 25),
        token,
        is_local=True,
    )
    with running(server) as port, Store(path) as store:
        yield Wire(port, store)
