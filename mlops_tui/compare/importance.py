"""Which params matter for a metric: a random forest over the runs, and how each param goes with the metric.

A handful of runs says little: how well the forest foretells runs that it has not seen (R² out of bag) is told with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_store.errors import Refused, UsageError
from mlops_tui.compare import axes
from mlops_tui.compare.axes import Axis
from mlops_tui.compare.runs import Comparison
from mlops_tui.compare.seeds import is_seed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Runs below which nothing is calculated, and runs for each param below which the answer is called unreliable.
LEAST_RUNS, RUNS_FOR_EACH = 5, 10
_TREES, _REPEATS, _SEED = 200, 10, 0
#: Texts that a param may have; they are numbered in their order.
_MOST_TEXTS = 10


@dataclass(frozen=True, slots=True)
class ParamImportance:
    """How much one param matters.

    Attributes:
        key: The param.
        impurity: Its share of what the forest's splits explain, 0 to 1; all params together make 1.
        permutation: By how much R² falls when its values are shuffled, as a mean; below 0 means nothing.
        permutation_deviation: Standard deviation of that over the shuffles.
        correlation: Spearman's rank correlation with the metric, -1 to 1; NaN for texts.
        count: Runs that have the param.
    """

    key: str
    impurity: float
    permutation: float
    permutation_deviation: float
    correlation: float
    count: int


@dataclass(frozen=True, slots=True)
class Importance:
    """Which params matter for a metric.

    Attributes:
        metric: The metric.
        goal: 'max' or 'min'.
        runs: Runs that have the metric.
        params: The most important first.
        r2: R² of the forest for runs it has not seen (out of bag); 0 or less: the params foretell nothing.
        left_out: Params that do not vary, are seeds or have too many texts.
        is_reliable: Whether there are at least ten runs for each param and the forest foretells something.
    """

    metric: str
    goal: str
    runs: int
    params: tuple[ParamImportance, ...]
    r2: float
    left_out: tuple[str, ...]

    @property
    def is_reliable(self) -> bool:
        """Whether there are at least ten runs for each param and the forest foretells something."""
        return self.runs >= RUNS_FOR_EACH * len(self.params) and self.r2 > 0

    @property
    def caution(self) -> str:
        """Why the answer is unreliable; "" where it is not."""
        reasons = []
        if self.runs < RUNS_FOR_EACH * len(self.params):
            counted = f"{len(self.params)} param" + "s" * (len(self.params) != 1)
            reasons.append(f"{self.runs} runs are few for {counted} ({RUNS_FOR_EACH} for each are wanted)")
        if not self.r2 > 0:
            reasons.append("the forest foretells nothing about runs it has not seen")
        return "; ".join(reasons)


def importance(comparison: Comparison, metric: str | None = None) -> Importance:
    """Which params matter for a metric.

    Args:
        comparison: The runs side by side.
        metric: By default the most telling one.

    Raises:
        NotFound: No run has the metric.
        Refused: Too few runs have it, it does not vary, or no param does.

    Source:
        sklearn.ensemble.RandomForestRegressor.feature_importances_ (Breiman 2001);
        sklearn.inspection.permutation_importance; the panel of W&B shows the same two columns.
    """
    if metric is None:
        candidates = axes.goals(comparison)
        if not candidates:
            raise Refused("no metric differs between the runs", "log one with different values")
        metric = candidates[0]
    target = axes.axis(comparison, f"metrics.{metric.removeprefix('metrics.')}")
    chosen = [column for column, value in enumerate(target.values) if value is not None]
    values = [value for value in target.values if value is not None]
    if len(chosen) < LEAST_RUNS:
        many = "1 run has" if len(chosen) == 1 else f"{len(chosen)} runs have"
        raise Refused(f"{many} {target.name}: too few", f"compare at least {LEAST_RUNS} runs")
    if min(values) == max(values):
        raise Refused(f"{target.name} is the same in all runs")
    features, left_out = _features(comparison, chosen)
    if not features:
        raise Refused("no param varies between the runs", "importance tells varying params apart")
    return _of_forest(target, values, chosen, features, left_out)


def _features(comparison: Comparison, chosen: Sequence[int]) -> tuple[list[Axis], tuple[str, ...]]:
    features, left_out = [], []
    for row in comparison.params:
        present = {row.values[column] for column in chosen}
        if len(present) < 2 or is_seed(row.key):
            left_out.append(row.key)
            continue
        try:
            found = axes.axis(comparison, f"params.{row.key}")
        except UsageError:
            left_out.append(row.key)
            continue
        if len(found.texts) > _MOST_TEXTS:
            left_out.append(row.key)
        else:
            features.append(found)
    return features, tuple(left_out)


def _of_forest(
    target: Axis, values: Sequence[float], chosen: Sequence[int], features: Sequence[Axis], left_out: tuple[str, ...]
) -> Importance:
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    table = np.stack([_column(feature, chosen) for feature in features], axis=1)
    wanted = np.array(values)
    scale = float(np.abs(wanted).max())
    wanted = wanted / scale if scale > 0 else wanted
    forest = RandomForestRegressor(n_estimators=_TREES, oob_score=True, random_state=_SEED, min_samples_leaf=2)
    forest.fit(table, wanted)
    shuffled: Any = permutation_importance(forest, table, wanted, n_repeats=_REPEATS, random_state=_SEED)
    falls = shuffled.importances
    found = [
        ParamImportance(
            feature.name,
            float(forest.feature_importances_[place]),
            float(falls[place].mean()),
            float(falls[place].std()),
            _correlation(feature, chosen, values),
            sum(feature.values[column] is not None for column in chosen),
        )
        for place, feature in enumerate(features)
    ]
    found.sort(key=lambda one: (-one.impurity, one.key))
    return Importance(target.name, target.goal, len(values), tuple(found), float(forest.oob_score_), left_out)


def _column(feature: Axis, chosen: Sequence[int]) -> npt.NDArray[np.float64]:
    """A param of the chosen runs; what is missing is the median, or for texts a number of its own."""
    import numpy as np

    known = sorted(value for column in chosen if (value := feature.values[column]) is not None)
    missing = -1.0 if feature.texts else known[len(known) // 2]
    values = [missing if (value := feature.values[column]) is None else value for column in chosen]
    clipped: npt.NDArray[np.float64] = np.clip(np.array(values), -3e38, 3e38)
    return clipped


def _correlation(feature: Axis, chosen: Sequence[int], values: Sequence[float]) -> float:
    if feature.texts:
        return math.nan
    pairs = [
        (mine, value)
        for column, value in zip(chosen, values, strict=True)
        if (mine := feature.values[column]) is not None
    ]
    return axes.rank_correlation([pair[0] for pair in pairs], [pair[1] for pair in pairs])


__all__ = ["Importance", "ParamImportance", "importance"]
