"""Brings the alerts of a report into incidents, in the transaction that keeps the report."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace

from mlops_store import alerts, drift, incidents, version_measures
from mlops_store.records import Incident, IncidentState, MonitorReport
from mlops_tui.config.alerting import REMEMBERED
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift.incidents import causes, course, ranking
from mlops_tui.drift.incidents.course import Course, Step


def record(
    db: sqlite3.Connection, report_id: int, monitor: MonitorConfig, goal: Callable[[str], str]
) -> list[tuple[str, Incident]]:
    """Takes up the alerts of a report that was just kept.

    Args:
        db: The write transaction of the report.
        report_id: The report.
        monitor: Whose rules count.
        goal: The better direction of a metric, 'max' or 'min'.

    Returns:
        ('opened', 'reopened' or 'worsened', incident) of each that a person is to be told of; the same as
        ``incidents.changed_by`` finds later.
    """
    report = drift.report(db, report_id)
    columns = {column.column for column in report.columns}
    signs = [causes.sign(alert, columns) for alert in alerts.alerts_of(db, report_id)]
    found = causes.of_window(signs, monitor.mute)
    newest = incidents.last_windows(db, report.monitor, REMEMBERED)
    windows = newest
    if report_id not in (number for number, _ in newest):  # came so late that newer ones are not to be judged by it
        windows = incidents.last_windows(db, report.monitor, REMEMBERED, up_to=report_id)
    order = [number for number, _ in windows]
    unread = frozenset(number for number, is_readable in windows if not is_readable)
    known = incidents.recent(db, report.monitor, order)
    before = {incident.id: incident for incident, _ in known}
    made = course.steps([_course(*each) for each in known], order, report_id, found, monitor.alert, unread=unread)
    importance = _importances(db, report)
    for step in made:
        if step.cause is None and windows is not newest and not step.after.is_gone:
            continue
        _keep(db, step, before.get(step.after.number), report, monitor, importance, goal)
    return incidents.changed_by(db, report_id)


def _course(incident: Incident, had: frozenset[int]) -> Course:
    return Course(
        number=incident.id,
        state=incident.state,
        severity=incident.severity,
        kinds=frozenset(incident.kinds),
        columns=frozenset(incident.columns),
        windows=had,
        was_open=incident.opened_at is not None,
        is_flapping=incident.is_flapping,
        is_gone=not incident.windows,
    )


def _importances(db: sqlite3.Connection, report: MonitorReport) -> dict[str, float]:
    if report.model is None or report.version is None:
        return {}
    found = version_measures.newest(db, report.model, report.version, "importances")
    return ranking.importances(found.body) if found is not None else {}


def _keep(
    db: sqlite3.Connection,
    step: Step,
    known: Incident | None,
    report: MonitorReport,
    monitor: MonitorConfig,
    importance: dict[str, float],
    goal: Callable[[str], str],
) -> None:
    cause, after, at = step.cause, step.after, report.checked_at
    if cause is None and not step.change and known is not None and known.is_flapping == after.is_flapping:
        return
    incident = known or Incident(0, report.monitor, after.state, after.severity, "")
    incident = replace(
        incident,
        state=after.state,
        severity=after.severity,
        kinds=tuple(sorted(after.kinds)),
        columns=tuple(sorted(after.columns)),
        is_flapping=after.is_flapping,
        opened_at=at if after.was_open and incident.opened_at is None else incident.opened_at,
        updated_at=at,
    )
    if cause is not None:
        value, factors = ranking.score(cause, report, importance, goal)
        incident = replace(incident, title=cause.title, score=value, factors=factors, muted_by=cause.muted_by)
    if after.state is IncidentState.RESOLVED:
        incident = replace(incident, resolved_at=at, resolved_by="", snoozed_until=None)
    elif after.state is IncidentState.OPEN:
        incident = replace(
            incident, acknowledged_at=None, acknowledged_by="", resolved_at=None, resolved_by="", snoozed_until=None
        )
    if known is None:
        incident = replace(incident, id=incidents.create(db, incident))
    else:
        incidents.update(db, incident)
    for one in cause.signs if cause is not None else ():
        alerts.take_up(db, one.alert_id, incident.id, step.change)
    _tell(db, step, incident, report, monitor)


def _tell(
    db: sqlite3.Connection, step: Step, incident: Incident, report: MonitorReport, monitor: MonitorConfig
) -> None:
    at = report.checked_at
    if step.change:
        told = _message(step, incident, report, monitor)
        incidents.add_entry(db, incident.id, step.change, told, at=at, report_id=report.id)
    was_flapping = step.before is not None and step.before.is_flapping
    if step.after.is_flapping and not was_flapping:
        told = f"it comes and goes in the last {REMEMBERED} windows; stays open, nobody is told anew"
        incidents.add_entry(db, incident.id, "flapping", told, at=at, report_id=report.id)
    elif was_flapping and not step.after.is_flapping and step.change != "resolved":
        incidents.add_entry(db, incident.id, "steady", "comes and goes no more", at=at, report_id=report.id)


def _message(step: Step, incident: Incident, report: MonitorReport, monitor: MonitorConfig) -> str:
    if step.change == "muted":
        return f"by the rule {incident.muted_by}"
    if step.change == "passed":
        return f"was not seen in {monitor.alert} windows"
    if step.change == "resolved":
        is_gone = step.before is not None and step.before.is_gone
        without = f"the last windows up to {report.batch} are without it"
        return "its window was checked again, and has it no more" if is_gone else without
    how = {
        "reopened": "seen again in",
        "worsened": f"{incident.severity} in",
        "pending": f"{monitor.alert} waited for,",
    }
    return f"{how.get(step.change, 'seen in')} {report.batch}: {incident.title}"
