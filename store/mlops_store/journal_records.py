"""What each record of a journal means for the store.

A record that makes no sense becomes an event of its run and is passed over: one bad record must never keep the
others out. Metric points are gathered by series and stored together at the end of the transaction.
"""

from __future__ import annotations

import json
import os
import sqlite3
import struct
from collections.abc import Callable, Mapping
from typing import Any

from mlops_store import events, journals, run_rows, runs
from mlops_store.curves import Point
from mlops_store.errors import NotFound
from mlops_store.journal_states import Applied, Journal, holding
from mlops_store.pending_runs import PARENT_TAG, Target, Targets
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
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)
_TIME_LIMIT_S = 1e15

#: What a script may choose for a run that something else made -> the mark that it did.
_CHOSEN = {"name": "is_named", "experiment": "is_placed"}


class Applier:
    """Applies stretches of journals within one write transaction.

    Args:
        db: The connection of a write transaction.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._targets = Targets(db)
        self._handlers: dict[str, Callable[[Target, Mapping[str, Any]], None]] = {
            "start": self._start,
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
            for kind, start, end, size in journals.stretches(data):
                if kind == journals.METRICS:
                    taken = self._points(journal, lists, memoryview(data)[start:end], size)
                    consumed, count = start + taken * size, count + taken
                    if consumed < end:
                        raise ValueError("metrics that fit no key set")
                    continue
                if kind == journals.KEYS:
                    journal.add(_names(data[start + journals.HEADER.size : end]))
                else:
                    self._record(journal, data[start + journals.HEADER.size : end])
                consumed, count = end, count + 1
        except (ValueError, TypeError, IndexError, struct.error) as error:
            problem = str(error)
        return Applied(consumed, count, journal, problem)

    def flush(self) -> None:
        """Writes what was gathered; the last act of the transaction."""
        self._targets.flush()

    def _points(self, journal: Journal, lists: dict[int, list[list[Point]]], frames: memoryview, size: int) -> int:
        """Gathers the points of frames of one size; returns of how many: of those before one that fits no key set."""
        keys, rest = divmod(size - journals.HEADER.size - journals.METRICS_HEAD.size, 8)
        if keys < 0:
            return 0
        mine: list[list[Point]] = []
        now = -1
        layout = struct.Struct(f"<{journals.HEADER.size}x{journals.METRICS_HEAD.format[1:]}{keys}d{rest}x")
        for taken, (keyset, step, timestamp, *values) in enumerate(layout.iter_unpack(frames)):
            if keyset != now:
                found = lists.get(keyset) or self._series(journal, keyset)
                if found is None or len(found) != keys:
                    return taken
                now, mine = keyset, found
                lists[keyset] = found
            ms = round(timestamp * 1000) if -_TIME_LIMIT_S < timestamp < _TIME_LIMIT_S else 0
            for points, value in zip(mine, values, strict=True):
                points.append((step, ms, value))
        return len(frames) // size

    def _series(self, journal: Journal, keyset: int) -> list[list[Point]] | None:
        """Where the points of a key set are gathered; None for one that is not known."""
        names = journal.keysets[keyset] if keyset < len(journal.keysets) else None
        if names is None:
            return None
        journal.runs.setdefault(names[0], False)
        series = self._targets.get(names[0]).series
        return [series.setdefault(self._targets.key(name), []) for name in names[1:]]

    def _record(self, journal: Journal, body: bytes) -> None:
        """Applies one ``J`` record."""
        run_id = ""
        try:
            content = json.loads(body.decode("ascii"))
            if b"\\ud" in body:
                content = _storable(content)
            kind, run_id = content["t"], content.get("run", "")
            if kind in ("writer", "process", "close"):
                if kind == "close":
                    journal.close()
                else:
                    self._introduce(journal, content)
            elif not isinstance(run_id, str):
                raise TypeError(f"no run: {run_id!r}")
            elif kind in self._handlers:
                journal.runs[run_id] = journal.runs.get(run_id, False) or kind in ("start", "resume")
                target = self._targets.get(run_id)
                content.update(process=journal.process, journal=journal.name)
                self._handlers[kind](target, content)
                if kind in ("end", "leave"):
                    journal.end(run_id)
        except _NONSENSE as error:
            self._event("journal.problem", run_id, f"a record was passed over: {error}")

    def _event(self, kind: str, run_id: str, message: str, at: float | None = None) -> None:
        events.add(self._db, kind, f"run:{run_id}", message, None, at)

    def _introduce(self, journal: Journal, content: Mapping[str, Any]) -> None:
        """Takes in what the runs of a process have in common; what comes later also holds for its live runs."""
        given = dict(content.get("attributes", {}))
        if content["t"] == "writer":
            given.update({name: content.get(name) for name in ("host", "pid", "boot_id")})
            given["process_started_at"] = content.get("started_at")
        columns = run_rows.columns(self._db, given)
        journal.process.update(columns)
        if content["t"] == "process":
            for run_id, is_owner in journal.runs.items():
                if is_owner:
                    self._targets.set(self._targets.get(run_id), columns)

    def _start(self, target: Target, content: Mapping[str, Any]) -> None:
        self._targets.set(target, content["process"])
        given = {key: content[key] for key in ("name", "experiment")}
        self._targets.update(target, {**content["attributes"], **given, "started_at": content["at"]})
        target.has_started = True
        self._described(target, content)
        if content.get("parent"):
            self._relate(target, content["parent"])

    def _relate(self, target: Target, parent_id: str) -> None:
        parent = self._targets.find(parent_id)
        if parent is None:  # it comes later, see Targets.flush
            self._targets.set_tags(target, {PARENT_TAG: parent_id})
        elif target.row is not None and parent.number < target.number:
            target.row["parent_id"] = parent.number
        else:
            self._targets.write(parent, target)
            runs.update(self._db, target.run_id, parent_run_id=parent_id)

    def _described(self, target: Target, content: Mapping[str, Any]) -> None:
        self._params(target, content)
        if content.get("tags"):
            self._tags(target, content)

    def _adopt(self, target: Target, content: Mapping[str, Any]) -> None:
        """A script logs into a run that something else made and ends: fill in what that did not know."""
        self._targets.fill(target, {**content["process"], **run_rows.columns(self._db, content["attributes"])})
        chosen = {name: content[name] for name, is_given in _CHOSEN.items() if content.get(is_given)}
        if chosen:
            self._targets.update(target, chosen)
        self._described(target, content)

    def _resume(self, target: Target, content: Mapping[str, Any]) -> None:
        self._targets.update(target, {"status": "RUNNING", "ended_at": None, "exit_code": None, "error": None})
        target.has_ended = False
        self._described(target, content)

    def _params(self, target: Target, content: Mapping[str, Any]) -> None:
        params = content.get("params")
        if not params:
            return
        for key, first in self._targets.add_params(target, params).items():
            message = f"param {key!r} stays {first!r}; {params[key]!r} was logged later"
            self._event("param.conflict", target.run_id, message, content.get("at"))

    def _tags(self, target: Target, content: Mapping[str, Any]) -> None:
        self._targets.set_tags(target, content["tags"])

    def _capture(self, target: Target, content: Mapping[str, Any]) -> None:
        self._targets.update(target, content["attributes"])

    def _artifact(self, target: Target, content: Mapping[str, Any]) -> None:
        from mlops_store import artifacts

        self._targets.write(target)
        for path, digest, size_bytes in content["files"]:
            artifacts.record(self._db, target.run_id, path, digest, size_bytes, content["at"])

    def _dataset(self, target: Target, content: Mapping[str, Any]) -> None:
        from mlops_store import datasets
        from mlops_store.records import Dataset

        self._targets.write(target)
        datasets.use(self._db, target.run_id, Dataset(**content["dataset"]), content["context"])
        self._described(target, content)

    def _model(self, target: Target, content: Mapping[str, Any]) -> None:
        from mlops_store import models, profiles

        self._targets.write(target)
        profile = content.get("profile")
        models.add_logged(
            self._db,
            run_id=target.run_id,
            profile_id=profiles.add(self._db, **profile) if profile else None,
            **content["model"],
        )

    def _problem(self, target: Target, content: Mapping[str, Any]) -> None:
        self._event("log.problem", target.run_id, content["message"], content.get("at"))

    def _leave(self, target: Target, content: Mapping[str, Any]) -> None:
        """A script is done with a run that something else ends."""
        if content.get("error"):
            self._targets.update(target, {"error": content["error"]})

    def _end(self, target: Target, content: Mapping[str, Any]) -> None:
        if not target.is_new and self._is_held_elsewhere(content["journal"], target.run_id):
            message = f"one of the processes that log into it is done ({content['status']}); the others go on"
            self._event("run.left", target.run_id, message, content["at"])
            return
        ended = {"status": content["status"], "ended_at": content["at"], "exit_code": content.get("exit_code")}
        if content.get("error"):
            ended["error"] = content["error"]
        self._targets.update(target, ended)
        target.has_ended = True

    def _is_held_elsewhere(self, journal: str, run_id: str) -> bool:
        """Whether another process of this machine has resumed the run, or had it when it was resumed, and goes on."""
        rows = self._db.execute(
            "SELECT process FROM journals WHERE name <> ? AND instr(runs, ?)", (journal, holding(run_id))
        )
        return any(json.loads(process).get("host") == os.uname().nodename for (process,) in rows)


def _names(body: bytes) -> list[str]:
    """The run and the names of a ``K`` frame."""
    names = json.loads(body.decode("ascii"))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("a key set that is no list of names")
    return [storable(name) for name in names] if b"\\ud" in body else names


def _storable(content: Any) -> Any:
    if isinstance(content, str):
        return storable(content)
    if isinstance(content, dict):
        return {storable(key): _storable(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_storable(value) for value in content]
    return content
