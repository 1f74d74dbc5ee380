"""How long stages will take, judged by how long they took, and how a run of what is stale would go.

An estimate is the median of a stage's last successful runs, failed attempts and the waits after them included. A run
is estimated by playing the supervisor's schedule: whenever a place is free, the first stage of the order whose needs
are met and whose share of the machine is free begins. What is stale only because of what comes before it is counted in
full, although it may turn out to be up to date.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_tui.config import ResourcesConfig
    from mlops_tui.pipeline.capacity import Capacity
    from mlops_tui.pipeline.options import Demand
    from mlops_tui.pipeline.spec import Stage
    from mlops_tui.pipeline.state import StageStatus
    from mlops_tui.pipeline.tokens import Holding

#: Past runs that count.
HISTORY = 10


@dataclass(frozen=True, slots=True)
class Estimate:
    """How a run of what is stale would go.

    Attributes:
        jobs: How many stages at a time.
        would_run: The stages in the order in which they would begin.
        starts_s: When each would begin, in seconds from the start.
        total_s: Seconds until the last has ended; None when none of them has a history.
        unknown: Those of them that never ran to their end: they count as nothing.
    """

    jobs: int = 1
    would_run: tuple[str, ...] = ()
    starts_s: Mapping[str, float] | None = None
    total_s: float | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sharing:
    """What stages ask for, those that ask for anything, and what there is of it."""

    demands: Mapping[str, Demand]
    capacity: Capacity


def sharing(stages: Iterable[Stage], resources: ResourcesConfig) -> Sharing | None:
    """What stages share; None when they share nothing, or when what they ask for is not understood.

    Args:
        stages: Those that would run.
        resources: What ``mlops.toml`` says there is.
    """
    from mlops_store.errors import SpecError
    from mlops_tui.pipeline import capacity, options

    try:
        found = {name: one for name, one in options.read_all(stages).items() if not one.demand.is_empty}
    except SpecError:
        return None  # a run is refused, and says why
    if not found:
        return None
    return Sharing({name: one.demand for name, one in found.items()}, capacity.assumed(resources, found))


def usual_s(db: sqlite3.Connection, stages: Iterable[str], *, with_retries: bool = False) -> dict[str, float]:
    """Stage -> median of how long its newest successful runs took, in seconds; stages that never ran are missing.

    Args:
        db: The store.
        stages: The stages.
        with_retries: From the first attempt on, not only the last.
    """
    from mlops_store import pipelines

    found = {stage: median(pipelines.history_s(db, stage, HISTORY, with_retries=with_retries)) for stage in stages}
    return {stage: seconds for stage, seconds in found.items() if seconds is not None}


def median(values: Sequence[float]) -> float | None:
    """The middle value, of an even number the mean of the two; None of nothing.

    The statistics module would do, but imports fractions and decimal, which the first screen has no time for.
    """
    if not values:
        return None
    ranked, half = sorted(values), len(values) // 2
    return ranked[half] if len(values) % 2 else (ranked[half - 1] + ranked[half]) / 2


def of(
    statuses: Sequence[StageStatus], usual: Mapping[str, float], *, jobs: int = 1, shared: Sharing | None = None
) -> Estimate:
    """How a run of what is stale would go.

    Args:
        statuses: From ``state.status``: each stage after those that it needs.
        usual: Stage -> seconds, from ``usual_s``.
        jobs: How many stages at a time, at least 1.
        shared: From ``sharing``.
    """
    needs = {one.stage: one.needs for one in statuses if one.is_stale}
    starts, end_s = played(needs, usual, jobs, shared)
    return Estimate(
        jobs=jobs,
        would_run=tuple(starts),
        starts_s=starts,
        total_s=end_s if any(name in usual for name in needs) or not needs else None,
        unknown=tuple(name for name in starts if name not in usual),
    )


def played(
    needs: Mapping[str, Sequence[str]], usual: Mapping[str, float], jobs: int, shared: Sharing | None = None
) -> tuple[dict[str, float], float]:
    """When each stage would begin, in that order, and when the last would end.

    Args:
        needs: Stage -> what it needs; those that are not keys are done already. In the order of the plan.
        usual: Stage -> seconds; others take none.
        jobs: How many at a time, at least 1.
        shared: What they share, if anything.
    """
    waiting = dict.fromkeys(needs)
    missing = {name: sum(1 for need in set(needs[name]) if need in needs) for name in needs}
    users: dict[str, list[str]] = {}
    for name in needs:
        for need in set(needs[name]):
            users.setdefault(need, []).append(name)
    starts: dict[str, float] = {}
    running: list[tuple[float, int, str]] = []
    holdings: dict[str, Holding] = {}
    now_s = 0.0
    while waiting or running:
        ready = [name for name in waiting if not missing[name]]
        if shared is not None:
            ready = _with_share(ready, jobs - len(running), holdings, shared)
        for name in ready[: jobs - len(running)]:
            del waiting[name]
            starts[name] = now_s
            heapq.heappush(running, (now_s + usual.get(name, 0.0), len(starts), name))
        if not running:
            break  # a circle: nothing of it would ever begin
        now_s, _, ended = heapq.heappop(running)
        holdings.pop(ended, None)
        for user in users.get(ended, ()):
            missing[user] -= 1
    return starts, now_s


def _with_share(ready: Sequence[str], places: int, holdings: dict[str, Holding], shared: Sharing) -> list[str]:
    """Those of the stages that begin now, chosen as the supervisor does; they have their share from now on."""
    from mlops_tui.pipeline.options import DEFAULT
    from mlops_tui.pipeline.tokens import Tokens

    tokens = Tokens(shared.capacity, holdings.values())
    chosen: list[str] = []
    for name in ready:
        if len(chosen) == places:
            break
        demand = shared.demands.get(name, DEFAULT.demand)
        holding = tokens.take(demand)
        if holding is None:
            tokens.reserve(demand)
            continue
        holdings[name] = holding
        chosen.append(name)
    return chosen
