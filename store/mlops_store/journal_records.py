"""What each record of a journal means for the store.

A record that makes no sense becomes an event of its run and is passed over: one bad record must never keep the
others out. Metric points are gathered by series and stored together at the end of the transaction.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mlops_store import events, journals, metrics, runs, shared_texts
from mlops_store.curves import Point
from mlops_store.errors import NotFound
from mlops_store.keys import intern
from mlops_store.texts import storable

_NONSENSE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    OverflowError,
    NotFound,
    sqlite3.IntegrityError,
)
_TIME_LIMIT_S = 1e15

#: Holds the parent of a run whose parent is not in the store (yet); MLflow's word for it.
PARENT_TAG = "mlflow.parentRunId"


class Journal:
    """What has been learnt of a journal file up to a place.

    Args:
        keysets: The run and the names of each key set; None where the run has ended.
        runs: Run id -> whether the run ends with the process that writes; without those that have ended.

    Attributes:
        is_closed: Whether its writer has said that it is done.
    """

    __slots__ = ("is_closed", "keysets", "runs")

    def __init__(self, keysets: list[list[str] | None], runs: dict[str, bool]) -> None:
        self.keysets = keysets
        self.runs = runs
        self.is_closed = False

    def end(self, run_id: str) -> None:
        """Forgets a run that has ended."""
        self.runs.pop(run_id, None)
        self.keysets = [None if keys is None or keys[0] == run_id else keys for keys in self.keysets]


class Applied(NamedTuple):
    """What came of one stretch of a journal.

    Attributes:
        consumed: Bytes of whole frames.
        frames: Whole frames.
        journal: What is known of the file now.
        problem: Why nothing after ``consumed`` can be read; "" when it can.
    """

    consumed: int
    frames: int
    journal: Journal
    problem: str


class _Target:
    """A run that receives records in this transaction."""

    __slots__ = ("has_ended", "is_new", "number", "run_id", "series")

    def __init__(self, run_id: str, number: int) -> None:
        self.run_id = run_id
        self.number = number
        self.is_new = False
        self.has_ended = False
        self.series: dict[int, list[Point]] = {}


class Applier:
    """Applies stretches of journals within one write transaction.

    Args:
        db: The connection of a write transaction.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._keys: dict[str, int] = {}
        self._targets: dict[str, _Target] = {}
        self._handlers: dict[str, Callable[[_Target, Mapping[str, Any]], None]] = {
            "adopt": self._adopt,
            "resume": self._resume,
            "params": self._params,
            "tags": self._tags,
            "capture": self._capture,
            "artifact": self._artifact,
            "dataset": self._dataset,
            "model": self._model,
            "problem": self._problem,
            "leave": self._leave,
            "end": self._end,
        }

    def apply(self, journal: Journal, data: bytes) -> Applied:
        """Applies the whole frames of a stretch.

        Args:
            journal: What stands before it in the file; brought up to date.
            data: The stretch, beginning with a frame.
        """
        lists: dict[int, list[list[Point]]] = {}
        consumed = count = 0
        problem = ""
        try:
            for kind, start, end in journals.frames(data):
                if kind == journals.METRICS:
                    self._points(journal, lists, data, start, end)
                elif kind == journals.KEYS:
                    journal.keysets.append([storable(str(key)) for key in json.loads(data[start:end])])
                else:
                    self._record(journal, data[start:end])
                consumed, count = end, count + 1
        except (ValueError, TypeError, IndexError, struct.error) as error:
            problem = str(error)
        return Applied(consumed, count, journal, problem)

    def flush(self) -> None:
        """Stores the points that were gathered."""
        for target in self._targets.values():
            loose = metrics.WORTHWHILE_POINTS if target.has_ended else metrics.LOOSE_POINTS
            if target.series:
                metrics.append(self._db, target.number, target.series, is_new_run=target.is_new, loose_points=loose)
            if target.has_ended and not target.is_new:
                metrics.compact(self._db, target.number)

    def _target(self, run_id: str) -> _Target:
        target = self._targets.get(run_id)
        if target is None:
            target = self._targets[run_id] = _Target(run_id, self._number(run_id))
        return target

    def _number(self, run_id: str) -> int:
        try:
            return runs.number(self._db, run_id)
        except NotFound:
            # Its row is gone (or its start was lost with a disk): what it logs is kept under its id.
            runs.create(self._db, run_id=run_id, name=run_id[:12], experiment="default", started_at=0.0)
            return runs.number(self._db, run_id)

    def _key(self, name: str) -> int:
        number = self._keys.get(name)
        if number is None:
            number = self._keys[name] = intern(self._db, name)
        return number

    def _points(self, journal: Journal, lists: dict[int, list[list[Point]]], data: bytes, start: int, end: int) -> None:
        keyset, step, timestamp = journals.METRICS_HEAD.unpack_from(data, start)
        values = struct.unpack_from(f"<{(end - start - journals.METRICS_HEAD.size) // 8}d", data, start + 20)
        mine = lists.get(keyset)
        if mine is None:
            keys = journal.keysets[keyset]
            if keys is None or len(keys) != len(values) + 1:
                raise ValueError(f"metrics of an unknown key set {keyset}")
            journal.runs.setdefault(keys[0], False)
            series = self._target(keys[0]).series
            mine = lists[keyset] = [series.setdefault(self._key(key), []) for key in keys[1:]]
        elif len(mine) != len(values):
            raise ValueError(f"metrics that do not fit key set {keyset}")
        ms = round(timestamp * 1000) if -_TIME_LIMIT_S < timestamp < _TIME_LIMIT_S else 0
        for points, value in zip(mine, values, strict=True):
            points.append((step, ms, value))

    def _record(self, journal: Journal, body: bytes) -> None:
        """Applies one ``J`` record."""
        run_id = ""
        try:
            content = json.loads(body)
            if b"\\ud" in body:
                content = _storable(content)
            kind, run_id = content["t"], content.get("run", "")
            if kind in ("writer", "close"):
                journal.is_closed = kind == "close"
            elif kind == "start":
                journal.runs[run_id] = True
                self._start(run_id, content)
            elif kind in self._handlers:
                journal.runs[run_id] = journal.runs.get(run_id, False) or kind == "resume"
                self._handlers[kind](self._target(run_id), content)
                if kind in ("end", "leave"):
                    journal.end(run_id)
        except _NONSENSE as error:
            self._event("journal.problem", run_id, f"a record was passed over: {error}")

    def _event(self, kind: str, run_id: str, message: str, at: float | None = None) -> None:
        events.add(self._db, kind, f"run:{run_id}", message, None, at)

    def _start(self, run_id: str, content: Mapping[str, Any]) -> None:
        attributes = {
            "name": content["name"],
            "experiment": content["experiment"],
            "started_at": content["at"],
            **content["attributes"],
        }
        is_new = not self._has(run_id)
        if is_new:
            runs.create(self._db, run_id=run_id, **attributes)
        else:  # what another process logged to it was stored first
            runs.update(self._db, run_id, **attributes)
        target = self._target(run_id)
        target.is_new = is_new
        self._params(target, content)
        self._tags(target, content)
        self._relate(target, content.get("parent"))

    def _has(self, run_id: str) -> bool:
        return self._db.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone() is not None

    def _relate(self, target: _Target, parent: str | None) -> None:
        """Joins a run to its parent, and to children whose start was stored before its own."""
        if parent and self._has(parent):
            runs.update(self._db, target.run_id, parent_run_id=parent)
        elif parent:
            runs.set_tags(self._db, target.run_id, {PARENT_TAG: parent})
        self._db.execute(
            "UPDATE runs SET parent_id = ? WHERE parent_id IS NULL AND id IN (SELECT run_id FROM tags "
            "WHERE key_id = (SELECT id FROM keys WHERE name = ?) AND value = ?)",
            (target.number, PARENT_TAG, target.run_id),
        )

    def _adopt(self, target: _Target, content: Mapping[str, Any]) -> None:
        """A script logs into a run that something else made and ends: fill in what that did not know."""
        for text in content.get("texts", ()):
            shared_texts.put(self._db, text)
        attributes = {name: value for name, value in content["attributes"].items() if name in runs.COLUMNS}
        columns = ", ".join(("id", *attributes))
        row = self._db.execute(f"SELECT {columns} FROM runs WHERE id = ?", (target.number,)).fetchone()
        missing = {
            name: value
            for (name, value), old in zip(attributes.items(), row[1:], strict=True)
            if old is None or old == ""
        }
        if content.get("is_named"):
            missing["name"] = content["name"]
        if content.get("is_placed"):
            missing["experiment"] = content["experiment"]
        runs.update(self._db, target.run_id, **missing)
        self._params(target, content)
        self._tags(target, content)

    def _resume(self, target: _Target, content: Mapping[str, Any]) -> None:
        runs.update(self._db, target.run_id, status="RUNNING", ended_at=None, exit_code=None, error=None)
        target.has_ended = False
        self._params(target, content)
        self._tags(target, content)

    def _params(self, target: _Target, content: Mapping[str, Any]) -> None:
        params = content.get("params")
        if not params:
            return
        kept = runs.put_params(self._db, target.number, {self._key(key): str(value) for key, value in params.items()})
        for key, value in params.items():
            if (first := kept.get(self._key(key))) is not None:
                message = f"param {key!r} stays {first!r}; {value!r} was logged later"
                self._event("param.conflict", target.run_id, message, content.get("at"))

    def _tags(self, target: _Target, content: Mapping[str, Any]) -> None:
        if content.get("tags"):
            runs.set_tags(self._db, target.run_id, content["tags"])

    def _capture(self, target: _Target, content: Mapping[str, Any]) -> None:
        for text in content.get("texts", ()):
            shared_texts.put(self._db, text)
        runs.update(self._db, target.run_id, **content["attributes"])

    def _artifact(self, target: _Target, content: Mapping[str, Any]) -> None:
        from mlops_store import artifacts

        for path, digest, size_bytes in content["files"]:
            artifacts.record(self._db, target.run_id, path, digest, size_bytes, content["at"])

    def _dataset(self, target: _Target, content: Mapping[str, Any]) -> None:
        from mlops_store import datasets
        from mlops_store.records import Dataset

        datasets.use(self._db, target.run_id, Dataset(**content["dataset"]), content["context"])
        self._tags(target, content)

    def _model(self, target: _Target, content: Mapping[str, Any]) -> None:
        from mlops_store import models, profiles

        profile = content.get("profile")
        models.add_logged(
            self._db,
            run_id=target.run_id,
            profile_id=profiles.add(self._db, **profile) if profile else None,
            **content["model"],
        )

    def _problem(self, target: _Target, content: Mapping[str, Any]) -> None:
        self._event("log.problem", target.run_id, content["message"], content.get("at"))

    def _leave(self, target: _Target, content: Mapping[str, Any]) -> None:
        """A script is done with a run that something else ends."""
        if content.get("error"):
            runs.update(self._db, target.run_id, error=content["error"])

    def _end(self, target: _Target, content: Mapping[str, Any]) -> None:
        runs.update(
            self._db,
            target.run_id,
            status=content["status"],
            ended_at=content["at"],
            exit_code=content.get("exit_code"),
            **({"error": content["error"]} if content.get("error") else {}),
        )
        target.has_ended = True


def _storable(content: Any) -> Any:
    if isinstance(content, str):
        return storable(content)
    if isinstance(content, dict):
        return {storable(key): _storable(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_storable(value) for value in content]
    return content
