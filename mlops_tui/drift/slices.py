"""Slices of a window and of its reference: rows with one value of a column, or those that a condition is true of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlops_store.errors import UsageError, nearest
from mlops_tui.config.monitor_slices import is_condition
from mlops_tui.drift import kinds
from mlops_tui.drift.samples import label

if TYPE_CHECKING:
    import pandas as pd

Mask = npt.NDArray[np.bool_]
#: A slice is compared from so many rows on, in the window and in the reference.
LEAST_ROWS = 30
#: Most values of a column that are slices, the commonest of the reference.
MOST_VALUES = 20
#: Numbers are cut into parts of the reference that hold equally many rows.
PARTS = 4


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the rows.

    Attributes:
        name: What they have in common, as in "plan = pro", or the name that the project gave them.
        by: The column that makes the slice, which is not compared within it; '' for a condition.
        reference: Which rows of the reference.
        window: Which rows of the window; None when the window lacks a column that it takes to know.
    """

    name: str
    by: str
    reference: Mask
    window: Mask | None


def cut(name: str, text: str, reference: pd.DataFrame, window: pd.DataFrame) -> Iterator[Slice]:
    """The slices that a column makes, or the one that a condition makes.

    Args:
        name: What the project calls it; the text itself where it has no name.
        text: The column or the condition.
        reference: Rows.
        window: Rows.

    Raises:
        UsageError: The reference lacks a column, or the condition fails on it.
    """
    if is_condition(text) and text not in reference.columns:
        yield _of_condition(name, text, reference, window)
        return
    if text not in reference.columns:
        raise UsageError(
            f"slices: the reference has no column {text!r}", nearest(text, (str(each) for each in reference.columns))
        )
    now = window[text] if text in window.columns else None
    if kinds.infer(reference[text]) == "numerical":
        yield from _of_numbers(name, text, reference[text], now)
    else:
        yield from _of_labels(name, text, reference[text], now)


def _of_condition(name: str, text: str, reference: pd.DataFrame, window: pd.DataFrame) -> Slice:
    try:
        before = _holds(text, reference)
    except Exception as error:  # whatever pandas raises of a condition that does not suit its columns
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise UsageError(
            f"slices: {text!r} cannot be applied to the reference: {reason}", "look at the names"
        ) from error
    try:
        now = _holds(text, window)
    except Exception:  # the same: the window lacks a column, or holds other values in it
        now = None
    return Slice(name, "", before, now)


def _holds(text: str, frame: pd.DataFrame) -> Mask:
    import pandas as pd

    found = frame.eval(text, engine="python", parser="pandas", local_dict={}, global_dict={})
    if not isinstance(found, pd.Series) or not pd.api.types.is_bool_dtype(found.dtype):
        raise TypeError("it is true or false of no row")
    return found.to_numpy(dtype=np.bool_, na_value=False)


def _of_labels(name: str, by: str, reference: pd.Series[Any], window: pd.Series[Any] | None) -> Iterator[Slice]:
    before = reference.map(label, na_action="ignore")
    now = None if window is None else window.map(label, na_action="ignore")
    for value in before.value_counts().index[:MOST_VALUES]:
        yield Slice(
            f"{name} = {value}",
            by,
            (before == value).to_numpy(dtype=np.bool_, na_value=False),
            None if now is None else (now == value).to_numpy(dtype=np.bool_, na_value=False),
        )


def _of_numbers(name: str, by: str, reference: pd.Series[Any], window: pd.Series[Any] | None) -> Iterator[Slice]:
    import pandas as pd

    before = pd.to_numeric(reference, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    now = None if window is None else pd.to_numeric(window, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    finite = before[np.isfinite(before)]
    if not len(finite):
        return
    # of halves, because the whole span may be more than a double can hold
    inner = np.unique(np.quantile(finite / 2, np.arange(1, PARTS) / PARTS) * 2)
    edges = [-np.inf, *inner.tolist(), np.inf]
    for low, high in pairwise(edges):
        named = f"{name} ≤ {high:.4g}" if low == -np.inf else f"{name} > {low:.4g}"
        if np.isfinite(low) and np.isfinite(high):
            named = f"{low:.4g} < {name} ≤ {high:.4g}"
        yield Slice(named, by, (before > low) & (before <= high), None if now is None else (now > low) & (now <= high))
