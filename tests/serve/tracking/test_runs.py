from __future__ import annotations

from typing import Any

from tracking_wire import Wire

from mlops_store import fold, runs


def run(wire: Wire, run_id: str) -> Any:
    return wire.get("runs/get", run_id=run_id)["run"]


def test_a_run_reads_back_as_it_was_made(wire: Wire) -> None:
    found = wire.post(
        "runs/create",
        experiment_id="0",
        user_id="ada",
        run_name="first",
        start_time=1_700_000_000_123,
        tags=[{"key": "mlflow.source.git.commit", "value": "c0ffee"}, {"key": "x", "value": "é" * 9_000}],
    )["run"]
    run_id = found["info"]["run_id"]
    assert found["info"] == {
        "run_uuid": run_id,
        "run_id": run_id,
        "run_name": "first",
        "experiment_id": "0",
        "user_id": "ada",
        "status": "RUNNING",
        "start_time": 1_700_000_000_123,
        "artifact_uri": f"mlflow-artifacts:/0/{run_id}/artifacts",
        "lifecycle_stage": "active",
    }
    assert run(wire, run_id) == found
    sent = {"mlflow.source.git.commit": "c0ffee", "x": "é" * 8_000}
    assert wire.tags(run_id) == {**sent, "mlflow.runName": "first"}
    shown = runs.get(wire.store.read(), run_id)
    assert (shown.name, shown.user, shown.git_commit, shown.experiment) == ("first", "ada", "c0ffee", "default")


def test_a_run_without_a_name_gets_one(wire: Wire) -> None:
    run_id = wire.run()
    assert wire.tags(run_id)["mlflow.runName"] == run(wire, run_id)["info"]["run_name"] != ""


def test_a_run_at_a_time_that_no_clock_says_is_refused(wire: Wire) -> None:
    for start_time in (-1, -150_094_635_296_999_121, 10**15):
        assert "start_time" in wire.refused("runs/create", experiment_id="0", start_time=start_time)[1]
    assert "end_time" in wire.refused("runs/update", run_id=wire.run(), status="FINISHED", end_time=10**15)[1]


def test_a_run_with_two_names_is_refused(wire: Wire) -> None:
    _, message = wire.refused("runs/create", run_name="a", tags=[{"key": "mlflow.runName", "value": "b"}])
    assert message.startswith("Both 'run_name' argument and 'mlflow.runName' tag are specified")


def test_a_nested_run_is_a_child_here_too(wire: Wire) -> None:
    parent = wire.run()
    child = wire.run(tags=[{"key": "mlflow.parentRunId", "value": parent}])
    assert runs.get(wire.store.read(), child).parent_run_id == parent
    assert wire.tags(child)["mlflow.parentRunId"] == parent


def test_a_run_ends_and_goes_on(wire: Wire) -> None:
    run_id = wire.run()
    info = wire.post("runs/update", run_id=run_id, status="FAILED", end_time=1_700_000_009_000)["run_info"]
    assert (info["status"], info["end_time"]) == ("FAILED", 1_700_000_009_000)
    info = wire.post("runs/update", run_id=run_id, status="RUNNING")["run_info"]
    assert (info["status"], "end_time" in info) == ("RUNNING", False)


def test_a_name_is_changed_by_either_way(wire: Wire) -> None:
    run_id = wire.run()
    wire.post("runs/update", run_id=run_id, run_name="by update")
    assert (run(wire, run_id)["info"]["run_name"], wire.tags(run_id)["mlflow.runName"]) == ("by update",) * 2
    wire.post("runs/set-tag", run_id=run_id, key="mlflow.runName", value="by tag")
    assert (run(wire, run_id)["info"]["run_name"], wire.tags(run_id)["mlflow.runName"]) == ("by tag",) * 2


def test_a_deleted_run_takes_nothing_until_it_is_restored(wire: Wire) -> None:
    run_id = wire.run()
    wire.post("runs/delete", run_id=run_id)
    assert run(wire, run_id)["info"]["lifecycle_stage"] == "deleted"
    state = f"The run {run_id} must be in the 'active' state. Current state is deleted."
    assert wire.refused("runs/update", run_id=run_id, status="FINISHED")[1] == state
    assert wire.refused("runs/log-metric", run_id=run_id, key="a", value=1, timestamp=1)[1] == state
    wire.post("runs/restore", run_id=run_id)
    wire.post("runs/log-metric", run_id=run_id, key="a", value=1, timestamp=1)


def test_an_experiment_takes_its_runs_with_it(wire: Wire) -> None:
    number = wire.post("experiments/create", name="with runs")["experiment_id"]
    run_id = wire.run(experiment_id=number)
    wire.post("experiments/delete", experiment_id=number)
    assert run(wire, run_id)["info"]["lifecycle_stage"] == "deleted"
    assert "must be in the 'active' state" in wire.refused("runs/create", experiment_id=number)[1]
    wire.post("experiments/restore", experiment_id=number)
    assert run(wire, run_id)["info"]["lifecycle_stage"] == "active"


def test_a_run_that_is_not_there_is_told(wire: Wire) -> None:
    for path in ("runs/delete", "runs/update", "runs/restore"):
        assert wire.refused(path, answer_status=404, run_id="f" * 32) == (
            "RESOURCE_DOES_NOT_EXIST",
            f"Run with id={'f' * 32} not found",
        )


def test_a_run_of_a_client_is_not_taken_for_dead(own_wire: Wire, tmp_path: object) -> None:
    run_id = own_wire.run()
    fold.fold(own_wire.store, f"{tmp_path}/.mlops/journals")
    assert runs.get(own_wire.store.read(), run_id).status == "RUNNING"


def test_a_stage_of_a_pipeline_is_ended_by_its_pipeline(own_wire: Wire) -> None:
    with own_wire.store.write() as db:
        runs.create(db, run_id="a" * 32, name="train", experiment="default", kind="stage", started_at=1.0)
    assert own_wire.post("runs/update", run_id="a" * 32, status="FINISHED")["run_info"]["status"] == "RUNNING"
