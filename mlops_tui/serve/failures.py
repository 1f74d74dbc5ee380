"""Telling of failures once: a traceback where something fails in a way that is new, then how often it did so again."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import OrderedDict
from dataclasses import dataclass

from mlops_tui.serve.faults import because

_log = logging.getLogger("mlops_tui.serve")
#: How many ways to fail are told apart; of those that came longest ago the next one is new again.
_MOST_WAYS = 64


@dataclass(slots=True)
class _Way:
    """What fails the same way: what is said of it, how often it did since that was told, and when that was."""

    said: str
    told_at: float
    again: int = 0


class Failures:
    """What is written to the log of failures; any thread may call it.

    Failures are of one way where one kind of error was raised at one place, whatever it says.

    Args:
        quiet_s: How long no more is told of a way.
    """

    def __init__(self, quiet_s: float = 60.0) -> None:
        self._quiet_s = quiet_s
        self._ways: OrderedDict[object, _Way] = OrderedDict()
        self._lock = threading.Lock()

    def tell(self, what: str, error: BaseException) -> None:
        """Tells of a failure, or counts it."""
        now = time.monotonic()
        places = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
        key = (what, type(error), *places)
        with self._lock:
            way = self._ways.pop(key, None)
            is_new = way is None
            way = self._ways[key] = way or _Way("", now)
            way.said = f"{what}: {type(error).__name__}: {because(error)}"
            again = 0
            if not is_new:
                way.again += 1
                if now - way.told_at >= self._quiet_s:
                    again, way.again, way.told_at = way.again, 0, now
            forgotten = self._ways.popitem(last=False)[1] if len(self._ways) > _MOST_WAYS else None
        if is_new:
            _log.error("%s", what, exc_info=error)
        elif again:
            _log.error("%s", _again(way.said, again))
        if forgotten is not None and forgotten.again:
            _log.error("%s", _again(forgotten.said, forgotten.again))

    def close(self) -> None:
        """Tells of those that were only counted."""
        with self._lock:
            ways = [(way.said, way.again) for way in self._ways.values() if way.again]
            self._ways.clear()
        for said, again in ways:
            _log.error("%s", _again(said, again))


def _again(said: str, count: int) -> str:
    return f"{said} ({'once' if count == 1 else f'{count:,} times'} more, the last time like this)"
