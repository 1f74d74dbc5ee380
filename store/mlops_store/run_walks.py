"""Walks over the runs that have a key, in the order of its values: how lists sorted by a param, metric or tag are read.

A walk reads an index where there is one, so that the first of a hundred thousand runs come without sorting them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_store.run_columns import Column, Order
from mlops_store.run_conditions import Condition

_HIDDEN = "SELECT id FROM runs WHERE deleted_at IS NOT NULL OR archived_at IS NOT NULL"
#: The condition that a list has when nothing was asked for.
NOT_HIDDEN = "r.deleted_at IS NULL AND r.archived_at IS NULL"
_NEWEST = "r.started_at DESC, r.id DESC"


@dataclass(frozen=True, slots=True)
class Walk:
    """The runs with some kind of value of a key.

    Attributes:
        column: What is ordered by.
        inside: Which values, as SQL over ``s``.
        value: What they are ordered by, as SQL over ``s``; '' where they are all the same.
        is_descending: Greatest first.
        then: The orders that follow.
    """

    column: Column
    inside: str
    value: str
    is_descending: bool
    then: tuple[Order, ...]

    @property
    def is_ordered(self) -> bool:
        """Whether an index has that order, so that the first ones are found first."""
        return bool(self.value) and not self._is_by_key

    @property
    def _is_by_key(self) -> bool:
        return self.column.table == "metrics" and self.column.part != "last"

    def statement(self, condition: Condition, seen: Condition, form: str, limit: int | None) -> str:
        """The numbers of the runs that a condition lets through.

        Args:
            condition: The condition.
            seen: That the runs are to be seen at all.
            form: One of the forms of ``condition``.
            limit: At most so many; None for all.
        """
        index = " INDEXED BY metrics_by_key" if self._is_by_key else ""
        way = "DESC" if self.is_descending else "ASC"
        few = "" if limit is None else f" LIMIT {int(limit)}"
        where = f" AND ({form})" if form else ""
        of_key = f"s.key_id = (SELECT id FROM keys WHERE name = ?) AND {self.inside}"
        if self._is_short(condition, seen):
            # without a look at the row of each run, which takes ten times as long
            return (
                f"SELECT r.id FROM (SELECT s.run_id AS id, {self.value} AS value FROM {self.column.table} s{index} "
                f"WHERE {of_key}) r WHERE r.id NOT IN ({_HIDDEN}){where} ORDER BY r.value {way}, r.id {way}{few}"
            )
        joins = "".join(one.column.join(f"o{place}") for place, one in enumerate(self.then))
        terms = [f"{self.value} {way}"] if self.value else []
        terms += [one.terms(f"o{place}") for place, one in enumerate(self.then)]
        terms.append(f"s.run_id {way}" if self.value and not self.then else _NEWEST)
        where = f" AND ({seen.sets}){where}" if seen.sets else where
        return (
            # CROSS JOIN keeps the index on the value outermost, so that no sort is needed
            f"SELECT r.id FROM {self.column.table} s{index} CROSS JOIN runs r ON r.id = s.run_id{joins} "
            f"WHERE {of_key}{where} ORDER BY {', '.join(terms)}{few}"
        )

    def arguments(self, condition: Condition, seen: Condition) -> tuple[Any, ...]:
        """The values of the question marks of ``statement``."""
        if self._is_short(condition, seen):
            return (self.column.key, *condition.arguments)
        then = [key for one in self.then for key in one.column.arguments]
        return (*then, self.column.key, *seen.arguments, *condition.arguments)

    def _is_short(self, condition: Condition, seen: Condition) -> bool:
        return bool(self.value) and not self.then and not condition.needs_row and seen.sets == NOT_HIDDEN


def sections(order: Sequence[Order]) -> list[Walk]:
    """The walks that give all runs with a key in order, one after the other.

    Args:
        order: The first one is by a param, metric or tag.
    """
    first, then = order[0], tuple(order[1:])
    value = first.column.value("s")
    if first.column.table == "metrics":
        parts = [(f"{value} IS NOT NULL", value), (f"{value} IS NULL", "")]
    elif first.column.table == "params" and not first.is_text:
        parts = [("s.number IS NOT NULL", "s.number"), ("s.number IS NULL", value)]
    else:
        parts = [("1", value)]
    return [Walk(first.column, inside, value, first.is_descending, then) for inside, value in parts]


__all__ = ["NOT_HIDDEN", "Walk", "sections"]
