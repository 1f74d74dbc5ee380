"""Conditions on rows: that a column has a value, has it not, is below or above a quantile, or is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Mask = npt.NDArray[np.float32]

#: Labels of a column that conditions are about; of one with more, only the commonest.
_LABELS = 12
#: Numbers of at most so many values are compared by value.
_FEW = 6
_DECILES = np.linspace(0.1, 0.9, 9)
#: Conditions that hold for almost all rows or almost none divide nothing.
_LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds for a row or does not.

    Attributes:
        column: The column that it is about.
        relation: '=', '!=', '<=', '>' or 'missing'.
        value: A label or a number as text; '' for 'missing'.
    """

    column: str
    relation: str
    value: str = ""

    def __str__(self) -> str:
        if self.relation == "missing":
            return f"{self.column} is missing"
        return f"{self.column} {self.relation} {self.value}"


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions over the columns of a frame; ``bounds`` has the number that each is about, None for text."""

    all: tuple[Condition, ...]
    bounds: tuple[float | None, ...]

    def hold(self, frame: pd.DataFrame) -> Mask:
        """Where they hold: 1 or 0, shape (conditions, rows)."""
        found = np.zeros((len(self.all), len(frame)), dtype=np.float32)
        values: dict[str, npt.NDArray[Any]] = {}
        for place, (condition, bound) in enumerate(zip(self.all, self.bounds, strict=True)):
            if condition.column not in values:
                values[condition.column] = (_texts if bound is None else _numbers)(frame[condition.column])
            found[place] = _holds(values[condition.column], condition, bound)
        return found

    def simplified(self, places: Sequence[int]) -> tuple[Condition, ...]:
        """Those of some places, without any that another one implies."""
        chosen = [(self.all[place], self.bounds[place]) for place in places]
        return tuple(one for one, bound in chosen if not any(_implies(other, one, bound) for other in chosen))


def conditions(reference: pd.DataFrame, current: pd.DataFrame) -> Conditions:
    """What rows can be divided by: values of columns with few, deciles of numbers, missing values.

    Args:
        reference: Rows of the reference.
        current: The same columns of the window.
    """
    from pandas.api import types

    found: list[tuple[Condition, float | None]] = []
    for name in reference.columns:
        frames = (reference[name], current[name])
        if all(types.is_numeric_dtype(one.dtype) and not types.is_bool_dtype(one.dtype) for one in frames):
            found += _of_numbers(str(name), np.concatenate([_numbers(one) for one in frames]))
        else:
            found += [(one, None) for one in _of_texts(str(name), np.concatenate([_texts(one) for one in frames]))]
    return Conditions(tuple(one for one, _ in found), tuple(bound for _, bound in found))


def _of_numbers(column: str, values: npt.NDArray[np.float64]) -> list[tuple[Condition, float | None]]:
    found: list[tuple[Condition, float | None]] = []
    if _LEAST_SHARE < np.isnan(values).mean() < 1 - _LEAST_SHARE:
        found.append((Condition(column, "missing"), np.nan))
    finite = values[np.isfinite(values)]
    distinct = np.unique(finite)
    if len(distinct) > _FEW:
        for text in dict.fromkeys(f"{bound:.4g}" for bound in np.quantile(finite, _DECILES)):
            found += [(Condition(column, relation, text), float(text)) for relation in ("<=", ">")]
    elif len(distinct) > 1:
        for value in distinct:
            relations = ("=", "!=") if len(distinct) > 2 else ("=",)
            found += [(Condition(column, relation, f"{value:g}"), float(value)) for relation in relations]
    return found


def _of_texts(column: str, values: npt.NDArray[Any]) -> list[Condition]:
    found: list[Condition] = []
    is_missing = values == _MISSING
    if _LEAST_SHARE < is_missing.mean() < 1 - _LEAST_SHARE:
        found.append(Condition(column, "missing"))
    labels, counts = np.unique(values[~is_missing], return_counts=True)
    if len(labels) < 2 or len(labels) > max(_LABELS, len(values) // 20):
        return found  # one group, or names of rows rather than of groups
    for place in np.argsort(-counts)[:_LABELS]:
        if counts[place] >= _LEAST_SHARE * len(values):
            relations = ("=", "!=") if len(labels) > 2 else ("=",)
            found += [Condition(column, relation, str(labels[place])) for relation in relations]
    return found


#: Stands for a missing text; no text of a file holds the character, and numpy cuts it only from the end.
_MISSING = "\0missing"


def _texts(series: pd.Series[Any]) -> npt.NDArray[Any]:
    return series.astype("string").fillna(_MISSING).to_numpy(dtype=object)


def _numbers(series: pd.Series[Any]) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = series.to_numpy(dtype=np.float64, na_value=np.nan)
    return found


def _holds(values: npt.NDArray[Any], condition: Condition, bound: float | None) -> npt.NDArray[np.bool_]:
    if condition.relation == "missing":
        return np.asarray(values == _MISSING if bound is None else np.isnan(values), dtype=np.bool_)
    wanted: Any = condition.value if bound is None else bound
    with np.errstate(invalid="ignore"):
        if condition.relation == "<=":
            return np.asarray(values <= wanted, dtype=np.bool_)
        if condition.relation == ">":
            return np.asarray(values > wanted, dtype=np.bool_)
    is_equal = np.asarray(values == wanted, dtype=np.bool_)
    if condition.relation == "=":
        return is_equal
    is_missing = np.asarray(values == _MISSING if bound is None else np.isnan(values), dtype=np.bool_)
    return np.asarray(~is_equal & ~is_missing, dtype=np.bool_)


def _implies(other: tuple[Condition, float | None], one: Condition, bound: float | None) -> bool:
    """Whether another condition leaves only rows for which the one holds."""
    condition, beyond = other
    if condition.column != one.column or condition == one:
        return False
    if one.relation == "!=" and condition.relation == "=":
        return True
    if one.relation != condition.relation or bound is None or beyond is None:
        return False
    return (one.relation == "<=" and beyond < bound) or (one.relation == ">" and beyond > bound)
