"""Which metrics and params a list of runs shows when nobody has chosen: those that most runs have and that differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from mlops_store.records import Run

#: Metrics of the machine rather than of the model.
_SYSTEM = "system/"
#: Metrics that were decided rather than measured.
_SCHEDULED = ("lr", "learning_rate", "epoch", "step", "iteration")


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
    names = [f"metrics.{key}" for key in sorted(metrics, key=is_scheduled) if not key.startswith(_SYSTEM)]
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


__all__ = ["is_scheduled", "ranked"]
