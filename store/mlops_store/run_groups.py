"""Runs grouped by what they have in common: how many, how good on average and at best.

::

    found = groups(db, by=[column("params.model"), column("params.depth")],
                   measures=[Measure(column("metrics.auc"), "max"), Measure(column("min(loss)"), "min")])
    found[0].keys          # ('forest', '8'), None where runs have no such param
    found[0].statistics[0] # count 5, mean 0.91, sd 0.004, min, max, and best: the number of the run
    ids(db, condition=every([wanted, member(by, found[0].keys)]))  # the runs of the group
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_store.run_columns import Column
from mlops_store.run_conditions import OF_KEY, Condition, every, key_condition, opposite, plain
from mlops_store.run_plans import KINDS, visible

#: Groups at most; the largest ones.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of numbers to sum up, and which of them are better: 'max' or 'min'."""

    column: Column
    goal: str = "max"


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the runs of a group have in a column of numbers.

    Attributes:
        count: Runs with a finite value; the others count for nothing here.
        mean: Of those; NaN for none.
        sd: The sample's standard deviation (n - 1); None for fewer than two.
        min: The least.
        max: The greatest.
        best: The store's own number of the newest run with the best value; None for none.
    """

    count: int
    mean: float
    sd: float | None
    min: float
    max: float
    best: int | None


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Runs with the same values in some columns.

    Attributes:
        keys: The values, None where the runs have none.
        count: How many runs.
        newest_at: When the newest of them started.
        statistics: One for each measure.
    """

    keys: tuple[str | float | None, ...]
    count: int
    newest_at: float
    statistics: tuple[Statistics, ...]


def groups(
    db: sqlite3.Connection,
    *,
    by: Sequence[Column],
    measures: Sequence[Measure] = (),
    condition: Condition = Condition(),  # noqa: B008
    kinds: Sequence[str] = KINDS,
    include_deleted: bool = False,
    include_archived: bool = False,
) -> list[RunGroup]:
    """The groups of the runs of a list, the largest first, at most ``MOST``.

    Args:
        db: A connection; give one inside ``Store.snapshot`` while runs are live.
        by: What the runs of a group have in common, at least one.
        measures: Columns of numbers.
        condition: Which runs.
        kinds: Which kinds of run.
        include_deleted: Deleted runs too.
        include_archived: Archived runs too.
    """
    wanted = every([visible(kinds, include_deleted, include_archived), condition])
    keys = [f"{one.value(f'b{place}')} AS k{place}" for place, one in enumerate(by)]
    sums, shifts = [], [_shift(db, measure.column) for measure in measures]
    for place, measure in enumerate(measures):
        value = measure.column.value(f"m{place}")
        # what is neither NaN nor infinite; kept once for each run
        keys.append(f"CASE WHEN ({value}) - ({value}) = 0 THEN {value} END AS v{place}")
        off = f"v{place} - {shifts[place]!r}"
        sums += [f"count(v{place})", f"sum({off})", f"sum(({off}) * ({off}))", f"min(v{place})", f"max(v{place})"]
    names = ", ".join(f"k{place}" for place in range(len(by)))
    rows = db.execute(
        f"SELECT {', '.join([names, 'count(*)', 'max(at)', *sums])} "
        f"FROM (SELECT r.started_at AS at, {', '.join(keys)} {_joined(by, measures)} WHERE {wanted.sets or '1'}) "
        f"GROUP BY {names} ORDER BY {len(by) + 1} DESC, {len(by) + 2} DESC LIMIT {MOST}",
        (*_arguments(by, measures), *wanted.arguments),
    ).fetchall()
    width = len(by) + 2
    sides = [width + 5 * place + (4 if measure.goal == "max" else 3) for place, measure in enumerate(measures)]
    best = [
        _best(db, by, measure, wanted, {row[: len(by)]: row[side] for row in rows if row[side] is not None})
        for measure, side in zip(measures, sides, strict=True)
    ]
    return [
        RunGroup(
            keys=row[: len(by)],
            count=row[len(by)],
            newest_at=row[len(by) + 1],
            statistics=tuple(
                _statistics(row[width + 5 * place :], shifts[place], best[place].get(row[: len(by)]))
                for place in range(len(measures))
            ),
        )
        for row in rows
    ]


def member(by: Sequence[Column], keys: Sequence[str | float | None]) -> Condition:
    """The condition that a run is of the group with these keys."""
    return every(_equal(one, key) for one, key in zip(by, keys, strict=True))


def _equal(one: Column, key: str | float | None) -> Condition:
    if not one.table:
        return plain(f"{one.value('')} IS ?", key)
    of_key = f"{OF_KEY} AND {one.value('v')}"
    if key is None:
        return opposite(key_condition(f"{one.table} v", f"{of_key} IS NOT NULL", (one.key,)))
    is_indexed = one.table != "metrics" or one.part == "last"
    return key_condition(f"{one.table} v", f"{of_key} = ?", (one.key, key), is_indexed=is_indexed)


def _shift(db: sqlite3.Connection, one: Column) -> float:
    """A value of the column: the squares of what is left when it is taken off each do not cancel out."""
    row = db.execute(
        f"SELECT v FROM (SELECT {one.value('s')} AS v FROM runs r{one.join('s')} WHERE r.deleted_at IS NULL "
        "ORDER BY r.started_at DESC, r.id DESC LIMIT 100) WHERE v - v = 0 LIMIT 1",
        one.arguments,
    ).fetchone()
    return 0.0 if row is None else float(row[0])


def _best(
    db: sqlite3.Connection,
    by: Sequence[Column],
    measure: Measure,
    wanted: Condition,
    values: dict[tuple[Any, ...], float],
) -> dict[tuple[Any, ...], int]:
    """The newest run with the best value of each group."""
    one, form, found = measure.column, wanted.sets, list(set(values.values()))
    of_group = ", ".join(column.value(f"b{place}") for place, column in enumerate(by))
    marks = ", ".join("?" * len(found))
    if one.table:
        few = (
            f"r.id IN (SELECT s.run_id FROM {one.table} s WHERE s.key_id = (SELECT id FROM keys WHERE name = ?) "
            f"AND {one.value('s')} IN ({marks}))"
        )
        form, arguments = wanted.probes, (one.key, *found)
    else:
        few, arguments = f"{one.value('')} IN ({marks})", tuple(found)
    rows = db.execute(
        f"SELECT r.id, {one.value('m0')}, {of_group} {_joined(by, [measure])} WHERE {few} AND ({form or '1'}) "
        "ORDER BY r.started_at, r.id",
        (*_arguments(by, [measure]), *arguments, *wanted.arguments),
    )
    return {row[2:]: row[0] for row in rows if values.get(row[2:]) == row[1]}


def _statistics(row: Sequence[Any], shift: float, best: int | None) -> Statistics:
    count, total, squares, low, high = row[:5]
    if not count:
        return Statistics(0, math.nan, None, math.nan, math.nan, None)
    sd = None
    if count > 1:
        spread = squares - total * total / count
        sd = math.sqrt(max(0.0, spread / (count - 1))) if math.isfinite(spread) else math.nan
    return Statistics(count, shift + total / count, sd, low, high, best)


def _joined(by: Sequence[Column], measures: Sequence[Measure]) -> str:
    joins = [one.join(f"b{place}") for place, one in enumerate(by)]
    joins += [measure.column.join(f"m{place}") for place, measure in enumerate(measures)]
    return "FROM runs r" + "".join(joins)


def _arguments(by: Sequence[Column], measures: Sequence[Measure]) -> tuple[str, ...]:
    return tuple(key for one in (*by, *(measure.column for measure in measures)) for key in one.arguments)


__all__ = ["MOST", "Measure", "RunGroup", "Statistics", "groups", "member"]
