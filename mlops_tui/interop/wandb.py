"""Runs that W&B keeps on this machine: ``wandb/`` with a folder a run, offline or not."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from typing import Any

from mlops_store.errors import Refused
from mlops_store.import_records import ImportedRun
from mlops_store.records import RunStatus
from mlops_store.texts import storable
from mlops_tui.interop import folders, json_values, wandb_log, wandb_records
from mlops_tui.interop.source import Found, Problems, Source, SourceFile, made_id, texts, whole
from mlops_tui.interop.wandb_records import Log

KIND = "wandb"
#: Seconds after which a run that nobody has written to, and that has not said that it ended, counts as killed.
QUIET_S = 3600.0
_RUN_FILE = re.compile(r"run-([\w\-.]+)\.wandb")
#: Files that say what the records say.
_SAID = ("config.yaml", "wandb-summary.json", "wandb-metadata.json", "conda-environment.yaml")
_PACKAGE = re.compile(r"([A-Za-z0-9._\-]+)==(\S+)")


def recognises(path: str) -> bool:
    """Whether a path is a record file, the folder of a run, or one with folders of runs."""
    if os.path.isfile(path):
        return _RUN_FILE.fullmatch(os.path.basename(path)) is not None
    return bool(_files(path))


def read(path: str, problems: Problems, artifact_roots: tuple[str, ...] = ()) -> Source:
    """Opens the folder ``wandb``, that of one run, or one record file.

    Raises:
        Refused: There are no record files.
    """
    files = [os.path.abspath(path)] if os.path.isfile(path) else _files(os.path.abspath(path))
    if not files:
        raise Refused(f"{path} holds no runs of W&B", "name the folder wandb, or that of one run")
    by_id: dict[str, list[str]] = {}
    for file in files:  # a run that was resumed has several, in the order of their folders' names
        match = _RUN_FILE.fullmatch(os.path.basename(file))
        by_id.setdefault(match[1] if match else "", []).append(file)
    return Source(
        KIND,
        os.path.abspath(path),
        lambda: (_run(run_id, mine, problems) for run_id, mine in by_id.items()),
        len(by_id),
    )


def _files(folder: str) -> list[str]:
    found = list(_record_files(folder))
    if not found and os.path.isdir(folder):
        # ``latest-run`` is a link to one of the others
        inner = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if "run-" in name]
        found = [file for one in inner if not os.path.islink(one) for file in _record_files(one)]
    return found


def _record_files(folder: str) -> Iterator[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, name)
        if _RUN_FILE.fullmatch(name) and not folders.unreadable(path, folder):
            yield path


def _run(run_id: str, files: list[str], problems: Problems) -> Found:
    log = Log()
    for path in files:
        log.exit_code = None  # a run that was resumed has not ended before
        wrong = 0
        for record in wandb_log.records(path, problems):
            try:
                log.add(record)
            except ValueError:
                wrong += 1
        if wrong:
            problems.add(path, f"{wrong:,} records are not understood")
    place = os.path.dirname(files[-1])
    log.others.list(place, problems)
    last_ms = round((log.last_at or log.started_at or 0.0) * 1000)
    series = dict(log.series)
    series.update({key: [(log.last_step, last_ms, number)] for key, number in wandb_records.items(log)})
    said = log.texts
    changed_at = os.stat(files[-1]).st_mtime
    started_at = log.started_at if log.started_at is not None else changed_at
    status, ended_at = _ending(log, started_at, changed_at)
    tags = {f"wandb.{name}": said[name] for name in ("group", "job_type", "sweep", "entity") if said.get(name)}
    if log.labels:
        tags["wandb.tags"] = ", ".join(log.labels)
    run = ImportedRun(
        run_id=made_id(KIND, said.get("entity", ""), said.get("project", ""), said.get("id") or run_id),
        name=storable(said.get("name") or said.get("id") or run_id),
        experiment=storable(said.get("project") or "uncategorized"),
        status=status,
        started_at=started_at,
        ended_at=ended_at,
        attributes=_attributes(log, place, problems),
        params=texts(log.config),
        tags=texts({**tags, "wandb.id": said.get("id") or run_id}),
        note=storable(said.get("notes", "")),
        series={storable(key): points for key, points in series.items()},
    )
    return Found(run, tuple(_artifacts(files, problems)))


def _ending(log: Log, started_at: float, changed_at: float) -> tuple[RunStatus, float | None]:
    if log.exit_code is not None:
        ended_at = max(started_at + max(0, log.runtime_s), log.last_at or 0.0)
        return (RunStatus.FAILED if log.exit_code else RunStatus.FINISHED), ended_at
    if time.time() - changed_at < QUIET_S:
        return RunStatus.RUNNING, None
    return RunStatus.KILLED, log.last_at or changed_at


def _attributes(log: Log, place: str, problems: Problems) -> dict[str, Any]:
    said = {**_metadata(place, problems), **log.texts}
    found: dict[str, Any] = {
        column: storable(said[name])
        for name, column in (
            *(("username", "user"), ("host", "host"), ("root", "cwd"), ("program", "source")),
            *(("git_remote", "git_remote"), ("git_commit", "git_commit"), ("python", "python_version")),
        )
        if said.get(name)
    }
    if "python_version" in found:
        found["python_version"] = found["python_version"].removeprefix("CPython ")
    if said.get("program"):
        found["command"] = [storable(word) for word in (said["program"], *log.arguments)]
    if log.exit_code is not None and whole(log.exit_code) is not None:
        found["exit_code"] = log.exit_code
    packages = _packages(os.path.join(place, "files", "requirements.txt"))
    if packages:
        found["packages"] = packages
    return found


def _metadata(place: str, problems: Problems) -> dict[str, str]:
    """What older versions keep beside the records."""
    path = os.path.join(place, "files", "wandb-metadata.json")
    if not os.path.exists(path) or folders.unreadable(path, place):
        return {}
    try:
        found = json_values.loads(folders.small_text(path))
    except (OSError, ValueError) as error:
        problems.add(path, f"it is not read: {error}")
        return {}
    if not isinstance(found, dict):
        return {}
    git = found.get("git")
    git = git if isinstance(git, dict) else {}
    named = {**found, "git_remote": git.get("remote"), "git_commit": git.get("commit")}
    return {str(key): value for key, value in named.items() if isinstance(value, str)}


def _packages(path: str) -> dict[str, str]:
    if not os.path.exists(path) or folders.unreadable(path, os.path.dirname(path)):
        return {}
    try:
        lines = folders.small_text(path).splitlines()
    except (OSError, ValueError):
        return {}  # it is copied as a file all the same
    return {match[1]: storable(match[2]) for line in lines if (match := _PACKAGE.fullmatch(line.strip()))}


def _artifacts(files: list[str], problems: Problems) -> Iterator[SourceFile]:
    """Files of a run; of those that several parts of a resumed run have, the last."""
    found: dict[str, SourceFile] = {}
    for path in files:
        folder = os.path.join(os.path.dirname(path), "files")
        for file in folders.below(folder, folder, "", problems):
            if file.path not in _SAID:
                found[file.path] = file
    yield from found.values()
