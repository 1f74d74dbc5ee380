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
class Driver:
    """A statement that gives numbers of runs, as ``id``: every run that a condition lets through is among them.

    Attributes:
        sql: The statement.
        arguments: The values of its question marks.
        is_whole: Whether its part of the condition lets all of them through, so that it need not be asked again.
        is_scan: Whether it looks at each of many values; otherwise an index gives the first results at once.
        part: Which of the condition's parts it is of.
    """

    sql: str
    arguments: Arguments
    is_whole: bool = False
    is_scan: bool = False
    part: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition over ``runs`` as ``r``; true for every run when it is empty.

    Attributes:
        sets: The condition with the matches of each key as a set.
        probes: The same with each run asked for its keys.
        arguments: The values of the question marks of either.
        drivers: Ways to all runs that it lets through.
        needs_row: Whether it looks at more of ``r`` than its ``id``.
        ranges: What every run that it lets through has in some columns.
        parts: The conditions that must all hold, where there are several; see ``every``.
    """

    sets: str = ""
    probes: str = ""
    arguments: Arguments = ()
    drivers: tuple[Driver, ...] = ()
    needs_row: bool = False
    ranges: tuple[Range, ...] = ()
    parts: tuple[Condition, ...] = ()

    def without(self, driver: Driver) -> Condition:
        """What is left to be asked of the runs that one of its drivers gives."""
        if not driver.is_whole:
            return self
        return every([part for place, part in enumerate(self.parts) if place != driver.part])


def plain(sql: str, *arguments: Any, needs_row: bool = True) -> Condition:
    """A condition that is the same in both forms, on columns of ``runs`` or with sets of its own."""
    return Condition(sql, sql, arguments, needs_row=needs_row)


def indexed(sql: str, *arguments: Any) -> Condition:
    """A condition on columns of ``runs`` that an index finds at once."""
    return replace(plain(sql, *arguments), drivers=(of_runs(sql, *arguments),))


def of_runs(sql: str, *arguments: Any, is_scan: bool = False) -> Driver:
    """The runs for which a condition on columns of ``runs`` holds."""
    return Driver(f"SELECT r.id AS id FROM runs r WHERE {sql}", arguments, is_whole=True, is_scan=is_scan)


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
        (Driver(matches, bound, is_whole=True),) if is_indexed else (),
    )


def every(conditions: Iterable[Condition]) -> Condition:
    """That all hold."""
    parts = [part for condition in conditions if condition.sets for part in condition.parts or (condition,)]
    if len(parts) == 1:
        return parts[0]
    # what an index finds is asked first: it tends to hold for few
    parts.sort(key=lambda part: not part.drivers)
    return Condition(
        " AND ".join(f"({part.sets})" for part in parts),
        " AND ".join(f"({part.probes})" for part in parts),
        tuple(argument for part in parts for argument in part.arguments),
        tuple(replace(driver, part=place) for place, part in enumerate(parts) for driver in part.drivers),
        any(part.needs_row for part in parts),
        tuple(one for part in parts for one in part.ranges),
        tuple(parts),
    )


def either(conditions: Iterable[Condition]) -> Condition:
    """That at least one holds."""
    choices = list(conditions)
    if any(not choice.sets for choice in choices):
        return Condition()
    return Condition(
        " OR ".join(f"({choice.sets})" for choice in choices),
        " OR ".join(f"({choice.probes})" for choice in choices),
        tuple(argument for choice in choices for argument in choice.arguments),
        _joined_drivers(choices),
        any(choice.needs_row for choice in choices),
    )


def _joined_drivers(choices: Sequence[Condition]) -> tuple[Driver, ...]:
    """A driver that has the results of one of each of the choices; none when a choice has none."""
    if not all(choice.drivers for choice in choices):
        return ()
    first = [choice.drivers[0] for choice in choices]
    return (
        Driver(
            " UNION ALL ".join(driver.sql for driver in first),
            tuple(one for driver in first for one in driver.arguments),
            is_whole=all(driver.is_whole and not choice.parts for driver, choice in zip(first, choices, strict=True)),
            is_scan=any(driver.is_scan for driver in first),
        ),
    )


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
    "Driver",
    "Range",
    "either",
    "every",
    "indexed",
    "key_condition",
    "of_runs",
    "opposite",
    "plain",
]
