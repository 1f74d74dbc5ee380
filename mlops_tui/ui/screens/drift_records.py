"""What the drift screen loads: incidents, reports, and how far each monitor is set up. Runs in threads."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from mlops_store import alerts as stored_alerts
from mlops_store import drift, incidents, models
from mlops_store.errors import NotFound
from mlops_store.incident_records import UNRESOLVED
from mlops_store.records import Alert, Incident, IncidentState, MonitorReport
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import state_sign

#: Which states of incidents a list shows: name -> states.
STATES: dict[str, tuple[IncidentState, ...]] = {
    "unresolved": UNRESOLVED,
    "all": tuple(IncidentState),
    "open": (IncidentState.OPEN,),
}

#: Reports listed at most.
LISTED = 500


@dataclass(frozen=True, slots=True)
class Monitor:
    """A configured monitor and what it waits for.

    Attributes:
        name: The monitor's name.
        waits_for: What would be its next batch.
        model: The registered model whose version in production is the reference; "" where a file is.
        has_reference: Whether there is something to compare with.
        waiting: Batches that have not been checked yet.
    """

    name: str
    waits_for: str
    model: str
    has_reference: bool
    waiting: int


@dataclass(frozen=True, slots=True)
class Inbox:
    """The incidents of a list, and what there is to say when there are none.

    ``wanted`` is the incident that was asked for by one of its alerts.
    """

    incidents: tuple[Incident, ...] = ()
    monitors: tuple[Monitor, ...] = ()
    checked: int = 0
    example: str = "churn"
    wanted: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A report with its columns and the alerts that it raised."""

    report: MonitorReport | None = None
    alerts: tuple[Alert, ...] = ()


def inbox(session: Session, states: Sequence[IncidentState], alert_id: int | None = None) -> Inbox:
    """The incidents in these states, ranked, and the monitors.

    Args:
        session: The project.
        states: Of the incidents.
        alert_id: Whose incident is looked for.
    """
    found = _monitors(session)
    if session.store is None:
        return Inbox(monitors=found)
    db = session.store.read()
    wanted = None
    if alert_id is not None:
        with suppress(NotFound):
            wanted = stored_alerts.alert(db, alert_id).incident_id
    return Inbox(
        tuple(incidents.ranked(db, states)),
        found,
        len(drift.reports(db, limit=LISTED)),
        next(iter(models.names(db)), "churn"),
        wanted,
    )


def reports(session: Session) -> tuple[MonitorReport, ...]:
    """The newest reports of all monitors."""
    return () if session.store is None else tuple(drift.reports(session.store.read(), limit=LISTED))


def report(session: Session, report_id: int | None) -> Report:
    """One report; an empty one when none is chosen.

    Raises:
        NotFound: It does not exist.
    """
    if report_id is None or session.store is None:
        return Report()
    with session.store.snapshot() as db:
        return Report(drift.report(db, report_id), tuple(stored_alerts.alerts_of(db, report_id)))


def _monitors(session: Session) -> tuple[Monitor, ...]:
    if not session.config.monitors:
        return ()
    from mlops_tui.drift import monitors, references

    db = session.store.read() if session.store is not None else None
    waiting: list[str] = []
    if db is not None:
        waiting = [name for name, _ in monitors.pending(session.project, db, session.config).batches]
    return tuple(
        Monitor(
            monitor.name,
            monitors.waits_for(monitor),
            monitor.model if not monitor.reference and not monitor.earlier else "",
            db is not None and references.exists(session.project, db, session.config, monitor),
            waiting.count(monitor.name),
        )
        for monitor in session.config.monitors.values()
    )


def advice(found: Inbox, *, stage: str) -> list[CellValue]:
    """What to say where there is no incident: what is missing, or that all is well.

    Args:
        found: The inbox.
        stage: The registry's stage whose versions are watched.
    """
    if not found.monitors and not found.checked:
        return [
            "No monitor watches the model's data yet. Add one to mlops.toml:",
            "",
            Cell("  [monitors.production]", "accent"),
            Cell('  watch = ["production/*.csv", "production/*.parquet"]', "accent"),
            Cell(f'  model = "{found.example}"', "accent"),
            Cell("  drift_share = 0.5", "accent"),
            "",
            Cell("Each file that appears there is compared with the data", "dim"),
            Cell(f"that the version in {stage} was trained on.", "dim"),
        ]
    lines: list[CellValue] = []
    if found.checked:
        good = state_sign("ok")
        lines += [(good, Cell(" No incidents to see to."))]
    return lines + [line for monitor in found.monitors for line in _monitor_lines(monitor, found, stage)]


def _monitor_lines(monitor: Monitor, found: Inbox, stage: str) -> list[CellValue]:
    head = Cell(f"{monitor.name}: ", "strong")
    if not monitor.has_reference:
        if not monitor.model:
            return ["", (head, Cell("its reference file is not there yet."))]
        return [
            "",
            (head, Cell(f"no reference yet: promote a version of {monitor.model} to {stage}")),
            Cell("that was logged with its training data (p on the models screen, or", "dim"),
            Cell(f"mlops-tui models promote {monitor.model} VERSION --to {stage}).", "dim"),
        ]
    if monitor.waiting:
        noun = "batch waits" if monitor.waiting == 1 else "batches wait"
        return ["", (head, Cell(f"{monitor.waiting} {noun} for a check: press D."))]
    if not found.checked:
        return ["", (head, Cell(f"no batch yet; waits for {monitor.waits_for}."))]
    return []
