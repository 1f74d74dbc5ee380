"""``[monitors.NAME.actions]`` of ``mlops.toml``: what is done about a monitor's alerts, and who is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_store.errors import SpecError
from mlops_tui.config.triggers import SEVERITIES

if TYPE_CHECKING:
    from mlops_tui.config.reader import Reader

_FROM_ENVIRONMENT = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class ActionsConfig:
    """Whom a monitor tells of its alerts, and how.

    Attributes:
        severity: The least severe alert that is told: 'info', 'warning' or 'critical'.
        notify: Apprise URLs, or ``env:NAME`` for one that stands in the environment.
        webhook: Where JSON is posted to: an http or https URL, or ``env:NAME``.
        command: A program and its arguments, which gets the same JSON on its standard input; no shell looks at it.
        pause: The model whose traffic split is paused; "" for none.
        bell: Whether a dashboard that is open rings the terminal's bell.
    """

    severity: str = "warning"
    notify: tuple[str, ...] = ()
    webhook: str = ""
    command: tuple[str, ...] = ()
    pause: str = ""
    bell: bool = False

    @property
    def channels(self) -> tuple[str, ...]:
        """The ways that need no dashboard, each URL of Apprise by itself, as in 'command', 'notify 1'."""
        single = (name for name in ("pause", "command", "webhook") if getattr(self, name))
        return (*single, *(f"notify {number}" for number in range(1, len(self.notify) + 1)))

    @property
    def severities(self) -> tuple[str, ...]:
        """The severities that are told."""
        return SEVERITIES[SEVERITIES.index(self.severity) :]


def read(reader: Reader, place: str, body: object) -> ActionsConfig:
    """The actions that a table describes.

    Args:
        reader: Makes the errors.
        place: The table.
        body: What it holds.

    Raises:
        SpecError: A key or value is not understood.
    """
    default = ActionsConfig()
    table = reader.table(body, place, tuple(ActionsConfig.__dataclass_fields__))
    notify = reader.texts(table.get("notify", []), f"{place}.notify")
    for url in notify:
        if not _FROM_ENVIRONMENT.fullmatch(url) and "://" not in url:
            raise reader.error(
                f"{place}.notify", f"{_short(url)!r} is no URL", 'for example "ntfy://topic" or "env:NAME"'
            )
    webhook = reader.text(table.get("webhook", ""), f"{place}.webhook")
    if webhook and not _FROM_ENVIRONMENT.fullmatch(webhook) and not webhook.startswith(("http://", "https://")):
        raise reader.error(f"{place}.webhook", f"{_short(webhook)!r} is no http or https URL", 'or "env:NAME"')
    return ActionsConfig(
        severity=reader.choice(table.get("severity", default.severity), f"{place}.severity", SEVERITIES),
        notify=notify,
        webhook=webhook,
        command=_command(reader, f"{place}.command", table["command"]) if "command" in table else (),
        pause=reader.text(table.get("pause", default.pause), f"{place}.pause"),
        bell=reader.flag(table.get("bell", False), f"{place}.bell"),
    )


def _command(reader: Reader, place: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        raise _no_shell(reader, place, value)
    words = reader.texts(value, place)
    if not words or not words[0]:
        raise reader.error(place, "names no program", 'for example ["./page.sh", "--team", "ml"]')
    return words


def _no_shell(reader: Reader, place: str, value: str) -> SpecError:
    return reader.error(place, "must be a list: no shell looks at it", f"for example {value.split()}".replace("'", '"'))


def _short(url: str) -> str:
    """The beginning of a URL: what follows may be a secret."""
    return url[:12] + ("…" if len(url) > 12 else "")
