"""How the traffic of a model stands: its split, its servers, what was counted lately, verdicts, shadows, drift."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mlops_store import drift, traffic, traffic_counts, traffic_routers
from mlops_store.errors import NotFound
from mlops_store.records import Router, ShadowCount, Split, TrafficCount
from mlops_tui.config import Config
from mlops_tui.config.traffic import TrafficConfig
from mlops_tui.traffic import lengths, splits, verdicts
from mlops_tui.traffic.verdicts import Verdict

#: How far back counts are read, and what present rates and percentiles are taken over, in seconds.
SPAN_S, WINDOW_S = 600, 60
#: How far back shadows are compared.
_SHADOWS_S = 86400


@dataclass(frozen=True, slots=True)
class Arm:
    """A version in a split.

    Attributes:
        version: The version; 0 where it is gone.
        name: The split's word for it.
        part: 'stable', 'candidate' or 'shadow'.
        share: Of the requests, in per cent; what it would have while the split is paused. None of a shadow.
        state: 'starting', 'ready', 'down', what is wrong with its server, or "" where no router runs.
    """

    version: int
    name: str
    part: str
    share: float | None
    state: str

    @property
    def is_shadow(self) -> bool:
        """Whether it only gets copies."""
        return self.part == "shadow"


@dataclass(frozen=True, slots=True)
class Drift:
    """The last window that a monitor of the model has checked."""

    monitor: str
    batch: str
    status: str
    drift_share: float | None
    at: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that is shown of a model's traffic; ``counts`` are those of the last ``SPAN_S`` seconds."""

    model: str
    split: Split | None = None
    arms: tuple[Arm, ...] = ()
    routers: tuple[Router, ...] = ()
    counts: tuple[TrafficCount, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    shadows: tuple[ShadowCount, ...] = ()
    drift: tuple[Drift, ...] = ()
    rules: TrafficConfig = field(default_factory=TrafficConfig)


@dataclass(frozen=True, slots=True)
class Flow:
    """What an arm did within a stretch of time: requests per second, share of errors, percentiles in seconds."""

    rate: float
    requests: int
    errors: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None

    @property
    def error_rate(self) -> float | None:
        """The share of requests that failed; None of none."""
        return self.errors / self.requests if self.requests else None


def models(db: sqlite3.Connection) -> list[str]:
    """The models whose requests are or were lately shared out, by name."""
    return traffic.models(db, since=time.time() - _SHADOWS_S)


def read(db: sqlite3.Connection, config: Config, model: str) -> Standing:
    """How the traffic of a model stands.

    Raises:
        NotFound: There is no such model.
    """
    now = time.time()
    split = traffic.find(db, model)
    routers = tuple(traffic_routers.running(db, model))
    rules = config.traffic.get(model, TrafficConfig())
    return Standing(
        model=model,
        split=split,
        arms=tuple(_arms(db, config, model, split, routers)),
        routers=routers,
        counts=tuple(traffic_counts.since(db, model, now - SPAN_S)),
        verdicts=tuple(verdicts.of_split(db, split, rules)) if split is not None else (),
        shadows=tuple(traffic_counts.shadows(db, model, now - _SHADOWS_S)),
        drift=tuple(_drift(db, config, model)),
        rules=rules,
    )


def _arms(
    db: sqlite3.Connection, config: Config, model: str, split: Split | None, routers: Sequence[Router]
) -> Iterable[Arm]:
    states = {part: state for router in routers for part, state in router.arms.items()}
    if split is None:
        try:
            version = splits.resolve(db, model, config.registry.charge).version
        except NotFound:
            return
        yield Arm(version, config.registry.charge, "stable", 100.0, states.get(str(version), ""))
        return
    named = splits.named(db, split)
    parts: list[tuple[str, str, float | None]] = [(split.stable, "stable", split.stable_weight)]
    parts += [(name, "candidate", share) for name, share in split.weights.items()]
    parts += [(name, "shadow", None) for name in split.shadows]
    for name, part, share in parts:
        number = named[name]
        is_taken = part != "stable" and number is not None and number == named[split.stable]
        key = f"{number} shadow" if part == "shadow" else str(number)
        state = "the stable version now" if is_taken else states.get(key, "") if number else "gone"
        yield Arm(number or 0, name, part, share, state)


def _drift(db: sqlite3.Connection, config: Config, model: str) -> Iterable[Drift]:
    for monitor in config.monitors.values():
        if model in (monitor.model, monitor.requests):
            for report in drift.reports(db, monitor.name, 1):
                yield Drift(monitor.name, report.batch, report.status, report.drift_share, report.checked_at)


def flow(counts: Iterable[TrafficCount], arm: Arm, until: float, window_s: float = WINDOW_S) -> Flow:
    """What an arm did in the time before a moment; the second that is under way is left out."""
    chosen = [count for count in _of(counts, arm) if until - window_s <= count.at < int(until)]
    requests = sum(count.requests for count in chosen)
    taken = lengths.merged(count.lengths for count in chosen)
    p50_s, p95_s, p99_s = (lengths.percentile(taken, share) for share in (0.5, 0.95, 0.99))
    return Flow(requests / window_s, requests, sum(count.errors for count in chosen), p50_s, p95_s, p99_s)


def course(counts: Iterable[TrafficCount], arm: Arm, begin: float, step_s: float, steps: int) -> list[Flow]:
    """What an arm did in each of several stretches of time that follow each other."""
    found: list[list[TrafficCount]] = [[] for _ in range(steps)]
    for count in _of(counts, arm):
        place = int((count.at - begin) // step_s)
        if 0 <= place < steps:
            found[place].append(count)
    return [flow(some, arm, begin + (place + 1) * step_s, step_s) for place, some in enumerate(found)]


def _of(counts: Iterable[TrafficCount], arm: Arm) -> Iterable[TrafficCount]:
    return (count for count in counts if count.version == arm.version and count.is_shadow == arm.is_shadow)
