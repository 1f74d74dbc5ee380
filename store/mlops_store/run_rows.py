"""Rows of runs, params and experiments by the store's own numbers: what ``runs`` and folding write with.

Light: training scripts import it in the background.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlops_store import shared_texts
from mlops_store.errors import nearest

_TEXTS = (
    *("name", "kind", "status", "user", "host", "boot_id", "command", "source", "cwd", "python_version"),
    *("git_commit", "git_branch", "git_remote", "git_diff_digest", "packages_digest", "hardware_digest", "error"),
)
_WHOLE = ("exit_code", "pid", "git_dirty")
_TIMES = ("started_at", "ended_at", "process_started_at", "archived_at", "deleted_at")
_NEEDED = frozenset(("name", "kind", "status", "started_at"))
# RunStatus and RunKind, whose module scripts need not load
_WORDS = {
    "status": frozenset(("SCHEDULED", "RUNNING", "FINISHED", "FAILED", "KILLED")),
    "kind": frozenset(("run", "pipeline", "stage")),
}

#: The columns of ``runs`` that callers may set by name, and the types of their values.
COLUMNS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(_TEXTS, (str,)),
    **dict.fromkeys(_WHOLE, (int,)),
    **dict.fromkeys(_TIMES, (float, int)),
}

#: The number of a new experiment as SQL, its name bound: 0 for the one that is used when none is named.
EXPERIMENT_NUMBER = "(SELECT 0 WHERE ? = 'default' AND NOT EXISTS (SELECT 1 FROM experiments WHERE id = 0))"

_ALL_COLUMNS = ("id", "run_id", "experiment_id", "parent_id", *sorted(COLUMNS))


def insert(db: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stores rows of ``runs`` by their columns."""
    now = time.time()
    marks = ", ".join("?" * (len(_ALL_COLUMNS) + 1))
    db.executemany(
        f"INSERT INTO runs({', '.join(_ALL_COLUMNS)}, updated_at) VALUES ({marks})",
        [(*(row.get(column) for column in _ALL_COLUMNS), now) for row in rows],
    )


def update(db: sqlite3.Connection, run: int, values: Mapping[str, Any]) -> None:
    """Changes columns of a row of ``runs``."""
    assigned = "".join(f"{column} = ?, " for column in values)
    db.execute(f"UPDATE runs SET {assigned} updated_at = ? WHERE id = ?", (*values.values(), time.time(), run))


def columns(db: sqlite3.Connection, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that attributes stand for; see ``runs.create``.

    Raises:
        TypeError: There is no such attribute, or its value is of another type.
    """
    values: dict[str, Any] = {}
    for name, value in attributes.items():
        if name in COLUMNS:
            values[name] = value
        elif name == "git_diff":
            values["git_diff_digest"] = shared_texts.put(db, value) if value else None
        elif name in ("packages", "hardware"):
            values[f"{name}_digest"] = shared_texts.put(db, json.dumps(dict(value), sort_keys=True)) if value else None
        elif name not in ("experiment", "parent_run_id"):
            raise TypeError(f"runs have no attribute {name!r}; {nearest(name, COLUMNS)}")
    command = values.get("command")
    if command is not None:
        values["command"] = json.dumps([command] if isinstance(command, str) else list(command))
    for name, value in values.items():
        _require_type(name, value)
    return values


def _require_type(name: str, value: Any) -> None:
    """Raises before the database would: a statement that writes many rows fails as a whole."""
    if value is None and name not in _NEEDED:
        return
    is_fine = isinstance(value, COLUMNS[name])
    if is_fine and isinstance(value, int):
        is_fine = -(1 << 63) <= value < 1 << 63
    if name == "started_at" and isinstance(value, int | float):
        is_fine = is_fine and value - value == 0
    if not is_fine or (name in _WORDS and value not in _WORDS[name]):
        raise TypeError(f"{name} of a run cannot be {value!r}")


def insert_params(db: sqlite3.Connection, rows: Iterable[tuple[int, int, str]]) -> int:
    """Stores params by run, key and value unless they are there; returns how many were not."""
    return db.executemany(
        "INSERT OR IGNORE INTO params(run_id, key_id, value, number) VALUES (?, ?, ?, ?)",
        [(run, key, value, number_in(value)) for run, key, value in rows],
    ).rowcount


def put_params(db: sqlite3.Connection, run: int, params: Mapping[int, str]) -> dict[int, str]:
    """Does ``runs.set_params`` by the store's own numbers of run and keys."""
    if insert_params(db, [(run, key, value) for key, value in params.items()]) == len(params):
        return {}
    first = dict(db.execute("SELECT key_id, value FROM params WHERE run_id = ?", (run,)).fetchall())
    return {key: first[key] for key, value in params.items() if first[key] != value}


def experiment_number(db: sqlite3.Connection, name: str) -> int:
    """The store's own number of an experiment, made when it is new and brought back when it was deleted."""
    row = db.execute("SELECT id, deleted_at FROM experiments WHERE name = ?", (name,)).fetchone()
    if row is None:
        cursor = db.execute(
            f"INSERT INTO experiments(id, name, created_at) VALUES ({EXPERIMENT_NUMBER}, ?, ?)",
            (name, name, time.time()),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid
    if row[1] is not None:
        db.execute("UPDATE experiments SET deleted_at = NULL WHERE id = ?", (row[0],))
    found: int = row[0]
    return found


def number_in(text: str) -> float | None:
    """The finite number that a param's text stands for, or None."""
    if text[:1] not in "+-.0123456789" or len(text) > 64:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value - value == 0 else None
