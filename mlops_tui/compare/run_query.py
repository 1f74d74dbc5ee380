"""What a list of runs asks the store for: its runs in order, how many of them run or failed, its groups."""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mlops_store import run_groups, runs
from mlops_store.run_columns import Column
from mlops_store.run_conditions import Condition, every
from mlops_store.run_groups import Measure, RunGroup
from mlops_tui.compare import columns, run_rows
from mlops_tui.compare.views import Goal, RunsView, ViewColumn, stored_column

#: Runs that decide which columns are shown when nobody has chosen.
SAMPLE = 100
#: Columns shown when nobody has chosen; the rest can be scrolled to.
_USUAL = 60
#: Metrics that groups are summed up by.
_MEASURES = 6

GroupKeys = tuple[str | float | None, ...]


@dataclass(frozen=True, slots=True)
class RunQuery:
    """What is asked for.

    Attributes:
        view: Which runs, in which order, with which columns.
        goal: Whether 'max' or 'min' of a metric is better.
        within: The group whose runs are looked at; None for all, or while groups are.
        also: A condition besides the view's.
        include_archived: Archived runs too.
        include_deleted: Deleted runs too.
    """

    view: RunsView
    goal: Goal
    within: GroupKeys | None = None
    also: Condition = Condition()  # noqa: RUF009
    include_archived: bool = False
    include_deleted: bool = False

    @property
    def is_grouped(self) -> bool:
        """Whether groups are shown rather than runs."""
        return bool(self.view.group_by) and self.within is None

    @property
    def _with_archived(self) -> bool:
        return self.include_archived or self.view.shows_archived

    def condition(self) -> Condition:
        """Which runs."""
        wanted = [self.view.condition(self.goal), self.also]
        return every(wanted if self.within is None else [*wanted, self._member(self.within)])

    def ids(self, db: sqlite3.Connection, limit: int | None = None) -> array[int]:
        """The numbers of its runs in order, at most so many."""
        return runs.ids(
            db,
            condition=self.condition(),
            order=self.view.orders(self.goal),
            include_archived=self._with_archived,
            include_deleted=self.include_deleted,
            limit=limit,
        )

    def members(self, db: sqlite3.Connection, group: GroupKeys) -> array[int]:
        """The numbers of the runs of a group, in order."""
        return replace(self, within=group).ids(db)

    def counts(self, db: sqlite3.Connection) -> dict[str, int]:
        """How many of its runs are running and how many failed."""
        return runs.count_states(
            db,
            ("RUNNING", "FAILED"),
            condition=self.condition(),
            include_archived=self._with_archived,
            include_deleted=self.include_deleted,
        )

    def groups(self, db: sqlite3.Connection, measured: Sequence[str]) -> list[RunGroup]:
        """Its groups, summed up by these columns, in the order of the view."""
        found = run_groups.groups(
            db,
            by=self._by,
            measures=self.measures(measured),
            condition=self.condition(),
            include_archived=self._with_archived,
            include_deleted=self.include_deleted,
        )
        first = self.view.first_sort
        if first in self.view.group_by:
            place = self.view.group_by.index(first)
            return self._sorted(found, lambda group: _in_order(group.keys[place]))
        if first in measured:
            place = list(measured).index(first)
            return self._sorted(found, lambda group: _in_order(group.statistics[place].mean))
        if first == "started_at":
            return self._sorted(found, lambda group: _in_order(group.newest_at))
        return found  # the largest first

    def _sorted(self, groups: list[RunGroup], rank: Callable[[RunGroup], tuple[float, str] | None]) -> list[RunGroup]:
        """The groups by their ranks; those without one stay last either way."""
        is_descending = self.view.orders(self.goal)[0].is_descending
        ranked = [(rank(group), group) for group in groups]
        known = sorted(
            ((one, group) for one, group in ranked if one is not None), key=lambda pair: pair[0], reverse=is_descending
        )
        return [group for _, group in known] + [group for one, group in ranked if one is None]

    def measures(self, names: Sequence[str]) -> list[Measure]:
        """Columns of metrics with their better direction."""
        found = [stored_column(name, self.goal) for name in names]
        return [Measure(one, self.goal(one.key) if one.table == "metrics" else "min") for one in found]

    @property
    def _by(self) -> list[Column]:
        return [columns.column(name, self.goal) for name in self.view.group_by]

    def _member(self, keys: GroupKeys) -> Condition:
        return run_groups.member(self._by, keys)


def _in_order(value: str | float | None) -> tuple[float, str] | None:
    """Numbers, and texts that are numbers, before other texts; None for nothing."""
    if value is None or value != value:
        return None
    number = runs.number_in(value) if isinstance(value, str) else value
    return (math.inf, str(value)) if number is None else (number, "")


def usual_columns(db: sqlite3.Connection, first: Sequence[int]) -> tuple[ViewColumn, ...]:
    """The columns of a list when nobody has chosen any.

    Args:
        db: A connection.
        first: The numbers of the runs that are shown first.
    """
    several = db.execute("SELECT count(*) FROM (SELECT 1 FROM experiments LIMIT 2)").fetchone()[0] > 1
    telling = columns.ranked(list(run_rows.numbered(db, first[:SAMPLE]).values()))[:_USUAL]
    names = ["experiment"] * several + ["started_at", "duration", *telling]
    metric = next((name for name in telling if name.startswith("metrics.")), "")
    points = Column("metrics", metric.partition(".")[2], "count")
    if metric and any((count or 0) > 1 for (count,) in runs.values(db, first[:SAMPLE], [points])):
        names.insert(names.index(metric) + 1, f"curve({points.key})")
    return tuple(ViewColumn(name) for name in names)


def measured(view: RunsView, shown: Sequence[str], goal: Goal) -> list[str]:
    """The columns of a list that sum up its groups: the metric that it is sorted by, then those shown."""
    names = dict.fromkeys(
        name
        for name in (view.first_sort, *shown)
        if not name.startswith("curve(") and stored_column(name, goal).table == "metrics"
    )
    return list(names)[:_MEASURES]


__all__ = ["GroupKeys", "RunQuery", "measured", "usual_columns"]
