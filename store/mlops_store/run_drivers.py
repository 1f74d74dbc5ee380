"""Which way leads to the fewest runs of a condition, so that only those are asked for the rest of it."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import replace

from mlops_store.run_conditions import Arguments, Condition, Driver, plain

#: Fewer results than this are at once read and asked for the rest of a condition.
FEW = 1000
#: So are more where they are less than one in so many runs, and as long as counting them takes less than a moment.
_SHARE, _MOST_COUNTED = 10, 20_000
#: The least that such a limit is.
_LEAST = 2000
#: How much longer a look at the row of a run takes than one at an index.
_ROW = 2


def few(db: sqlite3.Connection, condition: Condition) -> Driver | None:
    """The driver with the fewest results, where indexes soon show that they are few."""
    found, least = None, FEW
    for driver in condition.drivers:
        if not driver.is_scan and (count := _count(db, driver, least)) < least:
            found, least = driver, count
    return found


def fewest(db: sqlite3.Connection, condition: Condition, limit: int | None, share: float) -> Driver | None:
    """The driver with the fewest results, where asking those for the rest is quicker than a walk along the order.

    Args:
        db: A connection.
        condition: What has the drivers.
        limit: How many runs are wanted; None for all.
        share: Of the runs that match, at most; 1 where nothing is known.
    """
    total = run_total(db)
    most = max(_LEAST, min(total // _SHARE, _MOST_COUNTED))
    cost = _ROW if condition.needs_row else 1
    if limit is not None and len(condition.drivers) == 1:  # from so many on the walk is quicker
        most = min(most, max(_LEAST, 1 + math.isqrt(cost * limit * total), int(cost * limit / share)))
    best, least, product = None, most, 1.0
    for driver in sorted(condition.drivers, key=_is_scan):
        if driver.is_scan and best is not None:
            break
        found, count = _scanned(db, driver, most) if driver.is_scan else (driver, _count(db, driver, most))
        if count < most:
            product *= count / total if total else 0.0
        if count < least:
            best, least = found, count
    # where many match, a walk along the order finds enough of them before all are looked at
    is_walked = limit is not None and least > cost * limit / max(min(product, share), 1e-9)
    return None if is_walked else best


def driven(condition: Condition, driver: Driver) -> tuple[Condition, str, Arguments]:
    """The runs of a driver as a condition, and what is left to be asked of their rows."""
    left = condition.without(driver)
    if left.needs_row or not left.sets:
        return plain(f"r.id IN ({driver.sql})", *driver.arguments), left.probes, left.arguments
    # all is asked before the rows are looked at, which takes longest
    few = f"r.id IN (SELECT r.id FROM (SELECT NULL AS id WHERE 0 UNION ALL {driver.sql}) r WHERE {left.probes})"
    return plain(few, *driver.arguments, *left.arguments), "", ()


def run_total(db: sqlite3.Connection) -> int:
    """The number of the newest run, which is about how many there are."""
    found: int = db.execute("SELECT coalesce(max(id), 0) FROM runs").fetchone()[0]
    return found


def _is_scan(driver: Driver) -> bool:
    return driver.is_scan


def _count(db: sqlite3.Connection, driver: Driver, most: int) -> int:
    found: int = db.execute(f"SELECT count(*) FROM ({driver.sql} LIMIT {most})", driver.arguments).fetchone()[0]
    return found


def _scanned(db: sqlite3.Connection, driver: Driver, most: int) -> tuple[Driver, int]:
    """The results of a driver, so that nothing is looked at again, and how many they are."""
    count, found = db.execute(
        f"SELECT count(*), json_group_array(id) FROM ({driver.sql} LIMIT {most})", driver.arguments
    ).fetchone()
    return replace(driver, sql="SELECT value AS id FROM json_each(?)", arguments=(found,)), count


__all__ = ["driven", "few", "fewest", "run_total"]
