"""Settings to try on the last windows: as they are written, one by one and together, and which of them are worth it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlops_store import kept_windows
from mlops_store.errors import NotFound, UsageError, nearest
from mlops_store.kept_windows import KeptWindow
from mlops_store.store import Store
from mlops_tui import config as configs
from mlops_tui.config import Config, editing
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift.incidents import replay
from mlops_tui.drift.incidents.replay import Replayed
from mlops_tui.project import Project

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


@dataclass(frozen=True, slots=True)
class Plan:
    """Settings to try: as they are written, the whole of ``mlops.toml`` with them, and the monitor that this makes."""

    label: str
    text: str
    monitor: MonitorConfig


def plans(text: str, monitor: str, settings: Sequence[str]) -> list[Plan]:
    """The settings in force, each of those given alone, and all together; without any the usual rules.

    Args:
        text: The project's ``mlops.toml``.
        monitor: The monitor.
        settings: As ``KEY=VALUE``.

    Raises:
        SpecError: They are not understood.
        UsageError: One is no setting of the monitor.
    """
    now = configs.parse(text).monitors[monitor]
    parsed = [(written, *setting(written, monitor)) for written in settings]
    values: list[tuple[str, Mapping[Place, Any]]] = [(written, {place: value}) for written, place, value in parsed]
    if len(parsed) > 1:
        values.append(("all of them", {place: value for _, place, value in parsed}))
    if not parsed:
        rules = [rule for rule in RULES if rule != str(now.alert)]
        values += [(f'alert = "{rule}"', {("monitors", monitor, "alert"): rule}) for rule in rules]
    found = [Plan("", text, now)]
    for label, chosen_values in values:
        made = editing.changed(text, chosen_values)
        found.append(Plan(label, made, configs.parse(made).monitors[monitor]))
    return found


def run(
    project: Project, store: Store, text: str, monitor: str, settings: Sequence[str], *, last: int = LAST
) -> list[Trial]:
    """Replays the last windows under each of ``plans``.

    Args:
        project: Where a reference may lie.
        store: Where the windows are.
        text: The project's ``mlops.toml``.
        monitor: The monitor.
        settings: As ``KEY=VALUE``; without any, the usual rules for opening an incident are tried.
        last: How many windows.

    Raises:
        SpecError: The settings are not understood.
        UsageError: They cannot be tried on what was kept, or no window was checked.
        Refused: There is no such reference.
    """
    now, *_ = made = plans(text, monitor, settings)
    touched = {name for plan in made for name in replay.changes(now.monitor, plan.monitor)}
    needs_figures = not touched.isdisjoint((*replay.OF_COLUMNS, *replay.OF_SCORES))
    windows = kept_windows.last(store.read(), monitor, last, with_figures=needs_figures)
    if not windows:
        raise UsageError(f"no window of {monitor} has been checked yet", "mlops-tui drift check checks what waits")
    found = []
    for plan in made:
        _require_known(windows, now.monitor, plan.monitor)
        seen: Sequence[KeptWindow] = windows
        if needs_profiles(now.monitor, plan.monitor):
            from mlops_tui.drift.incidents.rescoring import Rescoring

            config = configs.parse(plan.text, project.root)
            seen = Rescoring(project, store, config, now.monitor, plan.monitor).windows(windows)
        found.append(Trial(plan.label, text, plan.text, replay.replay(seen, now.monitor, plan.monitor)))
    return found


def _require_known(windows: Sequence[KeptWindow], before: MonitorConfig, after: MonitorConfig) -> None:
    """Refuses new settings about columns of which nothing was kept: they change nothing, and no check takes them."""
    methods = {name: each for name, each in after.methods.items() if name not in before.methods}
    thresholds = {name: each for name, each in after.thresholds.items() if name not in before.thresholds}
    columns = tuple(name for name in after.columns if name not in before.columns)
    kept = {name for each in {id(window.columns): window.columns for window in windows}.values() for name in each.names}
    if kept and (columns or methods or thresholds):
        from mlops_tui.drift import check

        tried = replace(after, columns=columns, categorical=(), methods=methods, thresholds=thresholds)
        check.validate(tried, kept | {*after.ignore, after.prediction or "prediction", after.target} - {""})


def needs_profiles(before: MonitorConfig, after: MonitorConfig) -> bool:
    """Whether profiles have to be compared to try settings.

    Raises:
        UsageError: They cannot be tried.
    """
    return not set(replay.changes(before, after)).isdisjoint(replay.OF_SCORES)
