"""The first rows of tables: CSV, Parquet, Feather, and the JSON that ``log_table`` writes."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_store.errors import Refused

#: Rows and columns that are read.
ROWS, COLUMNS = 200, 100
#: Bytes of a text that are read, of a CSV file whose lines are counted, and of a row group that is unpacked.
HEAD_BYTES, COUNTED_BYTES, GROUP_BYTES = 256 * 1024, 256 * 1024 * 1024, 256 * 1024 * 1024
_LONGEST = 200
_FEATHER, _PARQUET, _OLD_FEATHER = b"ARROW1", b"PAR1", b"FEA1"


@dataclass(frozen=True, slots=True)
class TableHead:
    """The beginning of a table.

    Attributes:
        columns: Names of the first ``COLUMNS`` columns.
        types: What each holds, as the file says; of a CSV file as its first rows look.
        rows: The first ``ROWS`` rows as texts; "" where there is no value.
        row_count: All rows; None when that is not known without reading the file.
        column_count: All columns.
        note: What is to be said about it, "" for nothing.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_count: int | None
    column_count: int
    note: str = ""


def is_table(name: str, head: bytes) -> bool:
    """Whether a file claims to be a table that can be read here, by its first bytes or its name."""
    known = name.lower().endswith((".csv", ".tsv", ".parquet", ".feather", ".arrow"))
    return known or head.startswith((_PARQUET, _FEATHER, _OLD_FEATHER))


def read(full: str, name: str) -> TableHead:
    """The beginning of a table.

    Args:
        full: The file.
        name: What it is called; its ending decides how it is read where its bytes do not.

    Raises:
        Refused: It cannot be read as a table.
        OSError: It cannot be opened.
    """
    with open(full, "rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(_PARQUET):
        return _arrow(full, _parquet)
    if head.startswith(_FEATHER):
        return _arrow(full, _feather)
    if name.lower().endswith((".csv", ".tsv")):
        return _csv(full, head, "\t" if name.lower().endswith(".tsv") else "")
    kind = "Parquet" if name.lower().endswith(".parquet") else "Feather"
    raise Refused(f"no {kind} file that can be read here")


def of_json(text: str) -> TableHead | None:
    """The table in a JSON document of ``log_table``'s form; None when it has another."""
    try:
        content = json.loads(text)
        columns, data = content["columns"], content["data"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(columns, list) or not isinstance(data, list) or not all(isinstance(row, list) for row in data):
        return None
    if not columns or any(len(row) != len(columns) for row in data):
        return None
    rows = [row[:COLUMNS] for row in data[:ROWS]]
    types = [_json_type([row[place] for row in rows]) for place in range(min(COLUMNS, len(columns)))]
    names = tuple(_text(name) for name in columns[:COLUMNS])
    return TableHead(names, tuple(types), _texts(rows), len(data), len(columns))


def _arrow(full: str, reader: Any) -> TableHead:
    import pyarrow as pa

    try:
        found: TableHead = reader(full)
    except (pa.ArrowException, OSError, ValueError, NotImplementedError, KeyError, IndexError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise Refused(f"the table is damaged or not complete ({reason})") from error
    return found


def _parquet(full: str) -> TableHead:
    import pyarrow.parquet as pq

    with pq.ParquetFile(full) as file:
        meta, schema = file.metadata, file.schema_arrow
        names = schema.names[:COLUMNS]
        rows: list[list[Any]] = []
        note = ""
        if meta.num_row_groups and names:
            group = meta.row_group(0)
            wanted = set(names)
            unpacked = sum(
                group.column(place).total_uncompressed_size
                for place in range(group.num_columns)
                if group.column(place).path_in_schema.partition(".")[0] in wanted
            )
            if unpacked > GROUP_BYTES:
                note = f"its first row group unpacks to {unpacked / 1e6:,.0f} MB: its rows are not read"
            else:
                batch = next(file.iter_batches(batch_size=ROWS, row_groups=[0], columns=names), None)
                rows = _rows(batch) if batch is not None else []
        types = [_arrow_type(schema.field(place).type) for place in range(len(names))]
        return TableHead(tuple(names), tuple(types), _texts(rows), meta.num_rows, len(schema.names), note)


def _feather(full: str) -> TableHead:
    import pyarrow as pa

    if os.path.getsize(full) > GROUP_BYTES:
        raise Refused("a Feather file of this size is not opened")
    with pa.memory_map(full) as source:
        file = pa.ipc.open_file(source)
        names = file.schema.names[:COLUMNS]
        batches = file.num_record_batches
        first = file.get_batch(0) if batches else None
        rows = _rows(first.slice(0, ROWS).select(names)) if first is not None else []
        count = 0 if first is None else first.num_rows if batches == 1 else None
        types = [_arrow_type(file.schema.field(place).type) for place in range(len(names))]
        return TableHead(tuple(names), tuple(types), _texts(rows), count, len(file.schema.names))


def _rows(batch: Any) -> list[list[Any]]:
    columns = [batch.column(place).to_pylist() for place in range(batch.num_columns)]
    return [list(row) for row in zip(*columns, strict=True)]


def _csv(full: str, head: bytes, delimiter: str) -> TableHead:
    from mlops_tui.artifacts.texts import decode

    text = decode(head)
    if text is None or not text.content.strip():
        raise Refused("is empty" if text is not None else "no text, whatever its name says")
    is_whole = len(head) < HEAD_BYTES
    lines = text.content.lstrip("\n").splitlines()
    delimiter = delimiter or max(",;\t|", key=lines[0].count)
    try:
        found = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error as error:
        raise Refused(f"cannot be read as CSV ({error})") from error
    if not is_whole and len(found) > 1:
        found.pop()  # it may be cut
    names, rows = found[0], [row[:COLUMNS] for row in found[1 : ROWS + 1]]
    width = min(COLUMNS, len(names))
    rows = [row[:width] + [""] * (width - len(row)) for row in rows]
    types = tuple(_type([row[place] for row in rows]) for place in range(width))
    count = len(found) - 1 if is_whole else _lines(full)
    columns = tuple(name or f"column {place}" for place, name in enumerate(names[:width], 1))
    return TableHead(columns, types, _texts(rows), count, len(names))


def _lines(full: str) -> int | None:
    """Lines below the header; None where a quoted value could go over several, or the file is too long to count."""
    if os.path.getsize(full) > COUNTED_BYTES:
        return None
    count, last = 0, b"\n"
    with open(full, "rb") as file:
        while block := file.read(1 << 20):
            if b'"' in block:
                return None
            count += block.count(b"\n")
            last = block[-1:]
    return count - 1 + (last != b"\n")


def _arrow_type(of: Any) -> str:
    """A type of Arrow's; of texts that stand once in a dictionary that of the texts."""
    import pyarrow as pa

    return str(of.value_type if pa.types.is_dictionary(of) else of)


def _type(values: Sequence[str]) -> str:
    """What the values of a CSV column look like."""
    present = [value for value in values if value]
    if not present:
        return ""
    for name, convert in (("int", int), ("float", float)):
        try:
            for value in present:
                convert(value)
        except ValueError:
            continue
        return name
    return "bool" if {value.lower() for value in present} <= {"true", "false"} else "text"


def _json_type(values: Sequence[Any]) -> str:
    names = {str: "text", int: "int", float: "float", bool: "bool", dict: "object", list: "list"}
    kinds = {names.get(type(value), "") for value in values} - {""}
    return "float" if kinds == {"int", "float"} else kinds.pop() if len(kinds) == 1 else "mixed" if kinds else ""


def _texts(rows: Sequence[Sequence[Any]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_text(value) for value in row) for row in rows)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
