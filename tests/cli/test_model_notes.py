"""``models note``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from registry_builders import make_version

from mlops_store import notes
from mlops_store.store import Store


def test_a_note_is_kept_with_the_version_that_was_meant(store: Store, cli: Callable[..., Any]) -> None:
    make_version(store)
    make_version(store)
    assert cli("models", "note", "churn", "v2", "ask ana").exit_code == 0
    assert [note.body for note in notes.of(store.read(), "model:churn/2")] == ["ask ana"]


def test_a_note_can_be_read_by_programs(store: Store, cli: Callable[..., Any]) -> None:
    make_version(store)
    answer = cli("models", "note", "churn", "1", "[bold]\n", "--json").json
    assert (answer["subject"], answer["body"]) == ("model:churn/1", "[bold]\n")


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
