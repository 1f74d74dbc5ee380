"""``mlops-tui drift``: checking batches, and what monitors want a person to see."""

from __future__ import annotations

import os
from collections import Counter
from functools import partial

import click

from mlops_store.errors import MlopsError, UsageError
from mlops_store.incident_records import UNRESOLVED
from mlops_store.records import Alert, IncidentState, MonitorReport
from mlops_tui.cli import (
    drift_backtest,
    drift_cause,
    drift_compare,
    drift_heat,
    drift_incidents,
    drift_measures,
    drift_notices,
    drift_performance,
    drift_profile,
    drift_report,
    drift_tables,
    output,
    shapes,
    text,
)
from mlops_tui.cli.environment import prefer_own_interpreter
from mlops_tui.cli.parameters import NUMBER, Noun, dry_run_option, json_option, limit_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace


@click.group(cls=Noun)
def command() -> None:
    """Check batches, and see to what was found."""


command.add_command(drift_notices.command)


@command.command()
@click.argument("paths", metavar="[BATCH]...", nargs=-1, type=click.Path())
@click.option("-m", "--monitor", metavar="NAME", help="Only this monitor. [all of mlops.toml]")
@click.option("--force", is_flag=True, help="Check again what has been checked.")
@click.option("--fail-on-drift", is_flag=True, help="Exit with 1 when a batch has drifted or cannot be read.")
@dry_run_option
@json_option
@click.pass_context
def check(
    context: click.Context,
    paths: tuple[str, ...],
    monitor: str | None,
    force: bool,
    fail_on_drift: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Check new batches, or the files named, against what the model was trained on."""
    from mlops_tui.drift import monitors
    from mlops_tui.registry import formats

    workspace: Workspace = context.obj
    if not workspace.config.monitors:
        raise UsageError("mlops.toml has no monitors", "add a table [monitors.NAME]; mlops-tui init shows one")
    named = [os.path.abspath(path) for path in paths] or None
    if dry_run:
        pending = monitors.would_check(
            workspace.project, workspace.find(), workspace.config, monitor=monitor, paths=named, force=force
        )
        known = workspace.find()
        waiting = (
            []
            if named or known is None
            else monitors.would_join(workspace.project, known.read(), workspace.config, monitor=monitor)
        )
        _write_pending(pending, waiting, as_json)
        return
    store = workspace.create()
    refused: list[MlopsError] = []
    found = monitors.check(
        workspace.project,
        store,
        workspace.config,
        open_model=partial(formats.load_version, store),
        monitor=monitor,
        paths=named,
        force=force,
        refused=refused,
    )
    arrivals = monitors.join_labels(workspace.project, store, workspace.config, monitor=monitor)
    if as_json:
        labelled = [report for arrival in arrivals.values() for report in arrival.reports]
        output.write_json_lines(
            {**shapes.report(report, with_columns=True), "by": by}
            for by, reports in (("rows", found), ("labels", labelled))
            for report in reports
        )
    elif found:
        _write_reports(found)
    elif not refused:
        output.remark("no new batches; --force checks again what was checked")
    reports = [*found, *(report for arrival in arrivals.values() for report in arrival.reports)]
    for line in drift_incidents.told(store, reports):
        output.remark(line)
    for line in drift_performance.told(arrivals):
        output.remark(line)
    for delivery in drift_notices.send(workspace):
        output.remark(drift_notices.told(delivery))
    _fire_triggers(workspace)
    for error in refused[1:]:
        output.remark(text.clean(error.message))
    if refused:
        raise refused[0]
    if fail_on_drift and any(report.status != "ok" for report in found):
        context.exit(1)


def _write_pending(pending: list[tuple[str, str]], labels: list[tuple[str, str]], as_json: bool) -> None:
    if as_json:
        batches = [{"monitor": monitor, "batch": batch} for monitor, batch in pending]
        output.write_json_lines([*batches, *({"monitor": monitor, "labels": path} for monitor, path in labels)])
        return
    for monitor, batch in pending:
        output.say(f"would check {text.clean(batch)} by {text.clean(monitor)}")
    for monitor, path in labels:
        output.say(f"would read the labels of {text.clean(os.path.relpath(path))} for {text.clean(monitor)}")
    if not pending and not labels:
        output.remark("no new batches")


def _fire_triggers(workspace: Workspace) -> None:
    """Starts what is to be started on an alert; nothing is lost when that fails, because the next tick tries again."""
    if not any(trigger.drift for trigger in workspace.config.triggers.values()):
        return
    from mlops_tui.cli import tick
    from mlops_tui.pipeline import firing

    prefer_own_interpreter(workspace.project)
    for outcome in firing.tick(workspace.project, workspace.create(), workspace.config):
        output.remark(tick.told(outcome))


@command.command("list")
@click.option("-a", "--all", "everything", is_flag=True, help="Of resolved, muted and pending incidents as well.")
@click.option("-e", "--each", is_flag=True, help="The alerts of every window, not the newest of a kind in an incident.")
@click.option("-m", "--monitor", metavar="NAME", help="Only this monitor's.")
@json_option
@click.pass_obj
def list_(workspace: Workspace, everything: bool, each: bool, monitor: str | None, as_json: bool) -> None:
    """List alerts with their incidents: open ones first, the most severe first.

    Of the alerts of one kind in one incident the newest is listed, with how many windows have such a one.
    """
    from mlops_store import alerts

    states = tuple(IncidentState) if everything else UNRESOLVED
    store = workspace.find()
    found = [] if store is None else alerts.alerts(store.read(), states, monitor=monitor)
    windows = Counter(_same(alert) for alert in found)
    if not each:
        newest: dict[object, Alert] = {}
        for alert in sorted(found, key=lambda alert: alert.id):
            newest[_same(alert)] = alert
        found = [alert for alert in found if newest[_same(alert)] is alert]
    if as_json:
        output.write_json_lines({**shapes.alert(alert), "windows": windows[_same(alert)]} for alert in found)
        return
    if not found:
        output.remark("no alerts")
        return
    rows = [
        (
            str(alert.id),
            str(alert.incident_id or ""),
            alert.severity,
            alert.state,
            alert.batch,
            str(windows[_same(alert)]),
            alert.title,
            text.moment(alert.opened_at),
            alert.monitor,
        )
        for alert in found
    ]
    titles = ("alert", "incident", "severity", "state", "batch", "in", "what", "opened", "monitor")
    write_table(titles, rows, right=("alert", "incident", "in"))


def _same(alert: Alert) -> tuple[object, str]:
    """What the alerts of one kind in one incident have in common."""
    return alert.incident_id or f"alert {alert.id}", alert.kind


@command.command()
@click.argument("report", type=NUMBER, required=False)
@limit_option
@click.option("-m", "--monitor", metavar="NAME", help="Only this monitor's.")
@click.option("--all", "with_unmoved", is_flag=True, help="Of REPORT, the columns that have not drifted as well.")
@json_option
@click.pass_obj
def reports(
    workspace: Workspace, report: int | None, limit: int, monitor: str | None, with_unmoved: bool, as_json: bool
) -> None:
    """List the checks of batches, newest first, or show the one numbered REPORT."""
    from mlops_store import drift

    if report is not None:
        found = drift.report(workspace.store().read(), report)
        if as_json:
            output.write_json(shapes.report(found, with_columns=True))
        else:
            _write_report(found, with_unmoved)
        return
    store = workspace.find()
    listed = [] if store is None else drift.reports(store.read(), monitor, limit)
    if as_json:
        output.write_json_lines(map(shapes.report, listed))
    elif listed:
        _write_reports(listed)
    else:
        output.remark("no reports")


def _write_reports(found: list[MonitorReport]) -> None:
    rows = [
        (
            str(report.id),
            report.monitor,
            report.batch,
            report.status,
            str(report.row_count if report.row_count is not None else "-"),
            f"{report.drifted_columns}/{report.checked_columns}",
            text.moment(report.checked_at),
            report.error,
        )
        for report in found
    ]
    titles = ("report", "monitor", "batch", "status", "rows", "drifted", "checked", "error")
    kept = 8 if any(report.error for report in found) else 7
    write_table(titles[:kept], [row[:kept] for row in rows], right=("report", "rows", "drifted"))
    said: dict[tuple[str, str], list[str]] = {}
    for report in found:
        for note in report.notes:
            said.setdefault((report.monitor, note), []).append(report.batch)
    for (_, note), names in said.items():  # what is said of many batches is said once
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        output.remark(f"{text.clean(names[0])}{more}: {text.clean(note)}")


@command.command()
@click.argument("alert", type=NUMBER)
@click.option("--all", "with_unmoved", is_flag=True, help="The columns that have not drifted as well.")
@json_option
@click.pass_obj
def show(workspace: Workspace, alert: int, with_unmoved: bool, as_json: bool) -> None:
    """Show an alert: which columns moved, and how much."""
    from mlops_store import alerts, drift

    db = workspace.store().read()
    found = alerts.alert(db, alert)
    report = drift.report(db, found.report_id)
    if as_json:
        output.write_json({**shapes.alert(found), "report": shapes.report(report, with_columns=True)})
        return
    output.write_fields(
        [
            ("alert", f"{found.id}: {found.title}"),
            ("severity", found.severity),
            ("incident", f"{found.incident_id}, {found.state}" if found.incident_id else ""),
        ]
    )
    _write_report(report, with_unmoved)


def _write_report(report: MonitorReport, with_unmoved: bool) -> None:
    output.write_fields(
        [
            ("batch", report.path),
            ("report", f"{report.id} by {report.monitor}, {text.moment(report.checked_at)}: {report.status}"),
            ("rows", "" if report.row_count is None else str(report.row_count)),
            ("against", f"{report.model} version {report.version}" if report.model else ""),
            ("drifted", f"{report.drifted_columns} of {report.checked_columns} columns ({report.drift_share:.0%})"),
            ("error", report.error),
        ]
    )
    drift_tables.write_columns(report.columns, with_unmoved)
    drift_tables.write_measures(report.measures)


for verb in (
    drift_cause.cause,
    drift_measures.measures,
    drift_incidents.command,
    drift_backtest.backtest,
    drift_compare.compare,
    drift_profile.profile,
    drift_report.report,
    drift_heat.heat,
    drift_performance.labels,
    drift_performance.performance,
):
    command.add_command(verb)
