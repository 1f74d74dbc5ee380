"""Textual's strips, made lighter: a screen consists of thousands, and each is born with seven caches.

Nearly all of these caches stay empty, but making them takes a third of the time in which a screen is drawn. The one
place that knows how strips keep what they remember.
"""

from __future__ import annotations

from textual import cache, strip

#: Things that a cache remembers at most; Textual's own sizes are 4 and 16.
MOST = 16


class Few(dict[object, object]):
    """Remembers a few things, and costs next to nothing while it is empty."""

    __slots__ = ()

    def __setitem__(self, key: object, value: object) -> None:
        if len(self) >= MOST:
            self.clear()
        super().__setitem__(key, value)


def lighten() -> bool:
    """Has strips made from here on remember with ``Few``; False where this Textual's strips are of another kind."""
    if getattr(strip, "FIFOCache", None) not in (cache.FIFOCache, _few):
        return False
    strip.FIFOCache = _few  # type: ignore[assignment,attr-defined]
    return True


def _few(_size: int) -> Few:
    return Few()
