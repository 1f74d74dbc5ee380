"""Windows of rows: what is checked as one, with a name that it keeps when its rows change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from mlops_store import windows as stored
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import watches
from mlops_tui.drift.watches import File
from mlops_tui.project import Project

if TYPE_CHECKING:
    from mlops_tui.drift.batches import Batch
    from mlops_tui.drift.sources import Source


@dataclass(frozen=True, slots=True)
class Taken:
    """The content of a window at one moment.

    Attributes:
        digest: What tells it from another content under the same name.
        parse: Returns the rows; raises ``Unreadable`` where there are none to read.
        size_bytes: Of the file that is the window.
        modified_ns: Its modification time.
    """

    digest: str
    parse: Callable[[], Batch]
    size_bytes: int | None = None
    modified_ns: int | None = None


class Window(Protocol):
    """Rows that are checked as one."""

    @property
    def batch(self) -> str:
        """Its name, which it keeps when its rows change."""
        ...

    @property
    def path(self) -> str:
        """Where its rows come from."""
        ...

    @property
    def start(self) -> float | None:
        """Where its time begins, Unix seconds; None where it is not cut by time."""
        ...

    @property
    def end(self) -> float | None:
        """Where its time ends."""
        ...

    @property
    def position(self) -> float | None:
        """Its place among the windows of its monitor; None where they have none but that of their check."""
        ...

    def take(self) -> Taken | None:
        """Its content now; None when it is not there for now."""
        ...


@dataclass(frozen=True, slots=True)
class _WholeFile:
    """All of a file: it has the file's name, and neither a time nor a place of its own."""

    file: File

    @property
    def batch(self) -> str:
        """The file's path below the project."""
        return self.file.batch

    @property
    def path(self) -> str:
        """The file's path."""
        return self.file.path

    @property
    def position(self) -> None:
        """Has none but that of its check."""

    @property
    def start(self) -> None:
        """Is not cut by time."""

    @property
    def end(self) -> None:
        """Is not cut by time."""


@dataclass(frozen=True, slots=True)
class FileWindow(_WholeFile):
    """A file as one window."""

    project: Project

    def take(self) -> Taken | None:
        """The file's bytes; None when it went away or somebody goes on writing to it."""
        from mlops_tui.drift import batches
        from mlops_tui.drift.sources import files, large

        if large.is_large(self.file):
            settled = large.settled(self.project, self.file)
            if settled is None:
                return None
            digest = watches.digest(settled)
            return Taken(digest, partial(large.parse, self.project, settled), *settled.state)
        found = files.content(self.project, self.file)
        if found is None:
            return None
        if found.data is None:
            return _unread(found.file, batches.Unreadable(found.problem))
        return Taken(hashlib.sha256(found.data).hexdigest(), partial(batches.parse, found.data), *found.file.state)


@dataclass(frozen=True, slots=True)
class RowsWindow:
    """Rows of one or several sources as one window."""

    batch: str
    path: str
    position: float
    parts: tuple[stored.Part, ...]
    read: Callable[[stored.Part], Batch]
    notes: tuple[str, ...] = ()
    start: float | None = None
    end: float | None = None

    def take(self) -> Taken:
        """The rows that were written down for it."""
        lines = sorted(f"{part.source}\0{part.first_row}\0{part.row_count}\0{part.digest}" for part in self.parts)
        return Taken(hashlib.sha256("\n".join(lines).encode()).hexdigest(), self._parse)

    def _parse(self) -> Batch:
        import pandas as pd

        from mlops_tui.drift.batches import Batch

        found = [self.read(part) for part in self.parts]
        frame = found[0].frame if len(found) == 1 else pd.concat([each.frame for each in found], ignore_index=True)
        notes = dict.fromkeys(note for each in found for note in each.notes)
        repeated = dict.fromkeys(name for each in found for name in each.repeated)
        return Batch(frame, tuple(repeated), (*self.notes, *notes))


@dataclass(frozen=True, slots=True)
class AnswerWindow(_WholeFile):
    """All that a query gives now, as one window: it takes the place of what the database gave before."""

    monitor: MonitorConfig
    source: Source
    before: stored.Source | None

    def take(self) -> Taken | None:
        """The answer; the query is run for it."""
        from mlops_tui.drift.batches import Empty
        from mlops_tui.drift.sources import tables

        rows = self.source.read(self.file)
        if rows is None:
            return None
        try:
            batch = rows.rows(0, rows.count)
        except Empty as error:
            return Taken("empty", partial(_fail, error))
        return Taken(tables.digest(batch.frame), lambda: batch)


@dataclass(frozen=True, slots=True)
class BrokenWindow(_WholeFile):
    """A source that cannot be read, as a window of its own: a person has to hear of it."""

    error: Exception

    def take(self) -> Taken:
        """What is wrong, as soon as somebody asks for the rows."""
        return _unread(self.file, self.error)


def _unread(file: File, error: Exception) -> Taken:
    """A file that cannot be read: another content as soon as its size or time is another."""
    return Taken(f"unread:{file.size_bytes}:{file.modified_ns}", partial(_fail, error), *file.state)


def _fail(error: Exception) -> Batch:
    raise error
