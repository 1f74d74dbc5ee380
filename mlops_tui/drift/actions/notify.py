"""Sends a message to what Apprise knows: mail, Slack, Teams, ntfy, Telegram, PagerDuty and a hundred more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_store.records import Severity
from mlops_tui.drift.actions import messages
from mlops_tui.drift.actions.messages import Message, Undelivered

if TYPE_CHECKING:
    from mlops_tui.config.monitors import MonitorConfig
    from mlops_tui.project import Project

_KINDS = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "failure"}


def send(_project: Project, monitor: MonitorConfig, message: Message, channel: str) -> None:
    """Sends the message to one URL: 'notify 2' is the second.

    Raises:
        Undelivered: Apprise is not installed, the URL is not understood, or was not reached.
    """
    try:
        import apprise
    except ImportError as error:
        raise Undelivered("notify needs Apprise: pip install 'mlops-tui[notify]'") from error
    service = apprise.Apprise()
    if not service.add(messages.resolved(monitor.actions.notify[int(channel.split()[1]) - 1])):
        raise Undelivered("the URL is none that Apprise understands")
    kind = apprise.NotifyType(_KINDS[message.severity])
    if not service.notify(body=message.body, title=message.title, notify_type=kind):
        raise Undelivered(f"{service[0].service_name} did not take it")
