"""What was done to models along time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_store import audit, timeline
from mlops_store.store import Store

DAY_S = 86_400.0
ACTS = (
    ("model.register", "model:churn/1", {"stage": "dev"}),
    ("approval.request", "model:churn/1", {"stage": "staging"}),
    ("gate.refuse", "model:churn/1", {"stage": "staging", "gates": {"good": "failed"}}),
    ("model.promote", "model:churn/1", {"stage": "staging", "gates": {"good": "failed"}, "override": "now"}),
    ("alias.set", "model:churn/10", {"alias": "best", "version": 10}),
    ("model.rollback", "model:churn2/1", {"stage": "dev"}),
    ("alert.acknowledge", "alert:7", {}),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An act a day."""
    with Store(str(tmp_path / "store.db")) as store:
        with store.write() as db:
            for day, (action, subject, after) in enumerate(ACTS, 1):
                audit.append(db, action=action, subject=subject, after=after, at=day * DAY_S, reason="Because")
        yield store


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"model": "churn"}, [5, 4, 3, 2, 1]),
        ({"model": "churn", "version": 1}, [4, 3, 2, 1]),
        ({"kind": "stages"}, [6, 4, 1]),
        ({"kind": "approvals"}, [2]),
        ({"kind": "gates"}, [4, 3]),
        ({"kind": "overrides"}, [4]),
        ({"kind": "rollbacks", "model": "churn"}, []),
        ({"kind": "aliases"}, [5]),
        ({"words": ("because", "churn2")}, [6]),
        ({"since": 2 * DAY_S, "until": 4 * DAY_S, "kind": "gates"}, [4, 3]),
    ],
    ids=str,
)
def test_acts_are_found_newest_first_by_any_wish_whether_all_or_few_are_wanted(
    store: Store, wanted: dict[str, object], expected: list[int]
) -> None:
    for limit, found in ((-1, expected), (100, expected), (2, expected[:2])):
        if limit >= 0 or not wanted.get("limit"):
            numbers = timeline.numbers(store.read(), **wanted, limit=limit)  # type: ignore[arg-type]
            assert list(numbers) == found


def test_many_entries_are_read_in_the_order_asked_for(store: Store) -> None:
    chosen = [3, 1, 99, 2]
    assert [entry.id for entry in timeline.read(store.read(), chosen)] == [3, 1, 2]


def test_the_nearest_act_across_a_time_is_found_in_both_directions(store: Store) -> None:
    db = store.read()
    assert timeline.across(db, 5, 4 * DAY_S, 1) == 3
    assert timeline.across(db, 2, 4 * DAY_S, -1) == 4
    assert timeline.across(db, 1, DAY_S, 1) is None
