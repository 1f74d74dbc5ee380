"""Settings to try on the last windows: as they are written, one by one and together, and which of them are worth it."""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_store import kept_windows
from mlops_store.errors import NotFound, UsageError, nearest
from mlops_tui import config as configs
from mlops_tui.config import Config, editing
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift.incidents import replay
from mlops_tui.drift.incidents.replay import Replayed

#: Windows replayed unless somebody says otherwise.
LAST = 100
#: Rules that are tried when nothing else is asked for.
RULES = ("1 of 1", "2 of 2", "2 of 3", "3 of 3", "3 of 5")

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What some settings would have made of the windows.

    Attributes:
        label: The settings, as they are written; '' for those in force.
        before: The whole of ``mlops.toml`` as it was.
        text: The same with the settings.
        result: What came of it.
    """

    label: str
    before: str
    text: str
    result: Replayed


def setting(written: str, monitor: str) -> tuple[Place, Any]:
    """The place in ``mlops.toml`` and the value that ``KEY=VALUE`` means.

    The key is one of the monitor (``alert``, ``thresholds.psi``), or begins with ``monitors.NAME.``; the value is TOML,
    or a plain text.

    Raises:
        UsageError: There is no key, or it is one of something else.
    """
    key, equals, value = written.partition("=")
    parts = tuple(part.strip().strip("\"'") for part in key.split("."))
    if not equals or not all(parts):
        raise UsageError(f"{written!r} is no setting", 'for example alert="2 of 3" or thresholds.psi=0.2')
    if parts[0] == "monitors":
        if len(parts) < 3 or parts[1] != monitor:
            raise UsageError(f"{key.strip()} is no setting of the monitor {monitor}")
    else:
        parts = ("monitors", monitor, *parts)
    try:
        parsed = tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    return parts, parsed


def chosen(config: Config, monitor: str | None) -> MonitorConfig:
    """The monitor of that name, or the only one.

    Raises:
        NotFound: There is none of that name.
        UsageError: There is none, or there are several and none is named.
    """
    if monitor is not None:
        if monitor not in config.monitors:
            raise NotFound(f"no monitor {monitor!r}", nearest(monitor, config.monitors))
        return config.monitors[monitor]
    if len(config.monitors) != 1:
        names = ", ".join(config.monitors)
        raise UsageError("name a monitor with -m" if names else "mlops.toml has no monitors", names)
    return next(iter(config.monitors.values()))


def run(db: sqlite3.Connection, text: str, monitor: str, settings: Sequence[str], *, last: int = LAST) -> list[Trial]:
    """Replays the last windows under the settings in force, under each of those given alone, and under all together.

    Args:
        db: A connection.
        text: The project's ``mlops.toml``.
        monitor: The monitor.
        settings: As ``KEY=VALUE``; without any, the usual rules for opening an incident are tried.
        last: How many windows.

    Raises:
        SpecError: The settings are not understood.
        UsageError: They need other scores than those that were kept, or no window was checked.
    """
    now = configs.parse(text).monitors[monitor]
    parsed = [(written, *setting(written, monitor)) for written in settings]
    plans: list[tuple[str, Mapping[Place, Any]]] = [("", {})]
    if parsed:
        plans += [(written, {place: value}) for written, place, value in parsed]
        if len(parsed) > 1:
            plans.append(("all of them", {place: value for _, place, value in parsed}))
    else:
        rules = [rule for rule in RULES if rule != str(now.alert)]
        plans += [(f'alert = "{rule}"', {("monitors", monitor, "alert"): rule}) for rule in rules]
    wanted = []
    for label, values in plans:
        made = editing.changed(text, values) if values else text
        wanted.append((label, made, configs.parse(made).monitors[monitor]))
    touched = {name for _, _, each in wanted for name in replay.changes(now, each)}
    windows = kept_windows.last(db, monitor, last, with_figures=bool(touched.intersection(replay.OF_COLUMNS)))
    if not windows:
        raise UsageError(f"no window of {monitor} has been checked yet", "mlops-tui drift check checks what waits")
    return [Trial(label, text, made, replay.replay(windows, now, each)) for label, made, each in wanted]
