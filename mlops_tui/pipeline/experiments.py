"""Asking for runs with other params than those in the files.

``run --set train.lr=0.1`` copies the project, changes the value in the copy and lets a run wait for its turn there.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mlops_store import ids, processes, queue
from mlops_store.errors import NotFound, SpecError, UsageError, nearest
from mlops_store.store import Store
from mlops_tui.pipeline import hold, param_edits, params, spec, workspaces, yaml12
from mlops_tui.pipeline.request import Request
from mlops_tui.pipeline.spec import Pipeline
from mlops_tui.project import Project


def expand(project: Project, written: Sequence[str]) -> list[dict[str, dict[str, Any]]]:
    """Every combination of the values that are asked for.

    Args:
        project: The project.
        written: ``KEY=VALUE[,VALUE…]`` or ``FILE:KEY=…``; values are YAML, as between the brackets of a list.

    Raises:
        UsageError: That is not how it is written, or a key stands twice.
        NotFound: No stage reads such a file, or it has no such key.
        SpecError: A file is not understood.
    """
    pipeline = spec.load(project)
    choices: dict[tuple[str, str], list[Any]] = {}
    for one in written:
        file, key, values = _parsed(one)
        if (file, key) in choices:
            raise UsageError(f"{key} of {file} is set twice", f"write its values behind each other: {key}=1,2")
        _check(project, pipeline, file, key)
        choices[file, key] = values
    found = []
    for combination in itertools.product(*choices.values()):
        changes: dict[str, dict[str, Any]] = {}
        for (file, key), value in zip(choices, combination, strict=True):
            changes.setdefault(file, {})[key] = value
        found.append(changes)
    return found


def add(
    project: Project,
    store: Store,
    request: Request,
    combinations: Sequence[Mapping[str, Mapping[str, Any]]],
    *,
    name: str,
    priority: int,
    claim: Callable[[sqlite3.Connection, list[str]], None] | None = None,
) -> list[str]:
    """Makes a copy of the project for each combination, and lets their runs wait for their turn.

    Args:
        project: The project.
        store: Its store.
        request: How they are to be run.
        combinations: From ``expand``.
        name: What they are called, several with a number behind it; '' for made-up names.
        priority: Higher goes first.
        claim: Called with the runs' ids in the transaction that lets them wait; when it raises, there are none.

    Returns:
        The ids of the runs.

    Raises:
        SpecError: A value cannot be changed in its file.
        OSError: A copy cannot be written.
        StoreError: The store cannot be written.
    """
    for changes in combinations:  # before anything is copied
        param_edits.texts(project.root, changes)
    made = [(ids.new_id(), changes) for changes in combinations]
    locks = []
    try:
        for run_id, changes in made:
            workspace = workspaces.create(project, run_id)
            locks.append(hold.take(workspace))  # nobody takes it for one that is left over
            param_edits.write(workspace.root, changes)
        with store.write() as db:
            if claim is not None:
                claim(db, [run_id for run_id, _ in made])
            for number, (run_id, changes) in enumerate(made, 1):
                queue.add(
                    db,
                    run_id,
                    name=f"{name}-{number}" if name and len(made) > 1 else name,
                    priority=priority,
                    request=replace(request, in_workspace=True, changes=changes).as_json(),
                    by=processes.user(),
                    at=time.time(),
                )
    except BaseException:
        for run_id, _ in made:
            workspaces.remove(project, run_id)
        raise
    finally:
        for lock in locks:
            if lock is not None:
                os.close(lock)
    return [run_id for run_id, _ in made]


def _parsed(written: str) -> tuple[str, str, list[Any]]:
    place, equals, value = written.partition("=")
    file, colon, key = place.rpartition(":")
    hint = "write KEY=VALUE, KEY=VALUE,VALUE or FILE:KEY=VALUE"
    if not equals or not key or (colon and not file):
        raise UsageError(f"{written!r} sets no param", hint)
    try:
        values = yaml12.load(f"[{value}]", "--set")
    except SpecError as error:
        raise UsageError(f"the value of {place} is not understood ({error.reason})", "put text in quotes") from error
    if not isinstance(values, list) or not values:
        raise UsageError(f"{place} is set to nothing", hint)
    return os.path.normpath(file or params.DEFAULT_FILE), key, values


def _check(project: Project, pipeline: Pipeline, file: str, key: str) -> None:
    known = {stage.path(one) for stage in pipeline.stages.values() for one in stage.params}
    # what is interpolated comes from other files, which were read for that
    known |= {path for path, stamp in pipeline.stamps.items() if stamp and not _describes_pipeline(path)}
    if file not in known:
        raise NotFound(f"the pipeline reads no params from {file}", nearest(file, known))
    try:
        content = params.read_file(project.path(file), file, has_dates=True)
    except FileNotFoundError:
        raise NotFound(f"params file {file} is missing") from None
    if params.select(content, [key])[1]:
        raise NotFound(f"{file} has no {key!r}", nearest(key, param_edits.known_keys(content)))


def _describes_pipeline(path: str) -> bool:
    name = os.path.basename(path)
    return name == spec.FILE or name.endswith(".dvc") or name.startswith(".") or os.path.isabs(path)
