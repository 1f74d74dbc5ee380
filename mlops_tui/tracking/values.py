"""Turns whatever a script passes into what a journal holds. Never raises; says what it had to change."""

from __future__ import annotations

from mlops_tui.tracking.journal import NAME_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Longer texts are cut: they are mistakes, such as a whole file as a tag.
TEXT_LIMIT = 1 << 20

_SIGNED_64 = 1 << 63

#: Times below this are seconds, others milliseconds: 1973 in milliseconds, the year 5138 in seconds.
_SECONDS_LIMIT = 1e11


def name(value: Any) -> str:
    """A name as text, cut at ``NAME_LIMIT``."""
    return _cut(value if type(value) is str else _text(value), NAME_LIMIT)


def text(value: Any) -> str:
    """A value of a param or tag as text, cut at ``TEXT_LIMIT``."""
    return _cut(value if type(value) is str else _text(value), TEXT_LIMIT)


def number(value: Any) -> float | None:
    """The float that a metric value stands for, or None."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    except Exception:  # __float__ may be the script's own; the caller reports the value
        return _only_item(value)


def _only_item(value: Any) -> float | None:
    """The number in an array that holds one alone: NumPy's own conversion refuses those with a dimension."""
    try:
        return float(value.item())
    except Exception:
        return None


def step(value: Any) -> int | None:
    """A step as a signed 64-bit number, clamped; None when it is not a whole number."""
    if value is None:
        return 0
    try:
        whole = int(value)
        if whole != value:
            return None
    except Exception:  # __int__ may be the script's own; the caller reports the value
        return None
    return max(-_SIGNED_64, min(_SIGNED_64 - 1, whole))


def seconds(timestamp: Any) -> float | None:
    """Unix seconds of a time given in milliseconds, as MLflow takes it, or in seconds; None when it is no time."""
    try:
        value = float(timestamp)
    except Exception:  # __float__ may be the script's own; the caller reports the value
        return None
    if not -1e17 < value < 1e17:
        return None
    return value / 1000 if abs(value) >= _SECONDS_LIMIT else value


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception as error:  # a __str__ of the script's own
        return f"<{type(value).__name__}: {type(error).__name__}>"


def _cut(value: str, limit: int) -> str:
    return value if len(value) <= limit else value[: limit - 1] + "…"


def text_bytes(value: Any) -> bytes:
    """Text as UTF-8, with lone surrogates written out."""
    return str(value).encode("utf-8", "backslashreplace")
