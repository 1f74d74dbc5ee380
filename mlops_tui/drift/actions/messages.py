"""What is told of a report: one line, some lines, and the same as JSON. Texts from outside are written out, bounded."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_store import alerts, drift
from mlops_store.errors import Refused
from mlops_store.records import Severity
from mlops_tui.drift import titles

_LINE = 300
_FROM_ENVIRONMENT = re.compile(r"env:(\w+)")


class Undelivered(Refused):
    """A message was not taken; the message says why, without what may be secret in a URL."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is told.

    Attributes:
        title: One line.
        body: Some lines.
        severity: Of the most severe alert.
        content: The same and more as JSON can hold it.
    """

    title: str
    body: str
    severity: Severity
    content: dict[str, Any]


def of_report(db: sqlite3.Connection, report_id: int, alert_ids: Sequence[int]) -> Message:
    """What is told of some alerts of a report.

    Raises:
        NotFound: There is no such report or alert.
    """
    report = drift.report(db, report_id)
    found = [alerts.alert(db, alert_id) for alert_id in alert_ids]
    found.sort(key=lambda alert: alert.severity.rank, reverse=True)
    worst = found[0].severity
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    lines = [f"{alert.severity}: {_line(alert.title)} (alert {alert.id})" for alert in found]
    against = f" against {report.model} version {report.version}" if report.model else ""
    rows = f", {report.row_count:,} rows" if report.row_count is not None else ""
    lines.append(f"batch {_line(report.batch)}{rows}{against}")
    lines.append(f"mlops-tui drift show {found[0].id}")
    return Message(
        title=f"{_line(report.monitor)}: {_line(found[0].title)}{more}",
        body="\n".join(lines),
        severity=worst,
        content={
            "monitor": report.monitor,
            "severity": worst,
            "title": found[0].title,
            "report_id": report.id,
            "batch": report.batch,
            "rows": report.row_count,
            "model": report.model,
            "version": report.version,
            "checked_at": report.checked_at,
            "drift_share": report.drift_share,
            "alerts": [
                {
                    "alert_id": alert.id,
                    "kind": alert.kind,
                    "subject": alert.subject,
                    "severity": alert.severity,
                    "title": alert.title,
                    "opened_at": alert.opened_at,
                }
                for alert in found
            ],
        },
    )


def test(monitor: str) -> Message:
    """A message that says it is a test."""
    title = f"{_line(monitor)}: a test of mlops-tui's notices"
    content = {"monitor": monitor, "severity": Severity.INFO, "title": title, "test": True, "alerts": []}
    return Message(
        title, "Nothing has drifted; this only shows that the message comes through.", Severity.INFO, content
    )


def resolved(written: str) -> str:
    """What a configured text means: itself, or what the environment holds under the name behind ``env:``.

    Raises:
        Undelivered: The environment holds nothing under that name.
    """
    match = _FROM_ENVIRONMENT.fullmatch(written)
    if match is None:
        return written
    value = os.environ.get(match[1], "").strip()
    if not value:
        raise Undelivered(f"the environment holds no {match[1]}", f"export {match[1]}=URL where the checks run")
    return value


def _line(text: str) -> str:
    return titles.plain(text, _LINE)
