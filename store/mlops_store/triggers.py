"""What triggers have fired for. That one fires is claimed in one transaction, so that of several processes one wins."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from mlops_store import events, firings
from mlops_store.errors import Refused
from mlops_store.records import TriggerState
from mlops_store.texts import storable

_COLUMNS = "name, definition, since, alert_id, digest, fired_at, run_id, reason, waits_for"


class FiredMeanwhile(Refused):
    """Another process fired the trigger for the same cause."""


def states(db: sqlite3.Connection) -> dict[str, TriggerState]:
    """Every trigger that was ever looked at, by name."""
    return {row[0]: TriggerState(*row) for row in db.execute(f"SELECT {_COLUMNS} FROM triggers ORDER BY name")}


def begin(db: sqlite3.Connection, name: str, definition: str, *, since: float, digest: str) -> None:
    """Begins to look at a trigger: new, switched on, or defined anew. What it fired before stays known.

    Args:
        db: A connection inside a write transaction.
        name: The trigger.
        definition: When it fires; '' while it is switched off.
        since: From when on moments of its schedule count.
        digest: Of the files that it looks at, as they are.
    """
    db.execute(
        "INSERT INTO triggers (name, definition, since, alert_id, digest, run_id, reason, waits_for) "
        "VALUES (?, ?, ?, 0, ?, '', '', '') ON CONFLICT (name) DO UPDATE SET "
        "definition = excluded.definition, since = excluded.since, digest = excluded.digest, waits_for = ''",
        (storable(name), storable(definition), since, digest),
    )


def fire(
    db: sqlite3.Connection,
    state: TriggerState,
    *,
    at: float,
    run_ids: Sequence[str],
    reason: str,
    alert_id: int,
    digest: str,
    stage: str = "",
) -> None:
    """Records that a trigger fires, with an event; to be called in the transaction that makes its run.

    Args:
        db: A connection inside a write transaction.
        state: What the decision to fire rests on.
        at: Unix seconds.
        run_ids: The pipeline runs that it starts, or lets wait for their turn; at least one.
        reason: Why it fires.
        alert_id: The newest alert that it answers.
        digest: Of the files that it looks at, as they are.
        stage: The stage that a candidate is to be proposed for; '' for none.

    Raises:
        FiredMeanwhile: Its state is another one by now.
    """
    done = db.execute(
        "UPDATE triggers SET since = :at, alert_id = :alert_id, digest = :digest, fired_at = :at, run_id = :run_id, "
        "reason = :reason, waits_for = '' WHERE name = :name AND definition = :definition AND since = :since "
        "AND alert_id = :alert_before AND digest = :digest_before AND fired_at IS :fired_before",
        {
            "at": at,
            "alert_id": alert_id,
            "digest": digest,
            "run_id": run_ids[0],
            "reason": storable(reason),
            "name": state.name,
            "definition": state.definition,
            "since": state.since,
            "alert_before": state.alert_id,
            "digest_before": state.digest,
            "fired_before": state.fired_at,
        },
    )
    if done.rowcount == 0:
        raise FiredMeanwhile(f"trigger {state.name} has been fired by another process")
    answered = alert_id if alert_id > state.alert_id else None
    firings.add(db, state.name, at=at, reason=reason, alert_id=answered, run_ids=run_ids, stage=stage)
    message = f"trigger {state.name} fired: {reason}"
    events.add(db, "trigger.fired", f"trigger:{state.name}", message, {"run_id": run_ids[0], "reason": reason}, at)


def wait(db: sqlite3.Connection, state: TriggerState, why: str, *, at: float) -> None:
    """Records, once, that a trigger is due and could not start a run.

    Args:
        db: A connection inside a write transaction.
        state: The trigger.
        why: What it waits for.
        at: Unix seconds.
    """
    done = db.execute(
        "UPDATE triggers SET waits_for = ? WHERE name = ? AND since = ? AND waits_for <> ?",
        (storable(why), state.name, state.since, storable(why)),
    )
    if done.rowcount:
        events.add(db, "trigger.waits", f"trigger:{state.name}", f"trigger {state.name} waits: {why}", None, at)
