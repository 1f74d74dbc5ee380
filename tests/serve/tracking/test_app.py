from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from serving import ask
from tracking_wire import Wire, serving

from mlops_store import run_inputs
from mlops_store.store import Store
from mlops_tui.serve.tracking import wire as reading


def test_the_server_tells_of_itself(wire: Wire) -> None:
    assert wire.send("GET", "/health").content == b"OK"
    assert wire.send("GET", "/version").content == b"1.2.3"
    assert b"mlops-tui" in wire.send("GET", "/").content


def test_both_prefixes_a_query_and_a_body_ask_the_same(wire: Wire) -> None:
    asked = wire.get("experiments/get", experiment_id="0")
    assert wire.send("GET", "/ajax-api/2.0/mlflow/experiments/get?experiment_id=0").json == asked
    assert wire.send("GET", "//api/2.0/mlflow/experiments/get?experiment_id=0").json == asked
    assert wire.send("GET", "experiments/get", {"experiment_id": "0"}).json == asked


def test_what_is_no_endpoint_is_told_in_mlflows_form(wire: Wire) -> None:
    assert wire.refused("nothing", answer_status=404)[0] == "ENDPOINT_NOT_FOUND"
    assert wire.refused("experiments/create", method="DELETE", answer_status=405)[0] == "BAD_REQUEST"
    for path in (
        "traces",
        "/api/3.0/mlflow/traces/search",
        "/v1/traces",
        "scorers/list",
        "/api/3.0/mlflow/server-info",
    ):
        assert wire.refused(path, answer_status=501)[0] == "NOT_IMPLEMENTED"


def test_bodies_that_are_none_are_refused(wire: Wire) -> None:
    for body in (b"{", b"[1]", b"\xff\xfe", b'"{"', b"[" * 100_000, b'{"name": ' + b"9" * 5000 + b"}"):
        answer = wire.send("POST", "experiments/create", body)
        assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    twice = json.dumps(json.dumps({"name": "twice encoded"}))
    assert wire.send("POST", "experiments/create", twice).status == 200


def test_a_body_of_another_type_is_refused(wire: Wire) -> None:
    answer = ask(wire.port, "{}", "/api/2.0/mlflow/experiments/create", content_type="text/plain")
    assert (answer.status, answer.json["message"]) == (
        400,
        "Bad Request. Content-Type must be one of ['application/json'].",
    )


def test_a_body_that_is_too_long_is_refused(wire: Wire) -> None:
    answer = wire.send("POST", "experiments/create", b" ", **{"Content-Length": str((1 << 25) + 1)})
    assert (answer.status, answer.headers["connection"]) == (413, "close")


def test_pages_of_other_sites_cannot_ask_by_a_name_of_their_own(wire: Wire) -> None:
    assert wire.send("GET", "/health", Host="evil.example").status == 403
    for name in ("localhost", f"127.0.0.1:{wire.port}", f"[::1]:{wire.port}", "LOCALHOST:1"):
        assert wire.send("GET", "/health", Host=name).status == 200


def test_a_token_is_asked_for_where_there_is_one(tmp_path: Path) -> None:
    with serving(str(tmp_path), token="secret") as wire:
        assert wire.send("GET", "/health").status == 200
        assert wire.send("GET", "experiments/get?experiment_id=0").status == 401
        assert wire.send("GET", "experiments/get?experiment_id=0", Authorization="Bearer other").status == 401
        assert wire.send("GET", "experiments/get?experiment_id=0", Authorization="Bearer secret").status == 200


def test_a_call_waits_for_a_store_that_another_process_writes(own_wire: Wire) -> None:
    with Store(own_wire.store.path) as other, other.write():
        assert own_wire.send("GET", "/health").status == 200
        assert own_wire.get("experiments/get", experiment_id="0")["experiment"]["name"] == "Default"
    assert own_wire.post("experiments/create", name="after")["experiment_id"] == "1"


@pytest.mark.parametrize(("profile_bytes", "is_large"), [(1_000, False), (100_000, True)])
def test_a_large_body_is_read_and_kept_where_nobody_waits_for_it(
    own_wire: Wire, monkeypatch: pytest.MonkeyPatch, profile_bytes: int, is_large: bool
) -> None:
    threads: list[bool] = []

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            threads.append(threading.current_thread().name.startswith("answer"))
            return function(*arguments)

        return noted

    run_id = own_wire.run()
    for module, name in ((reading, "decoded"), (reading, "_require_encodable"), (run_inputs, "add_datasets")):
        monkeypatch.setattr(module, name, noting(getattr(module, name)))
    dataset = {"name": "é", "digest": "d", "source_type": "x", "source": "y", "profile": "p" * profile_bytes}
    own_wire.post("runs/log-inputs", run_id=run_id, datasets=[{"dataset": dataset}])
    assert threads == [is_large] * 3
    assert own_wire.refused("runs/log-inputs", run_id=7, more="x" * profile_bytes)[0] == "INVALID_PARAMETER_VALUE"
