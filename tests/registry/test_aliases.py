"""Aliases that move from version to version, with their record."""

from __future__ import annotations

from pathlib import Path

import pytest
from registry_builders import CONFIG, make_store, make_version

from mlops_store import audit, audit_chain, models
from mlops_store.errors import NotFound, UsageError
from mlops_store.store import Store
from mlops_tui.registry import aliases


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = make_store(tmp_path)
    make_version(store), make_version(store)
    return store


def test_an_alias_is_set_and_moved_with_a_record_of_both(store: Store) -> None:
    assert aliases.set(store, "churn", "champion", 1).aliases == ("champion",)
    assert aliases.set(store, "churn", "champion", 2, reason="better").aliases == ("champion",)
    assert models.get(store.read(), "churn").aliases == {"champion": 2}
    moved, made = audit.newest(store.read(), 2)
    assert (made.before, made.after) == (
        {"alias": "champion", "version": None},
        {"alias": "champion", "version": 1},
    )
    assert (moved.before["version"], moved.after["version"], moved.reason) == (1, 2, "better")
    assert audit_chain.verify(store.read()).broken is None


def test_setting_an_alias_where_it_is_records_nothing(store: Store) -> None:
    aliases.set(store, "churn", "champion", 1)
    entries = audit.newest(store.read())
    aliases.set(store, "churn", "champion", 1)
    assert audit.newest(store.read()) == entries


def test_a_removed_alias_names_nothing(store: Store) -> None:
    aliases.set(store, "churn", "champion", 1)
    aliases.remove(store, "churn", "champion")
    assert models.get(store.read(), "churn").aliases == {}
    assert audit.newest(store.read(), 1)[0].action == "alias.remove"


def test_an_alias_that_is_not_there_names_the_nearest(store: Store) -> None:
    aliases.set(store, "churn", "champion", 1)
    with pytest.raises(NotFound) as raised:
        aliases.remove(store, "churn", "champoin")
    assert raised.value.hint == "did you mean 'champion'?"


@pytest.mark.parametrize("alias", ["latest", "v1", "a b", ""])
def test_an_alias_that_is_not_allowed_is_not_set(store: Store, alias: str) -> None:
    with pytest.raises(UsageError):
        aliases.set(store, "churn", alias, 1)
    assert models.get(store.read(), "churn").aliases == {}


@pytest.mark.parametrize("alias", ["production", "Staging", "latest", "a b"])
def test_an_alias_is_not_given_that_would_hide_a_stage(store: Store, alias: str) -> None:
    with pytest.raises(UsageError):
        aliases.check(CONFIG.registry, alias)
    assert aliases.check(CONFIG.registry, "champion") == "champion"


@pytest.mark.parametrize(("name", "version"), [("churn", 9), ("chrun", 1)])
def test_an_alias_of_nothing_is_not_set(store: Store, name: str, version: int) -> None:
    entries = len(audit.newest(store.read()))
    with pytest.raises(NotFound):
        aliases.set(store, name, "champion", version)
    assert len(audit.newest(store.read())) == entries
