"""Where every version stood after any entry of the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_builders import CONFIG, log_model, make_run, make_store

from mlops_store import audit, audit_chain, models, standings
from mlops_store.errors import MlopsError
from mlops_store.store import Store
from mlops_tui.registry import aliases, stages, versions

Stood = dict[tuple[str, int], tuple[str, tuple[str, ...]]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        yield store


def register(store: Store, name: str = "churn") -> None:
    run_id = make_run(store)
    log_model(store, run_id)
    versions.register(store, CONFIG, name, run_id=run_id)


def now(store: Store) -> Stood:
    """Where everything stands, as the registry itself says."""
    return {
        (model.name, version.version): (version.stage, version.aliases)
        for model in models.all(store.read())
        for version in model.versions
    }


def then(store: Store, entry: int, model: str | None = None) -> Stood:
    return {
        (one.model, one.version): (one.stage, one.aliases) for one in standings.after(store.read(), entry, model=model)
    }


acts: Any = st.lists(
    st.one_of(
        st.tuples(st.just("promote"), st.integers(1, 4), st.sampled_from(CONFIG.registry.stages)),
        st.tuples(st.just("alias"), st.integers(1, 4), st.sampled_from(["champion", "challenger"])),
        st.tuples(st.just("remove"), st.just(0), st.sampled_from(["champion", "challenger"])),
        st.tuples(st.just("rollback"), st.just(0), st.just("production")),
        st.tuples(st.just("register"), st.just(0), st.just("")),
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(acts)
def test_whatever_was_done_each_moment_is_found_again(
    tmp_path_factory: pytest.TempPathFactory, done: list[tuple[str, int, str]]
) -> None:
    with make_store(tmp_path_factory.mktemp("store")) as store:
        register(store)
        register(store, "fraud")
        seen = {2: now(store)}
        for act, number, word in done:
            try:
                if act == "promote":
                    stages.promote(store, CONFIG, "churn", number, word)
                elif act == "alias":
                    aliases.set(store, "churn", word, number)
                elif act == "remove":
                    aliases.remove(store, "churn", word)
                elif act == "rollback":
                    stages.rollback(store, CONFIG, "churn", word)
                else:
                    register(store)
            except MlopsError:
                continue  # refused: nothing was changed, nothing recorded
            seen[audit_chain.verify(store.read()).entries] = now(store)
        for entry, stood in seen.items():
            assert then(store, entry) == stood
            assert then(store, entry, "churn") == {key: value for key, value in stood.items() if key[0] == "churn"}


def test_before_the_first_act_nothing_stood_anywhere(store: Store) -> None:
    register(store)
    assert standings.after(store.read(), 0) == []


def test_a_time_is_an_entry_whatever_the_clock_did_since(store: Store) -> None:
    register(store)
    stages.promote(store, CONFIG, "churn", 1, "staging")
    first, second = audit.entries(store.read(), newest_first=False)
    db = store.read()
    assert standings.entry_at(db, first.at - 1) == 0
    assert standings.entry_at(db, first.at) == 1
    assert standings.entry_at(db, second.at + 1) == 2


def test_who_moved_it_there_and_why_is_said(store: Store) -> None:
    register(store)
    stages.promote(store, CONFIG, "churn", 1, "staging", reason="better on the old ones")
    (one,) = standings.after(store.read(), 2)
    entry = audit.find(store.read(), 2)
    assert entry is not None
    assert (one.reason, one.actor, one.since, one.audit_id) == ("better on the old ones", entry.actor, entry.at, 2)


def test_stepping_goes_from_act_to_act_and_leaves_out_what_is_none_of_the_registry(store: Store) -> None:
    register(store)
    with store.write() as db:
        audit.append(db, action="alert.acknowledge", subject="alert:1")
    register(store, "fraud")
    db = store.read()
    assert standings.step(db, 0, 1) == 1
    assert standings.step(db, 1, 1) == 3
    assert standings.step(db, 3, 1) is None
    assert standings.step(db, 3, -1) == 1
    assert standings.step(db, 1, -1) is None
    assert standings.step(db, 0, 1, model="fraud") == 3


def test_an_alias_that_was_tampered_with_is_passed_over(store: Store) -> None:
    register(store)
    with store.write() as db:
        audit.append(db, action="alias.set", subject="model:churn/1", after={"nothing": 1})
    assert standings.after(store.read(), 2)[0].aliases == ()
