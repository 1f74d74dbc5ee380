"""Lengths of time and sizes as people write them: ``10m``, ``1h30m``, ``4GB``. Knows no file and no setting."""

from __future__ import annotations

import math
import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    "": 1, "b": 1,
    "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9, "t": 10**12, "tb": 10**12,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
#: A century: more is a mistake, and less than what a wait can be given.
LONGEST_S = 100 * 365 * 86400.0


def seconds(written: object) -> float:
    """The seconds that a number or a text like ``90``, ``1.5``, ``500ms``, ``10m`` or ``1h 30m`` means.

    Raises:
        ValueError: It means no length of time.
    """
    if isinstance(written, int | float) and not isinstance(written, bool):
        found = float(written)
    elif isinstance(written, str):
        found, position = 0.0, 0
        text = written.strip()
        while match := _PART.match(text, position):
            found += float(match[1]) * _SECONDS[match[2]]
            position = match.end()
        if position < len(text) or not text:
            found = float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else math.nan
    else:
        raise ValueError(f"{written!r} is no length of time")
    if not 0 <= found <= LONGEST_S:
        raise ValueError(f"{written!r} is no length of time")
    return found


def size_bytes(written: object) -> int:
    """The bytes that a number or a text like ``512MB``, ``4 GB``, ``16GiB`` means; GB is 10⁹, GiB 2³⁰ bytes.

    Raises:
        ValueError: It means no size.
    """
    if isinstance(written, int) and not isinstance(written, bool) and written >= 0:
        return written
    if isinstance(written, str) and (match := _SIZE.fullmatch(written.strip())) and match[2].lower() in _BYTES:
        return round(float(match[1]) * _BYTES[match[2].lower()])
    raise ValueError(f"{written!r} is no size")


def time_text(length_s: float) -> str:
    """A length of time in its largest units, as ``seconds`` reads it: ``10m``, ``1h 30m``, ``0.5s``."""
    if length_s < 60:
        return f"{length_s:g}s"
    parts = []
    left = round(length_s)
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, int(_SECONDS[unit]))
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts)


def size_text(size: int) -> str:
    """A size in the largest decimal unit: ``4GB``, ``1.5MB``."""
    for unit in ("TB", "GB", "MB", "kB"):
        if size >= _BYTES[unit.lower()]:
            return f"{size / _BYTES[unit.lower()]:.3g}{unit}"
    return f"{size}B"
