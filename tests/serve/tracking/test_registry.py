"""Registered models and their versions over the wire: the same acts as everywhere, with rules and records."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from registry_builders import make_version
from serving import running
from tracking_wire import Wire
from wire_models import PICKLED, create, fill

from mlops_store import audit, models
from mlops_store.errors import NotFound, Refused
from mlops_store.store import Store
from mlops_tui.config import Config, RegistryConfig
from mlops_tui.config.gates import GateConfig
from mlops_tui.registry import acts, holdings
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.tracking import stage_words
from mlops_tui.serve.tracking.app import TrackingServer
from mlops_tui.serve.tracking.routes import Context


def version_of(wire: Wire, name: str, **given: Any) -> dict[str, Any]:
    """A version of a model of that name, of something that is kept elsewhere."""
    body = {"name": name, "source": "s3://bucket/model", **given}
    return wire.post("model-versions/create", **body)["model_version"]


def model_of(wire: Wire, name: str, versions: int = 1) -> str:
    wire.post("registered-models/create", name=name)
    for _ in range(versions):
        version_of(wire, name)
    return name


def move(wire: Wire, name: str, version: int, stage: str, **more: Any) -> dict[str, Any]:
    body = {"name": name, "version": str(version), "stage": stage, **more}
    return wire.post("model-versions/transition-stage", **body)["model_version"]


def send(wire: Wire, method: str, path: str, **body: Any) -> Any:
    answer = wire.send(method, path, body)
    assert answer.status == 200, answer.content
    return answer.json


def read(wire: Wire, uri: str, path: str) -> bytes:
    """A file below a URI of artifacts, as clients ask for it."""
    answer = wire.send("GET", f"/api/2.0/mlflow-artifacts/artifacts/{uri.partition(':/')[2]}/{path}")
    assert answer.status == 200, answer.content
    return answer.content


def found(wire: Wire, path: str, text: str = "", **more: Any) -> list[str]:
    answer = wire.get(path, filter=text, **more)
    listed = answer.get("registered_models") or answer.get("model_versions") or []
    return [f"{one['name']}/{one['version']}" if "version" in one else one["name"] for one in listed]


def test_a_model_is_made_described_renamed_tagged_and_deleted_with_entries_of_the_audit_log(own_wire: Wire) -> None:
    wire = own_wire
    made = wire.post(
        "registered-models/create", name="churn", description="who goes", tags=[{"key": "a", "value": "1"}]
    )
    assert made["registered_model"]["description"] == "who goes"
    assert made["registered_model"]["tags"] == [{"key": "a", "value": "1"}]
    assert wire.refused("registered-models/create", name="churn") == (
        "RESOURCE_ALREADY_EXISTS",
        "Registered Model (name=churn) already exists.",
    )
    send(wire, "PATCH", "registered-models/update", name="churn", description="who leaves")
    wire.post("registered-models/rename", name="churn", new_name="leavers")
    wire.post("registered-models/set-tag", name="leavers", key="b", value="")
    send(wire, "DELETE", "registered-models/delete-tag", name="leavers", key="a")
    send(wire, "DELETE", "registered-models/delete-tag", name="leavers", key="none")
    shown = wire.get("registered-models/get", name="leavers")["registered_model"]
    assert (shown["description"], shown["tags"]) == ("who leaves", [{"key": "b", "value": ""}])
    assert wire.refused("registered-models/get", method="GET", answer_status=404, name="churn") == (
        "RESOURCE_DOES_NOT_EXIST",
        "Registered Model with name=churn not found",
    )
    send(wire, "DELETE", "registered-models/delete", name="leavers")
    entries = audit.newest(wire.store.read())
    assert [entry.action for entry in entries] == [
        *("model.delete", "model.tag", "model.tag", "model.rename", "model.rename", "model.describe", "model.create"),
    ]
    assert {entry.origin for entry in entries} == {"127.0.0.1"}
    assert [acts.sentence(entry) for entry in entries[3:5]] == [
        "leavers renamed to leavers",
        "churn renamed to leavers",
    ]
    wire.post("registered-models/create", name="leavers")


def test_the_audit_log_names_the_user_that_a_client_says_it_is(own_wire: Wire) -> None:
    given = base64.b64encode(b"alice:secret").decode()
    own_wire.send("POST", "registered-models/create", {"name": "m"}, Authorization=f"Basic {given}")
    assert audit.newest(own_wire.store.read())[0].origin == "127.0.0.1 alice"


def test_a_version_of_a_finished_logged_model_has_its_files_its_run_and_its_mark_as_a_pickle(own_wire: Wire) -> None:
    wire, run = own_wire, own_wire.run()
    model = create(wire, name="clf", source_run_id=run)
    fill(wire, model, {"MLmodel": PICKLED.encode(), "model.pkl": b"\x80\x05."})
    wire.post("registered-models/create", name="churn")
    made = version_of(wire, "churn", source=f"models:/{model}", model_id=model, description="first")
    assert (made["version"], made["current_stage"], made["status"], made["run_id"]) == ("1", "None", "READY", run)
    uri = wire.get("model-versions/get-download-uri", name="churn", version="1")["artifact_uri"]
    assert uri == "mlflow-artifacts:/model-versions/1/1"
    kept = models.version(wire.store.read(), "churn", 1)
    assert (kept.flavor, kept.run_id, kept.logged_model_id) == ("pickle", run, model)
    assert sorted(kept.lineage["files"]) == ["MLmodel", "model.pkl"]
    assert kept.lineage["signature"]["inputs"][0]["name"] == "x"
    assert "allowed" not in kept.lineage
    [tag] = wire.get(f"logged-models/{model}")["model"]["info"]["tags"]
    assert tag == {"key": "mlflow.modelVersions", "value": '[{"name": "churn", "version": 1}]'}
    answer = wire.send("GET", "/model-versions/get-artifact?name=churn&version=1&path=model.pkl")
    assert answer.content == b"\x80\x05."
    # the run goes on, and the model is whole all the same
    assert move(wire, "churn", 1, "production")["current_stage"] == "Production"


def test_a_pickle_that_a_client_registered_is_loaded_by_nobody_before_somebody_allows_it(own_wire: Wire) -> None:
    from mlops_tui.registry import formats

    wire, run = own_wire, own_wire.run()
    model = create(wire, name="clf", source_run_id=run)
    fill(wire, model, {"MLmodel": PICKLED.encode(), "model.pkl": b"\x80\x05."})
    wire.post("registered-models/create", name="churn")
    version_of(wire, "churn", source=f"models:/{model}", model_id=model)
    version = models.version(wire.store.read(), "churn", 1)
    with pytest.raises(Refused, match="is a pickle") as refused:
        formats.load_version(wire.store, version)
    assert refused.value.hint.endswith("mlops-tui models allow churn 1 pickle")
    with pytest.raises(Refused, match="runs no source"):
        holdings.allow(wire.store, "churn", 1, "source")
    holdings.allow(wire.store, "churn", 1, "pickle", reason="ours")
    assert models.version(wire.store.read(), "churn", 1).lineage["allowed"] == ["pickle"]
    assert acts.sentence(audit.newest(wire.store.read())[0]) == "churn/1 may run its pickle"
    with pytest.raises(Refused, match="already"):
        holdings.allow(wire.store, "churn", 1, "pickle")


def test_a_version_of_what_is_kept_elsewhere_says_so_when_it_is_to_be_loaded(own_wire: Wire) -> None:
    from mlops_tui.registry import formats

    model_of(own_wire, "far")
    with pytest.raises(NotFound, match="has no files here, only the name of their place: s3://bucket/model"):
        formats.load_version(own_wire.store, models.version(own_wire.store.read(), "far", 1))


def test_a_version_is_made_of_a_folder_of_a_run_and_of_another_version(own_wire: Wire) -> None:
    wire, run = own_wire, own_wire.run()
    wire.send("PUT", f"/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/model/weights", b"123")
    wire.post("registered-models/create", name="a")
    wire.post("registered-models/create", name="b")
    for source in (f"runs:/{run}/model", f"mlflow-artifacts:/0/{run}/artifacts/model"):
        version_of(wire, "a", source=source, run_id=run)
    copied = version_of(wire, "b", source="models:/a/2")
    assert (copied["source"], copied["run_id"]) == ("models:/a/2", run)
    kept = models.version(wire.store.read(), "b", 1)
    assert kept.digest == models.version(wire.store.read(), "a", 1).digest
    assert kept.lineage["files"]["weights"]["size_bytes"] == 3
    uri = wire.get("model-versions/get-download-uri", name="b", version="1")["artifact_uri"]
    assert read(wire, uri, "weights") == b"123"


def test_the_files_of_a_version_stay_what_was_registered_whatever_becomes_of_the_model(own_wire: Wire) -> None:
    wire, folder = own_wire, "/api/2.0/mlflow-artifacts/artifacts"
    model = create(wire, name="clf")
    fill(wire, model, {"MLmodel": b"first", "code/a.py": b"1"})
    wire.post("registered-models/create", name="churn")
    version_of(wire, "churn", source=f"models:/{model}", model_id=model)
    uri = wire.get("model-versions/get-download-uri", name="churn", version="1")["artifact_uri"]
    own = f"{folder}/0/models/{model}/artifacts"
    assert wire.send("PUT", f"{own}/MLmodel", b"second").status == 200
    assert wire.send("DELETE", f"{own}/code").status == 200
    assert wire.send("GET", f"{own}/MLmodel").content == b"second"
    assert (read(wire, uri, "MLmodel"), read(wire, uri, "code/a.py")) == (b"first", b"1")
    place = uri.partition(":/")[2]
    shown = wire.send("GET", f"{folder}?path={place}").json["files"]
    assert shown == [{"path": "MLmodel", "is_dir": False, "file_size": 5}, {"path": "code", "is_dir": True}]
    for method in ("PUT", "DELETE"):
        answer = wire.send(method, f"{folder}/{place}/MLmodel", b"third" if method == "PUT" else None)
        assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert "files never change: register another version" in answer.json["message"]
    assert wire.send("GET", f"{folder}/{place}/code").status == 400
    for gone in (f"{place}/none", "model-versions/1/2/MLmodel", "model-versions/7/1"):
        assert wire.send("GET", f"{folder}/{gone}").status == 404
    wire.send("DELETE", "model-versions/delete", {"name": "churn", "version": "1"})
    assert wire.send("GET", f"{folder}/{place}/MLmodel").status == 404


@pytest.mark.parametrize(
    ("source", "run_id", "model_id"),
    [
        ("runs:/{run}/model", None, None),
        ("runs:/{run}/model", "{other}", None),
        ("runs:/{run}/model", "{run}", "{model}"),
        ("runs://host/{run}/model", "{run}", None),
        ("models:/{model}", None, None),
        ("models:/{model}", "{run}", None),
        ("models:/{model}", None, "m-other"),
        ("models:/m-unknown", None, "{model}"),
        ("mlflow-artifacts:/0/{run}/artifacts/model", "{other}", None),
        ("mlflow-artifacts:/0/{other}/artifacts/model", "{run}", None),
        ("mlflow-artifacts:/0/{run}/artifactsx", "{run}", None),
        ("mlflow-artifacts:/0/{run}/artifacts", None, "{model}"),
        ("http://h/api/2.0/mlflow-artifacts/artifacts/0/{other}/artifacts/m", "{run}", None),
        ("mlflow-artifacts:/0/{run}/artifacts/../../../x", "{run}", None),
        ("mlflow-artifacts:/0/{run}/artifacts/%2e%2e/x", "{run}", None),
        ("mlflow-artifacts:/0/{run}/artifacts/%252e%252e/x", "{run}", None),
        ("s3://bucket/../x", None, None),
        ("s3://bucket/a%00b", None, None),
        ("/etc", None, None),
        ("/etc", "{run}", None),
        ("file:///etc/passwd", "{run}", None),
        ("relative/path", None, None),
        ("models://host/a/1", None, None),
        ("models:/a/1/2", None, None),
        ("models:/", None, None),
    ],
)
def test_a_source_that_is_not_of_the_run_or_model_that_is_named_is_refused(
    wire: Wire, source: str, run_id: str | None, model_id: str | None
) -> None:
    name = "sources"
    if not found(wire, "registered-models/search", f"name = '{name}'"):
        wire.post("registered-models/create", name=name)
    run, other = wire.run(), wire.run()
    known = {"run": run, "other": other, "model": create(wire, name="clf", source_run_id=run)}
    body: dict[str, Any] = {"name": name, "source": source.format(**known)}
    body |= {"run_id": run_id.format(**known)} if run_id else {}
    body |= {"model_id": model_id.format(**known)} if model_id else {}
    code, message = wire.refused("model-versions/create", **body)
    assert (code, message.startswith("Invalid model version source")) == ("INVALID_PARAMETER_VALUE", True)
    assert found(wire, "model-versions/search", f"name = '{name}'") == []


def test_a_version_may_be_of_a_folder_of_this_machine_that_is_its_runs(own_wire: Wire) -> None:
    wire = own_wire
    experiment = wire.post("experiments/create", name="local", artifact_location="/shared/a")["experiment_id"]
    run = wire.post("runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    wire.post("registered-models/create", name="m")
    inside = f"/shared/a/{run}/artifacts/model"
    for source in (inside, f"file://{inside}"):
        assert version_of(wire, "m", source=source, run_id=run)["source"] == source
    uri = wire.get("model-versions/get-download-uri", name="m", version="1")["artifact_uri"]
    assert uri == inside
    for source, run_id in ((inside, None), ("/shared/a", run), (f"/shared/a/{run}/artifactsx", run), ("/tmp", run)):
        given = {"name": "m", "source": source, **({"run_id": run_id} if run_id else {})}
        assert "To use a local path" in wire.refused("model-versions/create", **given)[1], source


def test_mlflows_stages_move_versions_as_ours_do(own_wire: Wire) -> None:
    wire, name = own_wire, model_of(own_wire, "m", 4)
    assert move(wire, name, 1, "Production")["current_stage"] == "Production"
    assert move(wire, name, 1, "PRODUCTION")["current_stage"] == "Production"
    move(wire, name, 2, "Staging")
    move(wire, name, 3, "staging", archive_existing_versions=True)
    assert {one.version: one.stage for one in models.get(wire.store.read(), name).versions} == {
        4: "dev",
        3: "staging",
        2: "archived",
        1: "production",
    }
    latest = wire.post("registered-models/get-latest-versions", name=name, stages=["Production"])["model_versions"]
    assert [one["version"] for one in latest] == ["1"]
    assert len(wire.get("registered-models/get", name=name)["registered_model"]["latest_versions"]) == 4
    assert wire.refused("model-versions/transition-stage", name=name, version="1", stage="Live")[1] == (
        "Invalid Model Version stage: Live. Value must be one of None, Staging, Production, Archived."
    )
    for stage in ("None", "Archived"):
        body = {"name": name, "version": "1", "stage": stage, "archive_existing_versions": True}
        assert "is not an Active stage" in wire.refused("model-versions/transition-stage", **body)[1]
    assert wire.refused("model-versions/delete", method="DELETE", name=name, version="1")[0] == "INVALID_STATE"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Wire]:
    """A server of a project with stages of its own and a gate."""
    store = Store(str(tmp_path / "store.db"))
    config = Config(
        registry=RegistryConfig(stages=("candidate", "shadow", "canary", "live", "retired"), single=("live",)),
        gates={"good": GateConfig("good", "metric", ("live",), {"metric": "auc", "min": 0.9})},
    )
    server = TrackingServer(Context(store, lambda: config), "1", Limits(), is_local=True)
    with running(server) as port, Store(store.path) as own:
        yield Wire(port, own)


def test_gates_hold_over_the_wire_and_stages_go_by_their_own_names_too(guarded: Wire) -> None:
    make_version(
        guarded.store, "churn", config=Config(registry=RegistryConfig(("candidate", "live"))), values={"auc": 0.5}
    )
    code, message = guarded.refused("model-versions/transition-stage", name="churn", version="1", stage="Production")
    assert (code, "gate 'good' of live did not let churn/1 pass" in message) == ("INVALID_STATE", True)
    assert audit.newest(guarded.store.read())[0].action == "gate.refuse"
    assert move(guarded, "churn", 1, "shadow")["current_stage"] == "shadow"
    assert move(guarded, "churn", 1, "Staging")["current_stage"] == "Staging"
    assert models.version(guarded.store.read(), "churn", 1).stage == "canary"
    code, message = guarded.refused("registered-models/alias", name="churn", version="1", alias="live")
    assert (code, "did not let" in message) == ("INVALID_STATE", True)


@pytest.mark.parametrize(
    ("stages", "single", "known"),
    [
        (
            ("dev", "staging", "production", "archived"),
            ("production",),
            {"Staging": "staging", "Production": "production"},
        ),
        (("a", "live", "z"), ("live",), {"Production": "live"}),
        (("a", "z"), (), {}),
        (("a", "b", "c", "z"), (), {"Staging": "c"}),
    ],
)
def test_each_of_mlflows_words_is_one_stage_and_each_stage_one_word(
    stages: tuple[str, ...], single: tuple[str, ...], known: dict[str, str]
) -> None:
    registry = RegistryConfig(stages, single)
    words = stage_words.words(registry)
    assert len(set(words.values())) == len(stages)
    assert {word: stage for stage, word in words.items() if word in ("Staging", "Production")} == known
    assert all(stage_words.stage(registry, word) == stage for stage, word in words.items())


def test_aliases_name_versions_and_some_are_reserved(own_wire: Wire) -> None:
    wire, name = own_wire, model_of(own_wire, "m", 2)
    wire.post("registered-models/alias", name=name, alias="champion", version="1")
    shown = wire.get("registered-models/alias", name=name, alias="champion")["model_version"]
    assert (shown["version"], shown["aliases"]) == ("1", ["champion"])
    assert wire.get("registered-models/alias", name=name, alias="latest")["model_version"]["version"] == "2"
    assert wire.get("registered-models/get", name=name)["registered_model"]["aliases"] == [
        {"alias": "champion", "version": "1"}
    ]
    assert models.resolve(wire.store.read(), "m@champion").version == 1
    for alias, message in (
        ("latest", "'latest' alias name (case insensitive) is reserved."),
        ("v3", "Version alias name 'v3' is reserved."),
        ("a b", "Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-)."),
    ):
        assert wire.refused("registered-models/alias", name=name, alias=alias, version="1")[1] == message
    assert wire.refused("registered-models/alias", name=name, alias="x", version="9", answer_status=404)[1] == (
        f"Model Version (name={name}, version=9) not found"
    )
    send(wire, "DELETE", "registered-models/alias", name=name, alias="champion")
    send(wire, "DELETE", "registered-models/alias", name=name, alias="champion")
    assert wire.refused("registered-models/alias", method="GET", name=name, alias="champion") == (
        "INVALID_PARAMETER_VALUE",
        "Registered model alias champion not found.",
    )


def test_an_alias_that_is_called_like_the_stage_for_one_version_is_that_stage(own_wire: Wire) -> None:
    wire, name = own_wire, model_of(own_wire, "m", 2)
    wire.post("registered-models/alias", name=name, alias="production", version="2")
    assert models.version(wire.store.read(), name, 2).stage == "production"
    assert wire.get("registered-models/alias", name=name, alias="production")["model_version"]["version"] == "2"
    assert wire.refused("registered-models/alias", method="DELETE", name=name, alias="production")[0] == "INVALID_STATE"
    assert (
        wire.refused("registered-models/alias", name=name, alias="staging", version="1")[0] == "INVALID_PARAMETER_VALUE"
    )


def test_models_and_versions_are_searched_by_filter_order_and_pages_and_prompts_are_left_out(own_wire: Wire) -> None:
    wire = own_wire
    for name in ("alpha", "beta", "Beta2"):
        model_of(wire, name, 2)
    wire.post("registered-models/set-tag", name="beta", key="team", value="x")
    wire.post("model-versions/set-tag", name="alpha", version="2", key="team", value="y")
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    wire.post("registered-models/create", name="hello", tags=prompt)
    version_of(
        wire, "hello", source="dummy-source", tags=[*prompt, {"key": "mlflow.prompt.text", "value": "x" * 50_000}]
    )
    path, ordinary = "registered-models/search", "tags.`mlflow.prompt.is_prompt` != 'true'"
    assert found(wire, path) == found(wire, path, ordinary) == ["Beta2", "alpha", "beta"]
    assert found(wire, path, "tags.`mlflow.prompt.is_prompt` = 'true'") == ["hello"]
    assert found(wire, path, "name LIKE 'b%'") == ["beta"]
    assert found(wire, path, "name ILIKE 'b%'") == ["Beta2", "beta"]
    assert found(wire, path, "tags.team = 'x' AND name IN ('beta', 'none')") == ["beta"]
    assert found(wire, path, order_by=["name DESC"]) == ["beta", "alpha", "Beta2"]
    first = wire.get(path, max_results=2, order_by=["timestamp ASC"])
    assert len(first["registered_models"]) == 2
    assert len(found(wire, path, max_results=2, order_by=["timestamp ASC"], page_token=first["next_page_token"])) == 1
    path = "model-versions/search"
    assert len(found(wire, path)) == 6
    assert found(wire, path, "name = 'alpha' AND version_number > 1") == ["alpha/2"]
    assert found(wire, path, "tags.team = 'y'") == ["alpha/2"]
    assert found(wire, path, "name IN ('alpha', 'beta')", order_by=["name DESC", "version_number ASC"]) == [
        *("beta/1", "beta/2", "alpha/1", "alpha/2"),
    ]
    assert found(wire, path, "source_path LIKE 's3:%' AND run_id = 'none'") == []
    for text in ("colour = 'red'", "name > 'a'", "version_number = 'x'", "metrics.auc > 1", "name = 'a' OR name = 'b'"):
        assert wire.refused(path, method="GET", filter=text)[0] == "INVALID_PARAMETER_VALUE", text
    assert wire.refused(path, method="GET", order_by="colour")[0] == "INVALID_PARAMETER_VALUE"
    listed = {one.name for one in models.all(wire.store.read())}
    assert "hello" not in listed | {one.name for one in models.summaries(wire.store.read())}
    assert wire.refused("model-versions/create", name="hello", source="/etc/passwd", tags=prompt)[1] == (
        "Invalid prompt source: '/etc/passwd'. Prompt sources must use an MLflow placeholder."
    )


def test_a_version_is_described_tagged_and_deleted_and_its_number_is_not_used_again(own_wire: Wire) -> None:
    wire, name = own_wire, model_of(own_wire, "m", 1)
    before = wire.get("model-versions/get", name=name, version="1")["model_version"]["last_updated_timestamp"]
    shown = send(wire, "PATCH", "model-versions/update", name=name, version="1", description="fine")["model_version"]
    assert shown["description"] == "fine"
    assert shown["last_updated_timestamp"] >= before
    wire.post("model-versions/set-tag", name=name, version="1", key="k", value="v")
    assert wire.get("model-versions/get", name=name, version="1")["model_version"]["tags"] == [
        {"key": "k", "value": "v"}
    ]
    send(wire, "DELETE", "model-versions/delete-tag", name=name, version="1", key="k")
    send(wire, "DELETE", "model-versions/delete", name=name, version="1")
    assert wire.refused("model-versions/get", method="GET", answer_status=404, name=name, version="1") == (
        "RESOURCE_DOES_NOT_EXIST",
        f"Model Version (name={name}, version=1) not found",
    )
    assert wire.refused("model-versions/get", method="GET", name=name, version="one")[1] == (
        "Parameter 'version' must be an integer, got 'one'."
    )
    assert version_of(wire, name)["version"] == "2"


def test_a_model_that_was_registered_here_is_read_by_clients(own_wire: Wire) -> None:
    make_version(own_wire.store, "own")
    shown = own_wire.get("model-versions/get", name="own", version="1")["model_version"]
    uri = own_wire.get("model-versions/get-download-uri", name="own", version="1")["artifact_uri"]
    kept = models.version(own_wire.store.read(), "own", 1)
    assert (shown["current_stage"], shown["run_id"]) == ("None", kept.run_id)
    assert all(len(read(own_wire, uri, path)) == one["size_bytes"] for path, one in kept.lineage["files"].items())
