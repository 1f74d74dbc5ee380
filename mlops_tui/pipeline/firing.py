"""Firing triggers that are due.

No process has to be alive for this: whoever looks (``mlops-tui tick``, the dashboard, a supervisor at its end, a check
for drift) fires what is due. That a trigger fires is recorded in the transaction that makes its run, so of several
processes exactly one fires it, and none is lost to a kill in between.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING

from mlops_store import firings
from mlops_store import triggers as triggers_store
from mlops_store.errors import MlopsError, Refused, StoreError
from mlops_store.records import TriggerState
from mlops_store.store import Store
from mlops_tui import quantities
from mlops_tui.config import Config
from mlops_tui.config.triggers import TriggerConfig
from mlops_tui.pipeline import candidates
from mlops_tui.pipeline.request import Request
from mlops_tui.pipeline.triggers import Due, find_due
from mlops_tui.project import Project

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a trigger that was due.

    Attributes:
        trigger: Its name.
        reason: Why it was due.
        run_id: The pipeline run that it started, of several the first; '' when none was started.
        waits_for: Why none was started.
    """

    trigger: str
    reason: str
    run_id: str = ""
    waits_for: str = ""


def tick(
    project: Project,
    store: Store,
    config: Config,
    *,
    now: float | None = None,
    zone: tzinfo | None = None,
    dry_run: bool = False,
) -> list[Outcome]:
    """Sees what became of earlier runs, and fires what is due.

    A pipeline that is busy leaves the rest for the next time, and an event says so.

    Args:
        project: The project.
        store: Its store.
        config: Its configuration.
        now: Unix seconds; the present by default.
        zone: What hours of schedules are meant in; the machine's own by default.
        dry_run: Only say what is due.

    Raises:
        StoreError: The store cannot be used.
    """
    now = time.time() if now is None else now
    if not dry_run and not store.is_read_only:
        candidates.settle(project, store, config, now=now)
    found = find_due(project, store, config, now=now, zone=zone)
    if dry_run:
        return [Outcome(due.trigger.name, due.reason) for due in found]
    outcomes = [_fire(project, store, due, now) for due in found]
    return [outcome for outcome in outcomes if outcome is not None]


def _fire(project: Project, store: Store, due: Due, now: float) -> Outcome | None:
    """Starts the runs of a trigger; None when another process has."""
    name = due.trigger.name
    try:
        _require_budget(store, due.trigger, now)
        return Outcome(name, due.reason, _start(project, store, due, now))
    except triggers_store.FiredMeanwhile:
        return None
    except StoreError:
        raise
    except MlopsError as error:
        if _has_fired(triggers_store.states(store.read()), due.state):
            return None
        why = error.message if isinstance(error, Refused) else str(error).replace("\n", "; ")
        with store.write() as db:
            triggers_store.wait(db, due.state, why, at=now)
        return Outcome(name, due.reason, waits_for=why)


def _start(project: Project, store: Store, due: Due, now: float) -> str:
    """Starts the run of a trigger, or those with other params in copies of the project; the id of the first."""
    from mlops_tui import pipeline
    from mlops_tui.pipeline import experiments, launch, turns

    trigger = due.trigger

    def claim(db: sqlite3.Connection, run_ids: list[str]) -> None:
        triggers_store.fire(
            db,
            due.state,
            at=now,
            run_ids=run_ids,
            reason=due.reason,
            alert_id=due.alert_id,
            digest=due.digest,
            stage=trigger.propose,
        )

    if not trigger.set:
        return pipeline.start(
            project,
            targets=trigger.targets,
            force=trigger.force,
            name=trigger.name,
            claim=lambda db, run_id: claim(db, [run_id]),
        )
    request = Request(targets=trigger.targets, force=trigger.force)
    combinations = experiments.expand(project, trigger.set)
    launch.check(project, request)
    run_ids = experiments.add(project, store, request, combinations, name=trigger.name, priority=0, claim=claim)
    turns.advance(project, store)
    return run_ids[0]


def _require_budget(store: Store, trigger: TriggerConfig, now: float) -> None:
    """Raises Refused when what a trigger may spend is spent."""
    budget = trigger.budget
    if budget is None:
        return
    runs, seconds = firings.spent(store.read(), trigger.name, now - budget.per_s, now)
    per = quantities.time_text(budget.per_s)
    if budget.runs is not None and runs >= budget.runs:
        raise Refused(f"its budget is spent: {runs} of {budget.runs} runs in {per}")
    if budget.hours is not None and seconds >= budget.hours * 3600:
        raise Refused(f"its budget is spent: its runs of the last {per} took {budget.hours:g} hours or more")


def _has_fired(states: Mapping[str, TriggerState], before: TriggerState) -> bool:
    now = states.get(before.name)
    return now is None or (now.since, now.fired_at) != (before.since, before.fired_at)
