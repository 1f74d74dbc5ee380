"""Which alerts have come since the last look, for the bell: each dashboard rings by itself, none for what was there."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from mlops_store.incidents import NEWS
from mlops_tui.config.monitors import MonitorConfig

_NEW = (
    "SELECT a.id, a.monitor, a.severity, a.title FROM alerts a JOIN incidents i ON i.id = a.incident_id "
    f"WHERE a.id > ? AND {NEWS} ORDER BY a.id"
)


class NewAlerts:
    """Follows the alerts of one store."""

    def __init__(self) -> None:
        self._newest = -1

    def look(self, db: sqlite3.Connection, monitors: Mapping[str, MonitorConfig]) -> list[str]:
        """One line for each monitor that wants the bell and has new alerts; none on the first look."""
        before = self._newest
        (self._newest,) = db.execute("SELECT coalesce(max(id), 0) FROM alerts").fetchone()
        if before < 0 or self._newest <= before or not any(each.actions.bell for each in monitors.values()):
            return []
        titles: dict[str, list[str]] = {}
        for _, name, severity, title in db.execute(_NEW, (before,)).fetchall():
            monitor = monitors.get(name)
            if monitor is not None and monitor.actions.bell and severity in monitor.actions.severities:
                titles.setdefault(name, []).append(title)
        return [
            f"{name}: {found[0]}" + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")
            for name, found in titles.items()
        ]
