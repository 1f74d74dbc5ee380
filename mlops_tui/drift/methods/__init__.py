"""The registry of drift methods: one small module each, imported when first used.

A method compares one column of the current data with the reference and gives a score: a p-value or a distance. To add
one, write a module with a ``METHOD`` and put its name into ``IDS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from mlops_store.errors import NotFound, nearest

if TYPE_CHECKING:
    from mlops_tui.drift.pairs import Pair

#: Every method's id, which is also its module's name. Ids are Evidently's where it has the method.
IDS = (
    "anderson",
    "chisquare",
    "cramer_von_mises",
    "ed",
    "empirical_mmd",
    "es",
    "fisher_exact",
    "g_test",
    "hellinger",
    "jensenshannon",
    "kl_div",
    "ks",
    "mannw",
    "psi",
    "t_test",
    "tvd",
    "wasserstein",
    "z",
)


class Drifted(Enum):
    """When a score means drift, in relation to the threshold."""

    BELOW = "p < threshold"
    AT_MOST = "p <= threshold"
    AT_LEAST = "distance >= threshold"
    ABOVE = "distance > threshold"


@dataclass(frozen=True, slots=True)
class Method:
    """One way to compare a column with its reference.

    Attributes:
        id: Evidently's name of it.
        title: For people.
        kinds: The kinds of columns that it can compare, 'numerical' and 'categorical'.
        threshold: The default.
        drifted: When the score means drift.
        score: Computes the score of a pair of samples of one of these kinds.
        source: Where the definition stands.
    """

    id: str
    title: str
    kinds: tuple[str, ...]
    threshold: float
    drifted: Drifted
    score: Callable[[Pair], float]
    source: str

    @property
    def is_p_value(self) -> bool:
        """Whether the score is a p-value (small means drift) rather than a distance (large means drift)."""
        return self.drifted in (Drifted.BELOW, Drifted.AT_MOST)

    def is_drift(self, score: float, threshold: float) -> bool:
        """Whether a score means drift; a score that is not a number does not."""
        if self.drifted is Drifted.BELOW:
            return score < threshold
        if self.drifted is Drifted.AT_MOST:
            return score <= threshold
        return score >= threshold if self.drifted is Drifted.AT_LEAST else score > threshold


@cache
def get(method_id: str) -> Method:
    """The method with this id.

    Raises:
        NotFound: There is none; the hint names the nearest.
    """
    if method_id not in IDS:
        raise NotFound(f"no drift method {method_id!r}", nearest(method_id, IDS))
    method: Method = import_module(f"{__name__}.{method_id}").METHOD
    return method
