"""``runs/create``, ``get``, ``update``, ``delete`` and ``restore``."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from mlops_store import ids, run_facts, run_rows, runs
from mlops_store.records import RunKind, RunStatus
from mlops_tui.interop.mlflow_words import NAME_TAG
from mlops_tui.serve.tracking import experiments, run_answers, run_tags
from mlops_tui.serve.tracking.experiments import Tag
from mlops_tui.serve.tracking.problems import absent, invalid
from mlops_tui.serve.tracking.routes import Call, Context
from mlops_tui.tracking import names

_NOTHING: Mapping[str, Any] = {}
#: The end of the year 9999 in milliseconds: what no clock says would stand above every list of runs.
_LATEST_MS = 253_402_300_799_999


class Create(NamedTuple):
    """CreateRun."""

    experiment_id: str = ""
    user_id: str = ""
    run_name: str = ""
    start_time: int | None = None
    tags: tuple[Tag, ...] = ()


class ById(NamedTuple):
    """GetRun, DeleteRun and RestoreRun."""

    run_id: str


class Update(NamedTuple):
    """UpdateRun."""

    run_id: str
    status: Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"] | None = None
    end_time: int | None = None
    run_name: str = ""


def create(context: Context, asked: Create) -> Mapping[str, Any]:
    """Starts a run, under a name of its own where none is given."""
    tags = dict(run_tags.checked(tag) for tag in asked.tags)
    named = tags.get(NAME_TAG, "")
    if asked.run_name and named and asked.run_name != named:
        raise invalid(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
            f"(run_name='{asked.run_name}', mlflow.runName='{named}')."
        )
    run_id = ids.new_id()
    name = tags[NAME_TAG] = asked.run_name or named or names.made_up()
    started_at = time.time() if asked.start_time is None else _moment(asked.start_time, "start_time")
    with context.store.write() as db:
        experiment = experiments.active(db, asked.experiment_id)
        row = {"user": asked.user_id or None, **run_tags.columns(db, tags)}
        row.update(
            run_id=run_id,
            name=name,
            experiment_id=experiment.number,
            kind=RunKind.RUN.value,
            status=RunStatus.RUNNING.value,
            started_at=started_at,
        )
        run_rows.insert(db, [row])
        runs.set_tags(db, run_id, tags)
        return {"run": run_answers.run(_facts(db, run_id))}


def get(context: Context, asked: ById) -> Mapping[str, Any]:
    """A run with everything that it has."""
    with context.store.snapshot() as db:
        return {"run": run_answers.run(_facts(db, asked.run_id))}


def update(context: Context, asked: Update) -> Mapping[str, Any]:
    """Changes the state, the end or the name of a run."""
    with context.store.write() as db:
        number, kind = active(db, asked.run_id)
        # a pipeline ends its stages itself: a script in one can be one of several
        if kind == RunKind.RUN:
            _settle(db, number, asked)
        if asked.run_name:
            run_tags.put(db, asked.run_id, {NAME_TAG: asked.run_name})
        return {"run_info": run_answers.info(_facts(db, asked.run_id))}


def delete(context: Context, asked: ById) -> Mapping[str, Any]:
    """Hides a run."""
    with context.store.write() as db:
        _existing(db, asked.run_id)
        runs.delete(db, [asked.run_id])
    return _NOTHING


def restore(context: Context, asked: ById) -> Mapping[str, Any]:
    """Shows a deleted run again."""
    with context.store.write() as db:
        _existing(db, asked.run_id)
        runs.restore(db, [asked.run_id])
    return _NOTHING


def active(db: sqlite3.Connection, run_id: str) -> tuple[int, str]:
    """``runs.id`` and the kind of a run that can be logged into.

    Raises:
        Fault: There is none, or it is deleted.
    """
    number, is_deleted, kind = _existing(db, run_id)
    if is_deleted:
        raise invalid(f"The run {run_id} must be in the 'active' state. Current state is deleted.")
    return number, kind


def _existing(db: sqlite3.Connection, run_id: str) -> tuple[int, bool, str]:
    found = run_facts.standing(db, run_id)
    if found is None:
        raise absent(f"Run with id={run_id} not found")
    return found


def _facts(db: sqlite3.Connection, run_id: str) -> run_facts.RunFacts:
    return run_facts.of_ids(db, [_existing(db, run_id)[0]])[0]


def _settle(db: sqlite3.Connection, number: int, asked: Update) -> None:
    ended_at = None if asked.end_time is None else _moment(asked.end_time, "end_time")
    if asked.status is None:
        if ended_at is not None:
            run_rows.update(db, number, {"ended_at": ended_at})
    elif RunStatus(asked.status).is_live:
        run_rows.update(db, number, {"status": asked.status, "ended_at": ended_at})
    else:
        before = db.execute("SELECT ended_at FROM runs WHERE id = ?", (number,)).fetchone()[0]
        runs.finish(db, asked.run_id, asked.status, ended_at or before or time.time())


def _moment(milliseconds: int, path: str) -> float:
    """Unix seconds.

    Raises:
        Fault: No run begins or ends then.
    """
    if not 0 <= milliseconds <= _LATEST_MS:
        raise invalid(
            f"Invalid value {milliseconds} for parameter '{path}' supplied: no time in milliseconds since 1970"
        )
    return milliseconds / 1000


ENDPOINTS = (
    Call("POST", "runs/create", Create, create, is_quick=True),
    Call("GET", "runs/get", ById, get, is_quick=True),
    # the end of a run with long histories takes a while: they are packed then
    Call("POST", "runs/update", Update, update),
    Call("POST", "runs/delete", ById, delete, is_quick=True),
    Call("POST", "runs/restore", ById, restore, is_quick=True),
)
