"""The files that bring labels to a monitor. Loads neither pandas nor numpy: the dashboard asks this all the time."""

from __future__ import annotations

import sqlite3
import time

from mlops_store import labels
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import watches
from mlops_tui.drift.watches import File
from mlops_tui.project import Project


def unread(project: Project, db: sqlite3.Connection, monitor: MonitorConfig) -> list[File]:
    """Files that were not read as they are now, and that nobody is writing to.

    Raises:
        UsageError: A pattern leaves the project.
    """
    if not monitor.truth.labels:
        return []
    seen, now = labels.seen(db, monitor.name), time.time()
    return [
        file
        for file in watches.matches(project, monitor.truth.labels)
        if seen.get(file.batch) != file.state and watches.is_settled(file, now)
    ]
