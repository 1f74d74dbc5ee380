"""``[triggers.NAME]`` of ``mlops.toml``: what starts the pipeline by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_store.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlops_tui.config.reader import Reader

_KINDS = ("schedule", "change", "drift")
#: Of alerts, the least first; as ``records.Severity``, which is not loaded for a configuration without monitors.
SEVERITIES = ("info", "warning", "critical")
_COMMON = ("targets", "set", "force", "cooldown", "budget", "propose", "enabled")


@dataclass(frozen=True, slots=True)
class Budget:
    """What a trigger may spend within some time.

    Attributes:
        per_s: The time, in seconds, that always ends now.
        runs: How many pipeline runs it may start within it; None for any number.
        hours: How many hours those may have taken before it starts another; None for any.
    """

    per_s: float
    runs: int | None = None
    hours: float | None = None


@dataclass(frozen=True, slots=True)
class TriggerConfig:
    """One trigger. Exactly one of ``schedule``, ``change`` and ``drift`` says when.

    Attributes:
        name: The table's name.
        schedule: Cron's five fields, or a word like ``@daily``, in local time.
        change: Globs relative to the project's root: a file that matches appears, goes, or is written.
        drift: A monitor: it raises an alert.
        severity: Of alerts, the least that counts.
        targets: Stages to bring up to date; all by default.
        set: Params that its runs have another value for, as ``run --set`` takes them; they run in a copy then.
        force: Whether the stages run even if nothing changed.
        cooldown_s: Seconds after it fired in which it does not fire again; what happens meanwhile fires it afterwards.
        budget: What it may spend; what would exceed it waits.
        propose: The stage for which a version that its runs register goes through the gates, and then a person is
            asked to approve it; '' for none.
        is_enabled: ``enabled``: whether it fires at all.
    """

    name: str
    schedule: str = ""
    change: tuple[str, ...] = ()
    drift: str = ""
    severity: str = "critical"
    targets: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    force: bool = False
    cooldown_s: float = 0.0
    budget: Budget | None = None
    propose: str = ""
    is_enabled: bool = True

    @property
    def kind(self) -> str:
        """'schedule', 'change' or 'drift'."""
        return "schedule" if self.schedule else "change" if self.change else "drift"

    @property
    def definition(self) -> str:
        """When it fires, as one text: the same text means that what was waited for is still waited for."""
        if not self.is_enabled:
            return ""
        when = self.schedule or " ".join(self.change) or f"{self.drift} {self.severity}"
        return f"{self.kind} {when}"


def read(reader: Reader, name: str, body: object, monitors: Iterable[str], stages: Iterable[str]) -> TriggerConfig:
    """The trigger that a table describes.

    Args:
        reader: Makes the errors.
        name: The table's name.
        body: What it holds.
        monitors: The monitors that there are.
        stages: The stages of the registry.

    Raises:
        SpecError: A key or value is not understood.
    """
    place = f"triggers.{name}"
    table = reader.table(body, place, (*_KINDS, "severity", *_COMMON))
    kinds = [kind for kind in _KINDS if kind in table]
    if len(kinds) != 1:
        example = f'[{place}] with schedule = "0 3 * * *", change = ["data/*.csv"], or drift = "MONITOR"'
        raise reader.error(place, "needs exactly one of schedule, change and drift", example)
    if "severity" in table and kinds != ["drift"]:
        raise reader.error(f"{place}.severity", "only belongs to a trigger on drift")
    return TriggerConfig(
        name=name,
        schedule=_schedule(reader, f"{place}.schedule", table["schedule"]) if "schedule" in table else "",
        change=_globs(reader, f"{place}.change", table["change"]) if "change" in table else (),
        drift=_monitor(reader, f"{place}.drift", table["drift"], tuple(monitors)) if "drift" in table else "",
        severity=reader.choice(table.get("severity", "critical"), f"{place}.severity", SEVERITIES),
        targets=reader.texts(table.get("targets", []), f"{place}.targets"),
        set=_settings(reader, f"{place}.set", table.get("set", [])),
        force=reader.flag(table.get("force", False), f"{place}.force"),
        cooldown_s=reader.length(table.get("cooldown", 0), f"{place}.cooldown"),
        budget=_budget(reader, f"{place}.budget", table["budget"]) if "budget" in table else None,
        propose=_stage(reader, f"{place}.propose", table["propose"], tuple(stages)) if "propose" in table else "",
        is_enabled=reader.flag(table.get("enabled", True), f"{place}.enabled"),
    )


def _schedule(reader: Reader, place: str, value: object) -> str:
    from datetime import UTC

    from mlops_tui import cron

    text = reader.text(value, place)
    try:
        cron.next_after(text, 0.0, UTC)
    except ValueError as error:
        raise reader.error(place, f"{text!r}: {error}", 'for example "0 3 * * *": every day at three') from error
    return text


def _globs(reader: Reader, place: str, value: object) -> tuple[str, ...]:
    globs = reader.texts(value, place)
    if not globs or not all(globs):
        raise reader.error(place, "needs at least one glob", 'for example ["data/*.csv"]')
    return reader.globs(value, place)


def _monitor(reader: Reader, place: str, value: object, monitors: tuple[str, ...]) -> str:
    name = reader.text(value, place)
    if name not in monitors:
        raise reader.error(place, f"names no monitor: {name!r}", nearest(name, monitors) or f"add [monitors.{name}]")
    return name


def _settings(reader: Reader, place: str, value: object) -> tuple[str, ...]:
    settings = reader.texts(value, place)
    for one in settings:
        if not one.partition("=")[1] or not one.partition("=")[0].strip():
            raise reader.error(place, f"{one!r} sets no param", 'for example ["train.epochs=20"]')
    return settings


def _budget(reader: Reader, place: str, value: object) -> Budget:
    table = reader.table(value, place, ("runs", "hours", "per"))
    runs = reader.count(table["runs"], f"{place}.runs") if "runs" in table else None
    hours = reader.number(table["hours"], f"{place}.hours") if "hours" in table else None
    per_s = reader.length(table.get("per", "7d"), f"{place}.per")
    if (runs is None and hours is None) or per_s <= 0 or (hours is not None and not 0 <= hours < math.inf):
        example = 'for example { runs = 3, hours = 10, per = "7d" }'
        raise reader.error(place, "needs how many runs or hours it has, and within which time", example)
    return Budget(per_s, runs, hours)


def _stage(reader: Reader, place: str, value: object, stages: tuple[str, ...]) -> str:
    name = reader.text(value, place)
    if name not in stages[1:-1]:
        what = "is where a version begins" if name == stages[0] else "is no stage that a version can be proposed for"
        raise reader.error(place, f"{name!r} {what}", nearest(name, stages[1:-1]))
    return name
