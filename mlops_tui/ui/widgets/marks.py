"""Which rows of a list are marked, and the range that is being marked."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence


class Marks:
    """Marked keys. A range begins at an anchor and marks, besides what was marked before, all up to the cursor."""

    def __init__(self) -> None:
        self.keys: frozenset[Hashable] = frozenset()
        self._anchor: int | None = None
        self._before: frozenset[Hashable] = frozenset()

    @property
    def is_ranging(self) -> bool:
        """Whether a range is being marked."""
        return self._anchor is not None

    def replace(self, keys: Iterable[Hashable]) -> bool:
        """Marks exactly these; False when that changes nothing."""
        wanted = frozenset(keys)
        changed = wanted != self.keys
        self.keys = wanted
        return changed

    def toggle(self, key: Hashable) -> None:
        """Marks a key, or unmarks it."""
        self.keys = self.keys ^ {key}

    def begin(self, position: int) -> None:
        """Begins a range."""
        self._anchor, self._before = position, self.keys

    def end(self) -> None:
        """Ends the range; what it marked stays marked."""
        self._anchor = None

    def reach(self, keys: Sequence[Hashable], cursor: int) -> bool:
        """Marks the range up to the cursor; False when that changes nothing, or no range was begun."""
        if self._anchor is None:
            return False
        low, high = sorted((self._anchor, cursor))
        return self.replace({*self._before, *keys[low : high + 1]})
