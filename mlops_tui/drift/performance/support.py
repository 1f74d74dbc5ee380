"""How many rows of a window lie outside of what labelled rows cover, column by column: there an estimate is a guess.

A row is outside when a number is smaller or greater than all of the labelled rows', a label was never seen, or a value
is missing where none ever was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_tui.drift import kinds
from mlops_tui.drift.performance import tasks
from mlops_tui.drift.performance.intervals import BoolArray
from mlops_tui.drift.samples import label

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a window is outside.

    Attributes:
        outside: Rows that are.
        rows: All rows.
        expected: The share that is to be expected of rows that are like the labelled ones, from leaving out each.
        columns: Those that put most rows outside, with their numbers, the most first.
    """

    outside: int
    rows: int
    expected: float
    columns: tuple[tuple[str, int], ...]


def coverage(reference: pd.DataFrame, window: pd.DataFrame) -> Coverage:
    """How much of a window lies outside of the reference's rows, over the columns of both; neither may be empty."""
    outside = np.zeros(len(window), dtype=bool)
    alone = np.zeros(len(reference), dtype=bool)
    columns = []
    for name in reference.columns:
        if name not in window.columns:
            continue
        beyond, single = _column(reference[name], window[name])
        outside |= beyond
        alone |= single
        if beyond.any():
            columns.append((str(name), int(beyond.sum())))
    columns.sort(key=lambda each: -each[1])
    return Coverage(int(outside.sum()), len(window), float(alone.mean()), tuple(columns))


def _column(reference: pd.Series[Any], window: pd.Series[Any]) -> tuple[BoolArray, BoolArray]:
    """Which rows of the window are outside, and which of the reference would be if they were left out of it."""
    if kinds.family(reference) == "number":
        known, given = tasks.numbers(reference), tasks.numbers(window)
        is_known = np.isfinite(known)
        if not is_known.any():
            return np.isfinite(given), np.zeros(len(known), dtype=bool)
        low, high = known[is_known].min(), known[is_known].max()
        missing = ~np.isfinite(given) & bool(is_known.all())
        with np.errstate(invalid="ignore"):
            beyond = (given < low) | (given > high) | missing
            single = np.zeros(len(known), dtype=bool)
            for end in (low, high):
                is_end = known == end
                single |= is_end & (int(is_end.sum()) == 1)
        return beyond, single | (~is_known & (int((~is_known).sum()) == 1))
    known_names = reference.map(label, na_action="ignore").fillna("").to_numpy(dtype=object)
    given_names = window.map(label, na_action="ignore").fillna("").to_numpy(dtype=object)
    names, place, count = np.unique(known_names.astype(str), return_inverse=True, return_counts=True)
    return ~np.isin(given_names.astype(str), names), count[place] == 1
