"""How often a long list is read again by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass

#: A list is left alone for so many times as long as it took to read.
_REST = 20
#: Seconds of reading that are no burden, however often.
_LITTLE_S = 0.01


@dataclass(frozen=True, slots=True)
class Pace:
    """When a list was read, and what that cost.

    Attributes:
        read_at: When it was, on the monotonic clock.
        took_s: Seconds that it took.
        acts: Acts that had been done until then.
    """

    read_at: float = 0.0
    took_s: float = 0.0
    acts: int = 0

    @property
    def is_quick(self) -> bool:
        """Whether it takes so little that it is no burden."""
        return self.took_s < _LITTLE_S

    def due_s(self, acts: int) -> float:
        """Seconds until it should be read again; 0 for at once, as after an act."""
        if self.is_quick or acts != self.acts:
            return 0.0
        return max(0.0, self.read_at + _REST * self.took_s - time.monotonic())


__all__ = ["Pace"]
