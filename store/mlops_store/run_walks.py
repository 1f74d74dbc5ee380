"""Walks over the runs that have a key, in the order of its values: how lists sorted by a param, metric or tag are read.

A walk reads an index where there is one, so that the first of a hundred thousand runs come without sorting them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlops_store.run_columns import Column, Order

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

    def statement(self, wanted: str, limit: int | None, *, needs_row: bool) -> str:
        """The numbers of the runs that a condition lets through.

        Args:
            wanted: The condition, over ``r``; '' for all.
            limit: At most so many; None for all.
            needs_row: Whether it looks at more of ``r`` than its ``id``.
        """
        index = " INDEXED BY metrics_by_key" if self._is_by_key else ""
        way = "DESC" if self.is_descending else "ASC"
        few = "" if limit is None else f" LIMIT {int(limit)}"
        where = f" AND {wanted}" if wanted else ""
        of_key = f"s.key_id = (SELECT id FROM keys WHERE name = ?) AND {self.inside}"
        if self.value and not self.then and not needs_row:
            # without a look at the row of each run, which takes ten times as long
            return (
                f"SELECT r.id FROM (SELECT s.run_id AS id, {self.value} AS value FROM {self.column.table} s{index} "
                f"WHERE {of_key}) r WHERE 1{where} ORDER BY r.value {way}, r.id {way}{few}"
            )
        joins = "".join(one.column.join(f"o{place}") for place, one in enumerate(self.then))
        terms = [f"{self.value} {way}"] if self.value else []
        terms += [one.terms(f"o{place}") for place, one in enumerate(self.then)]
        terms.append(f"s.run_id {way}" if self.value and not self.then else _NEWEST)
        return (
            # CROSS JOIN keeps the index on the value outermost, so that no sort is needed
            f"SELECT r.id FROM {self.column.table} s{index} CROSS JOIN runs r ON r.id = s.run_id{joins} "
            f"WHERE {of_key}{where} ORDER BY {', '.join(terms)}{few}"
        )

    @property
    def arguments(self) -> tuple[str, ...]:
        """The values of the question marks of ``statement`` that come before those of its condition."""
        return (*(key for one in self.then for key in one.column.arguments), self.column.key)


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


__all__ = ["Walk", "sections"]
