"""``models note``, and what else people say of versions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from registry_builders import make_version

from mlops_store import audit, models, notes
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.registry import acts, versions


def test_a_note_is_kept_with_the_version_that_was_meant(store: Store, cli: Callable[..., Any]) -> None:
    make_version(store)
    make_version(store)
    assert cli("models", "note", "churn", "v2", "ask ana").exit_code == 0
    assert [note.body for note in notes.of(store.read(), "model:churn/2")] == ["ask ana"]


def test_a_note_can_be_read_by_programs(store: Store, cli: Callable[..., Any]) -> None:
    make_version(store)
    answer = cli("models", "note", "churn", "1", "[bold]\n", "--json").json
    assert (answer["subject"], answer["body"]) == ("model:churn/1", "[bold]\n")


def test_what_gates_found_and_people_said_is_shown_with_the_version(
    store: Store, cli: Callable[..., Any], project: Path
) -> None:
    make_version(store)
    (project / "mlops.toml").write_text('[gates.small]\nkind = "size"\nmax = "1GB"\n[gates.ann]\nkind = "approval"\n')
    cli("models", "gates", "churn", "1", "--to", "production")
    cli("models", "note", "churn", "1", "ask \x1b[31mana")
    shown = cli("models", "show", "churn", "1").stdout
    assert "small (production)  passed: " in shown
    assert "production  nobody has asked for an approval" in shown
    assert "ask \\x1b[31mana" in shown


def test_an_empty_note_is_refused(store: Store, cli: Callable[..., Any]) -> None:
    make_version(store)
    outcome = cli("models", "note", "churn", "1", "  ")
    assert outcome.exit_code == 2
    assert "the note is empty" in outcome.stderr


def test_a_version_that_does_not_exist_is_named(store: Store, cli: Callable[..., Any]) -> None:
    make_version(store)
    outcome = cli("models", "note", "churn", "7", "x")
    assert outcome.exit_code == 2
    assert "version 7" in outcome.stderr


def test_a_description_of_a_version_or_the_model_is_kept_in_the_audit_log(
    store: Store, cli: Callable[..., Any]
) -> None:
    make_version(store)
    assert cli("models", "describe", "churn", "1", "trained on November").exit_code == 0
    assert cli("models", "describe", "churn", "who leaves", "--reason", "asked for").exit_code == 0
    model = models.get(store.read(), "churn")
    assert (model.description, model.versions[0].description) == ("who leaves", "trained on November")
    assert [entry.subject for entry in audit.newest(store.read(), 2)] == ["model:churn", "model:churn/1"]
    assert cli("models", "describe", "churn", "who leaves").exit_code == 1
    assert cli("models", "describe", "churn", "x", "--dry-run", "--json").json["dry_run"]
    assert models.get(store.read(), "churn").description == "who leaves"
    assert cli("models", "describe", "churn", "two", "words", "bare").exit_code == 2
    assert cli("models", "describe", "churn", "- begins with a dash").exit_code == 0


def test_tags_are_set_shown_and_removed(store: Store, cli: Callable[..., Any]) -> None:
    make_version(store)
    assert cli("models", "tag", "churn", "1", "owner=ana", "team=a=b", "--json").json["tags"] == {
        "owner": "ana",
        "team": "a=b",
    }
    assert cli("models", "tag", "churn", "task=binary").exit_code == 0
    assert models.get(store.read(), "churn").tags == {"task": "binary"}
    assert cli("models", "tag", "churn", "v1", "-r", "team", "--json").json["tags"] == {"owner": "ana"}
    assert cli("models", "tag", "churn", "1", "owner=bo", "--dry-run", "--json").json["tags"] == {"owner": "bo"}
    assert cli("models", "tag", "churn", "1", "--json").json["tags"] == {"owner": "ana"}
    assert cli("models", "tag", "churn", "1", "-r", "ownr").exit_code == 2
    assert cli("models", "tag", "churn", "1", "=x").exit_code == 2
    assert acts.act(audit.newest(store.read(), 1)[0]).text == "churn/1 tagged -team"


def test_leave_to_run_a_pickle_is_given_once_and_recorded(store: Store, cli: Callable[..., Any]) -> None:
    content = versions.Content("s3://x", "pickle", {}, 0, {}, {}, {})
    versions.add(store, Config(), "churn", content, is_allowed_later=True)
    assert (
        cli("models", "allow", "churn", "1", "pickle", "--dry-run").stdout == "churn version 1 could run its pickle\n"
    )
    assert cli("models", "allow", "churn", "1", "pickle", "--json").json["allowed"] == "pickle"
    assert acts.sentence(audit.newest(store.read())[0]) == "churn/1 may run its pickle"
    assert cli("models", "allow", "churn", "1", "pickle").exit_code == 1
    assert cli("models", "allow", "churn", "1", "source").exit_code == 1
    assert cli("models", "allow", "churn", "1", "everything").exit_code == 2
    assert cli("models", "allow", "churn", "2", "pickle").exit_code == 2
