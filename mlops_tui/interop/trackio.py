"""trackio's folder: an SQLite file (or, as downloaded from a Space, Parquet files) for each project."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mlops_store.curves import Point
from mlops_store.errors import Refused
from mlops_store.import_records import ImportedRun
from mlops_store.records import RunStatus
from mlops_store.texts import storable
from mlops_tui.interop import folders, json_values, sqlite
from mlops_tui.interop.others import Others
from mlops_tui.interop.source import Found, Problems, Source, made_id, moment, texts, whole

KIND = "trackio"
#: Seconds after which a run that nobody logs to counts as ended: trackio does not say when one ends.
QUIET_S = 3600.0
_COLUMNS = frozenset(("run_name", "timestamp", "step", "metrics"))
_ENDINGS = ("_system", "_configs", "_traces", "_artifacts", "_artifact_versions", "_artifact_aliases")
#: Columns of a Parquet file that are no metrics.
_STRUCTURE = frozenset(("id", "run_id", "timestamp", "run_name", "step", "log_id", "space_id", "created_at"))

#: Run id, name, time, step and values of a row.
_Row = tuple[str, str, Any, Any, Mapping[str, Any]]


def recognises(path: str) -> bool:
    """Whether a path is a project's file, or a folder with some."""
    if os.path.isdir(path):
        return any(_is_project(os.path.join(path, name)) for name in _listed(path) if name.endswith(".db"))
    return _is_project(path)


def read(path: str, problems: Problems, artifact_roots: tuple[str, ...] = ()) -> Source:
    """Opens the folder or one project's file.

    Raises:
        Refused: There is no project.
    """
    top = os.path.abspath(path)
    if os.path.isfile(top):
        projects = [top]
    else:
        found = [os.path.join(top, name) for name in _listed(top)]
        projects = [one for one in found if one.endswith(".db") and _is_project(one)]
        kept = {os.path.splitext(one)[0] for one in projects}
        projects += [one for one in found if _is_parquet(one) and os.path.splitext(one)[0] not in kept]
    if not projects:
        raise Refused(f"{path} holds no projects of trackio", "name the folder (TRACKIO_DIR) or a project's .db file")
    return Source(KIND, top, lambda: (found for one in projects for found in _runs(one, problems)))


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _is_project(path: str) -> bool:
    if not os.path.isfile(path) or "metrics" not in sqlite.tables(path):
        return False
    try:
        with sqlite.opened(path) as db:
            return sqlite.columns(db, "metrics") >= _COLUMNS
    except Refused:
        return False


def _is_parquet(path: str) -> bool:
    return path.endswith(".parquet") and not path.removesuffix(".parquet").endswith(_ENDINGS)


@dataclass
class _Log:
    """What is known of a run."""

    name: str
    config: dict[str, Any] = field(default_factory=dict)
    series: dict[str, list[Point]] = field(default_factory=dict)
    others: Others = field(default_factory=Others)
    times: list[float] = field(default_factory=list)
    system_rows: int = 0

    def add(self, at: float | None, step: int, values: Mapping[str, Any], prefix: str = "") -> None:
        if at is not None:
            self.times.append(at)
        for key, value in json_values.leaves(values):
            number = json_values.number(value)
            if number is not None:
                self.series.setdefault(prefix + key, []).append((step, round((at or 0.0) * 1000), number))
            elif value is not None:
                self.others.add(json_values.kind(value), key)


def _runs(path: str, problems: Problems) -> Iterator[Found]:
    project = os.path.splitext(os.path.basename(path))[0]
    logs: dict[str, _Log] = {}
    reading = _from_parquet(path) if path.endswith(".parquet") else _from_database(path)
    wrong = 0
    for table, (run_id, name, at, step, values) in reading:
        log = logs.setdefault(run_id or name, _Log(name))
        if table == "configs":
            log.config.update(values)
        elif table == "system_metrics":
            log.add(_moment(at), log.system_rows, values, "system/")
            log.system_rows += 1
        else:
            place = whole(step)
            wrong += place is None
            log.add(_moment(at), place or 0, values)
    if wrong:
        problems.add(path, f"{wrong:,} rows have no step; 0 stands for it")
    changed_at = os.stat(path).st_mtime
    for run_id, log in logs.items():
        yield _found(path, project, run_id, log, changed_at, problems)


def _found(path: str, project: str, run_id: str, log: _Log, changed_at: float, problems: Problems) -> Found:
    log.others.list(f"run {log.name} of {path}", problems)
    config = dict(json_values.leaves({key: value for key, value in log.config.items() if not key.startswith("_")}))
    created = _moment(log.config.get("_Created"))
    started_at = created if created is not None else min(log.times, default=changed_at)
    is_live = time.time() - max(log.times, default=started_at) < QUIET_S
    user, group = log.config.get("_Username"), log.config.get("_Group")
    run = ImportedRun(
        run_id=made_id(KIND, project, run_id),
        name=storable(log.name),
        experiment=storable(project),
        status=RunStatus.RUNNING if is_live else RunStatus.FINISHED,
        started_at=started_at,
        ended_at=None if is_live else max(log.times, default=started_at),
        attributes={"user": storable(user)} if isinstance(user, str) else {},
        params=texts(config),
        tags=texts({"trackio.group": group} if isinstance(group, str) else {}),
        series={storable(key): points for key, points in log.series.items()},
    )
    media = os.path.join(os.path.dirname(path), "media", project)
    files = [
        file
        for name in dict.fromkeys((log.name, run_id))
        if name == os.path.basename(name)
        for file in folders.below(os.path.join(media, name), media, "media", problems)
    ]
    return Found(run, tuple(files))


def _from_database(path: str) -> Iterator[tuple[str, _Row]]:
    with sqlite.opened(path) as db:
        for table, content in (("configs", "config"), ("metrics", "metrics"), ("system_metrics", "metrics")):
            if table in sqlite.require_tables(db, path, frozenset(("metrics",))):
                for row in _rows(db, table, content):
                    yield table, row


def _rows(db: sqlite3.Connection, table: str, content: str) -> Iterator[_Row]:
    chosen = sqlite.select(db, table, ("run_id", "run_name", "timestamp", "step", content))
    for run_id, name, at, step, data in db.execute(f"SELECT {chosen} FROM {table} ORDER BY rowid"):
        try:
            values = json_values.loads(data) if isinstance(data, str | bytes) else {}
        except ValueError:
            values = {}
        yield str(run_id or ""), str(name or ""), at, step, values if isinstance(values, dict) else {}


def _from_parquet(path: str) -> Iterator[tuple[str, _Row]]:
    import pyarrow

    stem = path.removesuffix(".parquet")
    for table, file in (
        ("configs", stem + "_configs.parquet"),
        ("metrics", path),
        ("system_metrics", stem + "_system.parquet"),
    ):
        if not os.path.isfile(file):
            continue
        try:
            rows: Iterable[dict[str, Any]] = _parquet_rows(file)
            for row in rows:
                values = {key: value for key, value in row.items() if key not in _STRUCTURE and value is not None}
                name = str(row.get("run_name") or "")
                yield table, (str(row.get("run_id") or ""), name, row.get("timestamp"), row.get("step"), values)
        except (pyarrow.ArrowException, OSError) as error:
            raise Refused(f"{file} cannot be read ({type(error).__name__})", "download it again") from error


def _parquet_rows(file: str) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(file) as table:
        for batch in table.iter_batches():
            yield from batch.to_pylist()


def _moment(written: object) -> float | None:
    if isinstance(written, str):
        try:
            return datetime.fromisoformat(written).astimezone().timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    return moment(written)
