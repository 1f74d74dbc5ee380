"""How many predictions a column's drift has changed: those that would be others if the column were as before.

The window's values are given back the distribution of the reference, each row keeping its place in the order (numbers)
or, as far as there is room, its label; the model predicts again, and what differs is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_store.errors import MlopsError
from mlops_tui.drift.performance.intervals import wilson

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.predictions import Predictor

#: Rows on which the model predicts at most.
ROWS = 5_000
#: Predicted numbers differ when they are further apart than this share of their standard deviation.
LEAST_STEP = 0.05
_SEED = 7


@dataclass(frozen=True, slots=True)
class Affected:
    """The share of predictions that the drift has changed.

    Attributes:
        share: None where it could not be found out.
        low: Lower end of its 95 % interval (Wilson).
        high: Upper end.
        rows: Rows on which the model predicted twice.
        step: What numbers must differ by to count; None for labels.
        why: Why there is no share; or what has to be known of it.
    """

    share: float | None
    low: float = 0.0
    high: float = 1.0
    rows: int = 0
    step: float | None = None
    why: str = ""


def affected(predictor: Predictor, reference: pd.DataFrame, window: pd.DataFrame, column: str) -> Affected:
    """The share of a window's predictions that would be others without the drift of a column.

    Args:
        predictor: The model.
        reference: Rows of the reference.
        window: Rows of the window.
        column: What drifted; in both.
    """
    try:
        read = list(predictor.columns([str(name) for name in reference.columns]))
        if column not in read:
            return Affected(0.0, 0.0, 0.0, len(window), why=f"{predictor.name} does not read {column}")
        lacking = [name for name in read if name not in window.columns]
        if lacking:
            return Affected(None, why=f"the window lacks {lacking[0]!r}, which {predictor.name} reads")
        generator = np.random.default_rng(_SEED)
        rows = window
        if len(window) > ROWS:
            rows = window.iloc[np.sort(generator.choice(len(window), ROWS, replace=False))]
        before = rows[read].assign(**{column: as_before(reference[column], rows[column], generator)})
        now, then = predictor.predict(rows[read]), predictor.predict(before)
    except MlopsError as error:
        return Affected(None, why=error.message)
    changed, step = _changed(now, then)
    share, count = changed / len(rows), len(rows)
    low, high = wilson(share, count)
    return Affected(share, low, high, count, step)


def _changed(now: pd.Series[Any], then: pd.Series[Any]) -> tuple[int, float | None]:
    from pandas.api import types

    if types.is_float_dtype(now.dtype):
        values = now.to_numpy(dtype=np.float64)
        step = LEAST_STEP * float(np.nanstd(values))
        return int((np.abs(values - then.to_numpy(dtype=np.float64)) > step).sum()), step
    return int((now.astype(str) != then.astype(str)).sum()), None


def as_before(reference: pd.Series[Any], current: pd.Series[Any], generator: np.random.Generator) -> pd.Series[Any]:
    """The current values with the distribution of the reference; missing ones stay missing.

    Args:
        reference: Values of the reference.
        current: Values of the window.
        generator: Chooses which rows change where a label has become too common.
    """
    import pandas as pd
    from pandas.api import types

    if not all(
        types.is_numeric_dtype(one.dtype) and not types.is_bool_dtype(one.dtype) for one in (reference, current)
    ):
        return _relabelled(reference, current, generator)
    known = reference.to_numpy(dtype=np.float64, na_value=np.nan)
    known = known[np.isfinite(known)]
    if not len(known):
        return current
    shares = ((current.rank(method="average") - 0.5) / max(1, int(current.notna().sum()))).fillna(0.5)
    wanted = shares.to_numpy(dtype=np.float64)
    if types.is_integer_dtype(reference.dtype):
        values = np.quantile(known, wanted, method="inverted_cdf")
    else:
        values = np.quantile(known, wanted)
    values[current.isna().to_numpy()] = np.nan
    changed: pd.Series[Any] = pd.Series(values, index=current.index, name=current.name)
    return changed.astype(current.dtype) if types.is_integer_dtype(current.dtype) else changed


def _relabelled(reference: pd.Series[Any], current: pd.Series[Any], generator: np.random.Generator) -> pd.Series[Any]:
    """Rows of labels that have become too common take those that have become too rare."""
    rows = np.flatnonzero(current.notna().to_numpy())
    wanted = (reference.dropna().value_counts(normalize=True) * len(rows)).round().astype(int)
    freed, missing = [], []
    counts = current.dropna().value_counts()
    places = {label: rows[(current.iloc[rows] == label).to_numpy()] for label in counts.index}
    for label, count in counts.items():
        surplus = int(count) - int(wanted.get(label, 0))
        if surplus > 0:
            freed.append(generator.choice(places[label], surplus, replace=False))
    for label, count in wanted.items():
        missing += [label] * max(0, int(count) - int(counts.get(label, 0)))
    values = current.astype("object").to_numpy(copy=True)
    chosen = generator.permutation(np.concatenate(freed)) if freed else np.array([], dtype=np.intp)
    for row, label in zip(chosen, missing, strict=False):
        values[row] = label
    import pandas as pd

    found: pd.Series[Any] = pd.Series(values, index=current.index, name=current.name)
    has_same_type = current.dtype == reference.dtype and current.dtype != "category"
    return found.astype(current.dtype) if has_same_type else found
