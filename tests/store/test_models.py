"""Registered models and their versions as the store reads and writes them."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_builders import log_model, make_run, make_store

from mlops_store import audit, model_facts, model_versions, models
from mlops_store.errors import NotFound, UsageError
from mlops_store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


def add(store: Store, name: str = "churn", stage: str = "dev", **attributes: object) -> int:
    values = {"source": "", "flavor": "sklearn", "digest": "d" * 64, "size_bytes": 3, "created_at": 1.0}
    with store.write() as db:
        return model_versions.add(db, name, stage=stage, **{**values, **attributes})[0]  # type: ignore[arg-type]


def test_versions_are_numbered_from_one_for_each_model(store: Store) -> None:
    assert [add(store), add(store), add(store, "fraud"), add(store)] == [1, 2, 1, 3]


def test_a_version_reads_back_as_it_was_added(store: Store) -> None:
    run_id = make_run(store)
    logged = log_model(store, run_id)
    number = add(
        store,
        run_id=run_id,
        logged_model_id=logged.model_id,
        created_by="ann",
        description="first",
        lineage={"metrics": {"auc": 0.5, "loss": math.inf}},
    )
    version = models.version(store.read(), "churn", number)
    assert (version.run_id, version.logged_model_id) == (run_id, logged.model_id)
    assert (version.created_by, version.description, version.stage) == ("ann", "first", "dev")
    assert version.lineage == {"metrics": {"auc": 0.5, "loss": math.inf}}


def test_a_model_lists_its_versions_newest_first(store: Store) -> None:
    for _ in range(3):
        add(store)
    assert [version.version for version in models.get(store.read(), "churn").versions] == [3, 2, 1]


def test_models_are_listed_by_name(store: Store) -> None:
    for name in ("fraud", "churn", "demand"):
        add(store, name)
    assert [model.name for model in models.all(store.read())] == ["churn", "demand", "fraud"]
    assert models.names(store.read()) == ["churn", "demand", "fraud"]


@given(st.lists(st.tuples(st.sampled_from(["churn", "fraud"]), st.sampled_from(["dev", "staging", "archived"]))))
@settings(deadline=None, max_examples=15)
def test_summaries_say_of_all_models_what_their_versions_say(added: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as directory, make_store(Path(directory)) as store:
        for name, stage in added:
            add(store, name, stage, flavor=f"made for {stage}")
        if added:
            with store.write() as db:
                model_versions.set_alias(db, added[0][0], "champion", 1)
                model_versions.set_tags(db, added[0][0], {"team": "red"})
        db = store.read()
        summaries = models.summaries(db)
        assert [one.name for one in summaries] == models.names(db)
        for one, model in zip(summaries, models.all(db), strict=True):
            assert (one.description, one.updated_at, one.aliases, one.tags) == (
                *(model.description, model.updated_at, model.aliases, model.tags),
            )
            assert (one.versions, one.newest) == (len(model.versions), model.versions[0].version)
            assert set(one.stages) == {version.stage for version in model.versions}
            for stage, holders in one.stages.items():
                there = [(version.version, version.flavor) for version in model.versions if version.stage == stage]
                assert (holders.count, holders.newest) == (len(there), tuple(there[: models.NAMED]))


def test_an_alias_names_one_version_at_a_time(store: Store) -> None:
    add(store), add(store)
    with store.write() as db:
        model_versions.set_alias(db, "churn", "champion", 1)
        model_versions.set_alias(db, "churn", "champion", 2)
    model = models.get(store.read(), "churn")
    assert model.aliases == {"champion": 2}
    assert [version.aliases for version in model.versions] == [("champion",), ()]


def test_a_removed_alias_is_gone(store: Store) -> None:
    add(store)
    with store.write() as db:
        model_versions.set_alias(db, "churn", "champion", 1)
        model_versions.remove_alias(db, "churn", "champion")
    assert models.get(store.read(), "churn").aliases == {}


def test_tags_belong_to_a_version_or_to_the_model(store: Store) -> None:
    add(store)
    with store.write() as db:
        model_versions.set_tags(db, "churn", {"team": "red"})
        model_versions.set_tags(db, "churn", {"[bold]": "\x1b[31m"}, version=1)
    model = models.get(store.read(), "churn")
    assert model.tags == {"team": "red"}
    assert model.versions[0].tags == {"[bold]": "\x1b[31m"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("churn", 3),
        ("churn/latest", 3),
        ("models:/churn/2", 2),
        ("churn@champion", 1),
        ("models:/churn@champion", 1),
        ("churn@production", 2),
        ("models:/churn/Production", 2),
        ("churn@v3", 3),
    ],
)
def test_a_reference_names_its_version(store: Store, text: str, expected: int) -> None:
    add(store), add(store, stage="production"), add(store)
    with store.write() as db:
        model_versions.set_alias(db, "churn", "champion", 1)
    assert models.resolve(store.read(), text).version == expected


def test_an_alias_that_is_a_number_comes_before_the_version_and_only_after_an_at(store: Store) -> None:
    add(store)
    add(store)
    with store.write() as db:
        model_versions.set_alias(db, "churn", "2", 1)
    assert models.resolve(store.read(), "churn@2").version == 1
    assert models.resolve(store.read(), "models:/churn/2").version == 2
    assert models.resolve(store.read(), "churn@v2").version == 2
    assert models.resolve(store.read(), "churn@1").version == 1
    with pytest.raises(NotFound, match="no version 3"):
        models.resolve(store.read(), "churn@3")
    with pytest.raises(NotFound, match="no alias or stage"):
        models.resolve(store.read(), "churn@" + "9" * 255)


def test_an_alias_comes_before_a_stage_of_the_same_name(store: Store) -> None:
    add(store), add(store, stage="production")
    with store.write() as db:
        model_versions.set_alias(db, "churn", "production", 1)
    assert models.resolve(store.read(), "churn@production").version == 1
    assert models.resolve(store.read(), "churn/production").version == 2


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("chrun", "did you mean 'churn'?"),
        ("churn/9", "newest version is 1"),
        ("churn@champoin", "did you mean 'champion'?"),
        ("churn/prodution", "known: champion, dev"),
    ],
)
def test_an_unknown_reference_names_the_nearest(store: Store, text: str, hint: str) -> None:
    add(store)
    with store.write() as db:
        model_versions.set_alias(db, "churn", "champion", 1)
    with pytest.raises(NotFound) as raised:
        models.resolve(store.read(), text)
    assert hint in raised.value.hint


def test_an_unknown_model_in_an_empty_store_says_how_to_register_one(store: Store) -> None:
    with pytest.raises(NotFound) as raised:
        models.get(store.read(), "churn")
    assert "models register" in raised.value.hint


def test_a_move_is_recorded_with_its_cause(store: Store) -> None:
    add(store), add(store)
    with store.write() as db:
        entry = audit.append(db, action="model.promote", subject="model:churn/2", reason="better")
        first = model_versions.move(db, "churn", 2, "dev", "production", kind="promote", audit_id=entry.id, at=5.0)
        model_versions.move(
            db, "churn", 1, "dev", "archived", kind="replace", audit_id=entry.id, at=5.0, cause_id=first
        )
    newest, promoted = models.changes(store.read(), "churn")
    assert (promoted.version, promoted.from_stage, promoted.to_stage) == (2, "dev", "production")
    assert (promoted.actor, promoted.reason) == (entry.actor, "better")
    assert (newest.version, newest.kind, newest.cause_id) == (1, "replace", promoted.id)
    assert model_facts.stages(store.read(), "churn") == {2: "production", 1: "archived"}
    assert [version.version for version in models.in_stage(store.read(), "churn", "production")] == [2]


def test_the_models_of_a_run_are_listed_newest_first(store: Store) -> None:
    run_id = make_run(store)
    first, second = log_model(store, run_id), log_model(store, run_id, name="other", signature={"inputs": []})
    assert models.logged(store.read(), run_id) == (second, first)
    assert models.logged_model(store.read(), second.model_id).signature == {"inputs": []}


def test_an_unknown_logged_model_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        models.logged_model(store.read(), "m-1")
    with pytest.raises(NotFound), store.write() as db:
        models.add_logged(db, "no-run", model_id="m", name="model", flavor="", digest="", size_bytes=0, created_at=0.0)


def test_a_model_with_a_name_that_is_not_allowed_is_not_made(store: Store) -> None:
    with pytest.raises(UsageError):
        add(store, "a/b")
    assert models.names(store.read()) == []


hostile = st.text(max_size=60)


@settings(max_examples=40, deadline=None)
@given(description=hostile, key=hostile, value=hostile)
def test_any_text_is_kept_as_it_was_given(
    tmp_path_factory: pytest.TempPathFactory, description: str, key: str, value: str
) -> None:
    with make_store(tmp_path_factory.mktemp("store")) as store:
        add(store, description=description, lineage={key: value})
        version = models.version(store.read(), "churn", 1)
        assert (version.description, dict(version.lineage)) == (description, {key: value})
