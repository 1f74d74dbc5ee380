"""Muting by rules in ``mlops.toml``: what is muted there stays so for every later window, and for everybody."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_store import incidents
from mlops_store.errors import NotFound, Refused, UsageError
from mlops_store.records import Incident, IncidentState
from mlops_store.store import Store
from mlops_tui.config import Config, editing
from mlops_tui.config.alerting import MuteRule
from mlops_tui.config.editing import Edit
from mlops_tui.project import Project


def rules_for(incident: Incident, kind: str = "", column: str = "") -> list[MuteRule]:
    """The rules that mute an incident: those given, or else one for each of its columns, or for each of its kinds.

    Raises:
        UsageError: What is given does not speak of the incident.
    """
    if kind or column:
        rule = MuteRule(kind, column)
        columns = incident.columns if column else ("",)
        if not any(rule.covers(own, name) for own in incident.kinds for name in columns):
            raise UsageError(f"the rule {rule} does not speak of incident {incident.id}")
        return [rule]
    if incident.columns:
        return [MuteRule(column=name) for name in incident.columns]
    return [MuteRule(kind=name) for name in incident.kinds]


def mute(project: Project, store: Store, incident_id: int, rules: Sequence[MuteRule], by: str) -> Edit:
    """Adds rules to the monitor of an incident, and mutes that; returns the change of mlops.toml.

    Raises:
        NotFound: There is no such incident, or its monitor is not in mlops.toml any more.
        Refused: The incident is over or muted.
        SpecError: mlops.toml cannot be understood.
    """
    incident = incidents.get(store.read(), incident_id)
    if incident.state in (IncidentState.RESOLVED, IncidentState.MUTED):
        raise Refused(f"incident {incident_id} is already {incident.state}")
    edit = editing.change(project, lambda config: _values(config, incident.monitor, add=rules))
    with store.write() as db:
        incidents.mute(db, incident_id, ", ".join(map(str, rules)), by)
    return edit


def unmute(project: Project, store: Store, incident_id: int, by: str) -> Edit:
    """Removes the rules that speak of an incident, and opens that again; returns the change of mlops.toml.

    Raises:
        NotFound: There is no such incident, or its monitor is not in mlops.toml any more.
        Refused: The incident is not muted.
        SpecError: mlops.toml cannot be understood.
    """
    incident = incidents.get(store.read(), incident_id)
    if incident.state is not IncidentState.MUTED:
        raise Refused(f"incident {incident_id} is not muted, but {incident.state}")
    edit = editing.change(project, lambda config: _values(config, incident.monitor, remove=incident))
    with store.write() as db:
        incidents.unmute(db, incident_id, by)
    return edit


def _values(
    config: Config, name: str, *, add: Sequence[MuteRule] = (), remove: Incident | None = None
) -> dict[tuple[str, ...], list[dict[str, str]] | None]:
    if name not in config.monitors:
        raise NotFound(f"mlops.toml has no monitor {name!r} any more")
    rules = [rule for rule in config.monitors[name].mute if remove is None or not _speaks_of(rule, remove)]
    rules += [rule for rule in add if rule not in rules]
    tables = [{key: value for key, value in (("kind", rule.kind), ("column", rule.column)) if value} for rule in rules]
    return {("monitors", name, "mute"): tables or None}


def _speaks_of(rule: MuteRule, incident: Incident) -> bool:
    return any(rule.covers(kind, column) for kind in incident.kinds for column in incident.columns or ("",))
