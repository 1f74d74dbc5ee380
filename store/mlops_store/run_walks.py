"""Walks over runs along an index in the order of a list, so that the first of 100,000 come without sorting all.

An order by a param, metric or tag is walked in sections, one after the other: the runs with a number, then those with
another value; runs without the key are in none. An order by an attribute is one walk over all runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlops_store.run_columns import NOW, Column, Order
from mlops_store.run_conditions import Range

_NEWEST = "r.started_at DESC, r.id DESC"
#: Attributes whose index a list follows.
_INDEXES = {"name": "idx_runs_name_started_at", "status": "runs_by_status"}
_ENDED = "r.ended_at - r.started_at"
_OF_KEY = "s.key_id = (SELECT id FROM keys WHERE name = ?)"

Statement = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs a walk gives.

    Attributes:
        sql: A condition over ``r``; '' for all.
        arguments: The values of its question marks.
        needs_row: Whether it looks at more of ``r`` than its ``id``.
    """

    sql: str = ""
    arguments: tuple[Any, ...] = ()
    needs_row: bool = True

    @property
    def and_this(self) -> str:
        """The condition after others."""
        return f" AND ({self.sql})" if self.sql else ""


@dataclass(frozen=True, slots=True)
class Walk:
    """The runs with some kind of value of a key.

    Attributes:
        column: What is ordered by.
        inside: Which values, as SQL over ``s``.
        value: What they are ordered by, as SQL over ``s``; '' where they are all the same.
        is_descending: Greatest first.
        then: The orders that follow.
        ranges: What the values are within, if that is known.
    """

    column: Column
    inside: str
    value: str
    is_descending: bool
    then: tuple[Order, ...]
    ranges: tuple[Range, ...] = ()

    @property
    def is_ordered(self) -> bool:
        """Whether indexes have that order, so that the first ones are found first."""
        return bool(self.value) and (not self._is_kept or self._is_best_first)

    @property
    def _is_kept(self) -> bool:
        """Whether it is by what is kept of a metric besides its last value."""
        return self.column.table == "metrics" and self.column.part != "last"

    @property
    def _is_best_first(self) -> bool:
        """Whether the extremes come first: on those that are not the last value there is an index.

        What the other index gives of those is passed over, and never much of it: a last value is never beyond the
        greatest. In the other direction all of it might be.
        """
        part = "max" if self.is_descending else "min"
        return self.column.table == "metrics" and self.column.part == part and not self.then

    def _within(self, value: str) -> str:
        return "".join(f" AND {one.sql.format(value)}" for one in self.ranges)

    @property
    def _arguments(self) -> tuple[Any, ...]:
        return (self.column.key, *(bound for one in self.ranges for bound in one.arguments))

    def statement(self, wanted: Wanted, limit: int | None) -> Statement:
        """The numbers of the runs of the walk, and the values of the question marks.

        Args:
            wanted: Which of them.
            limit: At most so many; None for all.
        """
        few = "" if limit is None else f" LIMIT {int(limit)}"
        if self.value and self._is_best_first and limit is not None:
            return self._merged(wanted, few)
        way = "DESC" if self.is_descending else "ASC"
        index = " INDEXED BY sqlite_autoindex_metrics_1" if self._is_kept else ""
        inside = f"{_OF_KEY} AND {self.inside}{self._within(self.value)}"
        if self.value and not self.then and not wanted.needs_row:
            # without a look at the row of each run, which takes ten times as long
            sql = (
                f"SELECT r.id FROM (SELECT s.run_id AS id, {self.value} AS value FROM {self.column.table} s{index} "
                f"WHERE {inside}) r WHERE 1{wanted.and_this} "
                f"ORDER BY r.value {way}, r.id {way}{few}"
            )
            return sql, (*self._arguments, *wanted.arguments)
        joins = "".join(one.column.join(f"o{place}") for place, one in enumerate(self.then))
        terms = [f"{self.value} {way}"] if self.value else []
        terms += [one.terms(f"o{place}") for place, one in enumerate(self.then)]
        terms.append(f"s.run_id {way}" if self.value and not self.then else _NEWEST)
        sql = (
            # CROSS JOIN keeps the index on the value outermost, so that no sort is needed
            f"SELECT r.id FROM {self.column.table} s{index} CROSS JOIN runs r ON r.id = s.run_id{joins} "
            f"WHERE {inside}{wanted.and_this} ORDER BY {', '.join(terms)}{few}"
        )
        of_others = (key for one in self.then for key in one.column.arguments)
        return sql, (*of_others, *self._arguments, *wanted.arguments)

    def _merged(self, wanted: Wanted, few: str) -> Statement:
        """Two indexes at once: on extremes that are not the last value, and on last values that are the extreme."""
        part, way = self.column.part, "DESC" if self.is_descending else "ASC"
        row = " CROSS JOIN runs r ON r.id = s.run_id" if wanted.needs_row else ""
        sides = []
        for index, value, inside in (
            (f"metrics_{part}", f"{part}_value", ""),
            ("metrics_last", "last_value", f" AND s.{part}_value IS NULL"),
        ):
            source = f"metrics s INDEXED BY {index}{row}"
            where = f"{_OF_KEY} AND s.{value} IS NOT NULL{inside}{self._within(f's.{value}')}"
            if wanted.needs_row:
                sides.append(f"SELECT s.run_id AS id, s.{value} AS value FROM {source} WHERE {where}{wanted.and_this}")
            else:
                sides.append(
                    f"SELECT r.id, r.value FROM (SELECT s.run_id AS id, s.{value} AS value FROM {source} "
                    f"WHERE {where}) r WHERE 1{wanted.and_this}"
                )
        sql = f"SELECT id FROM ({' UNION ALL '.join(sides)} ORDER BY 2 {way}, 1 {way}{few})"
        return sql, (*self._arguments, *wanted.arguments) * 2


def sections(order: Sequence[Order], ranges: Sequence[Range] = ()) -> list[Walk]:
    """The walks that give all runs with a key in order, one after the other.

    Args:
        order: The first one is by a param, metric or tag.
        ranges: What all runs that are wanted have in some columns.
    """
    first, then = order[0], tuple(order[1:])
    value = first.column.value("s")
    if first.column.table == "metrics":
        parts = [(f"{value} IS NOT NULL", value), (f"{value} IS NULL", "")]
    elif first.column.table == "params" and not first.is_text:
        parts = [("s.number IS NOT NULL", "s.number"), ("s.number IS NULL", value)]
    else:
        parts = [("1", value)]
        ranges = ()
    walks = [Walk(first.column, inside, value, first.is_descending, then) for inside, value in parts]
    mine = tuple(one for one in ranges if one.column == first.column)
    return [replace(walks[0], ranges=mine), *walks[1:]]


def by_attribute(order: Sequence[Order], wanted: Wanted, limit: int) -> Statement | None:
    """The first runs in the order of an attribute along its index; None where no index has that order.

    Args:
        order: By what; equals are the newest first.
        wanted: Which runs.
        limit: At most so many.
    """
    if len(order) > 1:
        return None
    key, way = order[0].column.key, "DESC" if order[0].is_descending else "ASC"
    if key == "started_at":
        at = "r.started_at DESC, r.id DESC" if order[0].is_descending else "r.started_at, r.id"
        return f"SELECT r.id FROM runs r WHERE 1{wanted.and_this} ORDER BY {at} LIMIT {int(limit)}", wanted.arguments
    if key in _INDEXES:
        sql = (
            f"SELECT r.id FROM runs r INDEXED BY {_INDEXES[key]} WHERE 1{wanted.and_this} "
            f"ORDER BY r.{key} {way}, {_NEWEST} LIMIT {int(limit)}"
        )
        return sql, wanted.arguments
    if key == "duration":
        # those that still run have no duration in the index, and are few
        sides = [
            f"SELECT r.id AS id, {value} AS value, r.started_at AS at FROM runs r INDEXED BY {index} "
            f"WHERE r.ended_at IS {state}{wanted.and_this}"
            for index, value, state in (
                ("runs_by_duration", _ENDED, "NOT NULL"),
                ("runs_not_ended", f"{NOW} - r.started_at", "NULL"),
            )
        ]
        sql = f"SELECT id FROM ({' UNION ALL '.join(sides)} ORDER BY 2 {way}, 3 DESC, 1 DESC LIMIT {int(limit)})"
        return sql, wanted.arguments * 2
    return None


__all__ = ["Walk", "Wanted", "by_attribute", "sections"]
