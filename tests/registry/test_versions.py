"""Registering models with what they come from."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from registry_builders import CONFIG, FILES, log_model, make_run, make_store, make_version

from mlops_store import artifacts, audit, datasets, models, pipelines, processes, runs
from mlops_store.errors import NotFound, Refused, UsageError
from mlops_store.records import Dataset
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.registry import versions


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


def register(store: Store, **arguments: object) -> models.ModelVersion:
    return versions.register(store, CONFIG, "churn", **arguments)  # type: ignore[arg-type]


def test_what_registering_returns_is_what_the_store_holds(store: Store) -> None:
    run_id = make_run(store, values={"loss": float("inf")}, params={"odd": "ü", "rate": 1})
    log_model(store, run_id, signature={"inputs": [{"name": "a", "type": "double"}]})
    given = {"description": "first \udc80", "aliases": ("b", "a", "b"), "tags": {"team": "red \udc80"}}
    version = register(store, run_id=run_id, **given)
    assert version == models.version(store.read(), "churn", version.version)


def test_a_version_knows_the_run_the_code_the_params_and_the_metrics(store: Store) -> None:
    run_id = make_run(
        store,
        name="forest",
        values={"auc": 0.91, "loss": math.inf},
        params={"depth": 3},
        git_commit="abc123",
        git_branch="main",
        git_dirty=1,
        packages={"numpy": "2.0"},
    )
    logged = log_model(store, run_id, signature={"inputs": [{"name": "a", "type": "double"}]})
    version = register(store, run_id=run_id, description="first")
    assert (version.version, version.stage, version.run_id) == (1, "dev", run_id)
    assert (version.logged_model_id, version.digest, version.flavor) == (logged.model_id, logged.digest, "sklearn")
    assert version.source == f"runs:/{run_id}/model"
    assert version.created_by == processes.user()
    lineage = version.lineage
    assert (lineage["run_name"], lineage["run_status"], lineage["experiment"]) == ("forest", "FINISHED", "default")
    assert (lineage["git_commit"], lineage["git_branch"], lineage["git_dirty"]) == ("abc123", "main", True)
    assert lineage["metrics"] == {"auc": 0.91, "loss": math.inf}
    assert lineage["params"] == {"depth": "3"}
    assert lineage["python_version"] == "3.11.9"
    assert len(lineage["packages_digest"]) == 64
    assert lineage["signature"] == logged.signature
    assert set(lineage["files"]) == set(FILES)


def test_a_version_keeps_its_metrics_when_the_run_goes_on(store: Store) -> None:
    run_id = make_run(store, params={"depth": 3})
    log_model(store, run_id)
    register(store, run_id=run_id)
    with store.write() as db:
        runs.set_params(db, run_id, {"late": 1})
    assert models.version(store.read(), "churn", 1).lineage["params"] == {"depth": "3"}


def test_a_version_knows_the_data_that_its_run_read(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id)
    with store.write() as db:
        datasets.use(db, run_id, Dataset("train", "d1", "data/train.csv"), "training")
    (used,) = register(store, run_id=run_id).lineage["datasets"]
    assert used == {"name": "train", "digest": "d1", "path": "data/train.csv", "context": "training"}


def test_a_version_knows_the_pipeline_stage_that_made_it(store: Store) -> None:
    pipeline = make_run(store, name="pipeline", kind="pipeline")
    stage = make_run(store, name="train", kind="stage", parent_run_id=pipeline)
    nested = make_run(store, name="forest", parent_run_id=stage)
    inputs = [{"path": "data.csv", "md5": "1", "size_bytes": 3}]
    with store.write() as db:
        db.execute(
            "INSERT INTO pipeline_runs (run_id, request, jobs, state) SELECT id, '{}', 1, 'finished' FROM runs "
            "WHERE run_id = ?",
            (pipeline,),
        )
        db.execute(
            "INSERT INTO stage_runs (pipeline_run_id, stage, position, run_id, state, attempt, inputs) "
            "SELECT p.id, 'train', 0, s.id, 'done', 1, ? FROM runs AS p, runs AS s "
            "WHERE p.run_id = ? AND s.run_id = ?",
            ('[{"path": "data.csv", "md5": "1", "size_bytes": 3}]', pipeline, stage),
        )
    assert pipelines.get(store.read(), pipeline).stages[0].run_id == stage
    log_model(store, nested)
    version = register(store, run_id=nested)
    assert version.lineage["pipeline"] == {"run_id": pipeline, "stage": "train", "inputs": inputs}


def test_a_registration_is_recorded_from_nothing_into_the_first_stage(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id)
    version = register(store, run_id=run_id, reason="best so far")
    (change,) = models.changes(store.read(), "churn")
    assert (change.kind, change.from_stage, change.to_stage) == ("register", "", "dev")
    (entry,) = audit.newest(store.read())
    assert (entry.action, entry.subject, entry.reason) == ("model.register", "model:churn/1", "best so far")
    assert entry.after["digest"] == version.digest


def test_the_first_stage_is_that_of_the_configuration(store: Store) -> None:
    config = configuration.parse('[registry]\nstages = ["new", "live", "old"]\nsingle = ["live"]\n')
    assert make_version(store, config=config).stage == "new"


def test_a_run_alone_means_its_newest_model(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id, name="first")
    second = log_model(store, run_id, name="second")
    assert register(store, run_id=run_id).logged_model_id == second.model_id


@pytest.mark.parametrize("by", ["record", "id", "name", "path"])
def test_a_model_is_named_by_its_record_its_id_its_name_or_its_folder(store: Store, by: str) -> None:
    run_id = make_run(store)
    first = log_model(store, run_id, name="first", files={**FILES, "model.skops": b"1"})
    log_model(store, run_id, name="second")
    arguments: dict[str, object] = {
        "record": {"logged_model": first},
        "id": {"logged_model": first.model_id},
        "name": {"run_id": run_id, "logged_model": "first"},
        "path": {"run_id": run_id, "artifact_path": "first/"},
    }[by]
    assert register(store, **arguments).logged_model_id == first.model_id


def test_the_beginning_of_a_run_id_is_enough(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id)
    assert register(store, run_id=run_id[-8:]).run_id == run_id


def test_a_folder_of_artifacts_that_is_no_logged_model_can_be_registered(store: Store) -> None:
    run_id = make_run(store)
    digest, size_bytes = artifacts.put_bytes(store.objects_dir, b"weights")
    with store.write() as db:
        artifacts.record(db, run_id, "net/weights/0.bin", digest, size_bytes, time.time())
    version = register(store, run_id=run_id, artifact_path="net")
    assert (version.flavor, version.logged_model_id, version.size_bytes) == ("files", None, 7)
    assert set(version.lineage["files"]) == {"weights/0.bin"}


def test_aliases_and_tags_come_with_the_version(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id)
    register(store, run_id=run_id, aliases=("champion",), tags={"team": "red"})
    second = register(store, run_id=run_id, aliases=("champion",))
    assert second.aliases == ("champion",)
    first = models.version(store.read(), "churn", 1)
    assert (first.aliases, first.tags) == ((), {"team": "red"})


def test_the_profile_is_that_of_the_logged_model_unless_another_is_given(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id)
    with store.write() as db:
        for name in ("a", "b"):
            db.execute(
                "INSERT INTO profiles (digest, name, row_count, summary, created_at) VALUES (?, ?, 1, '{}', 0)",
                (name, name),
            )
        db.execute("UPDATE logged_models SET profile_id = 1")
    assert register(store, run_id=run_id).profile_id == 1
    assert register(store, run_id=run_id, profile_id=2).profile_id == 2


@pytest.mark.parametrize("name", ["", "a/b", "a\x1b"])
def test_a_name_that_is_not_allowed_registers_nothing(store: Store, name: str) -> None:
    run_id = make_run(store)
    log_model(store, run_id)
    with pytest.raises(UsageError):
        versions.register(store, CONFIG, name, run_id=run_id)
    assert models.names(store.read()) == []


def test_an_alias_that_is_not_allowed_registers_nothing(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id)
    with pytest.raises(UsageError, match="reserved"):
        register(store, run_id=run_id, aliases=("v7",))
    assert models.names(store.read()) == []


def test_a_run_without_a_model_says_how_to_log_one(store: Store) -> None:
    with pytest.raises(NotFound) as raised:
        register(store, run_id=make_run(store))
    assert "log_model" in raised.value.hint


def test_a_run_whose_child_has_the_model_names_the_child(store: Store) -> None:
    parent = make_run(store, name="pipeline")
    child = make_run(store, name="train", parent_run_id=parent)
    log_model(store, child)
    with pytest.raises(NotFound) as raised:
        register(store, run_id=parent)
    assert f"models register NAME {child}" in raised.value.hint


def test_a_model_name_that_the_run_does_not_have_names_the_nearest(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id, name="forest")
    with pytest.raises(NotFound) as raised:
        register(store, run_id=run_id, logged_model="forrest")
    assert raised.value.hint == "did you mean 'forest'?"


def test_an_empty_folder_is_not_registered(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id, name="forest")
    with pytest.raises(NotFound) as raised:
        register(store, run_id=run_id, artifact_path="forrest")
    assert raised.value.hint == "did you mean 'forest'?"


def test_without_a_run_or_a_model_nothing_can_be_registered(store: Store) -> None:
    with pytest.raises(UsageError, match="nothing says which model"):
        register(store)


def test_a_running_run_registers_nothing_but_by_itself(store: Store) -> None:
    run_id = make_run(store, status="RUNNING")
    log_model(store, run_id)
    with pytest.raises(Refused, match="still running"):
        register(store, run_id=run_id)
    assert register(store, run_id=run_id, is_own_run=True).version == 1


def test_a_deleted_run_registers_nothing(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id)
    with store.write() as db:
        runs.delete(db, [run_id])
    with pytest.raises(Refused) as raised:
        register(store, run_id=run_id)
    assert "runs restore" in raised.value.hint


def test_a_model_whose_files_were_logged_over_is_refused(store: Store) -> None:
    run_id = make_run(store)
    old = log_model(store, run_id)
    new = log_model(store, run_id, files={**FILES, "model.skops": b"newer"})
    with pytest.raises(Refused, match="logged other files"):
        register(store, logged_model=old)
    assert register(store, run_id=run_id).digest == new.digest


def test_a_version_stays_as_it_is_when_the_run_logs_over_its_files(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id)
    before = register(store, run_id=run_id)
    log_model(store, run_id, files={**FILES, "model.skops": b"newer"})
    assert models.version(store.read(), "churn", 1) == before
