"""Runs whose records are being stored in one transaction: gathered first, then written table by table.

A run that begins and ends within one transaction costs one row and no change of it. What needs the row to be there
asks for it with ``Target.write``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from mlops_store import keys, metrics, run_rows, runs
from mlops_store.curves import Point
from mlops_store.texts import storable

#: Holds the parent of a run whose parent is not in the store (yet); MLflow's word for it.
PARENT_TAG = "mlflow.parentRunId"


class Target:
    """A run that receives records.

    Args:
        run_id: Its id.
        number: ``runs.id``.
        row: The columns of the row that is still to be written; None where it is in the table.

    Attributes:
        params: ``keys.id`` -> value, while the row is to be written.
        tags: The same.
        series: ``keys.id`` -> points of this transaction.
        is_new: Whether nothing of the run was stored before this transaction.
        has_started: Whether its start is in this transaction.
        has_ended: Whether its end is in this transaction.
    """

    __slots__ = ("has_ended", "has_started", "is_new", "number", "params", "row", "run_id", "series", "tags")

    def __init__(self, run_id: str, number: int, row: dict[str, Any] | None) -> None:
        self.run_id = run_id
        self.number = number
        self.row = row
        self.params: dict[int, str] = {}
        self.tags: dict[int, str] = {}
        self.series: dict[int, list[Point]] = {}
        self.is_new = row is not None
        self.has_started = False
        self.has_ended = False


class Targets:
    """The runs that receive records in one transaction.

    Args:
        db: The connection of a write transaction.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._keys: dict[str, int] = {}
        self._experiments: dict[str, int] = {}
        self._targets: dict[str, Target] = {}
        self._next: int = db.execute("SELECT coalesce(max(id), 0) + 1 FROM runs").fetchone()[0]

    def find(self, run_id: str) -> Target | None:
        """The run of an id; None when nothing of it was ever stored."""
        target = self._targets.get(run_id)
        if target is None:
            row = self._db.execute("SELECT id FROM runs WHERE run_id = ?", (run_id,)).fetchone()
            if row is not None:
                target = self._targets[run_id] = Target(run_id, row[0], None)
        return target

    def get(self, run_id: str) -> Target:
        """The run of an id; one whose start was not stored yet is made, with its id as its name."""
        target = self.find(run_id)
        if target is None:
            row = {"name": run_id[:12], "experiment": "default", "kind": "run", "status": "RUNNING", "started_at": 0.0}
            target = self._targets[run_id] = Target(run_id, self._next, row)
            self._next += 1
        return target

    def key(self, name: str) -> int:
        """The number of a name."""
        number = self._keys.get(name)
        if number is None:
            number = self._keys[name] = keys.intern(self._db, name)
        return number

    def update(self, target: Target, attributes: Mapping[str, Any]) -> None:
        """Changes attributes of a run; see ``runs.update``."""
        self.set(target, run_rows.columns(self._db, attributes))
        if "experiment" in attributes:
            experiment = storable(attributes["experiment"])
            if target.row is None:
                runs.update(self._db, target.run_id, experiment=experiment)
            else:
                target.row["experiment"] = experiment

    def set(self, target: Target, columns: Mapping[str, Any]) -> None:
        """Changes columns of a run, as ``run_rows.columns`` makes them."""
        if target.row is not None:
            target.row.update(columns)
        elif columns:
            run_rows.update(self._db, target.number, columns)

    def fill(self, target: Target, columns: Mapping[str, Any]) -> None:
        """Changes those of the columns that are empty."""
        self.write(target)
        names = ", ".join(("id", *columns))
        row = self._db.execute(f"SELECT {names} FROM runs WHERE id = ?", (target.number,)).fetchone()
        old = dict(zip(columns, row[1:], strict=True))
        self.set(target, {name: value for name, value in columns.items() if old[name] is None or old[name] == ""})

    def add_params(self, target: Target, params: Mapping[str, str]) -> dict[str, str]:
        """Stores params that the run does not have; returns those that it has otherwise, with that first value."""
        if target.row is None:
            return self._put_params(target, params)
        kept = {}
        for key, value in params.items():
            text = value if type(value) is str else str(value)
            first = target.params.setdefault(self.key(key), text)
            if first != text:
                kept[key] = first
        return kept

    def _put_params(self, target: Target, params: Mapping[str, str]) -> dict[str, str]:
        names = {self.key(key): key for key in params}
        kept = run_rows.put_params(self._db, target.number, {number: str(params[key]) for number, key in names.items()})
        return {names[number]: first for number, first in kept.items()}

    def set_tags(self, target: Target, tags: Mapping[str, str | None]) -> None:
        """Stores tags; None removes one."""
        if target.row is None:
            runs.set_tags(self._db, target.run_id, tags)
            return
        for key, value in tags.items():
            if value is None:
                target.tags.pop(self.key(key), None)
            else:
                target.tags[self.key(key)] = str(value)

    def write(self, *chosen: Target) -> None:
        """Writes the rows of runs that are still to be written."""
        waiting = [(target, target.row) for target in chosen if target.row is not None]
        if not waiting:
            return
        rows = []
        for target, row in waiting:
            experiment = row.pop("experiment")
            if experiment not in self._experiments:
                self._experiments[experiment] = run_rows.experiment_number(self._db, experiment)
            row.update(id=target.number, run_id=target.run_id, experiment_id=self._experiments[experiment])
            rows.append(row)
            target.row = None
        run_rows.insert(self._db, rows)
        run_rows.insert_params(
            self._db, [(target.number, key, value) for target, _ in waiting for key, value in target.params.items()]
        )
        self._db.executemany(
            "INSERT INTO tags(run_id, key_id, value) VALUES (?, ?, ?)",
            [(target.number, key, value) for target, _ in waiting for key, value in target.tags.items()],
        )

    def flush(self) -> None:
        """Writes everything that was gathered."""
        self.write(*self._targets.values())
        batches = [
            metrics.Batch(
                target.number,
                key,
                points,
                target.is_new,
                target.is_new and target.has_ended,
            )
            for target in self._targets.values()
            for key, points in target.series.items()
        ]
        if batches:
            metrics.append(self._db, batches)
        for target in self._targets.values():
            if target.has_ended and not target.is_new:
                metrics.compact(self._db, target.number)
        self._adopt_children()

    def _adopt_children(self) -> None:
        """Joins runs that have started with children whose start was stored before theirs."""
        key = self._keys.get(PARENT_TAG) or keys.find(self._db, PARENT_TAG)
        if key is not None:
            self._db.executemany(
                "UPDATE runs SET parent_id = ? WHERE parent_id IS NULL AND id IN "
                "(SELECT run_id FROM tags WHERE key_id = ? AND value = ?)",
                [(target.number, key, target.run_id) for target in self._targets.values() if target.has_started],
            )
