"""MLflow's SQL store in an SQLite file (``mlflow.db``), read by plain SQL; schemas of MLflow 1 to 3."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from mlops_store.curves import Point
from mlops_store.data_records import DatasetUse
from mlops_store.import_records import ImportedRun
from mlops_tui.interop import mlflow_words, sqlite
from mlops_tui.interop.mlflow_words import Artifacts
from mlops_tui.interop.source import Experiment, Found, Problems, Source, SourceFile, moment, safe_id, texts

KIND = "mlflow"
TABLES = frozenset(("experiments", "runs", "metrics", "params", "tags"))

_RUN = (
    *("run_uuid", "name", "experiment_id", "status", "start_time", "end_time", "lifecycle_stage", "deleted_time"),
    *("user_id", "source_name", "source_version", "artifact_uri"),
)
#: A listing of problems with names stops here.
_NAMED = 20


def recognises(path: str) -> bool:
    """Whether a path is such a file."""
    return os.path.isfile(path) and sqlite.tables(path) >= TABLES


def read(path: str, problems: Problems, artifact_roots: tuple[str, ...] = ()) -> Source:
    """Opens the file.

    Args:
        path: The file.
        problems: Gets what is not read.
        artifact_roots: Folders out of which artifacts may be read, besides the one of the file.

    Raises:
        Refused: It is no such file, or cannot be read.
    """
    with sqlite.opened(path) as db:
        sqlite.require_tables(db, path, TABLES)
        count = db.execute("SELECT count(*) FROM runs").fetchone()[0]
        experiments = tuple(_experiments(db))
        _list_others(db, problems)
    artifacts = Artifacts((os.path.dirname(os.path.abspath(path)), *artifact_roots), problems)
    return Source(KIND, os.path.abspath(path), lambda: _runs(path, problems, artifacts), count, experiments)


def _experiments(db: sqlite3.Connection) -> Iterator[Experiment]:
    columns = sqlite.select(db, "experiments", ("name", "lifecycle_stage", "creation_time", "last_update_time"))
    notes: dict[str, str] = {}
    if sqlite.columns(db, "experiment_tags"):
        notes = dict(
            db.execute(
                "SELECT e.name, t.value FROM experiment_tags t JOIN experiments e ON e.experiment_id = t.experiment_id "
                "WHERE t.key = ?",
                (mlflow_words.NOTE_TAG,),
            ).fetchall()
        )
    for name, lifecycle, created, updated in db.execute(f"SELECT {columns} FROM experiments"):
        made_at = moment(created, 1000) or 0.0
        deleted_at = (moment(updated, 1000) or made_at) if lifecycle == "deleted" else None
        yield Experiment(str(name), made_at, str(notes.get(name) or ""), deleted_at)


def _list_others(db: sqlite3.Connection, problems: Problems) -> None:
    """Notes what of the file is no run: registered models, traces."""
    if sqlite.columns(db, "trace_info"):
        traces = db.execute("SELECT count(*) FROM trace_info").fetchone()[0]
        if traces:
            problems.add("traces", f"{traces:,} not imported")
    if not sqlite.columns(db, "registered_models") or not sqlite.columns(db, "model_versions"):
        return
    rows = db.execute(
        "SELECT m.name, (SELECT count(*) FROM model_versions v WHERE v.name = m.name) FROM registered_models m"
    ).fetchall()
    for name, versions in rows[:_NAMED]:
        problems.add(f"registered model {name}", f"{versions} version{'s' if versions != 1 else ''} not imported")
    if len(rows) > _NAMED:
        problems.add("registered models", f"{len(rows) - _NAMED} more not imported")


class _Logged(NamedTuple):
    """A model that a run has logged: its name and where its files are."""

    name: str
    location: str


def _runs(path: str, problems: Problems, artifacts: Artifacts) -> Iterator[Found]:
    with sqlite.opened(path) as db:
        names = {key: str(name) for key, name in db.execute("SELECT experiment_id, name FROM experiments")}
        reader = _Reader(db, names, _models(db), problems, artifacts)
        columns = sqlite.select(db, "runs", _RUN)
        # parents began before their children; an open cursor would keep others from writing
        rows = db.execute(f"SELECT {columns} FROM runs ORDER BY start_time, rowid").fetchall()
        for row in rows:
            yield reader.found(dict(zip(_RUN, row, strict=True)))


def _models(db: sqlite3.Connection) -> dict[str, list[_Logged]]:
    if not sqlite.columns(db, "logged_models"):
        return {}
    found: dict[str, list[_Logged]] = {}
    for run, name, location in db.execute(
        "SELECT source_run_id, name, artifact_location FROM logged_models WHERE source_run_id IS NOT NULL"
    ):
        found.setdefault(run, []).append(_Logged(str(name), str(location or "")))
    return found


class _Reader:
    """Reads what belongs to one run after the other."""

    def __init__(
        self,
        db: sqlite3.Connection,
        experiments: dict[int, str],
        models: dict[str, list[_Logged]],
        problems: Problems,
        artifacts: Artifacts,
    ) -> None:
        self._db = db
        self._experiments = experiments
        self._models = models
        self._problems = problems
        self._artifacts = artifacts
        self._params = f"SELECT key, value FROM {sqlite.index_by(db, 'params', 'run_uuid')} WHERE run_uuid = ?"
        self._tags = f"SELECT key, value FROM {sqlite.index_by(db, 'tags', 'run_uuid')} WHERE run_uuid = ?"
        present = sqlite.columns(db, "metrics")
        step = "CAST(step AS INTEGER)" if "step" in present else "0"
        is_nan = "is_nan" if "is_nan" in present else "0"
        self._metrics = (
            f"SELECT key, {step}, CAST(timestamp AS INTEGER), CAST(value AS REAL), {is_nan} "
            f"FROM {sqlite.index_by(db, 'metrics', 'run_uuid')} WHERE run_uuid = ?"
        )
        self._inputs = ""
        if sqlite.columns(db, "inputs") and sqlite.columns(db, "datasets") and sqlite.columns(db, "input_tags"):
            self._inputs = (
                "SELECT d.name, d.digest, d.dataset_profile, t.value FROM inputs i "
                "JOIN datasets d ON d.dataset_uuid = i.source_id "
                f"LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = '{mlflow_words.CONTEXT_TAG}' "
                "WHERE i.destination_type = 'RUN' AND i.destination_id = ?"
            )
            self._with_inputs = {
                row[0] for row in db.execute("SELECT DISTINCT destination_id FROM inputs WHERE source_type = 'DATASET'")
            }

    def found(self, row: dict[str, object]) -> Found:
        """A row of ``runs`` with all that belongs to it."""
        run_id = str(row["run_uuid"])
        tags = texts(dict(self._rows(self._tags, run_id, "tags")))
        started = moment(row["start_time"], 1000)
        if started is None:
            self._problems.add(f"run {run_id}", "it has no start; the year 1970 stands for it")
        run = ImportedRun(
            run_id=safe_id("mlflow", run_id),
            name=tags.get(mlflow_words.NAME_TAG) or str(row["name"] or run_id[:12]),
            experiment=self._experiments.get(row["experiment_id"], "Default"),  # type: ignore[call-overload]
            status=mlflow_words.status(row["status"]),
            started_at=started or 0.0,
            ended_at=moment(row["end_time"], 1000),
            parent_run_id=mlflow_words.parent(tags),
            deleted_at=_deleted_at(row),
            attributes=mlflow_words.attributes(
                tags, str(row["user_id"] or ""), str(row["source_name"] or ""), str(row["source_version"] or "")
            ),
            params=texts(dict(self._rows(self._params, run_id, "params"))),
            tags=tags,
            note=tags.get(mlflow_words.NOTE_TAG, ""),
            series=self._series(run_id),
            datasets=self._datasets(run_id, started or 0.0),
        )
        return Found(run, tuple(self._files(run_id, str(row["artifact_uri"] or ""))))

    def _rows(self, query: str, run_id: str, what: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a run, up to where the file is damaged."""
        try:
            yield from sqlite.rows(self._db, query, (run_id,))
        except sqlite3.DatabaseError as error:
            self._problems.add(f"run {run_id}", f"not all of its {what} can be read ({error})")

    def _series(self, run_id: str) -> dict[str, list[Point]]:
        series: dict[str, list[Point]] = {}
        nan = float("nan")
        for key, step, ms, value, is_nan in self._rows(self._metrics, run_id, "metrics"):
            points = series.get(key)
            if points is None:
                points = series[key] = []
            if is_nan or value is None:
                value = nan
            elif not -1e308 < value < 1e308:
                value = mlflow_words.finite_or_not(value)
            points.append((step or 0, ms or 0, value))
        return series

    def _datasets(self, run_id: str, at: float) -> tuple[DatasetUse, ...]:
        if not self._inputs or run_id not in self._with_inputs:
            return ()
        return tuple(
            mlflow_words.dataset(str(name), str(digest), str(profile or ""), str(context or ""), at)
            for name, digest, profile, context in self._rows(self._inputs, run_id, "data sets")
        )

    def _files(self, run_id: str, uri: str) -> Iterator[SourceFile]:
        yield from self._artifacts.files(uri, f"run {run_id}")
        for model in self._models.get(run_id, ()):
            yield from self._artifacts.files(model.location, f"model {model.name} of run {run_id}", model.name)


def _deleted_at(row: dict[str, object]) -> float | None:
    if row["lifecycle_stage"] != "deleted":
        return None
    return moment(row["deleted_time"], 1000) or moment(row["end_time"], 1000) or 0.0
