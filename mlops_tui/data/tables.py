"""CSV and Parquet files as columns with types and statistics, in bounded memory.

A file is read in parts. Of a long one only every second, fourth, eighth … row is kept for the statistics, so that the
rows kept are spread evenly over it; its number of rows is exact all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_store.errors import Refused
from mlops_store.texts import storable

if TYPE_CHECKING:
    import pandas as pd

#: Rows and cells kept at most.
ROWS, CELLS = 200_000, 20_000_000
_PART_ROWS = 50_000
#: Labels that are listed with their counts, and characters of each.
TOP = 5
_LABEL_LENGTH = 60
QUANTILES = (0.25, 0.5, 0.75)
_PARQUET = b"PAR1"
_HEAD_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Column:
    """A column in a few numbers, over the rows that were kept.

    Attributes:
        name: As the file has it.
        type: 'int64', 'float64', 'bool', 'text', 'datetime64[ns]' …, as pandas or Parquet calls it.
        count: Rows with a value.
        missing: Rows without one.
        distinct: Different values; None where they cannot be compared.
        mean: Of numbers and booleans; None for anything else, or when there are none.
        sd: Sample standard deviation (ddof 1); None for fewer than two numbers.
        min: The smallest value, as text for dates and labels.
        max: The largest value.
        quantiles: Level -> value, interpolated linearly, for numbers.
        top: The commonest values of anything but numbers, with their counts.
    """

    name: str
    type: str
    count: int
    missing: int
    distinct: int | None = None
    mean: float | None = None
    sd: float | None = None
    min: float | str | None = None
    max: float | str | None = None
    quantiles: Mapping[str, float] = field(default_factory=dict)
    top: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table's columns by name.

    Attributes:
        row_count: All rows.
        kept_count: Rows that the statistics are made of; fewer than ``row_count`` for a long table.
        columns: In the order of the file.
        notes: What had to be guessed, one sentence each.
    """

    row_count: int
    kept_count: int
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()


def is_table(name: str, head: bytes) -> bool:
    """Whether a file is one that ``read`` takes: Parquet by its first bytes, CSV by its name."""
    return head.startswith(_PARQUET) or name.lower().endswith((".csv", ".tsv"))


def read(full: str) -> Table:
    """The columns of a CSV or Parquet file.

    Args:
        full: The file.

    Raises:
        Refused: It cannot be read as a table.
        OSError: It cannot be opened.
    """
    with open(full, "rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(_PARQUET):
        return _parquet(full)
    return _csv(full, head)


def _csv(full: str, head: bytes) -> Table:
    import pandas as pd

    from mlops_tui.drift import batches

    if not head.strip():
        raise Refused("is empty")
    if len(head) == _HEAD_BYTES:
        head = head[: head.rfind(b"\n") + 1] or head  # a character may be cut in two at the end
    form = batches.form(head)
    kept = _Kept()
    try:
        parts = pd.read_csv(
            full,
            sep=form.separator,
            decimal=form.decimal,
            encoding=form.encoding,
            encoding_errors="replace",
            index_col=False,
            low_memory=False,
            chunksize=_PART_ROWS,
        )
        with parts:
            for part in parts:
                kept.add(part)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError, OverflowError) as error:
        raise Refused(f"cannot be read as CSV ({_reason(error)})") from error
    return kept.table({}, form.notes)


def _parquet(full: str) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kept = _Kept()
    try:
        with pq.ParquetFile(full) as file:
            types = {field.name: str(field.type) for field in file.schema_arrow}
            for part in file.iter_batches(batch_size=_PART_ROWS):
                kept.add(part.to_pandas())
            if not kept.row_count:
                kept.add(file.schema_arrow.empty_table().to_pandas())
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        raise Refused(f"is not a complete Parquet file ({_reason(error)})") from error
    return kept.table(types, ())


class _Kept:
    """Every n-th row of what is added, n a power of two, as few as ``ROWS`` and ``CELLS`` ask."""

    def __init__(self) -> None:
        self.row_count = 0
        self._step = 1
        self._parts: list[pd.DataFrame] = []
        self._kept = 0

    def add(self, part: pd.DataFrame) -> None:
        offset = -self.row_count % self._step
        self.row_count += len(part)
        part = part.iloc[offset :: self._step]
        self._parts.append(part)
        self._kept += len(part)
        room = max(1, min(ROWS, CELLS // max(1, len(part.columns))))
        while self._kept > room:
            self._step *= 2
            self._thin()

    def _thin(self) -> None:
        """Drops every second row that is kept."""
        thinned, place = [], 0
        for part in self._parts:
            thinned.append(part.iloc[place % 2 :: 2])
            place += len(part)
        self._parts = thinned
        self._kept = sum(map(len, thinned))

    def table(self, types: Mapping[str, str], notes: tuple[str, ...]) -> Table:
        """The statistics of what was kept."""
        import pandas as pd

        frame = pd.concat([_same_kinds(part, self._texts()) for part in self._parts], ignore_index=True)
        columns = tuple(_column(frame.iloc[:, place], types) for place in range(len(frame.columns)))
        return Table(self.row_count, len(frame), columns, notes)

    def _texts(self) -> set[Any]:
        """Columns that hold text in one part and numbers in another: text in all."""
        kinds: dict[Any, set[bool]] = {}
        for part in self._parts:
            for name, kind in part.dtypes.items():
                kinds.setdefault(name, set()).add(_is_text(kind))
        return {name for name, found in kinds.items() if len(found) > 1}


def _same_kinds(part: pd.DataFrame, texts: set[Any]) -> pd.DataFrame:
    mixed = [name for name in part.columns if name in texts and not _is_text(part.dtypes[name])]
    # a part in which the column is empty says nothing about its kind
    return part.astype(dict.fromkeys(mixed, object)) if mixed else part


def _is_text(kind: Any) -> bool:
    from pandas.api import types

    return bool(types.is_object_dtype(kind) or types.is_string_dtype(kind))


def _column(values: pd.Series[Any], types: Mapping[str, str]) -> Column:
    from pandas.api import types as kinds

    name = storable(str(values.name))
    kind = types.get(str(values.name)) or _kind(values)
    count = int(values.count())
    column = Column(name, kind, count, len(values) - count, _distinct(values))
    if kinds.is_numeric_dtype(values.dtype) and not kinds.is_complex_dtype(values.dtype):
        return _numbers(column, values)
    return _labels(column, values)


def _kind(values: pd.Series[Any]) -> str:
    """What a CSV file's column holds; whole numbers with gaps, which pandas keeps as floats, stay whole numbers."""
    if _is_text(values.dtype):
        return "text"
    if str(values.dtype) == "float64" and values.hasnans:
        present = values.dropna()
        if len(present) and bool((present % 1 == 0).all()):
            return "int64"
    return str(values.dtype)


def _distinct(values: pd.Series[Any]) -> int | None:
    try:
        return int(values.nunique())
    except TypeError:  # lists and dictionaries cannot be hashed
        return None


def _numbers(column: Column, values: pd.Series[Any]) -> Column:
    from dataclasses import replace

    import numpy as np

    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    numbers = numbers[~np.isnan(numbers)]
    if not len(numbers):
        return column
    with np.errstate(all="ignore"):
        levels = np.quantile(numbers, QUANTILES)
        return replace(
            column,
            mean=float(np.mean(numbers)),
            sd=float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None,
            min=float(numbers.min()),
            max=float(numbers.max()),
            quantiles={str(level): float(value) for level, value in zip(QUANTILES, levels, strict=True)},
        )


def _labels(column: Column, values: pd.Series[Any]) -> Column:
    from dataclasses import replace

    present = values.dropna()
    if not len(present):
        return column
    if not _is_text(present.dtype):  # dates, spans of time
        ends = _label(present.min()), _label(present.max())
        return replace(column, min=ends[0], max=ends[1])
    texts = present.map(_label)
    counted = texts.value_counts()
    ranked = sorted(zip(counted.index.tolist(), counted.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    return replace(column, top=tuple(ranked[:TOP]))


def _label(value: object) -> str:
    text = storable(value if isinstance(value, str) else str(value))
    return text if len(text) <= _LABEL_LENGTH else text[: _LABEL_LENGTH - 1] + "…"


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]


__all__ = ["CELLS", "ROWS", "Column", "Table", "is_table", "read"]
