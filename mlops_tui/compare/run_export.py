"""Runs as a file: CSV, JSON, Parquet or Markdown, written window by window however many they are."""

from __future__ import annotations

import csv
import json
import math
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from mlops_store import runs
from mlops_store.errors import Refused, UsageError, nearest
from mlops_store.records import Run
from mlops_tui.compare import run_rows
from mlops_tui.compare.run_rows import RunRow
from mlops_tui.compare.views import Goal, curve_key, stored_column

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".md": "md"}
#: What every run has; times are Unix seconds.
ATTRIBUTES = (
    "run_id",
    "name",
    "experiment",
    "kind",
    "status",
    "started_at",
    "ended_at",
    "duration",
    "user",
    "host",
    "source",
    "git_commit",
)
_WINDOW = 2000

Cells = Iterator[list[tuple[Any, ...]]]


def format_of(path: str) -> str:
    """The format that a file's name ends in.

    Raises:
        UsageError: In none that is known.
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in FORMATS:
        raise UsageError(f"{path!r} ends in no known format", "end it in .csv, .json, .parquet or .md")
    return FORMATS[suffix]


def columns(db: sqlite3.Connection, chosen: Sequence[str], goal: Goal) -> tuple[str, ...]:
    """The columns of an export: those chosen, else all that any run has.

    Raises:
        UsageError: There is no such column.
    """
    wanted = [name for name in chosen if not curve_key(name)]
    for name in wanted:
        stored_column(name, goal)
    if wanted:
        return tuple(dict.fromkeys(["run_id", "name", "status", *wanted]))
    keys = [f"{table}.{key}" for table in ("params", "metrics", "tags") for key in runs.keys(db, table)]
    return (*ATTRIBUTES, *keys)


def write(
    db: sqlite3.Connection, numbers: Sequence[int], names: Sequence[str], path: str, goal: Goal, *, form: str = ""
) -> None:
    """Writes runs to a file, which appears when it is whole.

    Args:
        db: A connection; give one inside ``Store.snapshot`` while runs are live.
        numbers: The store's own numbers, in order.
        names: The columns.
        path: The file; it is replaced where it exists.
        goal: See ``compare.columns``.
        form: One of the values of ``FORMATS``; by the end of the name by default.

    Raises:
        Refused: It cannot be written.
        UsageError: No such format.
    """
    form = form or format_of(path)
    temporary = f"{path}.{os.getpid()}.part"
    try:
        if form == "parquet":
            _write_parquet(windows(db, numbers, names, goal), names, goal, temporary)
        else:
            with open(temporary, "w", encoding="utf-8", errors="replace", newline="") as file:
                write_text(db, numbers, names, file, goal, form=form)
        os.replace(temporary, path)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror or error}", "name another file") from error
    finally:
        with suppress(OSError):
            os.remove(temporary)


def write_text(
    db: sqlite3.Connection, numbers: Sequence[int], names: Sequence[str], file: IO[str], goal: Goal, *, form: str
) -> None:
    """Writes runs as text; arguments as for ``write``.

    Raises:
        UsageError: No such format.
    """
    writers: Mapping[str, Callable[[Cells, Sequence[str], IO[str]], None]] = {
        "csv": _write_csv,
        "json": _write_json,
        "md": _write_markdown,
    }
    if form not in writers:
        raise UsageError(f"{form!r} is no format of a text", nearest(form, writers))
    writers[form](windows(db, numbers, names, goal), names, file)


def windows(db: sqlite3.Connection, numbers: Sequence[int], names: Sequence[str], goal: Goal) -> Cells:
    """The cells of the runs, some thousand rows at a time."""
    for start in range(0, len(numbers), _WINDOW):
        rows = run_rows.read(db, numbers[start : start + _WINDOW], names, goal)
        yield [tuple(_value(row, name) for name in names) for row in rows]


def _value(row: RunRow, name: str) -> Any:
    if name in row.values:
        return row.values[name]
    run: Run = row.run
    table, dot, key = name.partition(".")
    if dot and table in ("params", "metrics", "tags"):
        held: Mapping[str, Any] = getattr(run, table)
        return held.get(key)
    if name.startswith("last("):
        return run.metrics.get(name[len("last(") : -1].removeprefix("metrics.").removeprefix("metric."))
    if name == "duration":
        return None if run.ended_at is None else run.ended_at - run.started_at
    value = getattr(run, name)
    return str(value) if isinstance(value, str) else value


def _write_csv(windows: Cells, names: Sequence[str], file: IO[str]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    for rows in windows:
        writer.writerows(rows)


def _write_json(windows: Cells, names: Sequence[str], file: IO[str]) -> None:
    opening = "["
    for rows in windows:
        for row in rows:
            shown = {name: _plain(value) for name, value in zip(names, row, strict=True)}
            file.write(opening + json.dumps(shown, allow_nan=False))
            opening = ",\n "
    file.write("[]\n" if opening == "[" else "]\n")


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value


def _write_markdown(windows: Cells, names: Sequence[str], file: IO[str]) -> None:
    from mlops_tui.compare.export.markdown import escape  # the dashboard loads this module and rarely writes Markdown

    def in_table(value: Any) -> str:
        if isinstance(value, float) and abs(value) < 1e9:
            return f"{value:.6g}"
        return escape(value, limit=len(value)) if isinstance(value, str) else "" if value is None else str(value)

    file.write("| " + " | ".join(map(in_table, names)) + " |\n")
    file.write("|" + " --- |" * len(names) + "\n")
    for rows in windows:
        for row in rows:
            file.write("| " + " | ".join(map(in_table, row)) + " |\n")


def _write_parquet(windows: Cells, names: Sequence[str], goal: Goal, path: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, _type(name, goal)) for name in names])
    with pq.ParquetWriter(path, schema) as writer:
        for rows in windows:
            held = list(zip(*rows, strict=True)) or [()] * len(names)
            writer.write_table(
                pa.table([pa.array(one, kind.type) for one, kind in zip(held, schema, strict=True)], schema)
            )


def _type(name: str, goal: Goal) -> pa.DataType:
    import pyarrow as pa

    one = stored_column(name, goal)
    if one.table == "metrics" and one.part in ("step", "count"):
        return pa.int64()
    return pa.float64() if one.is_number else pa.string()


__all__ = ["ATTRIBUTES", "FORMATS", "columns", "format_of", "windows", "write", "write_text"]
