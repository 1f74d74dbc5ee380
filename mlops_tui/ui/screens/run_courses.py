"""The courses of metrics as bars in the rows of a list."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from mlops_store import metrics
from mlops_tui.compare.run_rows import RunRow
from mlops_tui.compare.views import curve_key
from mlops_tui.ui.theme import is_unicode
from mlops_tui.ui.widgets.sparkline import sparkline

#: Bars of a curve in a row.
CURVE_WIDTH = 10
#: Curves kept.
_KEPT = 4000


class Courses:
    """The courses of metrics as bars, read once for each number of points."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[int, str]] = {}
        #: How often some were read.
        self.readings = 0

    def text(self, number: int, key: str) -> str:
        """The bars of a run's metric; "" while they have not been read."""
        return self._known.get((number, key), (0, ""))[1]

    def missing(self, rows: Iterable[RunRow]) -> list[tuple[RunRow, str, int]]:
        """Rows, metrics and numbers of points of which the bars are not read yet."""
        return [
            (row, key, count)
            for row in rows
            for name, count in row.values.items()
            if (key := curve_key(name)) and count and count > 1 and self._known.get((row.number, key), (0,))[0] != count
        ]

    def read(self, db: sqlite3.Connection, wanted: Iterable[tuple[RunRow, str, int]]) -> None:
        """Reads bars (in a thread)."""
        known = {} if len(self._known) > _KEPT else dict(self._known)
        for row, key, count in wanted:
            points = metrics.series(db, row.run.run_id, key, buckets=CURVE_WIDTH)
            bars = sparkline([point[-1] for point in points], CURVE_WIDTH, is_ascii=not is_unicode())
            known[row.number, key] = (count, bars)
        self._known = known
        self.readings += 1


__all__ = ["CURVE_WIDTH", "Courses"]
