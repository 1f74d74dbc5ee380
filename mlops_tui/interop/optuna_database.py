"""Optuna's SQL storage in an SQLite file, read by plain SQL: each trial is a run, each study an experiment."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from typing import Any

from mlops_store.curves import Point
from mlops_store.import_records import ImportedRun
from mlops_store.texts import storable
from mlops_tui.interop import json_values, sqlite
from mlops_tui.interop.optuna_trials import KIND, external, moment, number, study_tags, trial_run, value_name
from mlops_tui.interop.source import Experiment, Found, Problems, Source

TABLES = frozenset(("studies", "trials", "trial_params", "trial_values"))

_SPECIAL = {"INF_POS": float("inf"), "INF_NEG": float("-inf"), "NAN": float("nan")}
#: ``value`` is there before Optuna 2.4, ``number`` from 1.3 on.
_TRIAL = ("trial_id", "number", "study_id", "state", "datetime_start", "datetime_complete", "value")


def recognises(path: str) -> bool:
    """Whether a path is such a file."""
    return os.path.isfile(path) and sqlite.tables(path) >= TABLES


def read(path: str, problems: Problems, artifact_roots: tuple[str, ...] = ()) -> Source:
    """Opens the file.

    Raises:
        Refused: It is no such file, or cannot be read.
    """
    with sqlite.opened(path) as db:
        sqlite.require_tables(db, path, TABLES)
        count = db.execute("SELECT count(*) FROM trials").fetchone()[0]
        names = [storable(str(name)) for (name,) in db.execute("SELECT study_name FROM studies ORDER BY study_id")]
        first = db.execute("SELECT min(datetime_start) FROM trials").fetchone()[0]
    created_at = moment(first) or 0.0
    experiments = tuple(Experiment(name, created_at) for name in names)
    return Source(KIND, os.path.abspath(path), lambda: _runs(path, problems), count, experiments)


def _runs(path: str, problems: Problems) -> Iterator[Found]:
    with sqlite.opened(path) as db:
        studies = {
            number: _Study(db, number, str(name))
            for number, name in db.execute("SELECT study_id, study_name FROM studies")
        }
        reader = _Reader(db, path, studies, problems)
        # all at once: an open cursor would keep others from writing
        rows = db.execute(f"SELECT {sqlite.select(db, 'trials', _TRIAL)} FROM trials ORDER BY trial_id").fetchall()
        for row in rows:
            try:
                run = reader.run(*row)
            except sqlite3.DatabaseError as error:
                problems.add(f"trial {row[0]}", f"it cannot be read ({error})")
                continue
            if run is not None:
                yield Found(run)


class _Study:
    """A study: its name, what of its trials is to be optimised, and attributes that hold for all of them."""

    def __init__(self, db: sqlite3.Connection, number: int, name: str) -> None:
        self.name = storable(name)
        self.directions: list[str] = []
        if sqlite.columns(db, "study_directions"):
            rows = db.execute("SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective", (number,))
            self.directions = [str(row[0]).lower() for row in rows]
        elif "direction" in sqlite.columns(db, "studies"):
            row = db.execute("SELECT direction FROM studies WHERE study_id = ?", (number,)).fetchone()
            self.directions = [str(row[0]).lower()]
        self.attributes = dict(_attributes(db, "study_user_attributes", "study_id", number))

    def tags(self) -> dict[str, Any]:
        """What each of its trials is tagged with."""
        return study_tags(self.attributes, self.directions)


class _Reader:
    """Reads one trial after the other."""

    def __init__(self, db: sqlite3.Connection, path: str, studies: dict[int, _Study], problems: Problems) -> None:
        self._db = db
        self._path = path
        self._changed_at = os.stat(path).st_mtime
        self._studies = studies
        self._problems = problems
        self._params = f"FROM {sqlite.index_by(db, 'trial_params', 'trial_id')} WHERE trial_id = ?"
        self._values = _value_columns(db, "trial_values", "objective", "value", "value_type")
        self._steps = ""
        for table in ("trial_intermediate_values", "trial_values"):
            columns = sqlite.columns(db, table)
            value = "intermediate_value" if "intermediate_value" in columns else "value"
            if "step" in columns:
                self._steps = _value_columns(db, table, "step", value, "intermediate_value_type")
                break

    def run(
        self, trial: int, number: int | None, study: int, state: object, start: object, complete: object, value: object
    ) -> ImportedRun | None:
        """A trial as a run; None where its study is missing."""
        owner = self._studies.get(study)
        if owner is None:
            self._problems.add(f"trial {trial}", "its study is missing")
            return None
        ended_at = moment(complete)
        started_at = moment(start)
        attributes = dict(_attributes(self._db, "trial_user_attributes", "trial_id", trial))
        label = trial - 1 if number is None else number
        series = self._series(trial, owner, started_at, ended_at)
        if value is not None:
            series["value"] = [(0, round((ended_at or started_at or 0.0) * 1000), _number(value, None))]
        return trial_run(
            self._path,
            owner.name,
            label,
            state=str(state),
            started_at=started_at,
            ended_at=ended_at,
            changed_at=self._changed_at,
            params=self._trial_params(trial),
            tags={**owner.tags(), **attributes},
            series=series,
        )

    def _trial_params(self, trial: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value, distribution in self._db.execute(
            f"SELECT param_name, param_value, distribution_json {self._params} ORDER BY param_id", (trial,)
        ):
            found[str(name)] = external(value, distribution)
        return found

    def _series(
        self, trial: int, study: _Study, started_at: float | None, ended_at: float | None
    ) -> dict[str, list[Point]]:
        # Optuna does not keep when a value was reported: those on the way get the start, the result gets the end
        start_ms, end_ms = round((started_at or 0.0) * 1000), round((ended_at or started_at or 0.0) * 1000)
        found: dict[str, list[Point]] = {}
        if self._steps:
            steps = [
                (step, start_ms, _number(value, kind))
                for step, value, kind in self._db.execute(self._steps, (trial,))
                if isinstance(step, int)
            ]
            if steps:
                found["intermediate_value"] = steps
        for objective, value, kind in self._db.execute(self._values, (trial,)) if self._values else ():
            found[value_name(study.directions, objective)] = [(0, end_ms, _number(value, kind))]
        return found


def _value_columns(db: sqlite3.Connection, table: str, place: str, value: str, kind: str) -> str:
    """A query for place, value and kind of the values of a trial."""
    columns = sqlite.columns(db, table)
    if value not in columns or (place == "objective" and "step" in columns):
        return ""
    chosen = sqlite.select(db, table, (place, value, kind))
    return f"SELECT {chosen} FROM {sqlite.index_by(db, table, 'trial_id')} WHERE trial_id = ? ORDER BY 1"


def _attributes(db: sqlite3.Connection, table: str, owner: str, number: int) -> Iterator[tuple[str, Any]]:
    if not sqlite.columns(db, table) >= {"key", "value_json", owner}:
        return
    for key, text in db.execute(f"SELECT key, value_json FROM {table} WHERE {owner} = ?", (number,)):
        try:
            yield str(key), json_values.loads(text or "null")
        except (ValueError, TypeError):
            yield str(key), str(text)


def _number(value: object, kind: object) -> float:
    return _SPECIAL[str(kind)] if kind in _SPECIAL else number(value)
