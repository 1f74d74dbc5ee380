"""Runs: what is written when one starts, changes and ends, and how one is found.

Lists of runs are in ``run_lists``. Records are imported by the functions that return them, because training scripts
import this module to write.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlops_store import run_rows, shared_texts
from mlops_store.errors import NotFound, nearest
from mlops_store.keys import intern
from mlops_store.run_columns import TABLES
from mlops_store.run_lists import (
    by_ids,
    by_run_id,
    child_run_ids,
    children,
    count,
    count_states,
    experiments,
    run_ids,
    values,
)
from mlops_store.run_lists import key_names as keys
from mlops_store.run_plans import KINDS, among, ids
from mlops_store.run_rows import COLUMNS, columns, experiment_number, insert, number_in, put_params

if TYPE_CHECKING:
    from mlops_store.records import Run, RunDetail


def create(
    db: sqlite3.Connection,
    *,
    run_id: str,
    name: str,
    experiment: str,
    kind: str = "run",
    status: str = "RUNNING",
    parent_run_id: str | None = None,
    started_at: float,
    **attributes: Any,
) -> None:
    """Stores a new run. Needs a write transaction.

    Args:
        db: The connection of a write transaction.
        run_id: From ``ids.new_id``.
        name: What people call it; need not be unique.
        experiment: Made when it is new.
        kind: 'run', 'pipeline' or 'stage'.
        status: One of ``RunStatus``.
        parent_run_id: The run that it is part of.
        started_at: Unix seconds.
        attributes: Columns of ``runs``; ``command`` may be a list, ``git_diff`` a text, ``packages`` and
            ``hardware`` mappings of texts to texts, which are stored once by content.

    Raises:
        NotFound: No such parent.
        sqlite3.IntegrityError: The run exists.
    """
    values = columns(db, attributes)
    values.update(
        run_id=run_id,
        name=name,
        experiment_id=experiment_number(db, experiment),
        kind=kind,
        status=status,
        parent_id=None if parent_run_id is None else number(db, parent_run_id),
        started_at=started_at,
    )
    insert(db, [values])


def update(db: sqlite3.Connection, run_id: str, **attributes: Any) -> None:
    """Changes attributes of a run; see ``create``, and ``experiment`` moves it. Needs a write transaction.

    Raises:
        NotFound: No such run.
    """
    values = columns(db, attributes)
    if "experiment" in attributes:
        values["experiment_id"] = experiment_number(db, attributes["experiment"])
    if "parent_run_id" in attributes:
        parent = attributes["parent_run_id"]
        values["parent_id"] = None if parent is None else number(db, parent)
    run_rows.update(db, number(db, run_id), values)


def finish(
    db: sqlite3.Connection, run_id: str, status: str, ended_at: float, exit_code: int | None = None, error: str = ""
) -> None:
    """Ends a run. Needs a write transaction.

    Args:
        db: The connection of a write transaction.
        run_id: The run.
        status: 'FINISHED', 'FAILED' or 'KILLED'.
        ended_at: Unix seconds.
        exit_code: Of the process, when known.
        error: The traceback or message; "" leaves what is there.

    Raises:
        NotFound: No such run.
    """
    given: dict[str, Any] = {"status": status, "ended_at": ended_at}
    if exit_code is not None:
        given["exit_code"] = exit_code
    if error:
        given["error"] = error
    update(db, run_id, **given)
    from mlops_store.metrics import compact

    compact(db, number(db, run_id))


def set_params(db: sqlite3.Connection, run_id: str, params: Mapping[str, Any]) -> dict[str, str]:
    """Stores params that the run does not have yet. Needs a write transaction.

    Returns:
        The params that the run has with another value, with that first value, which stays.

    Raises:
        NotFound: No such run.
    """
    kept = put_params(db, number(db, run_id), {intern(db, key): str(value) for key, value in params.items()})
    return {key: kept[key_id] for key in params if (key_id := intern(db, key)) in kept}


def set_tags(db: sqlite3.Connection, run_id: str, tags: Mapping[str, Any]) -> None:
    """Stores tags, replacing those of the same name; None removes one. Needs a write transaction.

    Raises:
        NotFound: No such run.
    """
    run = number(db, run_id)
    for key, value in tags.items():
        if value is None:
            db.execute(
                "DELETE FROM tags WHERE run_id = ? AND key_id = (SELECT id FROM keys WHERE name = ?)", (run, key)
            )
        else:
            db.execute(
                "INSERT INTO tags(run_id, key_id, value) VALUES (?, ?, ?) "
                "ON CONFLICT(run_id, key_id) DO UPDATE SET value = excluded.value",
                (run, intern(db, key), str(value)),
            )


def tag_values(db: sqlite3.Connection, run_ids: Iterable[str], key: str) -> dict[str, str]:
    """The values of a tag by run id; runs without it are left out."""
    rows = db.execute(
        "SELECT r.run_id, t.value FROM json_each(?) j JOIN runs r ON r.run_id = j.value "
        "JOIN tags t ON t.run_id = r.id AND t.key_id = (SELECT id FROM keys WHERE name = ?)",
        (json.dumps(list(run_ids)), key),
    )
    return dict(rows.fetchall())


def delete(db: sqlite3.Connection, run_ids: Iterable[str]) -> None:
    """Hides runs until they are restored. Needs a write transaction. NotFound: no such run."""
    _stamp(db, run_ids, "deleted_at", time.time())


def restore(db: sqlite3.Connection, run_ids: Iterable[str]) -> None:
    """Shows deleted runs again. Needs a write transaction. NotFound: no such run."""
    _stamp(db, run_ids, "deleted_at", None)


def archive(db: sqlite3.Connection, run_ids: Iterable[str]) -> None:
    """Takes runs out of the lists. Needs a write transaction. NotFound: no such run."""
    _stamp(db, run_ids, "archived_at", time.time())


def unarchive(db: sqlite3.Connection, run_ids: Iterable[str]) -> None:
    """Puts archived runs back into the lists. Needs a write transaction. NotFound: no such run."""
    _stamp(db, run_ids, "archived_at", None)


def get(db: sqlite3.Connection, run_id: str, *, tables: Iterable[str] = TABLES) -> Run:
    """The run with this full id, deleted ones included.

    Args:
        db: A connection.
        run_id: The id.
        tables: Which of params, metrics and tags to read; what is not read is empty.

    Raises:
        NotFound: No such run.
    """
    found = by_run_id(db, run_id, tables)
    if found is None:
        raise _no_run(db, run_id)
    return found


def number(db: sqlite3.Connection, run_id: str) -> int:
    """The store's own number of a run.

    Raises:
        NotFound: No such run.
    """
    row = db.execute("SELECT id FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        raise _no_run(db, run_id)
    found: int = row[0]
    return found


def resolve(db: sqlite3.Connection, text: str) -> str:
    """The id of the run that a person means.

    Args:
        db: A connection.
        text: A full id, at least four digits that begin or end exactly one id, or a name (its newest run).

    Raises:
        NotFound: No run, or more than one, fits.
    """
    if db.execute("SELECT 1 FROM runs WHERE run_id = ?", (text,)).fetchone():
        return text
    named = db.execute(
        "SELECT run_id FROM runs WHERE name = ? ORDER BY deleted_at IS NOT NULL, started_at DESC, id DESC LIMIT 1",
        (text,),
    ).fetchone()
    if named:
        return str(named[0])
    if len(text) >= 4 and not set(text) - set("0123456789abcdef"):
        for pattern in (text + "*", "*" + text):
            found = db.execute("SELECT run_id FROM runs WHERE run_id GLOB ? LIMIT 2", (pattern,)).fetchall()
            if len(found) == 1:
                return str(found[0][0])
            if found:
                raise NotFound(f"more than one run id has {text!r}", "give more digits")
    raise _no_run(db, text)


def detail(db: sqlite3.Connection, run_id: str) -> RunDetail:
    """Everything about a run but the histories of its metrics.

    Raises:
        NotFound: No such run.
    """
    from mlops_store import artifacts, datasets, metrics, models, notes
    from mlops_store.records import RunDetail

    run = get(db, run_id)
    row = db.execute(
        "SELECT command, cwd, pid, python_version, git_branch, git_remote, git_diff_digest, packages_digest, error, "
        "hardware_digest FROM runs WHERE run_id = ?",
        (run_id,),
    ).fetchone()
    packages, hardware = shared_texts.get(db, row[7]), shared_texts.get(db, row[9])
    return RunDetail(
        run=run,
        command=tuple(json.loads(row[0])) if row[0] else (),
        cwd=row[1] or "",
        pid=row[2],
        python_version=row[3] or "",
        git_branch=row[4] or "",
        git_remote=row[5] or "",
        git_diff=shared_texts.get(db, row[6]),
        packages=json.loads(packages) if packages else {},
        hardware=json.loads(hardware) if hardware else {},
        error=row[8] or "",
        summaries=metrics.summaries(db, run_id),
        artifacts=artifacts.of_run(db, run_id),
        datasets=datasets.of_run(db, run_id),
        models=tuple(models.logged(db, run_id)),
        notes=tuple(notes.of(db, f"run:{run_id}")),
        child_run_ids=child_run_ids(db, run_id),
    )


def _stamp(db: sqlite3.Connection, run_ids: Iterable[str], column: str, at: float | None) -> None:
    chosen = list(run_ids)
    statement = f"UPDATE runs SET {column} = ? WHERE run_id = ?"
    if db.executemany(statement, [(at, run_id) for run_id in chosen]).rowcount != len(chosen):
        for run_id in chosen:
            number(db, run_id)


def _no_run(db: sqlite3.Connection, text: str) -> NotFound:
    names = (row[0] for row in db.execute("SELECT DISTINCT name FROM runs ORDER BY started_at DESC LIMIT 1000"))
    return NotFound(f"no run {text!r}", nearest(text, names))


__all__ = [
    "COLUMNS",
    "KINDS",
    "among",
    "archive",
    "by_ids",
    "children",
    "count",
    "count_states",
    "create",
    "delete",
    "detail",
    "experiment_number",
    "experiments",
    "finish",
    "get",
    "ids",
    "keys",
    "number",
    "number_in",
    "resolve",
    "restore",
    "run_ids",
    "set_params",
    "set_tags",
    "tag_values",
    "unarchive",
    "update",
    "values",
]
