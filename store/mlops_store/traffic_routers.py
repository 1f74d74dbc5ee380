"""Which routers run, and what each says of the versions behind it. A router takes its row away when it ends."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping

from mlops_store import processes
from mlops_store.records import Router
from mlops_store.texts import storable

_MODEL = "(SELECT id FROM registered_models WHERE name = ?)"


def put(db: sqlite3.Connection, model: str, url: str, started_at: float, arms: Mapping[str, str]) -> None:
    """Says that this process routes the requests for a model. Needs a write transaction.

    Args:
        db: A connection.
        model: The model.
        url: Where it listens.
        started_at: Since when, Unix seconds.
        arms: Version, ``4`` or ``4 shadow`` -> 'starting', 'ready', 'down', or what is wrong with it.
    """
    pid = os.getpid()
    db.execute(
        "INSERT OR REPLACE INTO traffic_routers (model_id, host, pid, ticks, url, started_at, arms) "
        f"VALUES ({_MODEL}, ?, ?, ?, ?, ?, ?)",
        (
            *(model, os.uname().nodename, pid, processes.start_ticks(pid) or 0, url, started_at),
            json.dumps({name: storable(state) for name, state in arms.items()}),
        ),
    )


def remove(db: sqlite3.Connection, model: str) -> None:
    """Says that this process does so no more. Needs a write transaction."""
    db.execute(
        f"DELETE FROM traffic_routers WHERE model_id = {_MODEL} AND host = ? AND pid = ?",
        (model, os.uname().nodename, os.getpid()),
    )


def running(db: sqlite3.Connection, model: str) -> list[Router]:
    """The routers of a model; those of this machine whose process is gone are left out."""
    rows = db.execute(
        f"SELECT host, pid, ticks, url, started_at, arms FROM traffic_routers WHERE model_id = {_MODEL} "
        "ORDER BY started_at",
        (model,),
    )
    here = os.uname().nodename
    return [
        Router(host, pid, url, started_at, json.loads(arms))
        for host, pid, ticks, url, started_at, arms in rows
        if host != here or not ticks or processes.start_ticks(pid) == ticks
    ]
