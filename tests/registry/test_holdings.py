"""What the registry holds: models made, renamed, deleted; versions deleted; what a version may run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from registry_builders import log_model, make_run, make_store, make_version

from mlops_store import audit, audit_chain, models, traffic, traffic_routers
from mlops_store.errors import NotFound, Refused, UsageError
from mlops_store.records import Split
from mlops_tui.config import Config, RegistryConfig
from mlops_tui.registry import aliases, holdings, stages, versions

REGISTRY = RegistryConfig()


def test_a_renamed_model_keeps_its_versions_and_the_log_tells_under_both_names(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    make_version(store, "old")
    aliases.set(store, "old", "champion", 1)
    with store.write() as db:
        holdings.rename(db, "old", "new")
        holdings.rename(db, "new", "new")
    assert models.resolve(store.read(), "new@champion").version == 1
    assert models.names(store.read()) == ["new"]
    for name in ("old", "new"):
        assert audit.newest(store.read(), subject=f"model:{name}")[0].action == "model.rename"
    with store.write() as db, pytest.raises(NotFound):
        holdings.rename(db, "old", "newer")
    make_version(store, "other")
    with store.write() as db, pytest.raises(Refused, match="already"):
        holdings.rename(db, "other", "new")
    with store.write() as db, pytest.raises(UsageError):
        holdings.rename(db, "other", "a/b")


def test_a_name_of_a_deleted_model_can_be_had_again_by_another(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    make_version(store, "a")
    make_version(store, "b")
    with store.write() as db:
        holdings.delete(db, REGISTRY, "a")
        holdings.rename(db, "b", "a")
    assert models.names(store.read()) == ["a"]
    assert len(models.get(store.read(), "a").versions) == 1


def test_what_is_deleted_is_hidden_with_its_aliases_and_tags_and_its_numbers_stay_used(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    make_version(store, "churn")
    make_version(store, "churn")
    aliases.set(store, "churn", "champion", 1)
    with store.write() as db:
        holdings.delete_version(db, REGISTRY, "churn", 1)
    assert [one.version for one in models.get(store.read(), "churn").versions] == [2]
    assert models.get(store.read(), "churn").aliases == {}
    with store.write() as db:
        holdings.delete(db, REGISTRY, "churn")
        holdings.create(db, "churn", description="again")
    assert models.get(store.read(), "churn").versions == ()
    assert make_version(store, "churn").version == 3
    with store.write() as db, pytest.raises(Refused, match="already"):
        holdings.create(db, "churn")
    assert audit_chain.verify(store.read()).broken is None


def test_nothing_is_deleted_that_is_in_charge_or_gets_requests(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    for _ in range(2):
        make_version(store, "churn")
    stages.promote(store, Config(), "churn", 1, "production")
    with store.write() as db, pytest.raises(Refused, match="where something may use it"):
        holdings.delete_version(db, REGISTRY, "churn", 1)
    with store.write() as db, pytest.raises(Refused, match="where something may use it"):
        holdings.delete(db, REGISTRY, "churn")
    with store.write() as db:
        traffic.put(db, Split("churn", 1, 1, "1", {"2": 10.0}))
    with store.write() as db, pytest.raises(Refused, match="requests go to churn/2"):
        holdings.delete_version(db, REGISTRY, "churn", 2)


def test_a_version_that_gets_requests_by_an_alias_or_a_stage_is_not_deleted(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    for _ in range(5):
        make_version(store, "churn")
    aliases.set(store, "churn", "challenger", 2)
    aliases.set(store, "churn", "next", 3)
    stages.promote(store, Config(), "churn", 4, "staging")
    with store.write() as db:
        traffic.put(db, Split("churn", 1, 1, "1", {"challenger": 10.0, "staging": 5.0}, ("next", "gone")))
    for version in (1, 2, 3, 4):
        with store.write() as db, pytest.raises(Refused, match=f"requests go to churn/{version}"):
            holdings.delete_version(db, REGISTRY, "churn", version)
    with store.write() as db:
        holdings.delete_version(db, REGISTRY, "churn", 5)


def test_a_model_is_not_renamed_while_requests_to_it_are_shared_out(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    make_version(store, "churn")
    split = Split("churn", 1, 1, "1", {})
    with store.write() as db:
        traffic.put(db, split)
        traffic_routers.put(db, "churn", "http://here:8080", 1.0, {"1": "ready"})
        with pytest.raises(Refused, match=f"http://here:8080(?s:.)*process {os.getpid()} on"):
            holdings.rename(db, "churn", "leavers")
        holdings.rename(db, "churn", "churn")
        traffic_routers.remove(db, "churn")
        with pytest.raises(Refused, match="traffic end churn"):
            holdings.rename(db, "churn", "leavers")
        traffic.put(db, split, is_ended=True)
        holdings.rename(db, "churn", "leavers")
    assert models.names(store.read()) == ["leavers"]


def test_a_pickle_that_was_let_in_without_leave_can_be_given_it_once(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    run = make_run(store)
    log_model(store, run, flavor="pickle")
    with pytest.raises(Refused, match="is a pickle"):
        versions.register(store, Config(), "churn", run_id=run)
    content = versions.Content("s3://x", "pickle", {}, 0, {"metrics": {"auc": float("nan")}}, {}, {})
    versions.add(store, Config(), "churn", content, is_allowed_later=True)
    holdings.allow(store, "churn", 1, "pickle", reason="ours")
    kept = models.version(store.read(), "churn", 1).lineage
    assert kept["allowed"] == ["pickle"]
    assert kept["metrics"]["auc"] != kept["metrics"]["auc"]
    with pytest.raises(Refused, match="already"):
        holdings.allow(store, "churn", 1, "pickle")
