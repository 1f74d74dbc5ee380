"""A column as the statistics need it: sorted finite numbers, or labels with their counts.

Each column is converted and sorted once; every method, summary and drawing works from the result. Missing values, ±inf
(for numbers) and text that is no number are counted here and then gone.

Source:
    Evidently 0.7 turns ±inf into missing values and drops these per column before it does anything else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlops_store.texts import storable

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Beyond this whole numbers are no longer exact in a double.
_EXACT = 2.0**53
#: Powers of two between which squares and fourth powers are neither lost nor infinite.
_SAFE_POWER = 200


@dataclass(frozen=True)
class Numbers:
    """A numerical column.

    Attributes:
        values: Finite, ascending.
        missing: Rows without a value.
        infinite: Rows with ±inf.
        unparsable: Rows with text that is no number.
        is_integer: The column holds whole numbers by its type (which decides the width of histogram bins).
    """

    values: FloatArray
    missing: int = 0
    infinite: int = 0
    unparsable: int = 0
    is_integer: bool = False

    @property
    def count(self) -> int:
        """Rows with a usable value."""
        return len(self.values)

    @property
    def row_count(self) -> int:
        """All rows."""
        return len(self.values) + self.missing + self.infinite + self.unparsable

    @cached_property
    def mean(self) -> float:
        """The mean of the values; there must be one."""
        return _in_unit(np.mean, self.values)

    @cached_property
    def std(self) -> float:
        """Their standard deviation, with ddof 0."""
        return _in_unit(np.std, self.values)

    @property
    def low(self) -> float:
        """The least value."""
        return float(self.values[0])

    @property
    def high(self) -> float:
        """The greatest value."""
        return float(self.values[-1])

    def quantile(self, level: float) -> float:
        """The quantile, interpolated between its neighbours (Hyndman and Fan's definition 7)."""
        place = level * (len(self.values) - 1)
        below = int(place)
        if below + 1 >= len(self.values):
            return float(self.values[-1])
        part = place - below
        return float(self.values[below] * (1 - part) + self.values[below + 1] * part)

    def below(self, bounds: FloatArray) -> IntArray:
        """How many values are less than each of the bounds."""
        return self.values.searchsorted(bounds, "left")


def powerless(*samples: FloatArray) -> tuple[FloatArray, ...]:
    """The samples in a unit in which squares are neither lost nor infinite: for what does not depend on the unit.

    Args:
        samples: Each finite, ascending, of at least one value. Where their squares are safe they stay what they are.
    """
    power = _power(*samples)
    return tuple(np.ldexp(sample, -power) for sample in samples) if power else samples


def _power(*samples: FloatArray) -> int:
    """The power of two to divide by, which costs no bit; 0 where there is no need to."""
    power = math.frexp(max(abs(float(end)) for sample in samples for end in (sample[0], sample[-1])))[1]
    return power if abs(power) > _SAFE_POWER else 0


def _in_unit(of: Callable[[FloatArray], np.floating[Any]], values: FloatArray) -> float:
    power = _power(values)
    return float(np.ldexp(of(np.ldexp(values, -power)), power)) if power else float(of(values))


@dataclass(frozen=True, slots=True)
class Labels:
    """A categorical column.

    Attributes:
        names: Distinct, in ascending order (as numbers where all of them are).
        counts: Rows of each name, all positive.
        missing: Rows without a value.
    """

    names: tuple[str, ...]
    counts: IntArray
    missing: int = 0

    @property
    def count(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum())

    @property
    def row_count(self) -> int:
        """All rows."""
        return self.count + self.missing


Sample = Numbers | Labels


def numbers(column: pd.Series[Any]) -> Numbers:
    """The column as numbers; booleans count as 0 and 1, text is read as a number where it is one."""
    import pandas as pd

    unparsable = 0
    is_integer = pd.api.types.is_integer_dtype(column.dtype)
    is_plain = isinstance(column.dtype, np.dtype) and column.dtype == np.float64
    if not pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        text = column.astype(object)
        column = pd.to_numeric(text, errors="coerce")
        unparsable = int(column.isna().sum() - text.isna().sum())
    # what is a double already is not copied before it is sorted: a column may be as large as memory is short
    values = column.to_numpy() if is_plain else column.to_numpy(dtype=np.float64, na_value=np.nan)
    is_finite = np.isfinite(values)
    lost = len(values) - int(np.count_nonzero(is_finite))
    infinite = int(np.count_nonzero(np.isinf(values))) if lost else 0
    if lost:
        values = values[is_finite]
    elif is_plain or not values.flags.writeable:
        values = values.copy()
    values.sort()
    return Numbers(
        values=values,
        missing=lost - infinite - unparsable,
        infinite=infinite,
        unparsable=unparsable,
        # a whole-number column with gaps is stored as floats, and is binned as such
        is_integer=is_integer and not lost,
    )


def floats(column: pd.Series[Any]) -> FloatArray:
    """The column as numbers in the order of its rows, an array of its own; NaN for a value that is no finite number."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        column = pd.to_numeric(column.astype(object), errors="coerce")
    values = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    values[~np.isfinite(values)] = np.nan
    return values


def labels(column: pd.Series[Any]) -> Labels:
    """The column as labels: text as it is, whole numbers without a fraction, booleans as True and False."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        counted = column.value_counts(sort=False, dropna=True)
        pairs: Iterable[tuple[Hashable, int]] = zip(counted.index.tolist(), counted.to_list(), strict=True)
    else:
        pairs = _count(column)
    totals: dict[str, int] = {}
    for value, rows in pairs:
        name = label(value)
        if name is not None and rows:
            totals[name] = totals.get(name, 0) + int(rows)
    names = ordered(totals)
    counts = np.array([totals[name] for name in names], dtype=np.int64)
    return Labels(names, counts, len(column) - int(counts.sum()))


def label(value: object) -> str | None:
    """How a value is called as a category; None for a missing or infinite one.

    1, 1.0 and "1" have one name, because files and frames do not agree on which of these they hold.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, float | np.floating):
        number = float(value)
        if not np.isfinite(number):
            return None
        return str(int(number)) if number.is_integer() and abs(number) < _EXACT else repr(number)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    text = storable(str(value))
    return None if text in ("NaT", "<NA>") else text


def _count(column: pd.Series[Any]) -> Iterable[tuple[Any, int]]:
    import pandas as pd

    try:
        codes, values = pd.factorize(column)
    except TypeError:  # lists and dictionaries cannot be hashed
        codes, values = pd.factorize(column.map(str, na_action="ignore"))
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    return zip(list(values), counts.tolist(), strict=True)


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """The names in ascending order: by value where all of them are numbers, else by text."""
    names = list(names)
    try:
        values = {name: float(name) for name in names}
    except ValueError:
        return tuple(sorted(names))
    if any(math.isnan(value) for value in values.values()):  # it has no place among numbers
        return tuple(sorted(names))
    return tuple(sorted(names, key=lambda name: (values[name], name)))
