"""Batches: CSV, Parquet and JSON lines as frames, compressed or not, whoever wrote them.

What a file is decides its content, not its name. Everything that was guessed (encoding, separator, decimal comma) is
noted; what cannot be read raises ``Unreadable`` with one sentence, never a parser's traceback.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_store.errors import Refused, UsageError
from mlops_store.texts import storable
from mlops_tui.drift import compression, json_lines

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.sketches.table import TableSketch

#: Larger files are not read into memory.
LARGEST_BYTES = 2 * 1024**3
#: The same for Parquet's columns when uncompressed.
LARGEST_TABLE_BYTES = 8 * 1024**3
_HEAD_BYTES = 256 * 1024
_BLOCK_BYTES = 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


class Unreadable(Refused):
    """The file cannot be read as a table; the message continues a sentence that begins with the file's name."""


class Empty(Unreadable):
    """There are no rows in it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A table with distinct column names.

    Attributes:
        frame: One row an example.
        repeated: Names that stood in the file more than once; the first column of each is kept.
        notes: What had to be guessed, one sentence each.
        profile: Of all rows, where they are too many to be held in memory; ``frame`` then has some, chosen by chance.
    """

    frame: pd.DataFrame
    repeated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    profile: TableSketch | None = None

    @property
    def row_count(self) -> int:
        """All rows."""
        return len(self.frame) if self.profile is None else self.profile.rows


@dataclass(frozen=True, slots=True)
class Form:
    """How a CSV file is written, as far as its bytes tell; ``notes`` says what had to be guessed.

    ``has_line_breaks`` is whether any of the first values has one in it.
    """

    encoding: str
    separator: str
    decimal: str
    names: tuple[str, ...]
    notes: tuple[str, ...]
    has_line_breaks: bool = False


def form(data: bytes) -> Form:
    """How a CSV file is written.

    Args:
        data: All of it, or its beginning.

    Raises:
        Unreadable: It is no text.
    """
    encoding, notes = _encoding(data)
    head = data[:_HEAD_BYTES].decode(encoding, "replace")
    separator = _separator(head)
    names, sample = _rows(head, separator)
    decimal = "," if separator == ";" and _has_decimal_comma(sample) else "."
    if separator != ",":
        notes = (*notes, f"read with the separator {separator!r}")
    if decimal == ",":
        notes = (*notes, "read with decimal commas")
    has_line_breaks = any("\n" in field for row in sample for field in row)
    return Form(encoding, separator, decimal, tuple(names), notes, has_line_breaks)


def read(path: str, name: str) -> Batch:
    """The table of a file that a person named.

    Args:
        path: The file.
        name: How it was named, where messages begin.

    Raises:
        UsageError: It cannot be read, or holds no table.
    """
    try:
        with open(path, "rb") as file:
            return parse(file.read())
    except OSError as error:
        raise UsageError(f"{name} cannot be read ({error.strerror})", "check the path") from error
    except Unreadable as error:
        raise UsageError(f"{name} {error.message}", error.hint) from error


def parse(data: bytes) -> Batch:
    """The table that a file's bytes hold.

    Raises:
        Unreadable: They hold none.
    """
    if len(data) > LARGEST_BYTES:
        raise Unreadable(f"is too large: {len(data) / 1e9:.1f} GB, at most {LARGEST_BYTES / 1e9:.1f} GB are read")
    try:
        data = compression.unpacked(data, LARGEST_BYTES)
    except compression.Damaged as error:
        raise Unreadable(error.message) from error
    if not data[:_HEAD_BYTES].strip() and not data.strip():
        raise Empty("is empty", "deliver the batch again, with a header and its rows")
    if data[:4] == b"PAR1":
        batch = _parquet(data)
    elif json_lines.are_likely(data):
        batch = _json_lines(data)
    else:
        batch = _csv(data)
    if not len(batch.frame.columns):
        raise Unreadable("has no columns")
    if not len(batch.frame):
        raise Empty("has a header but no rows", "deliver the batch again, with its rows")
    return batch


def _csv(data: bytes) -> Batch:
    import pandas as pd

    found = form(data)
    try:
        with warnings.catch_warnings():
            # more fields than names: pandas would only warn and drop what is too much
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.BytesIO(data),
                sep=found.separator,
                decimal=found.decimal,
                encoding=found.encoding,
                index_col=False,
                low_memory=False,
            )
    except pd.errors.ParserWarning as error:
        raise Unreadable("has rows with more fields than its header has names") from error
    except (pd.errors.ParserError, ValueError, OverflowError, MemoryError, RecursionError) as error:
        raise Unreadable(f"cannot be read as CSV ({_reason(error)})") from error
    names = list(found.names)
    return distinct(frame, names if len(names) == len(frame.columns) else list(frame.columns), found.notes)


def _parquet(data: bytes) -> Batch:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        groups = (file.metadata.row_group(index) for index in range(file.metadata.num_row_groups))
        size = sum(group.total_byte_size for group in groups)
        if size > LARGEST_TABLE_BYTES:
            raise Unreadable(f"is too large: {size / 1e9:.1f} GB uncompressed")
        table = file.read()
        frame = table.to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError, NotImplementedError, MemoryError) as error:
        raise Unreadable(f"is not a complete Parquet file ({_reason(error)})") from error
    kept = [index for index, name in enumerate(table.column_names) if not name.startswith("__index_level_")]
    return distinct(frame.iloc[:, kept], [table.column_names[index] for index in kept], ())


def _json_lines(data: bytes) -> Batch:
    try:
        frame = json_lines.parse(data)
    except json_lines.Malformed as error:
        raise Unreadable(error.message) from error
    return distinct(frame, list(frame.columns), ())


def distinct(frame: pd.DataFrame, names: list[Any], notes: tuple[str, ...] = ()) -> Batch:
    """The batch of a frame whose columns are called so; of columns of one name the first is kept."""
    names = [storable(str(name)) for name in names]
    first = {name: index for index, name in reversed(list(enumerate(names)))}
    if len(first) == len(names):
        return Batch(frame.set_axis(names, axis="columns"), (), notes)
    kept = sorted(first.values())
    repeated = dict.fromkeys(name for index, name in enumerate(names) if first[name] != index)
    frame = frame.iloc[:, kept].set_axis([names[index] for index in kept], axis="columns")
    return Batch(frame, tuple(repeated), notes)


def _encoding(data: bytes) -> tuple[str, tuple[str, ...]]:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name, ()
    if b"\0" in data[:_HEAD_BYTES]:
        raise Unreadable("holds binary data, and is no Parquet file")
    broken = _not_utf8(data)
    if broken is not None:
        return "latin-1", (f"read as Latin-1, because byte {broken} is not UTF-8",)
    return "utf-8", ()


def _not_utf8(data: bytes) -> int | None:
    """Where the bytes stop to be UTF-8; decoded in blocks, so that a large file does not stand twice in memory."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), _BLOCK_BYTES):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(data[start : start + _BLOCK_BYTES], final=start + _BLOCK_BYTES >= len(data))
        except UnicodeDecodeError as error:
            return start - pending + error.start
    return None


def _separator(head: str) -> str:
    """The one of comma, semicolon, tab and bar that stands most often in the first line, outside quotes."""
    line = next((line for line in head.splitlines() if line.strip()), "")
    unquoted = re.sub(r'"(?:[^"]|"")*"', "", line)
    return max((",", ";", "\t", "|"), key=unquoted.count)


def _rows(head: str, separator: str) -> tuple[list[str], list[list[str]]]:
    """The header's names, which pandas would make distinct without a word, and some rows."""
    try:
        rows = (row for row in csv.reader(io.StringIO(head), delimiter=separator) if row)
        return next(rows, []), [row for row, _ in zip(rows, range(50), strict=False)]
    except csv.Error:
        return [], []


def _has_decimal_comma(rows: list[list[str]]) -> bool:
    return any(_DECIMAL_COMMA.fullmatch(field.strip()) for row in rows for field in row)


def _reason(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    first = (
        (text[0] if text else type(error).__name__).removeprefix("Error tokenizing data. ").removeprefix("C error: ")
    )
    return first[:200]
