"""Columns of a list of runs: which it shows when nobody has chosen, and what it is ordered by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from mlops_store import run_columns
from mlops_store.records import Run
from mlops_store.run_columns import Column, Order

#: Metrics of the machine rather than of the model.
_SYSTEM = "system/"
#: Metrics that were decided rather than measured.
_SCHEDULED = ("lr", "learning_rate", "epoch", "step", "iteration")

_BEST = re.compile(r"best\((?:metrics?\.)?(.+)\)", re.DOTALL)


def column(name: str, goal: Callable[[str], str]) -> Column:
    """The column of a name as the store knows it, or of ``best(KEY)``: the best value that a metric ever had.

    Args:
        name: See ``mlops_store.run_columns``.
        goal: Whether 'max' or 'min' of a metric is its best: ``Config.goal``.

    Raises:
        UsageError: There is no such column.
    """
    if match := _BEST.fullmatch(name):
        return Column("metrics", match[1], goal(match[1]))
    return run_columns.column(name)


def order(name: str, goal: Callable[[str], str]) -> Order:
    """One key of an order: a column, with ``-`` for the greatest first; ``best(KEY)`` begins with the best."""
    one, is_turned = column(name.removeprefix("-"), goal), name.startswith("-")
    is_best = _BEST.fullmatch(name.removeprefix("-")) is not None
    return Order(one, is_turned != (is_best and one.part == "max"))


def ranked(runs: Sequence[Run]) -> list[str]:
    """The metrics and params of some runs, the most telling first, as ``metrics.KEY`` and ``params.KEY``.

    Args:
        runs: What the list shows first; a few hundred are enough.

    Returns:
        Two metrics for each param; keys that differ between runs before those that do not, then by how many
        runs have them, then what was held out before what was trained on, then by name. Metrics of the machine
        are left out, schedules (``lr``) come last.
    """
    metrics = _ordered((key, str(value)) for run in runs for key, value in run.metrics.items())
    params = _ordered((key, value) for run in runs for key, value in run.params.items())
    names = [f"metrics.{key}" for key in sorted(metrics, key=is_scheduled) if not is_of_machine(key)]
    chosen: list[str] = []
    for place in range(max(len(names), len(params))):
        chosen += names[2 * place : 2 * place + 2] + [f"params.{key}" for key in params[place : place + 1]]
    return chosen


def _ordered(pairs: Iterable[tuple[str, str]]) -> list[str]:
    counts: Counter[str] = Counter()
    seen: dict[str, set[str]] = {}
    for key, value in pairs:
        counts[key] += 1
        seen.setdefault(key, set()).add(value)
    return sorted(counts, key=lambda key: (len(seen[key]) < 2, -counts[key], _is_of_training(key), key))


def _is_of_training(key: str) -> bool:
    """Whether a metric tells how well the training data are known: what was held out tells more."""
    return any(word in ("train", "training") for word in re.split(r"[^a-z]+", key.lower()))


def is_scheduled(key: str) -> bool:
    """Whether a metric is one that was decided (a learning rate, an epoch) rather than measured."""
    return key.rpartition("/")[2].lower() in _SCHEDULED


def is_judged(key: str) -> bool:
    """Whether runs are better or worse by a metric: neither one that was decided nor one of the machine."""
    return not is_scheduled(key) and not is_of_machine(key)


def is_of_machine(key: str) -> bool:
    """Whether a metric is one of the machine (``system/…``) rather than of the model."""
    return key.startswith(_SYSTEM)


__all__ = ["column", "is_judged", "is_of_machine", "is_scheduled", "order", "ranked"]
