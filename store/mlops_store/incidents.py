"""Incidents: what people see to. Alerts of one cause stand in one incident, over as many windows as it lasts.

Which alerts belong together, and when an incident opens or is over, is decided elsewhere; here is what is known of
each, what people do about it, and its history. Every step leaves an entry and an event.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_store import events
from mlops_store.errors import NotFound, Refused, UsageError
from mlops_store.records import Incident, IncidentEntry, IncidentState, Severity
from mlops_store.texts import storable

#: The state of incident ``i`` at the time ``:now``: a snooze that has run out is no more.
STATE = "CASE WHEN i.state = 'snoozed' AND i.snoozed_until <= :now THEN 'open' ELSE i.state END"
#: Of alert ``a`` and its incident ``i``: whether a person is to be told of it.
NEWS = "a.change IN ('opened', 'reopened', 'worsened') AND i.state = 'open'"

_FIELDS = (
    *("monitor", "state", "severity", "title", "kinds", "columns", "score", "factors", "opened_at", "updated_at"),
    *("is_flapping", "snoozed_until", "muted_by", "assignee", "acknowledged_at", "acknowledged_by", "resolved_at"),
    "resolved_by",
)
_WINDOWS = (
    "FROM alerts a JOIN monitor_reports p ON p.id = a.report_id WHERE a.incident_id = i.id AND p.replaced_by IS NULL"
)
_INCIDENTS = (
    f"SELECT i.id, {', '.join(STATE if name == 'state' else f'i.{name}' for name in _FIELDS)}, "
    f"(SELECT p.batch {_WINDOWS} ORDER BY p.window_start, p.window_id LIMIT 1), "
    f"(SELECT p.batch {_WINDOWS} ORDER BY p.window_start DESC, p.window_id DESC LIMIT 1), "
    f"(SELECT p.id {_WINDOWS} ORDER BY p.window_start DESC, p.window_id DESC LIMIT 1), "
    f"(SELECT count(DISTINCT p.id) {_WINDOWS}) FROM incidents i"
)
_RANKED = (
    f" ORDER BY CASE {STATE} WHEN 'open' THEN 0 WHEN 'acknowledged' THEN 1 WHEN 'snoozed' THEN 2 WHEN 'pending' THEN 3 "
    "WHEN 'muted' THEN 4 ELSE 5 END, i.score DESC, "
    "CASE i.severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, i.updated_at DESC, i.id DESC"
)


def ranked(
    db: sqlite3.Connection, states: Sequence[str], *, monitor: str | None = None, limit: int = 1000
) -> list[Incident]:
    """Incidents in these states: open ones first, then by score. Those that never opened count only as pending."""
    arguments: dict[str, Any] = {f"s{place}": str(state) for place, state in enumerate(states)}
    where = f" WHERE {STATE} IN ({', '.join(f':{name}' for name in arguments)})"
    where += " AND (i.state <> 'resolved' OR i.opened_at IS NOT NULL)"
    if monitor is not None:
        where += " AND i.monitor = :monitor"
    arguments |= {"now": time.time(), "monitor": monitor, "limit": limit}
    return [_incident(row) for row in db.execute(f"{_INCIDENTS}{where}{_RANKED} LIMIT :limit", arguments)]


def get(db: sqlite3.Connection, incident_id: int) -> Incident:
    """The incident with this id.

    Raises:
        NotFound: There is none.
    """
    row = db.execute(f"{_INCIDENTS} WHERE i.id = :id", {"id": incident_id, "now": time.time()}).fetchone()
    if row is None:
        raise NotFound(f"no incident {incident_id}", "'mlops-tui drift incidents' shows them")
    return _incident(row)


def changed_by(db: sqlite3.Connection, report_id: int) -> list[tuple[str, Incident]]:
    """What a check did: ('opened', 'reopened' or 'worsened', the incident) of each that a person is to be told of."""
    rows = db.execute(
        "SELECT DISTINCT a.change, a.incident_id FROM alerts a WHERE a.report_id = ? "
        "AND a.change IN ('opened', 'reopened', 'worsened') ORDER BY a.incident_id",
        (report_id,),
    ).fetchall()
    return [(change, get(db, incident_id)) for change, incident_id in rows]


def recent(db: sqlite3.Connection, monitor: str, report_ids: Sequence[int]) -> list[tuple[Incident, frozenset[int]]]:
    """The incidents of a monitor that are not resolved or that any of these reports had, with those that had them."""
    places = ", ".join("?" * len(report_ids))
    had: dict[int, set[int]] = {}
    for incident_id, report_id in db.execute(
        f"SELECT DISTINCT incident_id, report_id FROM alerts WHERE report_id IN ({places}) AND incident_id IS NOT NULL",
        tuple(report_ids),
    ):
        had.setdefault(incident_id, set()).add(report_id)
    live = db.execute("SELECT id FROM incidents WHERE monitor = ? AND state <> 'resolved'", (monitor,)).fetchall()
    numbers = sorted({*had, *(row[0] for row in live)})
    return [(get(db, number), frozenset(had.get(number, ()))) for number in numbers]


def last_windows(
    db: sqlite3.Connection, monitor: str, count: int, *, up_to: int | None = None
) -> list[tuple[int, bool]]:
    """(report id, whether it could be read) of the newest windows, oldest first; only the last report of each.

    Args:
        db: A connection.
        monitor: The monitor.
        count: How many.
        up_to: The report on the last of them; the newest window by default.
    """
    # a window without a time stands before those that have one, as NULL sorts
    until = (
        "AND EXISTS (SELECT 1 FROM monitor_reports l WHERE l.id = :up_to AND (coalesce(p.window_start, -1e308), "
        "p.window_id) <= (coalesce(l.window_start, -1e308), l.window_id)) "
    )
    rows = db.execute(
        "SELECT p.id, p.status <> 'error' FROM monitor_reports p WHERE p.monitor = :monitor AND p.replaced_by IS NULL "
        f"{until if up_to is not None else ''}ORDER BY p.window_start DESC, p.window_id DESC LIMIT :count",
        {"monitor": monitor, "up_to": up_to, "count": count},
    ).fetchall()
    return [(number, bool(is_readable)) for number, is_readable in reversed(rows)]


def entries(db: sqlite3.Connection, incident_id: int) -> list[IncidentEntry]:
    """An incident's history, oldest first."""
    rows = db.execute(
        "SELECT id, incident_id, at, kind, actor, message, report_id FROM incident_entries "
        "WHERE incident_id = ? ORDER BY id",
        (incident_id,),
    )
    return [IncidentEntry(*row) for row in rows]


# what checks write


def create(db: sqlite3.Connection, incident: Incident) -> int:
    """Keeps a new incident; its ``id`` and what is known of its windows are ignored. Needs a write transaction."""
    places = ", ".join(f":{name}" for name in _FIELDS)
    row = db.execute(
        f"INSERT INTO incidents ({', '.join(_FIELDS)}) VALUES ({places}) RETURNING id", _values(incident)
    ).fetchone()
    return int(row[0])


def update(db: sqlite3.Connection, incident: Incident) -> None:
    """Keeps all of an incident but what is known of its windows. Needs a write transaction."""
    changes = ", ".join(f"{name} = :{name}" for name in _FIELDS)
    db.execute(f"UPDATE incidents SET {changes} WHERE id = :id", {**_values(incident), "id": incident.id})


def add_entry(
    db: sqlite3.Connection,
    incident_id: int,
    kind: str,
    message: str,
    *,
    at: float,
    actor: str = "",
    report_id: int | None = None,
) -> int:
    """Adds a line to an incident's history, and an event; returns its id. Needs a write transaction."""
    row = db.execute(
        "INSERT INTO incident_entries (incident_id, at, kind, actor, message, report_id) VALUES (?, ?, ?, ?, ?, ?) "
        "RETURNING id",
        (incident_id, at, kind, storable(actor), storable(message), report_id),
    ).fetchone()
    by = f" by {actor}" if actor else ""
    text = f"incident {incident_id} {kind}{by}{': ' if message else ''}{message}"
    events.add(
        db, f"incident.{kind}", f"incident:{incident_id}", text, {"report": report_id} if report_id else None, at
    )
    return int(row[0])


# what people do


def acknowledge(db: sqlite3.Connection, incident_id: int, by: str, *, at: float | None = None) -> Incident:
    """Records that somebody has seen it; one acknowledged before keeps its first time and name.

    Raises:
        NotFound: There is no such incident.
        Refused: It is over, or nobody was to be told of it.
    """
    found = get(db, incident_id)
    if found.state in (IncidentState.RESOLVED, IncidentState.MUTED):
        raise Refused(f"incident {incident_id} is already {found.state}", "there is nothing left to acknowledge")
    if found.state == IncidentState.ACKNOWLEDGED:
        return found
    at = time.time() if at is None else at
    _set(db, found.id, at, state="acknowledged", acknowledged_at=at, acknowledged_by=storable(by), snoozed_until=None)
    add_entry(db, found.id, "acknowledged", "", at=at, actor=by)
    return get(db, incident_id)


def snooze(db: sqlite3.Connection, incident_id: int, until: float, by: str, *, at: float | None = None) -> Incident:
    """Puts an incident off until a time; a worse alert ends that.

    Raises:
        NotFound: There is no such incident.
        Refused: It is over, or muted.
        UsageError: That time has gone by.
    """
    found = get(db, incident_id)
    at = time.time() if at is None else at
    if found.state in (IncidentState.RESOLVED, IncidentState.MUTED):
        raise Refused(f"incident {incident_id} is already {found.state}", "there is nothing to put off")
    if until <= at:
        raise UsageError("a snooze ends in the future", "for example 2h, 3d or 2026-12-01")
    _set(db, found.id, at, state="snoozed", snoozed_until=until)
    add_entry(
        db, found.id, "snoozed", f"until {time.strftime('%Y-%m-%d %H:%M', time.localtime(until))}", at=at, actor=by
    )
    return get(db, incident_id)


def mute(db: sqlite3.Connection, incident_id: int, rule: str, by: str, *, at: float | None = None) -> Incident:
    """Notes that a rule mutes an incident.

    Raises:
        NotFound: There is no such incident.
    """
    found, at = get(db, incident_id), time.time() if at is None else at
    if found.state != IncidentState.MUTED:
        _set(db, found.id, at, state="muted", muted_by=storable(rule), snoozed_until=None)
        add_entry(db, found.id, "muted", f"by the rule {rule}", at=at, actor=by)
    return get(db, incident_id)


def unmute(db: sqlite3.Connection, incident_id: int, by: str, *, at: float | None = None) -> Incident:
    """Opens an incident that no rule mutes any more; another one stays as it is.

    Raises:
        NotFound: There is no such incident.
    """
    found, at = get(db, incident_id), time.time() if at is None else at
    if found.state == IncidentState.MUTED:
        opened_at = at if found.opened_at is None else found.opened_at
        _set(db, found.id, at, state="open", muted_by="", opened_at=opened_at)
        add_entry(db, found.id, "reopened", "no rule mutes it any more", at=at, actor=by)
    return get(db, incident_id)


def assign(db: sqlite3.Connection, incident_id: int, to: str, by: str, *, at: float | None = None) -> Incident:
    """Says who sees to an incident; '' for nobody.

    Raises:
        NotFound: There is no such incident.
    """
    found, at = get(db, incident_id), time.time() if at is None else at
    if found.assignee != to:
        _set(db, found.id, at, assignee=storable(to))
        add_entry(db, found.id, "assigned", f"to {to}" if to else "to nobody", at=at, actor=by)
    return get(db, incident_id)


def comment(db: sqlite3.Connection, incident_id: int, text: str, by: str, *, at: float | None = None) -> int:
    """Adds what somebody has to say; returns the entry's id.

    Raises:
        NotFound: There is no such incident.
        UsageError: The text is empty.
    """
    if not text.strip():
        raise UsageError("a comment needs a text")
    found, at = get(db, incident_id), time.time() if at is None else at
    return add_entry(db, found.id, "commented", text.strip(), at=at, actor=by)


def resolve(
    db: sqlite3.Connection, incident_id: int, by: str, reason: str = "", *, at: float | None = None
) -> Incident:
    """Ends an incident; one that is over keeps its first time.

    Raises:
        NotFound: There is no such incident.
    """
    found, at = get(db, incident_id), time.time() if at is None else at
    if found.state != IncidentState.RESOLVED:
        _set(db, found.id, at, state="resolved", resolved_at=at, resolved_by=storable(by), snoozed_until=None)
        add_entry(db, found.id, "resolved", reason, at=at, actor=by)
    return get(db, incident_id)


def reopen(db: sqlite3.Connection, incident_id: int, by: str, *, at: float | None = None) -> Incident:
    """Takes an acknowledgement, a snooze or a resolution back; an open incident stays as it is.

    Raises:
        NotFound: There is no such incident.
        Refused: A rule mutes it.
    """
    found, at = get(db, incident_id), time.time() if at is None else at
    if found.state == IncidentState.MUTED:
        raise Refused(
            f"incident {incident_id} is muted by the rule {found.muted_by}",
            f"mlops-tui drift incidents unmute {incident_id} removes the rule from mlops.toml",
        )
    if found.state != IncidentState.OPEN:
        _set(
            db, found.id, at,
            state="open", opened_at=at if found.opened_at is None else found.opened_at, acknowledged_at=None,
            acknowledged_by="", resolved_at=None, resolved_by="", snoozed_until=None,
        )  # fmt: skip
        add_entry(db, found.id, "reopened", "", at=at, actor=by)
    return get(db, incident_id)


def put_back(db: sqlite3.Connection, before: Incident, by: str, *, at: float | None = None) -> None:
    """Brings state and assignee back to what they were, for undoing. Needs a write transaction."""
    at = time.time() if at is None else at
    _set(
        db, before.id, at,
        state=str(before.state), snoozed_until=before.snoozed_until, muted_by=before.muted_by,
        assignee=before.assignee, acknowledged_at=before.acknowledged_at, acknowledged_by=before.acknowledged_by,
        resolved_at=before.resolved_at, resolved_by=before.resolved_by,
    )  # fmt: skip
    add_entry(db, before.id, "undone", f"{before.state} again", at=at, actor=by)


def delete_entry(db: sqlite3.Connection, entry_id: int) -> None:
    """Takes a comment back. Needs a write transaction."""
    db.execute("DELETE FROM incident_entries WHERE id = ? AND kind = 'commented'", (entry_id,))


def _set(db: sqlite3.Connection, incident_id: int, at: float, **values: Any) -> None:
    changes = ", ".join(f"{name} = :{name}" for name in values)
    db.execute(
        f"UPDATE incidents SET {changes}, updated_at = :at WHERE id = :id", {**values, "at": at, "id": incident_id}
    )


def _values(incident: Incident) -> Mapping[str, Any]:
    values: dict[str, Any] = {name: getattr(incident, name) for name in _FIELDS}
    return values | {
        "state": str(incident.state),
        "severity": str(incident.severity),
        "title": storable(incident.title),
        "kinds": json.dumps(incident.kinds),
        "columns": json.dumps([storable(name) for name in incident.columns]),
        "factors": json.dumps(dict(incident.factors), allow_nan=False),
        "is_flapping": int(incident.is_flapping),
    }


def _incident(row: Sequence[Any]) -> Incident:
    names = ("id", *_FIELDS, "first_batch", "last_batch", "last_report_id", "windows")
    values = dict(zip(names, row, strict=True))
    values |= {
        "state": IncidentState(values["state"]),
        "severity": Severity(values["severity"]),
        "kinds": tuple(json.loads(values["kinds"])),
        "columns": tuple(json.loads(values["columns"])),
        "factors": json.loads(values["factors"]),
        "is_flapping": bool(values["is_flapping"]),
        "first_batch": values["first_batch"] or "",
        "last_batch": values["last_batch"] or "",
    }
    return Incident(**values)
