"""Monitors: finding new windows, checking them, recording reports and alerts.

A batch is checked once: its name and the digest of its bytes say whether it was. A file that is replaced is checked
again, and its newest report counts. What becomes of alerts is decided in ``incidents``.

``pending`` is asked all the time and imports nothing heavy.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mlops_store import drift
from mlops_store.errors import MlopsError, NotFound, Refused, UsageError, nearest
from mlops_store.records import ModelVersion, MonitorReport
from mlops_tui.config import Config
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import cutting, label_files, references, sources, watches
from mlops_tui.drift.watches import File
from mlops_tui.drift.windows import FileWindow, Window
from mlops_tui.project import Project

if TYPE_CHECKING:
    from mlops_store.store import Store
    from mlops_tui.drift.performance.arrivals import Arrival
    from mlops_tui.drift.predictions import Model


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits for a check.

    Attributes:
        batches: (monitor, path) of each batch, and of each file of labels that waits to be read.
        next_at: When there may be more although no file changes any more, Unix seconds; None where never.
    """

    batches: tuple[tuple[str, str], ...] = ()
    next_at: float | None = None


def pending(project: Project, db: sqlite3.Connection, config: Config) -> Pending:
    """What waits for a check, and when to ask again.

    Left out are files still being written, and monitors without a reference, for which nothing can be done.

    Raises:
        UsageError: A pattern leaves the project.
    """
    now = time.time()
    found: list[tuple[str, str]] = []
    joined: list[tuple[str, str]] = []
    moments: list[float | None] = []
    for monitor in config.monitors.values():
        if has_source(monitor):
            moments.append(cutting.next_due(db, monitor, now))
            if references.exists(project, db, config, monitor):
                waiting, unsettled = _waiting(project, db, monitor, now)
                found += [(monitor.name, path) for path in waiting]
                moments.append(watches.settles_at(unsettled, now))
        unread, settles_at = label_files.look(project, db, monitor)
        joined += [(monitor.name, file.path) for file in unread]
        moments.append(settles_at)
    return Pending((*found, *joined), min((moment for moment in moments if moment is not None), default=None))


def has_source(monitor: MonitorConfig) -> bool:
    """Whether a monitor finds rows by itself; one without is told which file to check."""
    return bool(monitor.watch or monitor.query or monitor.requests)


def waits_for(monitor: MonitorConfig) -> str:
    """What a monitor waits for when nothing has come yet, after "waits for"."""
    if monitor.query:
        return f"rows of its query over {monitor.database}"
    if monitor.requests:
        return f"requests: mlops-tui serve {monitor.requests}"
    return f"a file in {', '.join(monitor.watch) or 'no folder'}"


def _is_by_file(monitor: MonitorConfig) -> bool:
    """Whether each file that a monitor watches is a window."""
    return monitor.window.is_batch and not monitor.query


def _waiting(
    project: Project, db: sqlite3.Connection, monitor: MonitorConfig, now: float
) -> tuple[list[str], list[File]]:
    """What waits for a check, and the files that will do so once nobody writes to them."""
    if _is_by_file(monitor):
        return _settled(_unseen(project, db, monitor), now)
    is_early = cutting.asked_at(db, monitor) + monitor.interval_s > now
    if is_early and cutting.is_polled(monitor):  # running a query may take long
        return cutting.waiting(db, monitor, now), []
    files = cutting.changed(db, monitor, sources.of_monitor(project, monitor).files())
    # a file that somebody goes on writing to is looked at now and then
    paths, unsettled = _settled(files, now) if is_early else ([file.path for file in files], [])
    return paths + cutting.waiting(db, monitor, now), unsettled


def _settled(files: Sequence[File], now: float) -> tuple[list[str], list[File]]:
    paths = [file.path for file in files if watches.is_settled(file, now)]
    return paths, [file for file in files if not watches.is_settled(file, now)]


def check(
    project: Project,
    store: Store,
    config: Config,
    *,
    open_model: Callable[[ModelVersion], Model],
    monitor: str | None = None,
    paths: Sequence[str] | None = None,
    force: bool = False,
    refused: list[MlopsError] | None = None,
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
        refused: Gets what is wrong with monitors, so that what comes after the checks of the others is done all the
            same; without it the first of these problems is raised when all the others have been checked.

    Returns:
        The new reports with their columns, in the order of the checks.

    Raises:
        NotFound: There is no such monitor, or no such file.
        UsageError: A path is watched by no monitor, or the configuration does not fit the reference.
        Refused: A monitor that has batches to check has no reference; those of the others have been checked.
    """
    from mlops_tui.drift.checker import Checker
    from mlops_tui.drift.performance.evidence import Labelled

    reports: list[MonitorReport] = []
    problems: list[MlopsError] = [] if refused is None else refused
    chosen = _chosen(config, monitor)
    given = _given(project, chosen, paths)
    for wanted in chosen:
        checker: Checker | None = None
        try:
            for window in _windows(project, store, wanted, None if given is None else given[wanted.name], force):
                if checker is None:
                    version = references.in_charge(store.read(), config, wanted)
                    reference = None if wanted.earlier else references.load(project, store, config, wanted)
                    label = partial(Labelled, project, store, wanted)
                    checker = Checker(store, wanted, reference, version, open_model, force, config.goal, label)
                report = checker.check(window)
                cutting.done(store, window)
                reports += [report] if report is not None else []
        except (Refused, UsageError) as error:
            problems.append(error)
    if problems and refused is None:
        raise problems[0]
    return reports


def join_labels(project: Project, store: Store, config: Config, *, monitor: str | None = None) -> dict[str, Arrival]:
    """Reads files of labels that are new or changed, and measures the windows that they speak of.

    Args:
        project: Where the files are.
        store: Where the windows' rows are.
        config: The monitors.
        monitor: Only this one.

    Returns:
        Monitor -> what came, of those that wait for labels.

    Raises:
        NotFound: There is no such monitor.
        UsageError: The configuration does not fit the model.
    """
    from mlops_tui.drift.performance import arrivals

    return {
        each.name: arrivals.join(project, store, each, config.goal)
        for each in _chosen(config, monitor)
        if each.awaits_labels
    }


def would_join(
    project: Project, db: sqlite3.Connection, config: Config, *, monitor: str | None = None
) -> list[tuple[str, str]]:
    """The monitor and the path of each file that ``join_labels`` would read.

    Raises:
        NotFound: There is no such monitor.
        UsageError: A pattern leaves the project.
    """
    return [
        (each.name, file.path) for each in _chosen(config, monitor) for file in label_files.unread(project, db, each)
    ]


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
    chosen = _chosen(config, monitor)
    given = _given(project, chosen, paths)
    found: list[tuple[str, str]] = []
    for each in chosen:
        if given is None and not _is_by_file(each):
            found += [(each.name, name) for name in _would_look(project, store, each)]
            continue
        files = _watched(project, store, each, force) if given is None else given[each.name]
        if given is not None and not force and store is not None:
            files = [file for file in files if not _is_seen(store.read(), each, file)]
        found += [(each.name, file.batch) for file in files]
    return found


def _would_look(project: Project, store: Store | None, monitor: MonitorConfig) -> list[str]:
    source = sources.of_monitor(project, monitor)
    if store is None:
        return [file.batch for file in source.files()]
    db = store.read()
    return [file.batch for file in cutting.changed(db, monitor, source.files())] + cutting.waiting(
        db, monitor, time.time()
    )


def _is_seen(db: sqlite3.Connection, monitor: MonitorConfig, file: File) -> bool:
    try:
        return drift.has_seen(db, monitor.name, file.batch, watches.digest(file))
    except OSError:  # unreadable: the check says so
        return False


def _chosen(config: Config, monitor: str | None) -> list[MonitorConfig]:
    if monitor is not None and monitor not in config.monitors:
        raise NotFound(f"no monitor {monitor!r}", nearest(monitor, config.monitors))
    return [config.monitors[monitor]] if monitor is not None else list(config.monitors.values())


def _given(project: Project, chosen: list[MonitorConfig], paths: Sequence[str] | None) -> dict[str, list[File]] | None:
    """The files that were named for each monitor; None where none were."""
    if paths is None:
        return None
    given: dict[str, list[File]] = {each.name: [] for each in chosen}
    for path in paths:
        for each in _responsible(project, chosen, path):
            given[each.name].append(_named(project, path))
    return given


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


def _windows(
    project: Project, store: Store, monitor: MonitorConfig, given: list[File] | None, force: bool
) -> Iterator[Window]:
    if given is None and not _is_by_file(monitor):
        if has_source(monitor):
            yield from cutting.due(store, monitor, sources.of_monitor(project, monitor), force=force)
        return
    for file in _watched(project, store, monitor, force) if given is None else given:
        yield FileWindow(file, project)


def _watched(project: Project, store: Store | None, monitor: MonitorConfig, force: bool) -> list[File]:
    """Watched files that are a window each, and were not checked."""
    if force or store is None:
        return watches.matches(project, monitor.watch)
    return _unseen(project, store.read(), monitor)


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
