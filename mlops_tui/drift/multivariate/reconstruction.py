"""The reconstruction error: how much of the rows is lost in the principal components of the reference.

It rises when columns no longer belong together as they did, though each by itself looks as before.

Source:
    NannyML 0.13, ``DataReconstructionDriftCalculator``: missing numbers become the mean and missing categories the
    commonest one, categories their frequency in the reference, all columns are standardised, and the components that
    explain 65 % of the variance are kept; the error of a row is the Euclidean distance to what they make of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_tui.drift.multivariate.table import Table
from mlops_tui.drift.samples import FloatArray

#: The share of the variance that is kept.
EXPLAINED = 0.65
FOLDS = 5
#: Beyond so many standard errors the mean error is another, as NannyML's threshold has three standard deviations …
DEVIATIONS = 3.0
#: … and it is another by much from this part of the standard deviation between rows on (Cohen's small effect).
SMALLEST_SHIFT = 0.2


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """What the principal components of a reference make of a window.

    Attributes:
        error: Mean error of the window's rows.
        low: Lower end of its 95 % interval.
        high: Upper end.
        reference: Mean error of the reference's own rows.
        bounds: Where the mean error of a window of this size lies when nothing has happened, by little or by chance.
        components: How many are kept.
    """

    error: float
    low: float
    high: float
    reference: float
    bounds: tuple[float, float]
    components: int

    @property
    def is_beyond(self) -> bool:
        """Whether the window's error is outside of the bounds."""
        return not self.bounds[0] <= self.error <= self.bounds[1]


def reconstruct(data: Table) -> Reconstruction | None:
    """The errors of a window, its rows and the reference's at least two.

    Returns:
        None where the reference's columns do not vary, or hold values too large to compute with.
    """
    if not data.names:
        return None
    with np.errstate(all="ignore"):
        fitted = _fit(data.reference, data.is_categorical)
        if fitted is None:
            return None
        own, now = fitted.errors(data.reference), fitted.errors(data.window)
        # rows that the components were made of come out better than others: judge by those that they were not
        unseen = _unseen(data)
    error = float(now.mean())
    if unseen is None or not np.isfinite(error):
        return None
    usual, spread = float(unseen.mean()), float(unseen.std(ddof=1))
    error_of_mean = float(np.sqrt(spread**2 / len(unseen) + max(spread, float(now.std(ddof=1))) ** 2 / len(now)))
    margin = max(DEVIATIONS * error_of_mean, SMALLEST_SHIFT * spread)
    half = 1.96 * float(now.std(ddof=1)) / np.sqrt(len(now))
    return Reconstruction(
        error, error - half, error + half, float(own.mean()), (usual - margin, usual + margin), len(fitted.components)
    )


@dataclass(frozen=True, slots=True)
class _Fitted:
    fill: FloatArray
    frequencies: dict[int, FloatArray]
    mean: FloatArray
    scale: FloatArray
    components: FloatArray

    def errors(self, rows: FloatArray) -> FloatArray:
        standard = (_encoded(rows, self.fill, self.frequencies) - self.mean) / self.scale
        rest = standard - standard @ self.components.T @ self.components
        errors: FloatArray = np.sqrt(np.square(rest).sum(axis=1))
        return errors


def _fit(rows: FloatArray, is_categorical: npt.NDArray[np.bool_]) -> _Fitted | None:
    from scipy.linalg import LinAlgError, svd

    fill = np.array([_fill(column, bool(code)) for column, code in zip(rows.T, is_categorical, strict=True)])
    frequencies: dict[int, FloatArray] = {}
    for place in np.flatnonzero(is_categorical).tolist():
        codes = np.where(np.isnan(rows[:, place]), fill[place], rows[:, place]).astype(np.int64)
        frequencies[place] = np.bincount(codes) / len(codes)
    encoded = _encoded(rows, fill, frequencies)
    mean, scale = encoded.mean(axis=0), encoded.std(axis=0)
    scale[scale <= 10 * np.finfo(np.float64).eps * np.abs(mean)] = 1.0
    standard = (encoded - mean) / scale
    if not np.isfinite(standard).all():
        return None
    try:
        _, values, components = svd(standard, full_matrices=False)
    except LinAlgError:
        return None
    explained = np.cumsum(np.square(values))
    if not len(explained) or not explained[-1] > 0:
        return None
    kept = int(np.searchsorted(explained / explained[-1], EXPLAINED, side="right")) + 1
    return _Fitted(fill, frequencies, mean, scale, components[:kept])


def _fill(column: FloatArray, is_categorical: bool) -> float:
    known = column[~np.isnan(column)]
    if not len(known):
        return 0.0
    return float(np.bincount(known.astype(np.int64)).argmax()) if is_categorical else float(known.mean())


def _encoded(rows: FloatArray, fill: FloatArray, frequencies: dict[int, FloatArray]) -> FloatArray:
    encoded = np.where(np.isnan(rows), fill, rows)
    for place, of_code in frequencies.items():
        codes = encoded[:, place].astype(np.int64)
        encoded[:, place] = np.append(of_code, 0.0)[np.minimum(codes, len(of_code))]
    return encoded


def _unseen(data: Table) -> FloatArray | None:
    places = np.random.default_rng(0).permutation(len(data.reference)) % FOLDS
    errors = np.empty(len(data.reference))
    for fold in range(FOLDS):
        fitted = _fit(data.reference[places != fold], data.is_categorical)
        if fitted is None:
            return None
        errors[places == fold] = fitted.errors(data.reference[places == fold])
    return errors
