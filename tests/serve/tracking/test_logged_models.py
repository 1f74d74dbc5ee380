"""Logged models of MLflow 3: made, filled, finished; found by what they are; among the models of their run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from registry_builders import log_model, make_run
from tracking_wire import Wire
from wire_models import PICKLED, ROUTE, create, fill

from mlops_store import artifacts, models


def found(wire: Wire, text: str = "", **more: Any) -> list[str]:
    answer = wire.post("logged-models/search", **{"experiment_ids": ["0"], "filter": text, **more})
    return [one["info"]["name"] for one in answer.get("models", ())]


def test_a_model_is_pending_until_its_client_says_that_its_files_are_there(wire: Wire) -> None:
    run = wire.run()
    made = wire.post(
        "logged-models",
        experiment_id="0",
        name="clf",
        source_run_id=run,
        model_type="classifier",
        params=[{"key": "depth", "value": "3"}],
        tags=[{"key": "team", "value": "a"}],
    )["model"]
    model = made["info"]["model_id"]
    assert made["info"]["status"] == "LOGGED_MODEL_PENDING"
    assert made["info"]["artifact_uri"] == f"mlflow-artifacts:/0/models/{model}/artifacts"
    assert made["info"]["tags"] == [{"key": "team", "value": "a"}]
    assert made["data"] == {"params": [{"key": "depth", "value": "3"}]}
    assert models.logged(wire.store.read(), run) == ()
    done = fill(
        wire, model, {"MLmodel": PICKLED.encode(), "model.pkl": b"\x80\x05.", "requirements.txt": b"numpy==2.0\n"}
    )
    assert done["info"]["status"] == "LOGGED_MODEL_READY"
    [logged] = models.logged(wire.store.read(), run)
    assert (logged.name, logged.flavor, logged.size_bytes) == ("clf", "pickle", len(PICKLED) + 3 + 11)
    assert logged.signature == {"inputs": [{"type": "double", "name": "x", "required": True}]}
    assert logged.environment["packages"] == {"numpy": "2.0"}
    assert [file.path for file in artifacts.of_run(wire.store.read(), run)] == [
        *("clf/MLmodel", "clf/model.pkl", "clf/requirements.txt"),
    ]
    assert "files" not in wire.get("artifacts/list", run_id=run)
    assert wire.get(f"logged-models/{model}/artifacts/directories")["root_uri"] == made["info"]["artifact_uri"]
    answer = wire.send("GET", f"/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files?artifact_file_path=MLmodel")
    assert (answer.content.decode(), answer.headers["content-type"]) == (PICKLED, "text/plain")


def test_a_model_whose_files_change_after_it_was_finished_is_looked_at_again(wire: Wire) -> None:
    run = wire.run()
    model = create(wire, name="again", source_run_id=run)
    fill(wire, model, {"a": b"1"})
    [before] = models.logged(wire.store.read(), run)
    fill(wire, model, {"b": b"2"})
    [after] = models.logged(wire.store.read(), run)
    assert (before.flavor, before.size_bytes, after.size_bytes) == ("files", 1, 2)
    assert before.digest != after.digest


def test_a_failed_model_and_a_deleted_one_are_no_models_of_their_run(wire: Wire) -> None:
    run = wire.run()
    failed = create(wire, name="failed", source_run_id=run)
    fill(wire, failed, {"a": b"1"}, status="LOGGED_MODEL_UPLOAD_FAILED")
    gone = create(wire, name="gone", source_run_id=run)
    fill(wire, gone, {"a": b"1"})
    assert wire.send("DELETE", f"logged-models/{gone}").json == {}
    assert models.logged(wire.store.read(), run) == ()
    assert wire.refused(f"logged-models/{gone}", method="GET", answer_status=404) == (
        "RESOURCE_DOES_NOT_EXIST",
        f"Logged model with ID '{gone}' not found.",
    )
    assert wire.get(f"logged-models/{gone}", allow_deleted="true")["model"]["info"]["name"] == "gone"


def test_tags_and_params_are_kept_changed_and_removed(wire: Wire) -> None:
    model = create(wire, name="tagged", params=[{"key": "a", "value": "1"}])
    wire.send(
        "PATCH", f"logged-models/{model}/tags", {"tags": [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]}
    )
    wire.post(f"logged-models/{model}/params", params=[{"key": "b", "value": ""}, {"key": "a", "value": "1"}])
    shown = wire.get(f"logged-models/{model}")["model"]
    assert shown["info"]["tags"] == [{"key": "k", "value": "2"}]
    assert shown["data"]["params"] == [{"key": "a", "value": "1"}, {"key": "b", "value": ""}]
    assert (
        wire.refused(f"logged-models/{model}/params", params=[{"key": "a", "value": "2"}])[0]
        == "INVALID_PARAMETER_VALUE"
    )
    assert wire.send("DELETE", f"logged-models/{model}/tags/k").json == {}
    assert wire.refused(f"logged-models/{model}/tags/k", method="DELETE", answer_status=404)[1] == (
        f"No tag with key 'k' found for model with ID '{model}'."
    )


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "100%", 'a"b', "a'b"])
def test_a_name_that_no_logged_model_can_have_is_refused(wire: Wire, name: str) -> None:
    code, message = wire.refused("logged-models", experiment_id="0", name=name)
    assert (code, message.startswith("Invalid model name")) == ("INVALID_PARAMETER_VALUE", True)


def test_a_model_that_our_own_script_logged_is_found_with_its_files(own_wire: Wire) -> None:
    run = make_run(own_wire.store)
    logged = log_model(own_wire.store, run, name="forest")
    shown = own_wire.get(f"logged-models/{logged.model_id}")["model"]["info"]
    assert (shown["name"], shown["status"], shown["source_run_id"]) == ("forest", "LOGGED_MODEL_READY", run)
    assert shown["artifact_uri"].endswith(f"/{run}/artifacts/forest")
    path = shown["artifact_uri"].removeprefix("mlflow-artifacts:/")
    listed = own_wire.get(f"{ROUTE}", path=path)["files"]
    assert listed == own_wire.get(f"logged-models/{logged.model_id}/artifacts/directories")["files"]
    assert own_wire.send("GET", f"{ROUTE}/{path}/{listed[0]['path']}").status == 200


def test_models_are_found_by_what_they_are_in_order_and_by_pages(own_wire: Wire) -> None:
    wire, run = own_wire, own_wire.run()
    for name, kind, lr in (("one", "a", "0.1"), ("two", "b", "0.2"), ("three", "a", "0.2")):
        model = create(wire, name=name, model_type=kind, params=[{"key": "lr", "value": lr}], source_run_id=run)
        wire.post(
            "runs/log-metric",
            run_id=run,
            key="auc",
            value=len(name),
            timestamp=1,
            step=0,
            model_id=model,
            dataset_name="d",
        )
    assert found(wire) == ["three", "two", "one"]
    assert found(wire, "model_type = 'a'") == ["three", "one"]
    assert found(wire, "params.lr = '0.2' AND name != 'two'") == ["three"]
    assert found(wire, "name LIKE 't%'") == ["three", "two"]
    assert found(wire, "name ILIKE 'T%' AND name NOT IN ('three')") == ["two"]
    assert found(wire, "metrics.auc > 3") == ["three"]
    assert found(wire, f"source_run_id = '{run}' AND creation_timestamp > 0 AND status = 'PENDING'") != []
    assert found(wire, datasets=[{"dataset_name": "other"}]) == []
    assert found(wire, datasets=[{"dataset_name": "d"}], max_results=1) == ["three"]
    assert found(wire, order_by=[{"field_name": "metrics.auc", "ascending": True}, {"field_name": "name"}]) == [
        *("one", "two", "three"),
    ]
    first = wire.post("logged-models/search", experiment_ids=["0"], max_results=2)
    token = first["next_page_token"]
    assert found(wire, max_results=2, page_token=token) == ["one"]
    assert wire.refused("logged-models/search", experiment_ids=["0"], filter="name = 'x'", page_token=token)[0] == (
        "INVALID_PARAMETER_VALUE"
    )
    assert wire.refused("logged-models/search")[1].startswith("Missing value for required parameter 'experiment_ids'")


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "name =",
        "name = 'a' OR name = 'b'",
        "name = a",
        "metrics.auc = 'x'",
        "metrics.auc LIKE 'x'",
        "spans.x = 'a'",
        "colour = 'red'",
        "name IN 'a'",
        "name IN ('a'",
        "name = 'a",
        "name > 'a'",
    ],
)
def test_a_filter_that_is_none_is_refused(wire: Wire, text: str) -> None:
    assert wire.refused("logged-models/search", experiment_ids=["0"], filter=text)[0] == "INVALID_PARAMETER_VALUE"


def test_nothing_that_is_asked_for_becomes_a_part_of_a_statement(wire: Wire) -> None:
    hostile = "x'); DROP TABLE runs; --"
    assert found(wire, "name = '" + hostile.replace("'", "") + "'") == []
    assert wire.refused("logged-models/search", experiment_ids=["0"], order_by=[{"field_name": hostile}])[0] == (
        "INVALID_PARAMETER_VALUE"
    )
    assert json.dumps(wire.post("logged-models/search", experiment_ids=["0"], filter="name = '" + "a" * 9_000 + "'"))
    wire.run()
