"""A query over an SQLite or DuckDB file as a source of rows. The file is only read, and nothing of it is copied.

What a query answers is cut by count or time without holding more than a window in memory. That the file has changed
is seen by its size and time, the write-ahead log included; no query is run to find out.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlops_store.errors import Refused
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import batches, times, watches
from mlops_tui.drift.batches import Batch, Empty, Unreadable
from mlops_tui.drift.sources import tables
from mlops_tui.drift.sources.databases import Database
from mlops_tui.drift.watches import File
from mlops_tui.project import Project

if TYPE_CHECKING:
    from mlops_tui.drift.samples import FloatArray

#: Where SQLite and DuckDB keep what is not in the file itself yet.
_LOGS = ("-wal", ".wal")
#: More rows than this are not taken as one window.
MOST_ROWS = 20_000_000


@dataclass(frozen=True, slots=True)
class Queries:
    """The rows that a monitor's query gives.

    Attributes:
        project: Where the database is.
        monitor: The query and its database.
    """

    project: Project
    monitor: MonitorConfig

    def files(self) -> list[File]:
        """The database as it is now; nothing where it is not there."""
        path = self.project.path(os.path.expanduser(self.monitor.database))
        try:
            file = watches.look(self.project, path)
        except OSError:
            return []
        for ending in _LOGS:
            with suppress(OSError):
                log = os.stat(path + ending)
                if log.st_size:  # reading alone makes an empty one
                    newest = max(file.modified_ns, log.st_mtime_ns)
                    file = replace(file, size_bytes=file.size_bytes + log.st_size, modified_ns=newest)
        return [file]

    def read(self, file: File) -> Answer:
        """What the query answers.

        Raises:
            UsageError: The database cannot be read, or the query is wrong.
            Refused: Another program has locked it.
        """
        return Answer(self.monitor, file)


class Answer:
    """The rows of a query; every question is one look at the database.

    Args:
        monitor: The query, and its name for messages.
        file: The database.
    """

    def __init__(self, monitor: MonitorConfig, file: File) -> None:
        self.file = file
        self._place = f"monitors.{monitor.name}"
        self._query = monitor.query.strip().rstrip(";").rstrip()
        self._database = Database(file.path, file.batch, self._place)
        with self._database.opened() as db:
            # an error of the query is told of the query as it was written
            self._names = [str(column[0]) for column in db.execute(f"{self._query}\n").description or ()]
            (self.count,) = db.execute(f"SELECT count(*) FROM {self._answer}").fetchone()
        self.mark = self._mark(self.count)

    @property
    def _answer(self) -> str:
        return f"(\n{self._query}\n) AS answer"

    def _mark(self, count: int) -> str:
        """The last of the first ``count`` rows: where it stands they all do, unless rows before it changed."""
        found = list(self._some(count - 1, 1)) if count else []
        return hashlib.sha256(repr(found).encode("utf-8", "backslashreplace")).hexdigest()

    def is_continued(self, mark: str, count: int) -> bool:
        """Whether the first ``count`` of them are still there: always, as else the rest cannot be told from them.

        Raises:
            Refused: Rows that were seen went away, or stand at other places.
        """
        if count > self.count or self._mark(count) != mark:
            raise Refused(
                f"{self._place}.query: of the {count:,} rows that were seen some went away or stand elsewhere now",
                "let it give rows in the order in which they came (ORDER BY id), or cut windows by time",
            )
        return True

    def rows(self, first: int, count: int) -> Batch:
        """So many of them, from the row ``first`` on.

        Raises:
            Unreadable: There are none, or too many.
        """
        if not self.count:
            raise Empty("gives no rows", "see what the query gives")
        if count > MOST_ROWS:
            raise Unreadable(f"gives {count:,} rows, at most {MOST_ROWS:,} are taken as one", "cut it by window = …")
        return self._batch(list(self._some(first, count)))

    def spans(self, time: str, length_s: float) -> dict[float, tuple[int, str]]:
        """Start of a window of time -> how many rows it has, which is all that tells whether they have changed.

        Raises:
            Unreadable: There is no such column, or it holds no times.
        """
        import numpy as np

        counts: Counter[float] = Counter()
        for _, moments in self._moments(time):
            found = times.starts(moments, length_s)
            starts, rows = np.unique(found[np.isfinite(found)], return_counts=True)
            counts.update(dict(zip(starts.tolist(), rows.tolist(), strict=True)))
        if self.count and not counts:
            raise tables.no_times(time)
        return {start: (count, str(count)) for start, count in counts.items()}

    def between(self, time: str, start: float, end: float) -> Batch:
        """Those from a span of time.

        Raises:
            Unreadable: There is no such column, or no row of this time any more.
        """
        import numpy as np

        ends: list[Any] = []
        lost = 0
        for values, moments in self._moments(time):
            lost += int(np.count_nonzero(~np.isfinite(moments)))
            inside = [values[place] for place in np.flatnonzero((moments >= start) & (moments < end))]
            # values of several types have no order that the database would agree with
            ends = _ends(ends + inside) if len({type(value) for value in ends + inside}) == 1 else ends + inside
        if not ends:
            raise Empty("has no rows of this time any more")
        is_ordered = len(ends) == 2
        where = f" WHERE {_quoted(time)} BETWEEN ? AND ?" if is_ordered else ""
        with self._database.opened() as db:
            cursor = db.execute(f"SELECT * FROM {self._answer}{where}", ends if is_ordered else [])
            batch = self._batch([row for rows in self._database.fetched(cursor) for row in rows])
        moments = times.seconds(batch.frame[time])
        frame = batch.frame[(moments >= start) & (moments < end)].reset_index(drop=True)
        return replace(batch, frame=frame, notes=(tables.untimed(lost, time),) if lost else ())

    def _moments(self, time: str) -> Iterator[tuple[list[Any], FloatArray]]:
        """The column of times as it is and as Unix seconds, in blocks."""
        import pandas as pd

        if time not in self._names:
            raise tables.no_column(time)
        with self._database.opened() as db:
            cursor = db.execute(f"SELECT {_quoted(time)} FROM {self._answer}")
            for rows in self._database.fetched(cursor):
                values = [row[0] for row in rows]
                yield values, times.seconds(pd.Series(values, dtype=object).infer_objects())

    def _some(self, first: int, count: int) -> Iterator[tuple[Any, ...]]:
        """Rows by their place. The query itself is run, because a query around it need not keep its order."""
        with self._database.opened() as db:
            place = 0
            for rows in self._database.fetched(db.execute(f"{self._query}\n")):
                yield from rows[max(0, first - place) : max(0, first + count - place)]
                place += len(rows)
                if place >= first + count:
                    return

    def _batch(self, rows: list[tuple[Any, ...]]) -> Batch:
        import pandas as pd

        frame = pd.DataFrame(rows, columns=range(len(self._names)))
        return batches.distinct(frame, list(self._names))


def _ends(values: list[Any]) -> list[Any]:
    return [min(values), max(values)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
