"""The bins of a column, and the effect between counts in them with what chance makes of so few rows taken off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

#: Bins of a numerical column.
_BINS = 32
_LABELS = 31
#: The mean of Kolmogorov's distribution: what the largest gap between two samples of one distribution comes to.
_KOLMOGOROV = 0.8687


def bins_of(reference: pd.Series[Any], current: pd.Series[Any]) -> tuple[Places, Places, int, bool]:
    """The bin of each value: quantiles of both samples together for numbers, else the commonest labels."""
    import pandas as pd
    from pandas.api import types

    if types.is_numeric_dtype(reference.dtype) and not types.is_bool_dtype(reference.dtype):
        values = [
            pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
            for series in (reference, current)
        ]
        finite = np.concatenate([one[np.isfinite(one)] for one in values])
        if len(finite):
            edges = np.unique(np.quantile(finite, np.linspace(0, 1, _BINS + 1)[1:-1]))
            places = [np.where(np.isfinite(one), edges.searchsorted(one, "right"), -1) for one in values]
            return places[0], places[1], len(edges) + 1, True
    texts = [series.astype("string") for series in (reference, current)]
    commonest = pd.concat(texts).value_counts().index[:_LABELS]
    codes = []
    for series in texts:
        code = pd.Index(commonest).get_indexer(pd.Index(series))
        codes.append(np.where(series.isna().to_numpy(), -1, np.where(code < 0, len(commonest), code)))
    return codes[0], codes[1], len(commonest) + 1, False


def counted(bins: Places, chosen: npt.NDArray[np.bool_], count: int) -> FloatArray:
    """How many of the chosen rows lie in each bin."""
    kept = bins[chosen & (bins >= 0)]
    return np.bincount(kept, minlength=count).astype(np.float64)


def effects_of(reference: FloatArray, current: FloatArray, is_ordered: bool) -> FloatArray:
    """The effect of each row of counts, with what chance makes of so few rows taken off; 0 where a side is empty."""
    n, m = reference.sum(axis=1), current.sum(axis=1)
    n, m = np.maximum(n, 1e-9), np.maximum(m, 1e-9)
    shares = reference / n[:, None], current / m[:, None]
    if is_ordered:
        gaps: FloatArray = np.abs(np.cumsum(shares[1] - shares[0], axis=1)).max(axis=1)
        chance = _KOLMOGOROV * np.sqrt(1 / n + 1 / m)
    else:
        gaps = np.abs(shares[1] - shares[0]).sum(axis=1) / 2
        pooled = (reference + current) / (n + m)[:, None]
        # the mean of the absolute value of a normal variable, for each label
        chance = np.sqrt(2 / np.pi * pooled * (1 - pooled) * (1 / n + 1 / m)[:, None]).sum(axis=1) / 2
    return np.where((n >= 1) & (m >= 1), np.maximum(0.0, gaps - chance), 0.0)


def effect_of(counts: tuple[FloatArray, FloatArray], is_ordered: bool) -> float:
    """The effect between the counts of a reference and of a window."""
    return float(effects_of(counts[0][None], counts[1][None], is_ordered)[0])
