"""The profile of one column, and how it is made of arrays of its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_tui.drift.columns import MOST_UNPARSABLE
from mlops_tui.drift.kinds import WHOLE_CATEGORIES
from mlops_tui.drift.samples import FloatArray, label
from mlops_tui.drift.sketches import quantiles
from mlops_tui.drift.sketches.quantiles import EMPTY, Gatherer, Quantiles
from mlops_tui.drift.sketches.tallies import Tally

if TYPE_CHECKING:
    import pyarrow as pa

#: Values are gathered until there are so many: sorting few at a time takes longer and keeps less of them.
_BATCH = 65_536
#: From so many rows on a column is free text when more than half of their labels are distinct.
_TEXT_FROM = 10_000


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and spread of numbers, which are known exactly however many there are.

    Attributes:
        count: How many there are.
        mean: Their mean.
        squares: The sum of their squared distances from it.
        low: The least.
        high: The greatest.
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")

    def __add__(self, other: Moments) -> Moments:
        """Of all the numbers together (Chan, Golub and LeVeque, 1979)."""
        count = self.count + other.count
        if not self.count or not other.count:
            return self if self.count else other
        apart = other.mean - self.mean
        return Moments(
            count,
            self.mean + apart * (other.count / count),
            self.squares + other.squares + apart * apart * (self.count / count) * other.count,
            min(self.low, other.low),
            max(self.high, other.high),
        )


#: Of no numbers.
NONE = Moments()


def moments(values: FloatArray) -> Moments:
    """Of ascending finite values."""
    if not len(values):
        return NONE
    with np.errstate(over="ignore", invalid="ignore"):
        mean, squares = float(values.mean()), float(values.var()) * len(values)
        return Moments(len(values), mean, squares, float(values[0]), float(values[-1]))


@dataclass(frozen=True, slots=True)
class ColumnSketch:
    """What is known of a column.

    Attributes:
        name: The column's name.
        family: What its values are: see ``kinds.family``.
        rows: All rows.
        missing: Rows without a value.
        infinite: Rows with ±inf.
        unparsable: Rows with text that is no number, where most of them are numbers.
        is_integer: It holds whole numbers by its type.
        moments: Of its numbers.
        numbers: Their distribution.
        tally: Its labels, where it holds text or booleans, or where it is wanted as categories.
        is_text: Most of its labels are distinct, so that they were not counted any more.
    """

    name: str
    family: str
    rows: int = 0
    missing: int = 0
    infinite: int = 0
    unparsable: int = 0
    is_integer: bool = False
    moments: Moments = NONE
    numbers: Quantiles = EMPTY
    tally: Tally | None = None
    is_text: bool = False

    @property
    def count(self) -> int:
        """Rows with a usable value."""
        return self.rows - self.missing - self.infinite - self.unparsable

    @property
    def kind(self) -> str:
        """The kind of column, as ``kinds.infer`` tells it of all values."""
        if not self.rows - self.missing:
            return "empty"
        if self.is_text:
            return "text"
        if self.tally is not None:
            is_text = self.family == "text" and self.tally.distinct > self.count * 0.5
            return "text" if is_text else "categorical"
        if self.family == "number":
            if self.unparsable > MOST_UNPARSABLE * (self.rows - self.missing):
                return "other"
            is_few = self.numbers.is_exact and len(self.numbers.values) <= WHOLE_CATEGORIES
            return "categorical" if self.is_integer and is_few else "numerical"
        return "datetime" if self.family == "date" else "other"


class ColumnGatherer:
    """Makes the profile of a column.

    Args:
        name: The column's name.
        kind: 'categorical' where numbers are to be counted as labels, 'numerical' where text is to be read as numbers;
            else what the values are by type.
    """

    def __init__(self, name: str, kind: str = "") -> None:
        self._name = name
        self._kind = kind
        self._rows = self._missing = self._infinite = self._unparsable = 0
        self._families: set[str] = set()
        self._is_integer = True
        self._moments = NONE
        self._waiting: list[FloatArray] = []
        self._waiting_count = 0
        self._numbers = Gatherer()
        self._tally: Tally | None = None
        self._is_text = False

    def add(self, column: pa.Array[Any]) -> None:
        """Takes values: an Arrow array of any type."""
        import pyarrow as pa

        kind = column.type
        self._rows += len(column)
        if column.null_count == len(column):
            self._missing += len(column)
        elif pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
            self._families.add("number")
            if not pa.types.is_integer(kind) or column.null_count:
                self._is_integer = False
            self._add_numbers(np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64))
        elif pa.types.is_boolean(kind):
            self._families.add("boolean")
            self._add_labels(column)
        elif _is_text(kind) and self._kind == "numerical":
            self._families.add("number")
            self._is_integer = False
            self._add_numbers(self._parsed(column))
        elif _is_text(kind):
            self._families.add("text")
            self._add_labels(column)
        else:
            self._families.add("date" if pa.types.is_temporal(kind) else "other")
            self._missing += column.null_count

    def result(self) -> ColumnSketch:
        """The profile of all that was added."""
        self._settle()
        family = next(iter(self._families)) if len(self._families) == 1 else "other"
        return ColumnSketch(
            name=self._name,
            family=family,
            rows=self._rows,
            missing=self._missing,
            infinite=self._infinite,
            unparsable=self._unparsable,
            is_integer=family == "number" and self._is_integer and not self._missing,
            moments=self._moments,
            numbers=self._numbers.result(),
            tally=self._tally,
            is_text=self._is_text,
        )

    def _add_numbers(self, values: FloatArray) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            is_clean = np.isfinite(values.sum())  # one pass; a sum that is finite has only finite terms
        if not is_clean:
            is_finite = np.isfinite(values)
            infinite = int(np.count_nonzero(np.isinf(values)))
            self._infinite += infinite
            self._missing += len(values) - int(np.count_nonzero(is_finite)) - infinite
            values = values[is_finite]
        if self._kind == "categorical":
            self._tally = self._tally or Tally()
            distinct, counts = np.unique(values, return_counts=True)
            names = (label(value) or "" for value in distinct.tolist())
            self._tally.add(zip(names, counts.tolist(), strict=True))
            return
        self._waiting.append(values)
        self._waiting_count += len(values)
        if self._waiting_count >= _BATCH:
            self._settle()

    def _parsed(self, column: pa.Array[Any]) -> FloatArray:
        import pandas as pd

        values = pd.to_numeric(column.to_pandas().astype(object), errors="coerce").to_numpy(dtype=np.float64)
        unparsable = int(np.count_nonzero(np.isnan(values))) - column.null_count
        self._unparsable += unparsable
        self._missing -= unparsable  # they are no numbers either, and are counted among those below
        return np.asarray(values, dtype=np.float64)

    def _settle(self) -> None:
        if not self._waiting_count:
            return
        # a copy, because what is in an Arrow buffer must not be sorted in its place
        values = np.sort(self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting))
        self._waiting, self._waiting_count = [], 0
        self._moments += moments(values)
        self._numbers.add(values)

    def _add_labels(self, column: pa.Array[Any]) -> None:
        import pyarrow as pa

        self._missing += column.null_count
        if self._is_text:
            return
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        codes = column.indices
        if column.null_count:
            codes = codes.drop_null()
        names = column.dictionary
        counts = np.bincount(codes.to_numpy(zero_copy_only=False), minlength=len(names))
        is_there = np.flatnonzero(counts)
        if len(codes) >= _TEXT_FROM and len(is_there) > len(codes) / 2:
            self._is_text = True
            self._tally = self._tally or Tally()
            return
        self._tally = self._tally or Tally()
        if len(is_there) < len(names):
            names = names.take(pa.array(is_there))
        labels = (label(name) or "" for name in names.to_pylist())
        self._tally.add(zip(labels, counts[is_there].tolist(), strict=True))


def merged(parts: Sequence[ColumnSketch]) -> ColumnSketch:
    """The profile of all rows of several profiles of one column together."""
    filled = [part for part in parts if part.rows > part.missing]
    families = {part.family for part in filled}
    tally: Tally | None = None
    for part in parts:
        if part.tally is not None:
            tally = tally or Tally()
            tally.merge(part.tally)
    return ColumnSketch(
        name=parts[0].name,
        family=families.pop() if len(families) == 1 else "other",
        rows=sum(part.rows for part in parts),
        missing=sum(part.missing for part in parts),
        infinite=sum(part.infinite for part in parts),
        unparsable=sum(part.unparsable for part in parts),
        is_integer=len(filled) == len(parts) and all(part.is_integer for part in parts),
        moments=sum((part.moments for part in parts), NONE),
        numbers=quantiles.joined([part.numbers for part in parts]),
        tally=tally,
        is_text=any(part.is_text for part in parts),
    )


def of_numbers(name: str, values: FloatArray, **counts: Any) -> ColumnSketch:
    """The profile of ascending finite values that are in memory already.

    Args:
        name: The column's name.
        values: Ascending, finite.
        counts: ``missing``, ``infinite``, ``unparsable`` and ``is_integer``.
    """
    lost = sum(counts.get(key, 0) for key in ("missing", "infinite", "unparsable"))
    return ColumnSketch(
        name, "number", len(values) + lost, moments=moments(values), numbers=quantiles.of_sorted(values), **counts
    )


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))
