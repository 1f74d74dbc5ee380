"""The files that bring labels to a monitor. Loads neither pandas nor numpy: the dashboard asks this all the time."""

from __future__ import annotations

import os
import sqlite3
import time

from mlops_store import labels
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import watches
from mlops_tui.drift.watches import File
from mlops_tui.project import Project


def unread(project: Project, db: sqlite3.Connection, monitor: MonitorConfig) -> list[File]:
    """Files that were not read as they are now, and that nobody is writing to.

    Those of a server are read while it goes on writing to them, now and then.

    Raises:
        UsageError: A pattern leaves the project.
    """
    return look(project, db, monitor)[0]


def look(project: Project, db: sqlite3.Connection, monitor: MonitorConfig) -> tuple[list[File], float | None]:
    """What is ``unread``, and when one that is still being written to may be read, Unix seconds; None without any.

    Raises:
        UsageError: A pattern leaves the project.
    """
    if not monitor.awaits_labels:
        return [], None
    seen, now = labels.seen(db, monitor.name), time.time()
    there = watches.matches(project, monitor.truth.labels)
    delivered = [file for file in there if watches.is_settled(file, now)]
    posted = [
        file
        for file in _posted(project, monitor)
        if watches.is_settled(file, now)
        or file.batch not in seen
        or now - seen[file.batch][1] / 1e9 > monitor.interval_s
    ]
    found = [file for file in (*delivered, *posted) if seen.get(file.batch) != file.state]
    return found, watches.settles_at(there, now)


def is_posted(project: Project, monitor: MonitorConfig, file: File) -> bool:
    """Whether the model's server wrote a file: members ``id`` and ``label``, and later lines correct earlier ones."""
    return bool(monitor.requests) and os.path.dirname(file.path) == project.labels_dir(monitor.requests)


def _posted(project: Project, monitor: MonitorConfig) -> list[File]:
    return watches.logged(project, project.labels_dir(monitor.requests)) if monitor.requests else []
