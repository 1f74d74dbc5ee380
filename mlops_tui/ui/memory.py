"""Memory that is given back: garbage is looked for when nobody types, and what is free goes to the system.

An order of a hundred thousand runs takes tens of megabytes for a moment, in a thread. The C library keeps such memory
for each of its threads; without this a session of sorting grows to twice its size.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from typing import Any

#: New objects after which garbage is looked for all the same; by Python's own measure that would be several times for
#: each frame, and now and then it takes longer than the frame.
YOUNG = 100_000
#: Parts of memory that threads allocate from: with more, more is kept.
ARENAS = 2
#: Free bytes at the end of memory that are given back at once.
TRIMMED = 128 * 1024
_M_TRIM_THRESHOLD, _M_ARENA_MAX = -1, -8


def restrain() -> None:
    """From here on garbage is looked for seldom, and threads share memory."""
    gc.set_threshold(YOUNG)
    with suppress(OSError, AttributeError):  # another C library than GNU's has other ways
        libc = _libc()
        libc.mallopt(_M_ARENA_MAX, ARENAS)
        libc.mallopt(_M_TRIM_THRESHOLD, TRIMMED)


def tidy_up() -> None:
    """Looks for all garbage, and gives back what is free."""
    gc.collect()
    with suppress(OSError, AttributeError):
        _libc().malloc_trim(0)


def _libc() -> Any:
    import ctypes

    return ctypes.CDLL(None)


__all__ = ["restrain", "tidy_up"]
