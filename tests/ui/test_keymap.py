"""One table of keys: bindings, the user's own keys, and the errors of both."""

from __future__ import annotations

from collections import Counter

import pytest

from mlops_store.errors import SpecError
from mlops_tui.ui import keymap


def test_ids_are_unique_and_every_place_has_a_heading() -> None:
    counts = Counter(key.id for key in keymap.KEYS)
    assert [identifier for identifier, count in counts.items() if count > 1] == []
    assert {key.where for key in keymap.KEYS} <= set(keymap.SECTIONS)


def test_no_key_means_two_things_in_one_place() -> None:
    taken = Counter((key.where, name) for key in keymap.KEYS for name in key.keys.split(","))
    assert [pair for pair, count in taken.items() if count > 1] == []


def test_every_key_says_what_it_does() -> None:
    for key in keymap.KEYS:
        assert key.help, key.id
        assert not key.help.endswith(".")
        assert len(key.label.split()) <= 2 or key.rank == 0, key.id


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(SpecError, match=r"keys\.app\.qit is not") as failure:
        keymap.overrides({"app.qit": "Q"})
    assert "app.quit" in failure.value.hint


def test_a_key_that_is_taken_is_refused_unless_its_owner_moves_too() -> None:
    with pytest.raises(SpecError, match=r"already means 'app\.jump'"):
        keymap.overrides({"app.quit": ":"})
    assert keymap.overrides({"app.quit": ":", "app.jump": "q"}) == {"app.quit": "colon", "app.jump": "q"}


@pytest.mark.parametrize(
    ("identifier", "key", "taken"),
    [
        ("runs.compare", "q", "app.quit"),
        ("app.help", "j", "table.down"),
        ("app.undo", "p", "models.promote"),
        ("pipeline.run", "z", "dag.fold"),
        ("log.follow", "w", "pipeline.watch"),
        ("chart.zoom_in", "q", "app.quit"),
        ("picture.none", "q", "app.quit"),
        ("audit.verify", "q", "app.quit"),
    ],
)
def test_a_key_that_works_in_the_same_screen_is_taken_too(identifier: str, key: str, taken: str) -> None:
    with pytest.raises(SpecError, match=rf"keys\.{identifier}: {key} already means '{taken}'"):
        keymap.overrides({identifier: key})


def test_screens_may_use_each_others_keys_and_keep_those_that_they_cover() -> None:
    assert keymap.overrides({"runs.compare": "D", "search.begin": "/,ctrl+s"}) == {
        "runs.compare": "D",
        "search.begin": "slash,ctrl+s",
    }


def test_no_key_at_all_is_refused() -> None:
    with pytest.raises(SpecError, match="at least one key"):
        keymap.overrides({"app.quit": " , "})


def test_keys_are_written_as_a_person_types_them() -> None:
    assert keymap.shown("question_mark") == "?"
    assert keymap.shown("ctrl+d") == "^d"
    assert keymap.shown_keys(keymap.BY_ID["app.quit"]) == "q ^c ^q"
    assert keymap.shown_keys(keymap.BY_ID["app.quit"], {"app.quit": "ctrl+x,Q"}) == "^x Q"
