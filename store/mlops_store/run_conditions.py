"""Which runs a list has, as SQL in two forms that mean the same: one to look a run up, one to look all runs up at once.

Asking each run for its keys is quick for the first fifty of many matches, reading all matches of a key at once is quick
for a whole list. ``run_lists`` chooses. ``mlops_tui.compare.condition`` makes conditions from filters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlops_store.run_columns import Column

Arguments = tuple[Any, ...]

#: That a row ``v`` of params, metrics or tags is of a key; one argument, its name.
OF_KEY = "v.key_id = (SELECT id FROM keys WHERE name = ?)"


@dataclass(frozen=True, slots=True)
class Range:
    """That the number in a column is in a range: what a walk in the order of that column begins or ends with.

    Attributes:
        column: A param's number, or what is kept of a metric.
        sql: The condition, with ``{0}`` for the number.
        arguments: The values of its question marks.
    """

    column: Column
    sql: str
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition over ``runs`` as ``r``; true for every run when it is empty.

    Attributes:
        sets: The condition with the matches of each key as a set.
        probes: The same with each run asked for its keys.
        arguments: The values of the question marks of either.
        drivers: Statements that give numbers of runs, as ``id``, by an index, and their arguments; every run that the
            condition lets through is among the results of each.
        needs_row: Whether it looks at more of ``r`` than its ``id``.
        ranges: What every run that it lets through has in some columns.
    """

    sets: str = ""
    probes: str = ""
    arguments: Arguments = ()
    drivers: tuple[tuple[str, Arguments], ...] = ()
    needs_row: bool = False
    ranges: tuple[Range, ...] = ()


def plain(sql: str, *arguments: Any, needs_row: bool = True) -> Condition:
    """A condition that is the same in both forms, on columns of ``runs`` or with sets of its own."""
    return Condition(sql, sql, arguments, needs_row=needs_row)


def indexed(sql: str, *arguments: Any) -> Condition:
    """A condition on columns of ``runs`` that an index finds at once."""
    return replace(plain(sql, *arguments), drivers=((f"SELECT r.id AS id FROM runs r WHERE {sql}", arguments),))


def key_condition(
    table: str, inside: str, arguments: Iterable[Any], *, is_indexed: bool = False, as_set: str = ""
) -> Condition:
    """That a run has a matching row in ``params``, ``metrics``, ``tags`` or ``run_datasets``.

    Args:
        table: Its name and the alias ``v``, with joins if need be.
        inside: A condition on them.
        arguments: The values of its question marks.
        is_indexed: Whether an index gives the rows at once, so that few matches are soon counted.
        as_set: The same condition, with the same arguments, as it is quicker for all rows at once.
    """
    bound = tuple(arguments)
    matches = f"SELECT v.run_id AS id FROM {table} WHERE {as_set or inside}"
    return Condition(
        # the plus keeps the order of the index on runs, which SQLite would give up for the set
        f"+r.id IN ({matches})",
        f"EXISTS (SELECT 1 FROM {table} WHERE v.run_id = r.id AND {inside})",
        bound,
        ((matches, bound),) if is_indexed else (),
    )


def every(conditions: Iterable[Condition]) -> Condition:
    """That all hold."""
    parts = [part for part in conditions if part.sets]
    return Condition(
        " AND ".join(f"({part.sets})" for part in parts),
        " AND ".join(f"({part.probes})" for part in parts),
        tuple(argument for part in parts for argument in part.arguments),
        tuple(driver for part in parts for driver in part.drivers),
        any(part.needs_row for part in parts),
        tuple(one for part in parts for one in part.ranges),
    )


def either(conditions: Iterable[Condition]) -> Condition:
    """That at least one holds."""
    parts = list(conditions)
    if any(not part.sets for part in parts):
        return Condition()
    return Condition(
        " OR ".join(f"({part.sets})" for part in parts),
        " OR ".join(f"({part.probes})" for part in parts),
        tuple(argument for part in parts for argument in part.arguments),
        _joined_drivers(parts),
        any(part.needs_row for part in parts),
    )


def _joined_drivers(parts: Sequence[Condition]) -> tuple[tuple[str, Arguments], ...]:
    """A driver that has the results of one of each of the parts; none when a part has none."""
    if not all(part.drivers for part in parts):
        return ()
    first = [part.drivers[0] for part in parts]
    return ((" UNION ALL ".join(sql for sql, _ in first), tuple(one for _, bound in first for one in bound)),)


def opposite(condition: Condition) -> Condition:
    """That it does not hold; what compares with nothing does not."""
    return Condition(
        f"({condition.sets or '1'}) IS NOT TRUE",
        f"({condition.probes or '1'}) IS NOT TRUE",
        condition.arguments,
        needs_row=condition.needs_row,
    )


__all__ = [
    "OF_KEY",
    "Arguments",
    "Condition",
    "Range",
    "either",
    "every",
    "indexed",
    "key_condition",
    "opposite",
    "plain",
]
