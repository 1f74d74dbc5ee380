"""Repeated runs: those that differ in their seed only are one group, and groups are compared by their spread.

A difference between groups is told as one only where Welch's interval leaves out zero; its confidence is raised for the
number of groups that are compared with the baseline's (Bonferroni).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_tui.compare.columns import is_judged
from mlops_tui.compare.paired import Welch, welch
from mlops_tui.compare.runs import Comparison

RISK = 0.05
_SEED = re.compile(r"(^|[._/-])(random_?)?(seed|state)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Group:
    """Runs with the same params but for seeds.

    Attributes:
        label: The params in which groups differ, or the name of its runs.
        run_ids: Its runs.
    """

    label: str
    run_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """The finite values of a metric in one group; mean and sample deviation are NaN where there are too few."""

    count: int
    mean: float
    deviation: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A metric in every group.

    Attributes:
        key: The metric.
        goal: 'max' or 'min'.
        spreads: One for each group.
        against: Each group against the baseline's; None for that itself and where either has fewer than two values.
    """

    key: str
    goal: str
    spreads: tuple[Spread, ...]
    against: tuple[Welch | None, ...]

    def verdict(self, group: int) -> str:
        """'better', 'worse', 'noise' (the difference is within noise), or '' where nothing can be said."""
        found = self.against[group]
        if found is None:
            return ""
        if found.interval.has_zero:
            return "noise"
        return "better" if (found.difference > 0) == (self.goal == "max") else "worse"


@dataclass(frozen=True, slots=True)
class Groups:
    """Repeated runs side by side.

    Attributes:
        groups: In order of their first runs.
        baseline: The group of the baseline run.
        seeds: The params that were taken for seeds.
        rows: A row for each metric, without those that were decided (learning rates) and those of the machine.
    """

    groups: tuple[Group, ...]
    baseline: int
    seeds: tuple[str, ...]
    rows: tuple[GroupRow, ...]

    @property
    def has_repeats(self) -> bool:
        """Whether any group has more than one run."""
        return any(len(group.run_ids) > 1 for group in self.groups)


def group(comparison: Comparison) -> Groups:
    """The runs of a comparison in groups."""
    seeds = [row for row in comparison.params if is_seed(row.key)]
    others = [row for row in comparison.params if not is_seed(row.key)]
    members: dict[tuple[str | None, ...], list[int]] = {}
    for column in range(len(comparison.runs)):
        members.setdefault(tuple(row.values[column] for row in others), []).append(column)
    differing = [row for row in others if not row.is_same]
    chosen = list(members.values())
    groups = tuple(
        Group(
            ", ".join(f"{row.key}={row.values[columns[0]]}" for row in differing if row.values[columns[0]] is not None)
            or comparison.runs[columns[0]].name,
            tuple(comparison.run_ids[column] for column in columns),
        )
        for columns in chosen
    )
    base = next(place for place, columns in enumerate(chosen) if comparison.baseline in columns)
    able = sum(len(columns) > 1 for place, columns in enumerate(chosen) if place != base)
    confidence = 1 - RISK / max(1, able)
    rows = []
    for metric in comparison.metrics:
        if not is_judged(metric.key):
            continue
        samples = [_finite([metric.values[column] for column in columns]) for columns in chosen]
        against = tuple(
            None
            if place == base or len(sample) < 2 or len(samples[base]) < 2
            else welch(samples[base], sample, confidence)
            for place, sample in enumerate(samples)
        )
        rows.append(GroupRow(metric.key, metric.goal, tuple(map(_spread, samples)), against))
    return Groups(groups, base, tuple(row.key for row in seeds), tuple(rows))


def is_seed(key: str) -> bool:
    """Whether a param is a seed by its name: ``seed``, ``random_state``, ``train.random_seed`` …."""
    return _SEED.search(key) is not None


def _finite(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and abs(value) < 1e150]


def _spread(sample: Sequence[float]) -> Spread:
    if not sample:
        return Spread(0, math.nan, math.nan, math.nan, math.nan)
    mean = math.fsum(sample) / len(sample)
    squares = math.fsum((value - mean) ** 2 for value in sample)
    deviation = math.sqrt(squares / (len(sample) - 1)) if len(sample) > 1 else math.nan
    return Spread(len(sample), mean, deviation, min(sample), max(sample))


__all__ = ["Group", "GroupRow", "Groups", "Spread", "group", "is_seed"]
