from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import ask
from tracking_wire import Wire

from mlops_store import metrics, runs
from mlops_store.store import Store

MS = 1_700_000_000_000


def points(wire: Wire, run_id: str, key: str) -> list[tuple[int, int, float]]:
    return metrics.points(wire.store.read(), run_id, key)


def test_what_is_logged_reads_back(wire: Wire) -> None:
    run_id = wire.run()
    wire.post("runs/log-metric", run_id=run_id, key="loss", value=0.5, timestamp=MS, step=2)
    wire.post("runs/log-metric", run_id=run_id, key="loss", value="NaN", timestamp=str(MS + 1), step="3")
    wire.post("runs/log-parameter", run_id=run_id, key="lr", value="0.1")
    wire.post("runs/log-parameter", run_id=run_id, key="empty")
    wire.post("runs/set-tag", run_id=run_id, key="team", value="a")
    data = wire.get("runs/get", run_id=run_id)["run"]["data"]
    assert data["metrics"] == [{"key": "loss", "value": "NaN", "timestamp": MS + 1, "step": 3}]
    assert sorted(data["params"], key=str) == [{"key": "empty", "value": ""}, {"key": "lr", "value": "0.1"}]
    assert points(wire, run_id, "loss")[0] == (2, MS, 0.5)
    assert wire.tags(run_id)["team"] == "a"


def test_a_batch_is_stored_as_a_whole(wire: Wire) -> None:
    run_id = wire.run()
    wire.post(
        "runs/log-batch",
        run_id=run_id,
        metrics=[{"key": f"m{place}", "value": place, "timestamp": MS, "step": 1} for place in range(900)],
        params=[{"key": f"p{place}", "value": "x" * 7_000} for place in range(40)],
        tags=[{"key": "t", "value": "1"}, {"key": "mlflow.runName", "value": "renamed"}],
    )
    data = wire.get("runs/get", run_id=run_id)["run"]["data"]
    assert (len(data["metrics"]), len(data["params"])) == (900, 40)
    assert {param["value"] for param in data["params"]} == {"x" * 6_000}
    assert wire.get("runs/get", run_id=run_id)["run"]["info"]["run_name"] == "renamed"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"metrics": [{"key": "a", "value": 1}]}, "Missing value for required parameter 'metrics[0].timestamp'."),
        ({"metrics": [{"key": "../a", "value": 1, "timestamp": 1}]}, "for parameter 'metrics[0].name' supplied: Names"),
        ({"metrics": [{"key": "a", "value": 1, "timestamp": -1}]}, "Timestamp must be a nonnegative long"),
        ({"metrics": [{"key": "a" * 251, "value": 1, "timestamp": 1}]}, "'Metric name' exceeds the maximum length"),
        ({"params": [{"value": "1"}]}, "Missing value for required parameter 'params[0].key'."),
        ({"params": [{"key": "a", "value": "1"}] * 2}, "Duplicate parameter keys have been submitted: ['a']."),
        ({"params": [{"key": "kept", "value": "2"}]}, "Params were already logged='[{'key': 'kept', 'old_value': '1'"),
        ({"tags": [{"key": "a;b"}]}, "for parameter 'tags[0].key' supplied: Names may only contain"),
        ({"tags": [{"key": "a"}] * 101}, "can contain at most 100 tags. Got 101 tags."),
        ({"metrics": [{"key": "a", "value": 1, "timestamp": 1}] * 1001}, "at most 1000 metrics. Got 1001 metrics."),
        ({"metrics": 123}, "Invalid value 123 for parameter 'metrics' supplied"),
    ],
)
def test_a_batch_with_a_fault_is_stored_not_at_all(wire: Wire, wrong: dict[str, Any], said: str) -> None:
    run_id = wire.run()
    wire.post("runs/log-parameter", run_id=run_id, key="kept", value="1")
    whole = {
        "metrics": [{"key": "good", "value": 1, "timestamp": 1}],
        "params": [{"key": "good", "value": "1"}],
        "tags": [{"key": "good", "value": "1"}],
        **wrong,
    }
    code, message = wire.refused("runs/log-batch", run_id=run_id, **whole)
    assert (code, said in message) == ("INVALID_PARAMETER_VALUE", True), message
    data = wire.get("runs/get", run_id=run_id)["run"]["data"]
    assert ("metrics" in data, len(data["params"]), "good" in wire.tags(run_id)) == (False, 1, False)


def test_a_param_keeps_its_value(wire: Wire) -> None:
    run_id = wire.run()
    for _ in range(2):
        wire.post("runs/log-parameter", run_id=run_id, key="lr", value="0.1")
    assert wire.refused("runs/log-parameter", run_id=run_id, key="lr", value="0.2")[1] == (
        "Changing param values is not allowed. Param with key='lr' was already logged with value='0.1' for run "
        f"ID='{run_id}'. Attempted logging new value '0.2'."
    )


def test_a_tag_that_is_not_there_cannot_be_removed(wire: Wire) -> None:
    run_id = wire.run()
    wire.post("runs/set-tag", run_id=run_id, key="a", value="1")
    wire.post("runs/delete-tag", run_id=run_id, key="a")
    assert wire.refused("runs/delete-tag", answer_status=404, run_id=run_id, key="a")[1] == (
        f"No tag with name: a in run with id {run_id}"
    )


def test_a_value_that_is_sent_again_counts_once(wire: Wire) -> None:
    run_id = wire.run()
    sent = [(step, MS + step // 3, float(step % 5)) for step in range(700)]
    for _ in range(2):
        wire.post("runs/log-batch", run_id=run_id, metrics=[_metric("a", point) for point in sent])
    for point in (sent[0], sent[600], (5, MS + 1, math.nan), (5, MS + 1, math.nan)):
        wire.post("runs/log-metric", run_id=run_id, **_metric("a", point))
    found = points(wire, run_id, "a")
    assert (found[:-1], math.isnan(found[-1][2])) == (sent, True)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.0, 1.0, math.inf])), max_size=6),
        max_size=6,
    )
)
def test_each_different_value_is_kept_in_the_order_of_arrival(own: Store, batches: list[Any]) -> None:
    seen: dict[Any, None] = {}
    with own.trial() as db:
        runs.create(db, run_id="r", name="r", experiment="default", started_at=1.0)
        number = runs.number(db, "r")
        db.execute("INSERT INTO keys(id, name) VALUES (77, 'k')")
        for batch in filter(None, batches):
            metrics.append_new(db, number, {77: batch})
            seen.update(dict.fromkeys(batch))
        assert metrics.points(db, "r", "k") == list(seen)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(str(tmp_path_factory.mktemp("own") / "store.db"))


def test_what_was_answered_survives_the_death_of_the_server(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    command = [sys.executable, "-m", "mlops_tui", "server", "--port", "0", "--store", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline().strip().rpartition(":")[2])
        create = ask(port, {"start_time": 1}, "/api/2.0/mlflow/runs/create")
        run_id = create.json["run"]["info"]["run_id"]
        for step in range(50):
            body = {"run_id": run_id, **_metric("a", (step, MS + step, 1.0))}
            assert ask(port, body, "/api/2.0/mlflow/runs/log-metric").status == 200
        os.kill(server.pid, signal.SIGKILL)
    with Store(str(path)) as store:
        assert len(metrics.points(store.read(), run_id, "a")) == 50


def test_sigterm_ends_the_server_cleanly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mlops_tui", "server", "--port", "0", "--store", str(tmp_path / "store.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        assert "http://127.0.0.1:" in server.stdout.readline()
        server.terminate()
        assert (server.wait(60), server.stderr.read()) == (0, "")


def _metric(key: str, point: tuple[int, int, float]) -> dict[str, Any]:
    step, ms, value = point
    return {"key": key, "step": step, "timestamp": ms, "value": "NaN" if math.isnan(value) else value}
