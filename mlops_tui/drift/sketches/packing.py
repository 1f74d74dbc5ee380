"""Profiles as bytes, and back. What is read may come from anybody: it is checked, and nothing in it is run.

A file is ``MAGIC``, the length of a JSON text (4 bytes, little end first), the text, and what it says the sizes of:
for each column its kept numbers (doubles), their rows (4 or 8 bytes each), and the two sketches of its labels.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlops_store.errors import UsageError
from mlops_store.texts import storable
from mlops_tui.drift.sketches.column import ColumnSketch, Moments
from mlops_tui.drift.sketches.quantiles import KEPT, Quantiles
from mlops_tui.drift.sketches.table import TableSketch
from mlops_tui.drift.sketches.tallies import Tally

MAGIC = b"mlopsPF1"
_COUNTS = ("rows", "missing", "infinite", "unparsable")
_FAMILIES = ("number", "text", "boolean", "date", "other")
#: Larger files are no profiles: 20,000 columns of 10 KB.
LARGEST_BYTES = 200_000_000


def packed(table: TableSketch) -> bytes:
    """The profile of a table as bytes; the same profile gives the same bytes."""
    header: list[dict[str, Any]] = []
    body: list[bytes] = []
    for sketch in table.columns.values():
        described, parts = _packed(sketch)
        header.append(described)
        body += parts
    text = json.dumps(
        {"rows": table.rows, "repeated": table.repeated, "notes": table.notes, "columns": header},
        separators=(",", ":"),
        allow_nan=True,  # the least of no numbers is infinite
    ).encode()
    return b"".join([MAGIC, struct.pack("<I", len(text)), text, *body])


def unpacked(data: bytes) -> TableSketch:
    """The profile that ``packed`` gave.

    Raises:
        UsageError: The bytes are no profile, or a damaged one.
    """
    if data[: len(MAGIC)] != MAGIC or len(data) > LARGEST_BYTES:
        raise UsageError("this is no profile", "mlops-tui drift profile FILE --save PROFILE makes one")
    try:
        (length,) = struct.unpack_from("<I", data, len(MAGIC))
        start = len(MAGIC) + 4
        header = json.loads(data[start : start + length])
        reader = _Reader(data, start + length)
        sketches = [_unpacked(described, reader) for described in header["columns"]]
        return TableSketch(
            rows=int(header["rows"]),
            columns={sketch.name: sketch for sketch in sketches},
            repeated=tuple(map(storable, header["repeated"])),
            notes=tuple(map(storable, header["notes"])),
        )
    except UsageError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, struct.error) as error:
        raise UsageError("the profile is damaged", "make it again") from error


def _packed(sketch: ColumnSketch) -> tuple[dict[str, Any], list[bytes]]:
    rows, different = sketch.tally.packed() if sketch.tally is not None else (b"", b"")
    weights = sketch.numbers.weights
    width = 4 if not len(weights) or weights.max() < 2**32 else 8
    known = sketch.moments
    described = {
        "name": sketch.name,
        "family": sketch.family,
        "counts": [getattr(sketch, name) for name in _COUNTS],
        "is_integer": sketch.is_integer,
        "is_text": sketch.is_text,
        "moments": [known.count, known.mean, known.squares, known.low, known.high],
        "errors": [sketch.numbers.rank_error, sketch.numbers.moved],
        "sizes": [len(weights), width, len(rows), len(different)],
    }
    return described, [
        sketch.numbers.values.astype("<f8").tobytes(),
        weights.astype(f"<u{width}").tobytes(),
        rows,
        different,
    ]


class _Reader:
    """Takes bytes one piece after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def take(self, size: int) -> bytes:
        """The next bytes; ValueError where there are not so many."""
        piece = self._data[self._at : self._at + size]
        if size < 0 or len(piece) != size:
            raise ValueError("cut short")
        self._at += size
        return piece


def _unpacked(described: Mapping[str, Any], reader: _Reader) -> ColumnSketch:
    kept, width, rows_size, different_size = map(int, described["sizes"])
    if kept > KEPT or width not in (4, 8) or described["family"] not in _FAMILIES:
        raise ValueError("not of this form")
    values = np.frombuffer(reader.take(8 * kept), "<f8").astype(np.float64)
    weights = np.frombuffer(reader.take(width * kept), f"<u{width}").astype(np.int64)
    rows, different = reader.take(rows_size), reader.take(different_size)
    count, *figures = described["moments"]
    error, moved = map(float, described["errors"])
    is_ordered = bool(np.isfinite(values).all() and (np.diff(values) > 0).all() and (weights > 0).all())
    if not is_ordered or int(weights.sum()) != int(count) or not 0 <= error <= 1 or not moved >= 0:
        raise ValueError("the kept numbers contradict each other")
    row_count, missing, infinite, unparsable = map(int, described["counts"])
    return ColumnSketch(
        storable(described["name"]),
        described["family"],
        rows=row_count,
        missing=missing,
        infinite=infinite,
        unparsable=unparsable,
        is_integer=bool(described["is_integer"]),
        moments=Moments(int(count), *map(float, figures)),
        numbers=Quantiles(values, weights, error, moved),
        tally=Tally.unpacked(rows, different) if rows_size else None,
        is_text=bool(described["is_text"]),
    )
