from __future__ import annotations

import os

from tracking_wire import Wire

from mlops_store import runs


def test_the_default_experiment_has_the_id_0_and_is_ours(wire: Wire) -> None:
    found = wire.get("experiments/get", experiment_id="0")["experiment"]
    assert (found["name"], found["lifecycle_stage"]) == ("Default", "active")
    assert found["artifact_location"] == "mlflow-artifacts:/0"
    assert wire.get("experiments/get-by-name", experiment_name="Default")["experiment"] == found
    with wire.store.write() as db:
        assert runs.experiment_number(db, "default") == 0


def test_an_experiment_reads_back_as_it_was_made(wire: Wire) -> None:
    tags = [{"key": "team", "value": "a"}, {"key": "mlflow.note.content", "value": "What it is for"}]
    made = wire.post("experiments/create", name="churn é", artifact_location="mlflow-artifacts:/there", tags=tags)
    found = wire.get("experiments/get-by-name", experiment_name="churn é")["experiment"]
    assert found["experiment_id"] == made["experiment_id"]
    assert found["artifact_location"] == "mlflow-artifacts:/there"
    assert sorted(found["tags"], key=lambda tag: tag["key"]) == sorted(tags, key=lambda tag: tag["key"])
    assert isinstance(found["creation_time"], int)
    assert next(one for one in runs.experiments(wire.store.read()) if one.name == "churn é").description


def test_artifacts_are_put_where_a_client_says(wire: Wire) -> None:
    asked = wire.post("experiments/create", name="asked", artifact_location="s3://bucket/a?region=b")["experiment_id"]
    run = wire.post("runs/create", experiment_id=asked)["run"]["info"]
    assert run["artifact_uri"] == f"s3://bucket/a/{run['run_id']}/artifacts?region=b"
    model = wire.post("logged-models", experiment_id=asked)["model"]["info"]
    assert model["artifact_uri"] == f"s3://bucket/a/models/{model['model_id']}/artifacts?region=b"
    number = wire.post("experiments/create", name="local", artifact_location="here")["experiment_id"]
    found = wire.get("experiments/get", experiment_id=number)["experiment"]
    assert found["artifact_location"] == os.path.abspath("here")
    run_id = wire.run(experiment_id=number)
    uri = wire.get("runs/get", run_id=run_id)["run"]["info"]["artifact_uri"]
    assert uri == f"{os.path.abspath('here')}/{run_id}/artifacts"
    for wrong in (
        "mlflow-artifacts:/a/../../b",
        "mlflow-artifacts:/%2e%2e/b",
        "a#b",
        "runs:/a/b",
        "http://[",
        "x" * 2049,
    ):
        assert wire.refused("experiments/create", name="x", artifact_location=wrong)[0] == "INVALID_PARAMETER_VALUE"


def test_a_name_is_given_once(wire: Wire) -> None:
    number = wire.post("experiments/create", name="once")["experiment_id"]
    assert wire.refused("experiments/create", name="once")[0] == "RESOURCE_ALREADY_EXISTS"
    wire.post("experiments/delete", experiment_id=number)
    assert wire.refused("experiments/create", name="once")[0] == "RESOURCE_ALREADY_EXISTS"
    wire.post("experiments/restore", experiment_id=number)
    wire.post("experiments/update", experiment_id=number, new_name="twice")
    assert wire.get("experiments/get", experiment_id=number)["experiment"]["name"] == "twice"
    assert wire.refused("experiments/update", experiment_id=number, new_name="Default")[0] == "RESOURCE_ALREADY_EXISTS"


def test_a_deleted_experiment_takes_no_tags_and_no_name(wire: Wire) -> None:
    number = wire.post("experiments/create", name="deleted")["experiment_id"]
    wire.post("experiments/set-experiment-tag", experiment_id=number, key="a", value="1")
    wire.post("experiments/delete", experiment_id=number)
    assert wire.get("experiments/get", experiment_id=number)["experiment"]["lifecycle_stage"] == "deleted"
    assert wire.refused("experiments/update", experiment_id=number, new_name="b")[0] == "INVALID_STATE"
    assert (
        "must be in the 'active' state"
        in wire.refused("experiments/set-experiment-tag", experiment_id=number, key="a", value="1")[1]
    )
    assert wire.refused("experiments/delete", experiment_id=number, answer_status=404)[0] == "RESOURCE_DOES_NOT_EXIST"
    said = wire.refused("experiments/delete", experiment_id="0")  # where runs go that name none
    assert said[0] == "INVALID_PARAMETER_VALUE"
    assert said[1].startswith("Cannot delete the default experiment")


def test_a_tag_is_replaced_and_removed(wire: Wire) -> None:
    number = wire.post("experiments/create", name="tagged")["experiment_id"]
    for value in ("1", "2"):
        wire.post("experiments/set-experiment-tag", experiment_id=number, key="a", value=value)
    assert wire.get("experiments/get", experiment_id=number)["experiment"]["tags"] == [{"key": "a", "value": "2"}]
    wire.post("experiments/delete-experiment-tag", experiment_id=number, key="a")
    assert "tags" not in wire.get("experiments/get", experiment_id=number)["experiment"]
    assert wire.refused("experiments/delete-experiment-tag", answer_status=404, experiment_id=number, key="a") == (
        "RESOURCE_DOES_NOT_EXIST",
        f"No tag with name: a in experiment with id {number}",
    )


def test_what_is_no_experiment_is_told(wire: Wire) -> None:
    for number in ("99999", "-1337"):
        assert wire.refused("experiments/get", method="GET", answer_status=404, experiment_id=number) == (
            "RESOURCE_DOES_NOT_EXIST",
            f"No Experiment with id={number} exists",
        )
    assert wire.refused("experiments/get", method="GET", experiment_id="x")[1].startswith("Invalid experiment ID 'x'.")
    assert wire.refused("experiments/get-by-name", method="GET", answer_status=404, experiment_name="none")[1] == (
        "Could not find experiment with name 'none'"
    )
