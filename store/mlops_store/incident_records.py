"""Incidents and their history. Imported from ``records``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mlops_store.drift_records import Severity


class IncidentState(StrEnum):
    """Where an incident is in its life."""

    #: Seen, but in fewer windows than its monitor asks for.
    PENDING = "pending"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    #: A rule of its monitor says that nobody is to be told.
    MUTED = "muted"
    RESOLVED = "resolved"


#: States of which a person has to know.
UNRESOLVED = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED)


@dataclass(frozen=True, slots=True)
class Incident:
    """Alerts of one cause, in one window or in several.

    Attributes:
        id: Its number.
        monitor: Whose alerts they are.
        state: Where it is in its life; one that was snoozed is open again once the time has come.
        severity: The worst since it opened.
        title: Of its newest window.
        kinds: The kinds of its alerts.
        columns: The columns that those of its newest window speak of.
        score: What it is ranked by, 0 or more; see ``factors``.
        factors: What the score is made of: ``importance``, ``effect``, ``loss`` and where they are from.
        opened_at: When it was raised, Unix seconds; None while it is pending and never was.
        updated_at: When anything last happened to it.
        first_batch: The first window with it.
        last_batch: The newest one.
        last_report_id: The report on that.
        windows: How many windows had it.
        is_flapping: Whether it comes and goes so often that it is no news any more.
        snoozed_until: Until when nobody wants to hear of it.
        muted_by: The rule that mutes it.
        assignee: Who sees to it.
        acknowledged_at: When it was first seen.
        acknowledged_by: By whom.
        resolved_at: When it was over.
        resolved_by: Who said so; '' where it resolved by itself.
    """

    id: int
    monitor: str
    state: IncidentState
    severity: Severity
    title: str
    kinds: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    score: float = 0.0
    factors: Mapping[str, Any] = field(default_factory=dict)
    opened_at: float | None = None
    updated_at: float = 0.0
    first_batch: str = ""
    last_batch: str = ""
    last_report_id: int | None = None
    windows: int = 0
    is_flapping: bool = False
    snoozed_until: float | None = None
    muted_by: str = ""
    assignee: str = ""
    acknowledged_at: float | None = None
    acknowledged_by: str = ""
    resolved_at: float | None = None
    resolved_by: str = ""


@dataclass(frozen=True, slots=True)
class IncidentEntry:
    """A line of an incident's history.

    Attributes:
        id: Its number.
        incident_id: The incident.
        at: When, Unix seconds.
        kind: 'opened', 'reopened', 'worsened', 'flapping', 'steady', 'acknowledged', 'snoozed', 'muted', 'assigned',
            'commented' or 'resolved'.
        actor: Who did it; '' for the check of a window.
        message: What happened, or what was said.
        report_id: The report because of which it happened.
    """

    id: int
    incident_id: int
    at: float
    kind: str
    actor: str
    message: str
    report_id: int | None = None
