"""Which triggers of ``mlops.toml`` are due: decisions without clock, file or store, and looking at those for them."""

from __future__ import annotations

import glob
import hashlib
import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import TYPE_CHECKING

from mlops_store import alerts
from mlops_store import triggers as triggers_store
from mlops_store.errors import MlopsError
from mlops_store.records import Alert, Severity, TriggerState
from mlops_store.store import Store
from mlops_tui import cron
from mlops_tui.config import Config
from mlops_tui.config.triggers import TriggerConfig
from mlops_tui.project import Project

if TYPE_CHECKING:
    import sqlite3

#: Seconds for which a file must not have been written before its change counts: it may still be being written.
SETTLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Due:
    """A trigger that should fire.

    Attributes:
        trigger: Its configuration.
        state: What the decision rests on.
        reason: Why, in words.
        alert_id: The newest alert that it answers.
        digest: Of the files that it looks at.
    """

    trigger: TriggerConfig
    state: TriggerState
    reason: str
    alert_id: int
    digest: str


@dataclass(frozen=True, slots=True)
class Files:
    """The files that a trigger looks at: one text for their names, sizes and times, and whether all are written."""

    digest: str
    is_settled: bool


# decisions: no clock, no file, no store


def decide(
    trigger: TriggerConfig,
    state: TriggerState,
    *,
    now: float,
    zone: tzinfo,
    digest: str | None = None,
    alert: Alert | None = None,
) -> Due | None:
    """Whether a trigger should fire now.

    However many moments of a schedule went by, it fires once for all of them. What happens during the cool-down fires
    it when that is over.

    Args:
        trigger: Its configuration.
        state: What it has fired for.
        now: Unix seconds.
        zone: What the schedule's hours are meant in.
        digest: Of the files that it looks at, None while they are being written.
        alert: The newest alert that opened or worsened an incident and that it has not answered.
    """
    if not trigger.is_enabled or is_cooling_down(trigger, state, now):
        return None
    if trigger.schedule:
        planned = cron.next_after(trigger.schedule, state.since, zone)
        if planned > now:
            return None
        reason = f"scheduled for {_clock(planned, zone)}"
    elif trigger.change:
        if digest in (None, state.digest):
            return None
        reason = f"{', '.join(trigger.change)} changed"
    else:
        if alert is None or alert.id <= state.alert_id:
            return None
        reason = f"alert {alert.id}: {alert.title}"
    alert_id = max(state.alert_id, alert.id if alert is not None else 0)
    return Due(trigger, state, reason, alert_id, state.digest if digest is None else digest)


def is_cooling_down(trigger: TriggerConfig, state: TriggerState, now: float) -> bool:
    """Whether a trigger fired so recently that it must not fire again yet; a clock that was put back ends that."""
    return state.fired_at is not None and state.fired_at <= now < state.fired_at + trigger.cooldown_s


def next_time(trigger: TriggerConfig, state: TriggerState | None, now: float, zone: tzinfo) -> float | None:
    """When a schedule fires next, at the earliest now; None for a trigger without one, or one that is switched off."""
    if not trigger.schedule or not trigger.is_enabled:
        return None
    is_known = state is not None and state.definition == trigger.definition and state.since <= now
    planned = cron.next_after(trigger.schedule, state.since if state is not None and is_known else now, zone)
    if state is not None and state.fired_at is not None and state.fired_at <= now:
        planned = max(planned, state.fired_at + trigger.cooldown_s)
    return max(planned, now)


def _clock(at: float, zone: tzinfo) -> str:
    from datetime import datetime

    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"


# looking


def find_due(
    project: Project, store: Store, config: Config, *, now: float | None = None, zone: tzinfo | None = None
) -> list[Due]:
    """The triggers that are due.

    A trigger that is new, was switched on, or is defined anew begins to be looked at now: what was before does not
    count, except that an alert which is still open is answered.

    Raises:
        StoreError: The store cannot be used.
    """
    now = time.time() if now is None else now
    zone = cron.local_zone() if zone is None else zone
    known = triggers_store.states(store.read())
    found = []
    made: frozenset[str] | None = None
    for trigger in config.triggers.values():
        files = Files("", is_settled=True)
        if trigger.change:
            made = _made_by_stages(project) if made is None else made
            files = look(project, trigger.change, made, now)
        state = known.get(trigger.name) or TriggerState(trigger.name, "", now)
        if trigger.name not in known or state.definition != trigger.definition:
            state = replace(state, definition=trigger.definition, since=now, digest=files.digest, waits_for="")
            _begin(store, state)
        elif state.since > now:  # the clock was put back
            state = replace(state, since=now)
            _begin(store, state)
        digest = files.digest if files.is_settled else None
        due = decide(trigger, state, now=now, zone=zone, digest=digest, alert=_alert(store.read(), trigger, state))
        if due is not None:
            found.append(due)
    return found


def _begin(store: Store, state: TriggerState) -> None:
    if not store.is_read_only:
        with store.write() as db:
            triggers_store.begin(db, state.name, state.definition, since=state.since, digest=state.digest)


def _alert(db: sqlite3.Connection, trigger: TriggerConfig, state: TriggerState) -> Alert | None:
    if not trigger.drift or not trigger.is_enabled:
        return None
    wanted = Severity(trigger.severity).and_above
    return alerts.newest_told(db, trigger.drift, wanted, after=state.alert_id)


def look(project: Project, globs: Iterable[str], made: frozenset[str], now: float) -> Files:
    """The files that match, as they are.

    Args:
        project: The project.
        globs: Relative to its root; ``**`` stands for any depth.
        made: What stages make, relative to the root: that does not count, or a run would start the next one.
        now: Unix seconds.
    """
    names = {name for pattern in globs for name in glob.glob(pattern, root_dir=project.root, recursive=True)}
    digest, is_settled = hashlib.blake2b(digest_size=16), True
    for name in sorted(names):
        try:
            status = os.stat(project.path(name))
        except OSError:
            continue  # gone meanwhile
        if stat.S_ISREG(status.st_mode) and not _is_made(os.path.normpath(name), made):
            is_settled = is_settled and not 0 <= now - status.st_mtime < SETTLE_S
            digest.update(f"{name}\0{status.st_size} {status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return Files(digest.hexdigest(), is_settled)


def _is_made(name: str, made: frozenset[str]) -> bool:
    while name:
        if name in made:
            return True
        name = os.path.dirname(name)
    return False


def _made_by_stages(project: Project) -> frozenset[str]:
    from mlops_tui.pipeline import spec

    try:
        stages = spec.load(project).stages.values()
    except MlopsError:
        return frozenset()  # nothing can be run either, which is said when it is tried
    return frozenset(stage.path(out.path) for stage in stages for out in stage.outs)
