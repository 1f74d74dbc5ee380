"""Whether a walk along the order of a list, which asks each run, soon finds enough: the newest runs tell."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from typing import NamedTuple

from mlops_store import run_drivers
from mlops_store.run_columns import NEWEST, Order
from mlops_store.run_conditions import Condition

#: Seconds of processor time after which runs are no longer asked one by one; of what that is expected to take, so many.
_PATIENCE_S, _MOST_S, _TIMES = 0.01, 0.025, 3
#: The same where nothing but asking each run tells which match, so that to ask all of them takes longer.
_MOST_UNINDEXED_S = 0.06
#: The newest runs that tell how many match and how long it takes to ask one: a few at first, then more.
_PEEK, _SAMPLE = 200, 800
#: Where each of all values must be looked at otherwise, a walk is tried for this much of the time that asking all runs
#: would take: a fifth of what that look takes.
_TRIED = 1 / 30
#: So many of them must match to tell, and a walk that is tried before anything else must not take longer.
_ENOUGH, _SOON_S = 5, 0.004


class Outlook(NamedTuple):
    """What is known of a walk along the order that asks each run.

    Attributes:
        limit: How many runs are wanted.
        share: Of the runs that match; 1 where nothing is known.
        patience_s: Seconds of processor time after which it is given up.
        is_tried: Whether it is tried.
    """

    limit: int
    share: float
    patience_s: float
    is_tried: bool = True


class _Sample(NamedTuple):
    """How many of the newest runs were asked, how many of them match, and the seconds that it took."""

    asked: int = 0
    matching: int = 0
    took_s: float = 0.0

    @property
    def share(self) -> float:
        """Of the runs that match, at most."""
        return max(self.matching, 1) / self.asked

    def walk_s(self, limit: int) -> float:
        """The seconds that a walk takes until so many are found."""
        return self.took_s / max(self.matching, 1) * limit


def first_look(db: sqlite3.Connection, condition: Condition, seen: Condition, limit: int) -> Outlook | None:
    """The walk that is tried before the results of drivers are counted: many of the newest runs match."""
    if not condition.drivers:
        return None
    sample = _look(db, condition, seen, _PEEK)
    if sample.asked < _PEEK / 2:
        return None
    if sample.matching < _ENOUGH and all(driver.is_scan for driver in condition.drivers):
        return Outlook(limit, 1.0, sample.took_s / sample.asked * run_drivers.run_total(db) * _TRIED)
    expected_s = sample.walk_s(limit)
    is_soon = sample.matching >= _ENOUGH and expected_s < _SOON_S
    return Outlook(limit, sample.share, _PATIENCE_S + _TIMES * expected_s, is_soon)


def second_look(
    db: sqlite3.Connection, condition: Condition, seen: Condition, order: Sequence[Order], limit: int
) -> Outlook:
    """The walk that may be quicker than it is to find all matches as sets."""
    if order[0].column == NEWEST[0].column or not condition.probes:
        return Outlook(limit, 1.0, _PATIENCE_S)
    size = _PEEK
    sample = _Sample() if condition.drivers else _look(db, condition, seen, size)
    if sample.matching < _ENOUGH:
        size = _SAMPLE
        sample = _look(db, condition, seen, size)
    if sample.asked < size / 2:  # there are few, or most are hidden
        return Outlook(limit, 1.0, _PATIENCE_S)
    most_s = _MOST_S if condition.drivers or not sample.matching else _MOST_UNINDEXED_S
    expected_s = sample.walk_s(limit)
    is_tried = sample.matching > 0 and expected_s < most_s
    return Outlook(limit, sample.share, _PATIENCE_S + _TIMES * expected_s, is_tried)


def _look(db: sqlite3.Connection, condition: Condition, seen: Condition, most: int) -> _Sample:
    """Asks so many of the newest runs, less those that are not seen."""
    begun = time.thread_time()
    asked, matching = db.execute(
        f"SELECT count(*), count(CASE WHEN {condition.probes} THEN 1 END) FROM (SELECT id FROM runs WHERE deleted_at "
        f"IS NULL ORDER BY started_at DESC, id DESC LIMIT {most}) n CROSS JOIN runs r ON r.id = n.id "
        f"WHERE {seen.sets or '1'}",
        (*condition.arguments, *seen.arguments),
    ).fetchone()
    return _Sample(asked, matching, time.thread_time() - begun)


__all__ = ["Outlook", "first_look", "second_look"]
