"""The figures that columns of a report are judged by, packed side by side: what a back-test reads of many windows.

Of each column: score, threshold, effect and p-value as little-endian doubles, one figure of all columns after the
other, then a byte for the place of its method among those of the report. The score of what was not compared is NaN.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from typing import TypeAlias

#: Doubles of each column.
FIGURES = 4
#: Instead of the place of a method where there is none.
NO_METHOD = 255

#: Method, score, threshold, effect, p-value; the score is None where nothing was compared.
Judged: TypeAlias = tuple[str | None, float | None, float | None, float | None, float | None]


def packed(columns: Iterable[Judged]) -> tuple[str, bytes]:
    """The methods of columns, with spaces between, and their figures."""
    places: dict[str, int] = {}
    codes = bytearray()
    lines = []
    for method, score, threshold, effect, p_value in columns:
        if method is None or score is None:
            codes.append(NO_METHOD)
            lines.append((math.nan, math.nan, 0.0, 1.0))
            continue
        codes.append(places.setdefault(method, len(places)))
        lines.append((score, threshold or 0.0, effect or 0.0, 1.0 if p_value is None else p_value))
    return " ".join(places), b"".join(map(_doubles, zip(*lines, strict=True))) + codes


def _doubles(values: Sequence[float]) -> bytes:
    return struct.pack(f"<{len(values)}d", *values)
