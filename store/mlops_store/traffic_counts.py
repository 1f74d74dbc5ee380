"""What a router counted of the requests for a model, second by second, and what comparisons of versions need of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace

from mlops_store.records import Period, ShadowCount, Tally, TrafficCount, WaitingAnswer
from mlops_store.texts import storable

#: Counts of single seconds are kept so long, then those of minutes.
SECONDS_KEPT_S = 3600
MINUTES_KEPT_S = 30 * 86400
#: Answers that wait for a label, of all models; older ones are forgotten.
ANSWERS_KEPT = 200_000
_SUMS = tuple(Tally.__dataclass_fields__)
_MODEL = "(SELECT id FROM registered_models WHERE name = ?)"


def add(db: sqlite3.Connection, model: str, counts: Iterable[TrafficCount]) -> None:
    """Adds to what was counted. Needs a write transaction."""
    for count in counts:
        key = (model, count.version, count.is_shadow, count.width_s, count.at)
        found = db.execute(
            f"SELECT requests, errors, diverted, lengths FROM traffic_counts WHERE model_id = {_MODEL} "
            "AND version = ? AND is_shadow = ? AND width_s = ? AND at = ?",
            key,
        ).fetchone() or (0, 0, 0, "{}")
        lengths = json.dumps(_sum(_lengths(found[3]), count.lengths), separators=(",", ":"))
        db.execute(
            "INSERT OR REPLACE INTO traffic_counts (model_id, version, is_shadow, width_s, at, requests, errors, "
            f"diverted, lengths) VALUES ({_MODEL}, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *key,
                found[0] + count.requests,
                found[1] + count.errors,
                found[2] + count.diverted,
                lengths,
            ),
        )


def since(db: sqlite3.Connection, model: str, at: float, until: float | None = None) -> list[TrafficCount]:
    """What was counted from a time on, by time."""
    rows = db.execute(
        "SELECT version, is_shadow, at, width_s, requests, errors, diverted, lengths FROM traffic_counts "
        f"WHERE model_id = {_MODEL} AND at >= ? AND at < ? ORDER BY at, version",
        (model, at, 1e18 if until is None else until),
    )
    return [
        TrafficCount(version, bool(shadow), at, width_s, requests, errors, diverted, _lengths(lengths))
        for version, shadow, at, width_s, requests, errors, diverted, lengths in rows
    ]


def compact(db: sqlite3.Connection, model: str, now: float) -> None:
    """Puts seconds that are old together to minutes, and forgets old minutes. Needs a write transaction."""
    limit = int(now - SECONDS_KEPT_S) // 60 * 60
    rows = db.execute(
        "DELETE FROM traffic_counts WHERE model_id = "
        f"{_MODEL} AND width_s = 1 AND at < ? "
        "RETURNING version, is_shadow, at, requests, errors, diverted, lengths",
        (model, limit),
    ).fetchall()
    merged: dict[tuple[int, bool, int], TrafficCount] = {}
    for version, shadow, at, requests, errors, diverted, lengths in rows:
        key = (version, bool(shadow), at // 60 * 60)
        so_far = merged.get(key) or TrafficCount(*key, 60, 0, 0, 0)
        merged[key] = replace(
            so_far,
            requests=so_far.requests + requests,
            errors=so_far.errors + errors,
            diverted=so_far.diverted + diverted,
            lengths=_sum(so_far.lengths, _lengths(lengths)),
        )
    add(db, model, merged.values())
    for table in ("traffic_counts", "traffic_shadows"):
        db.execute(f"DELETE FROM {table} WHERE model_id = {_MODEL} AND at < ?", (model, int(now - MINUTES_KEPT_S)))
    db.execute(
        "DELETE FROM traffic_answers WHERE at < (SELECT at FROM traffic_answers ORDER BY at DESC LIMIT 1 OFFSET ?)",
        (ANSWERS_KEPT,),
    )


def begin_period(
    db: sqlite3.Connection, model: str, *, trial: int, candidate: int, stable: int, share: float, at: float
) -> int:
    """The id of a new period. Needs a write transaction."""
    (number,) = db.execute(
        "INSERT INTO traffic_periods (model_id, trial, candidate, stable, share, began_at) "
        f"VALUES ({_MODEL}, ?, ?, ?, ?, ?) RETURNING id",
        (model, trial, candidate, stable, share, at),
    ).fetchone()
    return int(number)


def add_tally(db: sqlite3.Connection, period_id: int, *, is_candidate: bool, tally: Tally) -> None:
    """Adds requests to one side of a period. Needs a write transaction."""
    db.execute(
        f"INSERT INTO traffic_tallies (period_id, is_candidate, {', '.join(_SUMS)}) "
        f"VALUES (?, ?{', ?' * len(_SUMS)}) ON CONFLICT (period_id, is_candidate) DO UPDATE SET "
        f"{', '.join(f'{name} = {name} + excluded.{name}' for name in _SUMS)}",
        (period_id, is_candidate, *(getattr(tally, name) for name in _SUMS)),
    )


def periods(db: sqlite3.Connection, model: str, trial: int, candidate: int, stable: int) -> list[Period]:
    """The periods of a trial in which two versions were compared, in order, with what was counted in each."""
    rows = db.execute(
        f"SELECT p.id, p.share, p.began_at, t.is_candidate, {', '.join(f't.{name}' for name in _SUMS)} "
        "FROM traffic_periods AS p LEFT JOIN traffic_tallies AS t ON t.period_id = p.id "
        f"WHERE p.model_id = {_MODEL} AND p.trial = ? AND p.candidate = ? AND p.stable = ? ORDER BY p.id",
        (model, trial, candidate, stable),
    )
    found: dict[int, Period] = {}
    for number, share, began_at, is_candidate, *sums in rows:
        period = found.get(number) or Period(number, trial, candidate, stable, share, began_at)
        if is_candidate is not None:
            tally = Tally(*sums)
            period = replace(period, of_candidate=tally) if is_candidate else replace(period, of_stable=tally)
        found[number] = period
    return list(found.values())


def add_answers(db: sqlite3.Connection, answers: Iterable[WaitingAnswer], at: float) -> None:
    """Keeps answers until a label for them comes. Needs a write transaction."""
    db.executemany(
        "INSERT OR IGNORE INTO traffic_answers (request, period_id, is_candidate, prediction, at) "
        "VALUES (?, ?, ?, ?, ?)",
        [
            (storable(answer.request), answer.period_id, answer.is_candidate, storable(answer.prediction), at)
            for answer in answers
        ],
    )


def take_answers(db: sqlite3.Connection, model: str, request: str) -> list[WaitingAnswer]:
    """What waits for a label of that request, which from then on waits no more. Needs a write transaction."""
    rows = db.execute(
        "DELETE FROM traffic_answers WHERE request = ? AND period_id IN "
        f"(SELECT id FROM traffic_periods WHERE model_id = {_MODEL}) "
        "RETURNING request, period_id, is_candidate, prediction",
        (storable(request), model),
    ).fetchall()
    return [WaitingAnswer(name, period, bool(side), prediction) for name, period, side, prediction in rows]


def add_shadow(db: sqlite3.Connection, model: str, at: int, count: ShadowCount) -> None:
    """Adds comparisons to those of a minute. Needs a write transaction."""
    db.execute(
        "INSERT INTO traffic_shadows (model_id, version, against, at, compared, agreed, failed, skipped, numbers, "
        f"distance_sum) VALUES ({_MODEL}, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (model_id, version, against, at) DO UPDATE SET compared = compared + excluded.compared, "
        "agreed = agreed + excluded.agreed, failed = failed + excluded.failed, skipped = skipped + excluded.skipped, "
        "numbers = numbers + excluded.numbers, distance_sum = distance_sum + excluded.distance_sum",
        (
            *(model, count.version, count.against, at // 60 * 60, count.compared, count.agreed, count.failed),
            *(count.skipped, count.numbers, count.distance_sum),
        ),
    )


def shadows(db: sqlite3.Connection, model: str, since: float) -> list[ShadowCount]:
    """How each shadow compared with each version from a time on."""
    rows = db.execute(
        "SELECT version, against, sum(compared), sum(agreed), sum(failed), sum(skipped), sum(numbers), "
        f"sum(distance_sum) FROM traffic_shadows WHERE model_id = {_MODEL} AND at >= ? "
        "GROUP BY version, against ORDER BY version, against",
        (model, since // 60 * 60),
    )
    return [ShadowCount(*row) for row in rows]


def seen_keys(db: sqlite3.Connection, model: str, trial: int) -> set[int]:
    """The hashes of the keys whose first request was counted in a trial."""
    rows = db.execute(f"SELECT key FROM traffic_keys WHERE model_id = {_MODEL} AND trial = ?", (model, trial))
    return {key for (key,) in rows}


def add_keys(db: sqlite3.Connection, model: str, trial: int, keys: Iterable[int]) -> None:
    """Keeps hashes of keys, and forgets those of trials before. Needs a write transaction."""
    db.execute(f"DELETE FROM traffic_keys WHERE model_id = {_MODEL} AND trial != ?", (model, trial))
    db.executemany(
        f"INSERT OR IGNORE INTO traffic_keys (model_id, trial, key) VALUES ({_MODEL}, ?, ?)",
        [(model, trial, key) for key in keys],
    )


def _lengths(text: str) -> dict[int, int]:
    return {int(bucket): count for bucket, count in json.loads(text).items()}


def _sum(one: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    total = dict(one)
    for bucket, count in other.items():
        total[bucket] = total.get(bucket, 0) + count
    return total
