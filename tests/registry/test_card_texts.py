"""What people write on cards: taken over from the parent, edited, reviewed, and guarded by a gate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from registry_builders import CONFIG, log_model, make_run, make_store, make_version

from mlops_store import audit, audit_chain, card_texts, models
from mlops_store.errors import NotFound, Refused, UsageError
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.registry import card_texts as rules
from mlops_tui.registry import versions
from mlops_tui.registry.card_texts import Review
from mlops_tui.registry.gates import check


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three versions of churn, each of which follows the one before."""
    with make_store(tmp_path) as store:
        for _ in range(3):
            make_version(store, values={"auc": 0.9})
        yield store


def body(store: Store, version: int, section: str = "limits") -> str | None:
    found = card_texts.of_version(store.read(), "churn", version).get(section)
    return found.body if found else None


def review(store: Store, version: int = 3) -> Review:
    texts = card_texts.of_version(store.read(), "churn", version)
    return rules.standing(store.read(), "churn", version, texts)


def test_a_text_is_that_of_the_parent_until_it_is_edited(store: Store) -> None:
    rules.edit(store, "churn", 1, "limits", "not for minors")
    assert [body(store, version) for version in (1, 2, 3)] == ["not for minors"] * 3
    rules.edit(store, "churn", 2, "limits", "nor for dogs")
    rules.edit(store, "churn", 1, "limits", "not for children")
    assert [body(store, version) for version in (1, 2, 3)] == ["not for children", "nor for dogs", "nor for dogs"]
    rules.edit(store, "churn", 2, "limits", None)
    assert [body(store, version) for version in (2, 3)] == ["not for children"] * 2
    rules.edit(store, "churn", 3, "limits", "")
    assert body(store, 3) == ""
    assert [edit.body for edit in card_texts.edits(store.read(), "churn", 2, "limits")][:2] == ["", "nor for dogs"]


def test_a_version_follows_the_newest_or_the_one_that_is_named(store: Store) -> None:
    run_id = make_run(store)
    log_model(store, run_id)
    version = versions.register(store, CONFIG, "churn", run_id=run_id, parent="churn/1")
    assert [models.version(store.read(), "churn", number).parent for number in (1, 2, 3)] == [None, 1, 2]
    assert version.parent == 1
    rules.edit(store, "churn", 2, "limits", "of the second")
    assert (body(store, 3), body(store, 4)) == ("of the second", None)
    with pytest.raises(NotFound, match="no version 9"):
        versions.register(store, CONFIG, "churn", run_id=run_id, parent="churn/9")


def test_what_is_no_edit_or_no_section_is_refused(store: Store) -> None:
    rules.edit(store, "churn", 1, "Intended use", "churn of customers")
    with pytest.raises(Refused, match="says that already"):
        rules.edit(store, "churn", 2, "intended-use", "churn of customers\n")
    with pytest.raises(Refused, match="says that already"):
        rules.edit(store, "churn", 2, "intended_use", None)
    with pytest.raises(NotFound, match="no section 'limitz'") as error:
        rules.edit(store, "churn", 2, "limitz", "x")
    assert "limits" in error.value.hint
    with pytest.raises(UsageError):
        rules.edit(store, "churn", 2, "limits", "x" * (rules.LONGEST + 1))
    with pytest.raises(NotFound):
        rules.edit(store, "churn", 7, "limits", "x")


def test_an_edit_after_a_review_sets_it_back_wherever_it_was_made(store: Store) -> None:
    with pytest.raises(Refused, match="nobody has written"):
        rules.review(store, "churn", 3, "in review")
    rules.edit(store, "churn", 1, "limits", "a")
    assert rules.review(store, "churn", 3, "in review").state == "in review"
    found = rules.review(store, "churn", 3, "reviewed", comment="fine")
    assert (found.state, found.comment, found.by) == ("reviewed", "fine", review(store).by)
    with pytest.raises(Refused, match="already"):
        rules.review(store, "churn", 3, "reviewed")
    rules.edit(store, "churn", 1, "limits", "b")
    rules.edit(store, "churn", 1, "limits", "a")  # the same words are another edit
    assert (review(store).state, review(store).is_outdated) == ("draft", True)
    rules.review(store, "churn", 3, "reviewed")
    rules.edit(store, "churn", 3, "owners", "ana")
    assert review(store).state == "draft"
    assert [entry.action for entry in audit.newest(store.read(), 2)] == ["card.edit", "card.review"]
    assert audit_chain.verify(store.read()).broken is None


def test_the_gate_asks_for_what_is_written_and_for_a_review(store: Store) -> None:
    def found(options: str = "") -> tuple[str, str]:
        (verdict,) = check.check(
            store, config.parse(f'[gates.card]\nkind = "card"\n{options}'), "churn", 3, "production"
        )
        return verdict.state, verdict.message

    assert found() == ("failed", "its card has no intended_use, limits, owners, signature, profile")
    wanted = 'requires = ["limits", "metrics"]\nreviewed = true'
    assert found(wanted) == ("failed", "its card has no limits and is draft, not reviewed")
    rules.edit(store, "churn", 1, "limits", "none")
    assert found('requires = ["limits", "metrics"]') == ("passed", "has limits, metrics")
    rules.review(store, "churn", 3, "reviewed")
    assert found(wanted)[0] == "passed"
    rules.edit(store, "churn", 3, "limits", "some")
    assert "was edited since" in found(wanted)[1]
