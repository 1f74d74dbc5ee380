"""Which versions a change of stage moves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_store.errors import NotFound, Refused
from mlops_tui.config import RegistryConfig
from mlops_tui.registry.moves import Move, next_stage, plan, previous_stage, rank

DEFAULT = RegistryConfig()


def test_a_version_moves_alone_into_a_stage_for_many() -> None:
    assert plan(DEFAULT, "churn", 3, "dev", "staging", (1, 2)) == (Move(3, "dev", "staging", "promote"),)


def test_the_holder_of_a_stage_for_one_goes_to_the_archive() -> None:
    assert plan(DEFAULT, "churn", 3, "staging", "production", (2,)) == (
        Move(3, "staging", "production", "promote"),
        Move(2, "production", "archived", "replace"),
    )


@pytest.mark.parametrize(
    ("from_stage", "to_stage", "kind"),
    [
        ("dev", "production", "promote"),
        ("production", "staging", "demote"),
        ("production", "archived", "archive"),
        ("archived", "dev", "restore"),
        ("archived", "production", "restore"),
        ("qa", "dev", "promote"),
    ],
)
def test_a_move_is_named_by_its_direction(from_stage: str, to_stage: str, kind: str) -> None:
    assert plan(DEFAULT, "churn", 1, from_stage, to_stage, ())[0].kind == kind


def test_a_move_to_the_present_stage_is_refused() -> None:
    with pytest.raises(Refused, match="in 'dev' already"):
        plan(DEFAULT, "churn", 1, "dev", "dev", ())


def test_an_unknown_stage_names_the_nearest() -> None:
    with pytest.raises(NotFound) as raised:
        plan(DEFAULT, "churn", 1, "dev", "prodution", ())
    assert raised.value.hint == "did you mean 'production'?"


def test_the_stages_follow_one_another() -> None:
    assert next_stage(DEFAULT, "churn", 1, "dev") == "staging"
    assert next_stage(DEFAULT, "churn", 1, "staging") == "production"
    assert previous_stage(DEFAULT, "churn", 1, "production") == "staging"


@pytest.mark.parametrize("stage", ["production", "archived", "qa"])
def test_the_highest_stage_the_archive_and_a_forgotten_stage_have_no_next(stage: str) -> None:
    with pytest.raises(Refused) as raised:
        next_stage(DEFAULT, "churn", 1, stage)
    assert "--to" in raised.value.hint


@pytest.mark.parametrize("stage", ["dev", "archived", "qa"])
def test_the_first_stage_the_archive_and_a_forgotten_stage_have_none_before(stage: str) -> None:
    with pytest.raises(Refused):
        previous_stage(DEFAULT, "churn", 1, stage)


stage_names = st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=2, max_size=6, unique=True)


@settings(deadline=None)
@given(stage_names, st.data())
def test_after_any_move_a_stage_for_one_holds_one(stages: list[str], data: st.DataObject) -> None:
    single = data.draw(st.sets(st.sampled_from(stages[:-1])))
    registry = RegistryConfig(stages=tuple(stages), single=tuple(single))
    standing = dict.fromkeys(range(1, 5), stages[0] if stages[0] not in single else stages[-1])
    for _ in range(8):
        version = data.draw(st.sampled_from(sorted(standing)))
        target = data.draw(st.sampled_from(stages))
        holders = [other for other, there in standing.items() if there == target]
        if standing[version] == target:
            continue
        for move in plan(registry, "m", version, standing[version], target, holders):
            assert standing[move.version] == move.from_stage
            standing[move.version] = move.to_stage
        assert standing[version] == target
        for stage in single:
            assert list(standing.values()).count(stage) <= 1


def test_the_archive_ranks_below_every_stage() -> None:
    assert rank(DEFAULT, "archived") < rank(DEFAULT, "dev") < rank(DEFAULT, "staging") < rank(DEFAULT, "production")
