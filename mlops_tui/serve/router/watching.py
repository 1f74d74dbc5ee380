"""What the router reads of the store: the split with the versions that it names now, and what guard rules look at."""

from __future__ import annotations

import sqlite3
from contextlib import suppress

from mlops_store import alerts, models, traffic
from mlops_store.errors import NotFound
from mlops_store.records import Severity
from mlops_tui.config import Config
from mlops_tui.config.traffic import TrafficConfig
from mlops_tui.serve.router.routing import Wanted
from mlops_tui.traffic import splits


def wanted(db: sqlite3.Connection, config: Config, model: str) -> Wanted:
    """How requests are to be shared out now.

    Raises:
        NotFound: There is no stable version.
    """
    split = traffic.find(db, model)
    if split is None:
        return Wanted(model, splits.resolve(db, model, config.registry.charge).version)
    named = splits.named(db, split)
    stable = named[split.stable]
    if stable is None:
        raise NotFound(f"{model!r} has no {split.stable!r}", "mlops-tui traffic set MODEL --stable VERSION")
    found: dict[str, int] = {}
    for name in (*split.weights, *split.shadows):
        version = named[name]
        # a stage may have come to hold a version that has a part already
        if version is not None and version != stable and version not in found.values():
            found[name] = version
    return Wanted(model, stable, split, found)


def outputs(db: sqlite3.Connection, found: Wanted) -> frozenset[str]:
    """What the versions that requests go to call what they answer."""
    names: set[str] = set()
    for number in {found.stable, *found.versions.values()}:
        with suppress(NotFound):  # deleted meanwhile
            said = models.version(db, found.model, number).lineage.get("signature", {}).get("outputs") or ()
            names.update(str(one["name"]) for one in said if isinstance(one, dict) and one.get("name"))
    return frozenset(names)


def alarm(db: sqlite3.Connection, rules: TrafficConfig, since: float) -> str:
    """What a monitor of the rules has found that is critical, in words; "" for nothing.

    Args:
        db: A connection.
        rules: Which monitors are looked at.
        since: Unix seconds; who changed the split knew what was alerted before.
    """
    for monitor in rules.monitors:
        found = alerts.newest_told(db, monitor, (Severity.CRITICAL,), after=0)
        if found is not None and found.opened_at >= since:
            return f"{monitor}: {found.title} (alert {found.id})"
    return ""
