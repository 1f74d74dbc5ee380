"""The loop: from an alert over the retraining that answered it to a candidate, its gates, a person's word, a promotion.

Nothing of it is kept for its own sake: what each part of the store recorded is put in the order in which it happened.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mlops_store import alerts, audit, deliveries, drift, firings, gate_verdicts, models, pipelines, queue, runs
from mlops_store.errors import MlopsError, NotFound
from mlops_store.records import Alert, Delivery, Firing, MonitorReport
from mlops_tui.config import Config
from mlops_tui.registry import acts
from mlops_tui.traffic import wording

#: Reports of the monitor that are looked through for the first ones of a promoted version.
_REPORTS = 500
#: Checks of batches by the promoted version that are told of.
_AFTERWARDS = 3
#: How long before the record of a pause the split was paused, at most, in seconds.
_PAUSING_S = 60.0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened in a loop.

    Attributes:
        at: When, Unix seconds; None for what is waited for.
        kind: 'batch', 'alert', 'notice', 'trigger', 'run', 'version', 'gate', 'approval', 'stage',
            'traffic', or 'next'.
        text: What happened, in words.
        state: A word for its sign: 'critical', 'warning', 'finished', 'failed', 'waiting', 'ok', ….
        subject: What it is about, as events name it: ``report:3``, ``alert:5``, ``trigger:x``, ``run:…``,
            ``model:churn/4``, ``traffic:churn``.
        by: Who did it, where that was a person.
    """

    at: float | None
    kind: str
    text: str
    state: str
    subject: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Loop:
    """A firing of a trigger with all that led to it and came of it.

    ``stage`` says how far it got: 'running', 'failed', 'no version', 'refused', 'made', 'asked', 'rejected',
    'approved' or 'promoted'.
    """

    firing: Firing
    stage: str
    steps: tuple[Step, ...] = ()

    @property
    def title(self) -> str:
        """One line: what fired, and why."""
        return f"{self.firing.trigger}: {self.firing.reason}"


def newest(db: sqlite3.Connection, config: Config, *, limit: int = 100) -> list[Loop]:
    """The loops, newest first, without their steps."""
    return [
        replace(of_firing(db, config, firing, in_full=False), steps=()) for firing in firings.newest(db, limit=limit)
    ]


def find(db: sqlite3.Connection, config: Config, subject: str) -> Loop:
    """The newest loop that something belongs to.

    Args:
        db: A connection.
        config: The configuration.
        subject: ``loop:3``, ``incident:2``, ``alert:5``, ``report:7``, ``run:…`` or ``model:churn/4``.

    Raises:
        NotFound: It belongs to none.
    """
    kind, _, name = subject.partition(":")
    if kind == "loop":
        return of_firing(db, config, firings.get(db, int(name)))
    found: list[Firing] = []
    if kind == "alert":
        found = _of_report(db, alerts.alert(db, int(name)).report_id)
    elif kind == "report":
        found = _of_report(db, int(name))
    elif kind == "incident":
        found = firings.of_incident(db, int(name))
    elif kind == "run":
        found = firings.of_run(db, name)
    elif kind == "model":
        model, _, version = name.rpartition("/")
        found = firings.of_version(db, model, int(version)) if version.isdecimal() else []
    if not found:
        named = {
            "incident": "answered the incident",
            "alert": "answered the alert",
            "report": "answered an alert of the report",
            "run": "started the run",
        }
        what = named.get(kind, "led to the version")
        raise NotFound(f"no trigger {what} {name}", "'mlops-tui loop list' shows those that fired")
    return of_firing(db, config, found[-1])


def _of_report(db: sqlite3.Connection, report_id: int) -> list[Firing]:
    return [firing for alert in alerts.alerts_of(db, report_id) for firing in firings.of_alert(db, alert.id)]


def of_firing(db: sqlite3.Connection, config: Config, firing: Firing, *, in_full: bool = True) -> Loop:
    """The loop of a firing, in the order of time.

    Args:
        db: A connection.
        config: The configuration.
        firing: The firing.
        in_full: Also what came before it and after the promotion, and its runs; else only the versions' steps.
    """
    steps: list[Step] = []
    if in_full and firing.alert_id is not None:
        steps += _before(db, firing.alert_id)
    steps.append(Step(firing.at, "trigger", _fired(firing), "ok", f"trigger:{firing.trigger}"))
    for run_id in firing.run_ids if in_full else ():
        steps += _run(db, run_id)
    versions = list(firing.versions) or firings.made(db, firing.run_ids)
    promoted = False
    for model, version in versions:
        found = list(_version(db, firing, model, version))
        steps += found
        promoted = promoted or any(step.kind == "stage" and step.state == "finished" for step in found)
        if in_full:
            steps += _afterwards(db, config, firing, model, version)
    steps.sort(key=lambda step: step.at or 0.0)
    stage = _stage(firing, steps, is_promoted=promoted)
    if waits := _waits(firing, stage):
        steps.append(waits)
    return Loop(firing, stage, tuple(steps))


def _fired(firing: Firing) -> str:
    count = len(firing.run_ids)
    return f"{firing.trigger} started {count} runs" if count > 1 else f"{firing.trigger} started a run"


def _before(db: sqlite3.Connection, alert_id: int) -> Iterator[Step]:
    """The batch, what was alerted of it, who was told, and what people did about it."""
    report = drift.report(db, alerts.alert(db, alert_id).report_id)
    yield Step(report.checked_at, "batch", _checked(report), report.status, f"report:{report.id}")
    for alert in alerts.alerts_of(db, report.id):
        yield from _alert(alert)
    for delivery in deliveries.of_report(db, report.id):
        yield _notice(delivery)
        if delivery.channel == "pause":
            yield from _paused(db, delivery)


def _checked(report: MonitorReport) -> str:
    rows = f" ({report.row_count:,} rows)" if report.row_count is not None else ""
    against = f" against {report.model}/{report.version}" if report.model else ""
    return f"{report.monitor} checked {report.batch}{rows}{against}"


def _alert(alert: Alert) -> Iterator[Step]:
    yield Step(alert.opened_at, "alert", alert.title, str(alert.severity), f"alert:{alert.id}")
    if alert.acknowledged_at is not None:
        yield Step(
            alert.acknowledged_at, "alert", f"alert {alert.id} acknowledged", "acknowledged", f"alert:{alert.id}",
            alert.acknowledged_by,
        )  # fmt: skip
    if alert.resolved_at is not None:
        yield Step(alert.resolved_at, "alert", f"alert {alert.id} resolved", "resolved", f"alert:{alert.id}")


def _notice(delivery: Delivery) -> Step:
    subject = f"report:{delivery.report_id}"
    if delivery.state == "sent":
        if delivery.channel == "pause":
            return Step(delivery.at, "notice", "the traffic split was seen to", "ok", subject)
        return Step(delivery.at, "notice", f"told by {delivery.channel}", "ok", subject)
    return Step(delivery.at, "notice", f"{delivery.channel}: {delivery.error or delivery.state}", "failed", subject)


def _paused(db: sqlite3.Connection, delivery: Delivery) -> Iterator[Step]:
    """That the alert paused a traffic split, which it did just before it was recorded as sent."""
    since = delivery.at - _PAUSING_S
    for entry in audit.entries(db, actor=wording.actor(delivery.monitor), action="traffic.pause", since=since):
        if entry.at <= delivery.at:
            model = entry.subject.removeprefix("model:")
            yield Step(
                entry.at, "traffic", f"{model}: {acts.sentence(entry)}", "warning", f"traffic:{model}", entry.actor
            )


def _run(db: sqlite3.Connection, run_id: str) -> Iterator[Step]:
    subject = f"run:{run_id}"
    try:
        run = runs.get(db, run_id, tables=())
    except NotFound:
        if queue.find(db, run_id) is not None:
            yield Step(None, "run", "the run waits for its turn", "waiting", subject)
        return
    yield Step(run.started_at, "run", f"{run.name} began", "running" if run.ended_at is None else "ok", subject)
    if run.ended_at is not None:
        took = run.ended_at - run.started_at
        state = "finished" if str(run.status) == "FINISHED" else "failed"
        failed = _failed_stages(db, run_id) if state == "failed" else ""
        yield Step(run.ended_at, "run", f"{run.name} {state} after {took:.0f} s{failed}", state, subject)


def _failed_stages(db: sqlite3.Connection, run_id: str) -> str:
    try:
        stages = [stage.stage for stage in pipelines.get(db, run_id).stages if str(stage.state) == "failed"]
    except MlopsError:
        return ""
    return f" ({', '.join(stages)})" if stages else ""


def _version(db: sqlite3.Connection, firing: Firing, model: str, version: int) -> Iterator[Step]:
    """What was done to a candidate: registered, judged by gates, asked for, answered, moved."""
    subject = f"model:{model}/{version}"
    name = f"{model}/{version}"
    try:
        record = models.version(db, model, version)
    except NotFound:
        return
    yield Step(record.created_at, "version", f"{name} registered", "new", subject, record.created_by or "")
    if firing.stage:
        for verdict in gate_verdicts.of_version(db, model, version, firing.stage).values():
            if verdict.kind == "approval":
                continue  # what people said stands here anyway
            state = "ok" if verdict.has_passed else "failed"
            yield Step(verdict.at, "gate", f"{verdict.gate} of {firing.stage}: {verdict.message}", state, subject)
    for entry in audit.entries(db, subject=subject, newest_first=False):
        noun, _, verb = entry.action.partition(".")
        if noun == "approval":
            state = {"request": "waiting", "approve": "ok", "reject": "failed"}.get(verb, "info")
            yield Step(entry.at, "approval", _said(entry.reason, acts.sentence(entry)), state, subject, entry.actor)
        elif entry.action == "gate.refuse":
            yield Step(entry.at, "gate", acts.sentence(entry), "failed", subject, entry.actor)
        elif noun == "model" and "stage" in entry.before:
            state = "finished" if verb in ("promote", "restore") else "killed"
            yield Step(entry.at, "stage", _said(entry.reason, acts.sentence(entry)), state, subject, entry.actor)


def _said(reason: str, text: str) -> str:
    return f"{text}: {reason}" if reason else text


def _afterwards(db: sqlite3.Connection, config: Config, firing: Firing, model: str, version: int) -> Iterator[Step]:
    """The first batches that were judged by the candidate when it had come to be in charge."""
    monitors = [monitor.name for monitor in config.monitors.values() if monitor.model == model]
    for monitor in monitors:
        later = [
            report
            for report in drift.reports(db, monitor, _REPORTS)
            if (report.model, report.version) == (model, version) and report.checked_at >= firing.at
        ]
        for report in sorted(later, key=lambda report: report.checked_at)[:_AFTERWARDS]:
            yield Step(report.checked_at, "batch", _checked(report), report.status, f"report:{report.id}")


def _stage(firing: Firing, steps: list[Step], *, is_promoted: bool) -> str:
    if is_promoted:
        return "promoted"
    answers = [step for step in steps if step.kind == "approval"]
    if answers and answers[-1].state in ("ok", "failed"):
        return "approved" if answers[-1].state == "ok" else "rejected"
    return {"started": "running", "empty": "no version", "ended": "no version"}.get(firing.state, firing.state)


def _waits(firing: Firing, stage: str) -> Step | None:
    """What has to happen for the loop to go on."""
    name = "/".join(map(str, firing.versions[-1])) if firing.versions else ""
    subject = f"model:{name}" if name else f"trigger:{firing.trigger}"
    told = {
        "running": "the run has to end",
        "asked": f"{name} waits for an approval for {firing.stage}",
        "approved": f"{name} may be promoted to {firing.stage}",
        "made": f"{name} is proposed for no stage: propose = … in the trigger does that",
    }.get(stage)
    return Step(None, "next", told, "waiting", subject) if told else None
