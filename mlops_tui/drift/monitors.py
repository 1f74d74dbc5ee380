"""Monitors: finding new batches, checking them, recording reports and alerts.

A batch is checked once: its name and the digest of its bytes say whether it was. A file that is replaced is checked
again, and its newest report counts. What becomes of alerts is decided in ``incidents``.

``pending`` is asked all the time and imports nothing heavy.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mlops_store import drift
from mlops_store.errors import MlopsError, NotFound, Refused, UsageError, nearest
from mlops_store.records import ModelVersion, MonitorReport
from mlops_tui.config import Config
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import references, watches
from mlops_tui.drift.watches import File
from mlops_tui.project import Project

if TYPE_CHECKING:
    from mlops_store.store import Store
    from mlops_tui.drift.predictions import Model


def pending(project: Project, db: sqlite3.Connection, config: Config) -> list[tuple[str, str]]:
    """(monitor, path) of each batch that waits for its check.

    Left out are files still being written, and monitors without a reference, for which nothing can be done.

    Raises:
        UsageError: A pattern leaves the project.
    """
    now = time.time()
    return [
        (monitor.name, file.path)
        for monitor in config.monitors.values()
        if monitor.watch and references.exists(project, db, config, monitor)
        for file in _unseen(project, db, monitor)
        if watches.is_settled(file, now)
    ]


def check(
    project: Project,
    store: Store,
    config: Config,
    *,
    open_model: Callable[[ModelVersion], Model],
    monitor: str | None = None,
    paths: Sequence[str] | None = None,
    force: bool = False,
) -> list[MonitorReport]:
    """Checks batches and records what was found; what was checked before is passed over.

    A file that was written to a moment ago is waited for. What is wrong with a batch becomes its report.

    Args:
        project: Where the batches are.
        store: Where reports go.
        config: The monitors.
        open_model: Opens the model of a version, to predict on batches that bring no predictions.
        monitor: Only this one.
        paths: These files instead of those that are watched; each goes to the monitors that watch it, or else to
            the one that is named, or the only one there is.
        force: Check again what was checked before.

    Returns:
        The new reports with their columns, in the order of the checks.

    Raises:
        NotFound: There is no such monitor, or no such file.
        UsageError: A path is watched by no monitor, or the configuration does not fit the reference.
        Refused: A monitor that has batches to check has no reference; those of the others have been checked.
    """
    from mlops_tui.drift.checker import Checker

    reports: list[MonitorReport] = []
    refusal: MlopsError | None = None
    for wanted, files in _work(project, store, config, monitor, paths, force):
        if not files:
            continue
        try:
            reference = references.load(project, store, config, wanted)
        except (Refused, UsageError) as error:
            refusal = refusal or error
            continue
        checker = Checker(project, store, wanted, reference, open_model, force, config.goal)
        reports += [report for file in files if (report := checker.check(file)) is not None]
    if refusal is not None:
        raise refusal
    return reports


def would_check(
    project: Project,
    store: Store | None,
    config: Config,
    *,
    monitor: str | None = None,
    paths: Sequence[str] | None = None,
    force: bool = False,
) -> list[tuple[str, str]]:
    """The monitor and the batch of each check that ``check`` would make; see there.

    Raises:
        NotFound: There is no such monitor, or no such file.
        UsageError: A path is watched by no monitor.
    """
    is_sure = paths is None or force
    return [
        (each.name, file.batch)
        for each, files in _work(project, store, config, monitor, paths, force)
        for file in files
        if is_sure or store is None or not _is_seen(store.read(), each, file)
    ]


def _is_seen(db: sqlite3.Connection, monitor: MonitorConfig, file: File) -> bool:
    try:
        return drift.has_seen(db, monitor.name, file.batch, watches.digest(file))
    except OSError:  # unreadable: the check says so
        return False


def _work(
    project: Project,
    store: Store | None,
    config: Config,
    monitor: str | None,
    paths: Sequence[str] | None,
    force: bool,
) -> list[tuple[MonitorConfig, list[File]]]:
    if monitor is not None and monitor not in config.monitors:
        raise NotFound(f"no monitor {monitor!r}", nearest(monitor, config.monitors))
    chosen = [config.monitors[monitor]] if monitor is not None else list(config.monitors.values())
    if paths is None:
        return [
            (
                each,
                watches.matches(project, each.watch)
                if force or store is None
                else _unseen(project, store.read(), each),
            )
            for each in chosen
        ]
    work: dict[str, list[File]] = {each.name: [] for each in chosen}
    for path in paths:
        for each in _responsible(project, chosen, path):
            work[each.name].append(_named(project, path))
    return [(each, work[each.name]) for each in chosen]


def _responsible(project: Project, chosen: list[MonitorConfig], path: str) -> list[MonitorConfig]:
    if len(chosen) == 1:
        return chosen
    found = [each for each in chosen if watches.covers(project, each.watch, path)]
    if not found:
        names = ", ".join(each.name for each in chosen)
        raise UsageError(
            f"no monitor watches {path}", f"name the monitor that is to check it: {names}" if names else ""
        )
    return found


def _named(project: Project, path: str) -> File:
    try:
        if not os.path.isfile(path):
            raise NotFound(f"no file {path}")
        return watches.look(project, path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})") from error


def _unseen(project: Project, db: sqlite3.Connection, monitor: MonitorConfig) -> list[File]:
    """Watched files that no report speaks of; a file is read only when its size or time has changed."""
    seen = drift.seen_files(db, monitor.name)
    found = []
    for file in watches.matches(project, monitor.watch):
        if seen.get(file.batch) == file.state:
            continue
        if file.batch not in seen or not _is_seen(db, monitor, file):
            found.append(file)
    return found
