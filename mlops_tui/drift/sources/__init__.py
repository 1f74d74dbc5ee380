"""Where the rows of a monitor come from: files, a query over a database, the requests that a model server logged.

A source lists its files without reading them, which is asked all the time, and reads one of them as it is at one
moment. What windows need of the rows is the same whatever they come from.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import watches
from mlops_tui.drift.watches import File
from mlops_tui.project import Project

if TYPE_CHECKING:
    from mlops_tui.drift.batches import Batch


class Rows(Protocol):
    """The rows of a file, or of a query, as they were at one moment."""

    @property
    def file(self) -> File:
        """What they were read from; of a size of -1 when some of it was left for later."""
        ...

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    @property
    def mark(self) -> str:
        """By what they are known again when others have followed them."""
        ...

    def is_continued(self, mark: str, count: int) -> bool:
        """Whether the first ``count`` of them are still those that ``mark`` was about."""
        ...

    def rows(self, first: int, count: int) -> Batch:
        """So many of them, from the row ``first`` on.

        Raises:
            Unreadable: They cannot be read.
        """
        ...

    def spans(self, time: str, length_s: float) -> dict[float, tuple[int, str]]:
        """Start of a window of time -> how many rows it has, and a digest that changes with them.

        Raises:
            Unreadable: There is no such column, or it holds no times.
        """
        ...

    def between(self, time: str, start: float, end: float) -> Batch:
        """Those from a span of time; the end does not belong to it.

        Raises:
            Unreadable: They cannot be read.
        """
        ...


class Source(Protocol):
    """Where a monitor's rows come from."""

    def files(self) -> list[File]:
        """What there is to read, in order; nothing is read.

        Raises:
            UsageError: A pattern leaves the project.
        """
        ...

    def read(self, file: File) -> Rows | None:
        """The rows of a file now; None when it went away or somebody goes on writing to it.

        Raises:
            Unreadable: It holds no table.
            UsageError: What the monitor says of it is wrong.
            Refused: It cannot be read for now.
        """
        ...


def of_monitor(project: Project, monitor: MonitorConfig) -> Source:
    """The source that a monitor names."""
    if monitor.query:
        from mlops_tui.drift.sources.queries import Queries

        return Queries(project, monitor)
    if monitor.requests:
        from mlops_tui.drift.sources.requests import Requests

        return Requests(project, monitor)
    from mlops_tui.drift.sources.files import Files

    return Files(project, partial(watches.matches, project, monitor.watch))
