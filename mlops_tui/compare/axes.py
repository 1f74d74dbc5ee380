"""Params and metrics of runs as numbers on axes: what scatter plots, parallel coordinates and fronts are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_store.errors import NotFound, UsageError, nearest
from mlops_tui.compare.columns import is_judged, ranked
from mlops_tui.compare.runs import Comparison
from mlops_tui.compare.seeds import is_seed

#: Axes of parallel coordinates at most, and texts that an axis can tell apart.
MOST_AXES, MOST_TEXTS = 12, 50
#: Larger values have no place on an axis: MLflow keeps infinity as ±1.797e308, and differences must stay finite.
LARGEST = 1e307


@dataclass(frozen=True, slots=True)
class Axis:
    """A param or metric of every run.

    Attributes:
        key: ``metrics.KEY`` or ``params.KEY``.
        values: A place for each run, within ``LARGEST``; None where it has none. Texts are numbered from 0.
        texts: The texts by number; empty for numbers.
        goal: 'max' or 'min' for a metric, '' for a param.
    """

    key: str
    values: tuple[float | None, ...]
    texts: tuple[str, ...] = ()
    goal: str = ""

    @property
    def name(self) -> str:
        """The key without its kind."""
        return self.key.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Scatter:
    """Runs by two keys.

    Attributes:
        x: The lower axis.
        y: The left axis.
        front: Columns of the runs that no other beats in both goals; empty unless both are metrics.
        without: Columns of the runs that lack either.
        correlation: Spearman's rank correlation of the runs that have both; NaN below three of them or without spread.
    """

    x: Axis
    y: Axis
    front: tuple[int, ...]
    without: tuple[int, ...]
    correlation: float

    @property
    def count(self) -> int:
        """How many runs have both."""
        return len(self.x.values) - len(self.without)


def keys(comparison: Comparison) -> list[str]:
    """Every param and metric that has at least two values, the most telling first."""
    differing = {f"metrics.{row.key}" for row in comparison.metrics if not row.is_same}
    differing |= {f"params.{row.key}" for row in comparison.params if not row.is_same}
    first = [key for key in ranked(comparison.runs) if key in differing]
    return [*first, *sorted(differing - set(first))]


def axis(comparison: Comparison, key: str) -> Axis:
    """One key as an axis.

    Args:
        comparison: The runs side by side.
        key: ``metrics.KEY``, ``params.KEY``, or a name alone that only one of them has (then metrics come first).

    Raises:
        NotFound: No run has it.
        UsageError: It has too many texts.
    """
    kind, _, name = key.partition(".")
    if kind not in ("metrics", "params"):
        kind, name = "metrics", key
        if all(row.key != key for row in comparison.metrics):
            kind = "params"
    if kind == "metrics":
        for metric in comparison.metrics:
            if metric.key == name:
                return Axis(f"metrics.{name}", tuple(map(_placed, metric.values)), goal=metric.goal)
    for row in comparison.params if kind == "params" else ():
        if row.key == name:
            return _of_param(f"params.{name}", row.values)
    known = [f"metrics.{row.key}" for row in comparison.metrics] + [f"params.{row.key}" for row in comparison.params]
    raise NotFound(f"none of the runs has {key!r}", nearest(key, known))


def goals(comparison: Comparison) -> list[str]:
    """The metrics that runs can be judged by, the most telling first; schedules and those of the machine are none."""
    found = [key.partition(".")[2] for key in keys(comparison) if key.startswith("metrics.")]
    return [key for key in found if is_judged(key)]


def scatter(comparison: Comparison, x: str | None = None, y: str | None = None) -> Scatter:
    """Runs by two keys, by default the most telling param (or second metric) and metric.

    Raises:
        NotFound: No run has one of them, or nothing differs between the runs.
    """
    candidates, metrics = keys(comparison), goals(comparison)
    if y is None:
        y = f"metrics.{metrics[0]}" if metrics else None
    if x is None:
        params = [key for key in candidates if key.startswith("params.") and _is_order(comparison, key)]
        x = next((key for key in [*params, *(f"metrics.{key}" for key in metrics), *candidates] if key != y), None)
    if x is None or y is None:
        raise NotFound("nothing that could be an axis differs between the runs", "name two keys with --x and --y")
    return _scattered(axis(comparison, x), axis(comparison, y))


def parallel(comparison: Comparison, chosen: Sequence[str] = ()) -> tuple[Axis, ...]:
    """Axes side by side: params first, metrics last, of what differs between the runs.

    Args:
        comparison: The runs side by side.
        chosen: Keys in the order wanted; by default the most telling ones.

    Raises:
        NotFound: No run has one of them.
    """
    if chosen:
        return tuple(axis(comparison, key) for key in chosen)
    found = []
    metrics = [f"metrics.{key}" for key in goals(comparison)]
    params = [key for key in keys(comparison) if key.startswith("params.") and not is_seed(key)]
    for key in [*params[: MOST_AXES - min(4, len(metrics))], *reversed(metrics[:4])]:
        try:
            found.append(axis(comparison, key))
        except UsageError:
            continue  # a param of as many texts as runs orders nothing
    return tuple(found)


def pareto_front(xs: Sequence[float], ys: Sequence[float], x_goal: str, y_goal: str) -> list[int]:
    """The points that no other beats in one goal without losing in the other, in order of x; equal points are all in.

    Args:
        xs: Finite.
        ys: As many.
        x_goal: 'max' or 'min'.
        y_goal: 'max' or 'min'.
    """
    x_sign, y_sign = (-1 if goal == "max" else 1 for goal in (x_goal, y_goal))
    order = sorted(range(len(xs)), key=lambda i: (x_sign * xs[i], y_sign * ys[i]))
    front: list[int] = []
    best_x, best_y = math.inf, math.inf
    for i in order:
        x, y = x_sign * xs[i], y_sign * ys[i]
        if y < best_y or (y == best_y and x == best_x):
            front.append(i)
            best_x, best_y = x, y
    return sorted(front, key=lambda i: xs[i])


def _scattered(x: Axis, y: Axis) -> Scatter:
    with_both = [i for i, pair in enumerate(zip(x.values, y.values, strict=True)) if None not in pair]
    xs = [value for i in with_both if (value := x.values[i]) is not None]
    ys = [value for i in with_both if (value := y.values[i]) is not None]
    front = [with_both[i] for i in pareto_front(xs, ys, x.goal, y.goal)] if x.goal and y.goal else []
    inside = set(with_both)
    return Scatter(
        x, y, tuple(front), tuple(i for i in range(len(x.values)) if i not in inside), rank_correlation(xs, ys)
    )


def rank_correlation(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Spearman's rank correlation, -1 to 1; NaN below three pairs or where either does not vary.

    Source:
        Spearman (1904); scipy.stats.spearmanr.
    """
    if len(xs) < 3 or min(xs) == max(xs) or min(ys) == max(ys):
        return math.nan
    ranks = [_ranks(values) for values in (xs, ys)]
    middle = (len(xs) + 1) / 2
    first, second = ([rank - middle for rank in one] for one in ranks)
    top = math.fsum(a * b for a, b in zip(first, second, strict=True))
    return top / math.sqrt(math.fsum(a * a for a in first) * math.fsum(b * b for b in second))


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, start = [0.0] * len(values), 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in range(start, end + 1):
            ranks[order[place]] = (start + end) / 2 + 1
        start = end + 1
    return ranks


def _is_order(comparison: Comparison, key: str) -> bool:
    """Whether a param is one of numbers, and no seed."""
    if is_seed(key):
        return False
    try:
        return not axis(comparison, key).texts
    except UsageError:
        return False


def _of_param(key: str, values: Sequence[str | None]) -> Axis:
    numbers = [None if value is None else _number(value) for value in values]
    if all((number is None) == (value is None) for number, value in zip(numbers, values, strict=True)):
        return Axis(key, tuple(numbers))
    texts = sorted({value for value in values if value is not None})
    if len(texts) > MOST_TEXTS:
        raise UsageError(f"{key} has {len(texts)} texts, too many for an axis", "choose a param of numbers")
    place = {text: float(number) for number, text in enumerate(texts)}
    return Axis(key, tuple(None if value is None else place[value] for value in values), tuple(texts))


def _number(text: str) -> float | None:
    if len(text) > 64:
        return None
    try:
        return _placed(float(text))
    except ValueError:
        return None


def _placed(value: float | None) -> float | None:
    return value if value is not None and abs(value) <= LARGEST else None


__all__ = ["Axis", "Scatter", "axis", "goals", "keys", "parallel", "pareto_front", "rank_correlation", "scatter"]
