"""Files as batches of rows, so that none needs to fit into memory.

A file is one or several parts that can be read at the same time; what a file is decides its content, not its name. A
CSV file's types are those of its first rows; where a later row does not fit, the column is read again as what does.
"""

from __future__ import annotations

import lzma
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from mlops_store.texts import storable
from mlops_tui.drift import batches, compression, json_lines
from mlops_tui.drift.batches import Unreadable

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows of a batch of Parquet: more of them take more memory and no less time.
ROWS = 16_384
_CSV_BLOCK_BYTES = 4 << 20
_JSON_BLOCK_BYTES = 8 << 20
_HEAD_BYTES = 256 * 1024
#: What stands for a missing value in CSV, as pandas reads it.
_MISSING = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
)
_UNFIT = re.compile(r"In CSV column #(\d+): .*CSV conversion error to (\w+)", re.DOTALL)

Rows = Callable[[], Iterator["pa.RecordBatch[Any]"]]


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a file's rows.

    Attributes:
        rows: Reads them, from the first one on each time; raises ``Unreadable``, and ``Unfit`` for CSV.
        kinds: Columns whose text is to be read as numbers.
        notes: What had to be guessed.
    """

    rows: Rows
    kinds: Mapping[str, str]
    notes: tuple[str, ...] = ()


class Unfit(Exception):
    """A row of a CSV file does not fit its types; what was read of it is to be thrown away and read again.

    Attributes:
        instead: The part that reads it.
    """

    def __init__(self, instead: Part) -> None:
        super().__init__("a value does not fit its column")
        self.instead = instead


def parts(path: str, most: int = 1) -> list[Part]:
    """The parts of a file.

    Args:
        path: A CSV, Parquet or JSON lines file, compressed or not.
        most: As many at most, for those formats that can be read in parts.

    Raises:
        Unreadable: It holds no table.
        OSError: It cannot be opened.
    """
    with open(path, "rb") as file:
        start = file.read(8)
    if start[:4] == b"PAR1":
        return _parquet_parts(path, most)
    kind = compression.kind(start)
    try:
        with _opened(path, kind) as stream:
            head = stream.read(_HEAD_BYTES)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise Unreadable(f"is no complete {kind} file") from error
    if not head.strip():
        raise Unreadable("is empty", "deliver the batch again, with a header and its rows")
    if json_lines.are_likely(head):
        return [Part(lambda: _json_rows(path, kind), {})]
    is_cut = len(head) == _HEAD_BYTES and b"\n" in head
    return [_typed(path, kind, batches.form(head[: head.rfind(b"\n") + 1] if is_cut else head), {})]


def _opened(path: str, kind: str) -> IO[bytes]:
    import pyarrow as pa

    if kind == "xz":
        return lzma.open(path)
    names = {"gzip": "gzip", "bzip2": "bz2", "Zstandard": "zstd"}
    stream: Any = pa.input_stream(path, compression=names.get(kind), buffer_size=1 << 20)
    return stream  # type: ignore[no-any-return]


def _parquet_parts(path: str, most: int) -> list[Part]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            groups = file.metadata.num_row_groups
            schema = file.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Unreadable(f"is not a complete Parquet file ({str(error)[:200]})") from error
    # labels come as numbers of a dictionary, which is what is counted and takes less to read
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    kept = [name for name in schema.names if not name.startswith("__index_level_")]

    def rows(chosen: list[int]) -> Iterator[pa.RecordBatch[Any]]:
        try:
            with pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False, buffer_size=1 << 20) as file:
                yield from file.iter_batches(ROWS, row_groups=chosen, columns=kept, use_threads=False)
        except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
            raise Unreadable(f"is not a complete Parquet file ({str(error)[:200]})") from error

    count = max(1, min(most, groups))
    return [Part(partial(rows, list(range(at, groups, count))), {}) for at in range(count)]


def _json_rows(path: str, kind: str) -> Iterator[pa.RecordBatch[Any]]:
    import pyarrow as pa

    from mlops_tui.drift.profiles import to_arrow

    line = 1
    try:
        with _opened(path, kind) as stream:
            rest = b""
            while block := stream.read(_JSON_BLOCK_BYTES):
                whole, found, rest = (rest + block).rpartition(b"\n")
                if found:
                    yield from _json_batch(whole, line, to_arrow)
                    line += whole.count(b"\n") + 1
                elif len(rest) > 4 * _JSON_BLOCK_BYTES:
                    raise Unreadable(f"is no JSON lines: line {line} is longer than {len(rest):,} bytes")
            yield from _json_batch(rest, line, to_arrow)
    except json_lines.Malformed as error:
        raise Unreadable(error.message) from error
    except (OSError, EOFError, lzma.LZMAError, pa.ArrowException) as error:
        raise Unreadable(f"is no complete {kind or 'JSON lines'} file") from error


def _json_batch(data: bytes, line: int, to_arrow: Callable[..., Any]) -> Iterator[pa.RecordBatch[Any]]:
    import pyarrow as pa

    frame = json_lines.parse(data, first_line=line)
    if len(frame):
        yield pa.RecordBatch.from_arrays([to_arrow(frame[name]) for name in frame.columns], names=list(frame.columns))


def _typed(path: str, kind: str, form: batches.Form, types: Mapping[str, str]) -> Part:
    numbers = {storable(name): "numerical" for name, held in types.items() if held == "text of numbers"}
    return Part(lambda: _csv_rows(path, kind, form, types), numbers, form.notes)


def _csv_rows(path: str, kind: str, form: batches.Form, types: Mapping[str, str]) -> Iterator[pa.RecordBatch[Any]]:
    import pyarrow as pa
    from pyarrow import csv

    arrow = {"double": pa.float64(), "string": pa.string(), "text of numbers": pa.string()}
    names: list[str] = []
    try:
        with _opened(path, kind) as stream:
            reader = csv.open_csv(
                stream,
                read_options=csv.ReadOptions(
                    block_size=_CSV_BLOCK_BYTES, encoding="utf8" if form.encoding.startswith("utf-8") else form.encoding
                ),
                parse_options=csv.ParseOptions(delimiter=form.separator, newlines_in_values=form.has_line_breaks),
                convert_options=csv.ConvertOptions(
                    column_types={name: arrow[held] for name, held in types.items()},
                    null_values=list(_MISSING),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                    decimal_point=form.decimal,
                ),
            )
            names = reader.schema.names
            yield from reader
    except pa.ArrowInvalid as error:
        instead = _fitting(str(error), names, form, types)
        if instead is None:
            raise Unreadable(f"cannot be read as CSV ({str(error).splitlines()[0][:200]})") from error
        raise Unfit(_typed(path, kind, *instead)) from error
    except (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise Unreadable(f"is no complete {kind or 'CSV'} file") from error


def _fitting(
    message: str, names: list[str], form: batches.Form, types: Mapping[str, str]
) -> tuple[batches.Form, dict[str, str]] | None:
    """How to read the file instead, after an error; None where there is no other way."""
    found = _UNFIT.search(message)
    if found is not None and int(found[1]) < len(names):
        name = names[int(found[1])]
        before = types.get(name)
        if "UTF8" in message and form.encoding != "latin-1":
            return _as_latin(form), dict(types)
        if found[2] in ("int64", "null") and before is None:
            return form, {**types, name: "double"}
        if found[2] == "double":
            return form, {**types, name: "text of numbers"}
        return (form, {**types, name: "string"}) if before is None else None
    if "UTF8" in message and form.encoding != "latin-1":
        return _as_latin(form), dict(types)
    if not form.has_line_breaks and "columns, got" in message:
        return replace(form, has_line_breaks=True), dict(types)
    return None


def _as_latin(form: batches.Form) -> batches.Form:
    note = "read as Latin-1, because not all of it is UTF-8"
    return replace(form, encoding="latin-1", notes=(*form.notes, note))


def size(path: str) -> int:
    """The bytes of a file, or about as many as it has uncompressed where that is cheap to know."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = os.path.getsize(path)
    with open(path, "rb") as file:
        start = file.read(8)
    if start[:4] == b"PAR1":
        try:
            with pq.ParquetFile(path) as table:
                groups = (table.metadata.row_group(index) for index in range(table.metadata.num_row_groups))
                return max(found, sum(int(group.total_byte_size) for group in groups))
        except (pa.ArrowException, OSError, ValueError):
            return found
    return found * 8 if compression.kind(start) else found
