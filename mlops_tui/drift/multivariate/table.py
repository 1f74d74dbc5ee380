"""The columns of a reference and a window as two matrices: numbers as they are, categories by codes or frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlops_tui.drift.columns import Known, aligned
from mlops_tui.drift.samples import FloatArray, Labels, floats, label, labels

if TYPE_CHECKING:
    import pandas as pd

#: Categories beyond so many of a column, the commonest, are one category.
MOST_CODES = 200


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of numbers, NaN where a value is missing or infinite.

    Attributes:
        names: The columns.
        is_categorical: Which of them hold codes of categories: 0, 1, …
        reference: Shape (n, columns).
        window: Shape (m, columns).
    """

    names: tuple[str, ...]
    is_categorical: npt.NDArray[np.bool_]
    reference: FloatArray
    window: FloatArray


def table(features: Sequence[Known], reference: pd.DataFrame, window: pd.DataFrame) -> Table:
    """The columns that both have and that can be compared, side by side.

    Args:
        features: What is known of the reference's columns.
        reference: Its rows.
        window: Rows.
    """
    used = [known for known in features if known.sample is not None and known.name in window.columns]
    pairs = [
        _codes(known.sample, reference[known.name], window[known.name])
        if isinstance(known.sample, Labels)
        else (floats(reference[known.name]), floats(window[known.name]))
        for known in used
    ]
    return Table(
        tuple(known.name for known in used),
        np.array([isinstance(known.sample, Labels) for known in used], dtype=np.bool_),
        np.column_stack([before for before, _ in pairs]) if pairs else np.zeros((len(reference), 0)),
        np.column_stack([now for _, now in pairs]) if pairs else np.zeros((len(window), 0)),
    )


def _codes(sample: Labels, reference: pd.Series[Any], window: pd.Series[Any]) -> tuple[FloatArray, FloatArray]:
    """The commonest category of the reference is 0; those that it lacks, and the rarest, share the last code."""
    order = np.argsort(-sample.counts, kind="stable")[:MOST_CODES].tolist()
    codes = {sample.names[place]: float(code) for code, place in enumerate(order)}
    found = labels(window)
    renamed = dict(zip(found.names, aligned(sample, found).names, strict=True))

    def code(value: object, names: dict[str, str]) -> float:
        name = label(value)
        return np.nan if name is None else codes.get(names.get(name, name), float(MOST_CODES))

    before = [code(value, {}) for value in reference.tolist()]
    now = [code(value, renamed) for value in window.tolist()]
    return np.array(before, dtype=np.float64), np.array(now, dtype=np.float64)
