"""What a monitor would have told of its last windows under other settings, from what was kept of them. Pure.

The verdicts on columns are made anew from their kept scores, p-values and effects, as ``severity`` makes them; alerts
of other kinds (schema, quality, performance, …) are taken as they were raised. What follows is the very course that
live windows take. For settings that would have made other scores (another method, another reference) windows come with
those that ``rescoring`` makes of their profiles; what would need the rows again cannot be tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from mlops_store.errors import UsageError
from mlops_store.incident_records import UNRESOLVED
from mlops_store.kept_windows import KeptWindow
from mlops_store.records import IncidentState, Severity
from mlops_tui.config.alerting import REMEMBERED
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift.incidents import causes, course
from mlops_tui.drift.incidents.causes import Sign
from mlops_tui.drift.incidents.course import Course

if TYPE_CHECKING:
    from mlops_tui.drift.incidents.verdicts import Judge

#: Settings that change what is made of the kept scores of columns.
OF_COLUMNS = ("columns", "ignore", "thresholds", "drift_share")
#: Settings that other scores are needed for: of the reference, and all of them.
OF_REFERENCE = ("reference", "earlier")
OF_SCORES = ("methods", *OF_REFERENCE)
_OF_INCIDENTS = ("alert", "mute", "actions")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of the windows under some settings.

    Attributes:
        windows: How many were replayed.
        alerts: Alerts that no rule mutes.
        alerted_windows: Windows with any of them.
        incidents: How many would have opened.
        told: How often somebody would have been told: opened, opened again, worsened.
        muted: Alerts that a rule mutes.
        pending: Incidents that never opened.
        flapping: Incidents that would have come and gone.
        course: A letter for each window, oldest first: 't' somebody was told, 'o' an incident went on, 'p' one was
            pending or muted, '?' the window could not be read, '.' nothing.
    """

    windows: int
    alerts: int
    alerted_windows: int
    incidents: int
    told: int
    muted: int
    pending: int
    flapping: int
    course: str


def changes(before: MonitorConfig, after: MonitorConfig) -> tuple[str, ...]:
    """The settings in which two configurations of a monitor differ.

    Raises:
        UsageError: One of them cannot be tried on what was kept.
    """
    found = tuple(
        each.name for each in fields(MonitorConfig) if getattr(before, each.name) != getattr(after, each.name)
    )
    for name in found:
        if name not in (*OF_COLUMNS, *OF_SCORES, *_OF_INCIDENTS):
            known = ", ".join((*_OF_INCIDENTS[:2], *OF_COLUMNS, *OF_SCORES[:2]))
            raise UsageError(
                f"monitors.{after.name}.{name} cannot be tried on what was kept of the windows",
                f"{known} can; for the rest change mlops.toml and check again with --force",
            )
    return found


def replay(windows: Sequence[KeptWindow], kept_under: MonitorConfig, monitor: MonitorConfig) -> Replayed:
    """What a monitor would have told of windows, oldest first.

    Args:
        windows: Where ``monitor`` differs in what is made of columns, with the figures that these have under it.
        kept_under: The settings as they are, under which the alerts were raised.
        monitor: The settings to try.

    Raises:
        UsageError: They cannot be tried on what was kept.
    """
    judge: Judge | None = None
    if any(name in (*OF_COLUMNS, *OF_SCORES) for name in changes(kept_under, monitor)):
        from mlops_tui.drift.incidents.verdicts import Judge

        judge = Judge(kept_under, monitor)
    unread = frozenset(window.report_id for window in windows if not window.is_readable)
    known: list[Course] = []
    order: list[int] = []
    alerts = alerted = told = muted = pending = 0
    opened: set[int] = set()
    flapping: set[int] = set()
    letters = []
    number = 0
    for window in windows:
        order = [*order[-(REMEMBERED - 1) :], window.report_id]
        found = causes.of_window(_signs(window, monitor, judge), monitor.mute)
        heard = [cause for cause in found if not cause.muted_by]
        alerts += sum(len(cause.signs) for cause in heard)
        muted += sum(len(cause.signs) for cause in found if cause.muted_by)
        alerted += bool(heard)
        steps = course.steps(known, order, window.report_id, found, monitor.alert, unread=unread)
        after = {step.after.number: step.after for step in steps if step.after.number}
        known = [after.get(each.number, each) for each in known]
        for step in steps:
            now = step.after
            if not now.number:
                number -= 1
                now = course.numbered(now, number)
                known.append(now)
            told += step.is_told
            pending += step.change == "passed"
            if now.was_open:
                opened.add(now.number)
            if now.is_flapping:
                flapping.add(now.number)
        known = [each for each in known if each.state is not IncidentState.RESOLVED or each.windows & set(order)]
        letters.append(_letter(window, steps))
    return Replayed(len(windows), alerts, alerted, len(opened), told, muted, pending, len(flapping), "".join(letters))


def _letter(window: KeptWindow, steps: Sequence[course.Step]) -> str:
    if any(step.is_told for step in steps):
        return "t"
    states = {step.after.state for step in steps if step.cause is not None}
    if states.intersection(UNRESOLVED):
        return "o"
    if states:
        return "p"
    return "." if window.is_readable else "?"


def _signs(window: KeptWindow, monitor: MonitorConfig, judge: Judge | None) -> list[Sign]:
    signs = []
    for alert in window.alerts:
        if judge is not None and alert.kind in judge.kinds:
            continue
        columns = causes.named(alert, window.columns.names)
        left = frozenset(columns).difference(monitor.ignore)
        if left or not columns:
            signs.append(Sign(alert.kind, Severity(alert.severity), alert.title, left))
    return signs if judge is None else signs + judge.signs(window.columns)
