"""Pauses the traffic split of a model: its stable version takes all requests until a person resumes the split."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mlops_store import traffic
from mlops_store.errors import MlopsError, Refused
from mlops_store.store import Store
from mlops_tui.drift.actions.messages import Message, Undelivered
from mlops_tui.traffic import splits, wording

if TYPE_CHECKING:
    from mlops_tui.config.monitors import MonitorConfig
    from mlops_tui.project import Project


def send(project: Project, monitor: MonitorConfig, message: Message, _channel: str) -> None:
    """Pauses the split, if there is one that is not paused; a test changes nothing.

    Raises:
        Undelivered: The store cannot be written.
    """
    model = monitor.actions.pause
    try:
        with Store(project.store_path, create=False) as store:
            if not message.content.get("test") and traffic.find(store.read(), model) is not None:
                with suppress(Refused):  # it is paused already
                    splits.pause(store, model, reason=message.title, actor=wording.actor(monitor.name))
    except MlopsError as error:
        raise Undelivered(f"the traffic split of {model} cannot be paused ({error.message})") from error
