"""Telling of alerts: by a command, a webhook, or what Apprise knows; pausing a traffic split.

The bell is the affair of an open dashboard.

No process has to be alive for this: whoever looks (a check, ``mlops-tui tick``, the dashboard) sends what is due. Each
alert is told once by each way, those of a report together; what fails is tried again, and what was tried is kept.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from mlops_store import deliveries
from mlops_store.records import Delivery
from mlops_tui.config import Config
from mlops_tui.drift.actions import messages
from mlops_tui.drift.actions.messages import Message, Undelivered

if TYPE_CHECKING:
    from mlops_store.store import Store
    from mlops_tui.config.monitors import MonitorConfig
    from mlops_tui.project import Project

#: Sends a message; raises Undelivered.
Sender: TypeAlias = "Callable[[Project, MonitorConfig, Message, str], None]"


def send(project: Project, store: Store, config: Config, *, now: float | None = None) -> list[Delivery]:
    """Sends what is due by every way; what was not taken is recorded, too.

    Args:
        project: The project.
        store: Its store, writable.
        config: Its configuration.
        now: Unix seconds; the present by default.

    Returns:
        What was sent or failed, as it is recorded now.

    Raises:
        StoreError: The store cannot be used.
    """
    now = time.time() if now is None else now
    sent = []
    for monitor in config.monitors.values():
        for channel in monitor.actions.channels:
            for delivery in _claim(store, monitor, channel, now):
                message = messages.of_report(store.read(), delivery.report_id, delivery.alert_ids)
                sent.append(_deliver(project, store, monitor, delivery, message))
    return sent


def test(project: Project, monitor: MonitorConfig) -> list[tuple[str, str]]:
    """Sends a message that says it is a test by every way; (way, what went wrong or '') of each."""
    message = messages.test(monitor.name)
    found = []
    for channel in monitor.actions.channels:
        try:
            _sender(channel)(project, monitor, message, channel)
            found.append((channel, ""))
        except Undelivered as error:
            found.append((channel, error.message))
    return found


def is_due(db: sqlite3.Connection, config: Config, *, now: float) -> bool:
    """Whether ``send`` would send anything."""
    return any(
        deliveries.is_due(db, monitor.name, channel, monitor.actions.severities, now=now)
        for monitor in config.monitors.values()
        for channel in monitor.actions.channels
    )


def next_time(db: sqlite3.Connection, config: Config) -> float | None:
    """When what was not taken is to be sent again next, Unix seconds; None when nothing is.

    What failed by a way that mlops.toml no longer has is never sent, so nobody is to wake for it.
    """
    times = (
        deliveries.next_time(db, monitor.name, channel)
        for monitor in config.monitors.values()
        for channel in monitor.actions.channels
    )
    return min((at for at in times if at is not None), default=None)


def _claim(store: Store, monitor: MonitorConfig, channel: str, now: float) -> list[Delivery]:
    severities = monitor.actions.severities
    if store.is_read_only or not deliveries.is_due(store.read(), monitor.name, channel, severities, now=now):
        return []
    with store.write() as db:
        return [
            *deliveries.claim_again(db, monitor.name, channel, now=now),
            *deliveries.claim_new(db, monitor.name, channel, severities, now=now),
        ]


def _deliver(project: Project, store: Store, monitor: MonitorConfig, delivery: Delivery, message: Message) -> Delivery:
    try:
        _sender(delivery.channel)(project, monitor, message, delivery.channel)
    except Undelivered as error:
        with store.write() as db:
            return deliveries.failed(db, delivery, error.message, at=time.time())
    with store.write() as db:
        return deliveries.sent(db, delivery, at=time.time())


def _sender(channel: str) -> Sender:
    sender: Sender = import_module(f"{__name__}.{channel.partition(' ')[0]}").send
    return sender
