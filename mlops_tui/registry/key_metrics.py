"""Which metrics tell the versions of a model apart best. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from mlops_tui.compare.columns import is_of_machine
from mlops_tui.config import Config

_OF_TRAINING = re.compile(r"(^|[^a-z])train(ing)?([^a-z]|$)", re.IGNORECASE)


def choose(found: Iterable[Mapping[str, Any]], config: Config, most: int) -> tuple[str, ...]:
    """The keys of the metrics to show: those with a configured goal, then those most versions have.

    Metrics of the training data come last: every model is good at what it has seen.

    Args:
        found: The metrics of each version.
        config: Names the goals.
        most: How many keys at most.
    """
    counts = Counter(key for metrics in found for key in metrics if not is_of_machine(key))

    def rank(key: str) -> tuple[bool, bool, int, str]:
        return key not in config.goals, bool(_OF_TRAINING.search(key)), -counts[key], key

    return tuple(sorted(counts, key=rank)[:most])
