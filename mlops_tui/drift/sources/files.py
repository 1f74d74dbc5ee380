"""Files as a source of rows: those that match a monitor's patterns, each read as it was at one moment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from mlops_tui.drift import batches, compression, watches
from mlops_tui.drift.batches import Batch, Unreadable
from mlops_tui.drift.sources.tables import Table
from mlops_tui.drift.watches import File
from mlops_tui.project import Project

#: How often a file is read again because somebody wrote to it meanwhile.
_ATTEMPTS = 3
#: So long a line at the end of a file waits for its end: whoever writes it may have stopped in its middle.
_UNENDED_S = 600.0
_UNENDED = "the last line has no end yet and is left for later"
#: Files that stay in memory, as they are needed for several windows one after the other.
_HELD_FILES = 8
_HELD_BYTES = 256 * 1024**2


@dataclass(frozen=True, slots=True)
class Content:
    """A file's bytes, or why they cannot be read."""

    file: File
    data: bytes | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Held:
    seen: File
    table: Table


def content(project: Project, file: File) -> Content | None:
    """A file as it was at one moment; None when it went away, or somebody goes on writing to it.

    What is None now comes back with the next look.
    """
    for _ in range(_ATTEMPTS):
        try:
            settled = watches.settle(project, file.path)
            if settled is None:
                return None
            if settled.size_bytes > batches.LARGEST_BYTES:
                return Content(settled, None, f"is too large: {settled.size_bytes / 1e9:.1f} GB")
            with open(settled.path, "rb") as source:
                # of several replacements in between, the last may have the inode of the first
                is_same = os.fstat(source.fileno()).st_ino == settled.inode
                data = source.read()
            if is_same and watches.look(project, settled.path) == settled:
                return Content(settled, data)
        except FileNotFoundError:
            return None
        except OSError as error:
            return Content(file, None, f"cannot be read ({error.strerror})")
    return None


def so_far(project: Project, file: File) -> Content | None:
    """What was written so far to a text file that is appended to without end; None when it is something else."""
    try:
        seen = watches.look(project, file.path)
        if seen.size_bytes > batches.LARGEST_BYTES:
            return Content(seen, None, f"is too large: {seen.size_bytes / 1e9:.1f} GB")
        with open(seen.path, "rb") as source:
            data = source.read(seen.size_bytes)
        now = watches.look(project, file.path)
    except OSError:
        return None
    is_appended = now.inode == seen.inode and now.size_bytes >= seen.size_bytes == len(data)
    is_text = not data.startswith(b"PAR1") and not compression.kind(data)
    return Content(seen, data) if is_appended and is_text else None


class Files:
    """The files that a monitor watches.

    Args:
        project: Where they are.
        listing: Returns those that there are now, in order.
        adapt: What becomes of the rows of each.
        is_log: Whether they are appended to all the time, line by line; others are waited for until nobody writes.
        table: What a file's rows become, with the text that others can follow; empty for Parquet.
    """

    def __init__(
        self,
        project: Project,
        listing: Callable[[], list[File]],
        adapt: Callable[[Batch], Batch] = lambda batch: batch,
        *,
        is_log: bool = False,
        table: Callable[[File, Batch, bytes], Table] = Table,
    ) -> None:
        self._project = project
        self._listing = listing
        self._adapt = adapt
        self._is_log = is_log
        self._make = table
        self._held: dict[str, _Held] = {}

    def files(self) -> list[File]:
        """What there is to read, in order.

        Raises:
            UsageError: A pattern leaves the project.
        """
        return self._listing()

    def read(self, file: File) -> Table | None:
        """The rows of a file now; None when it went away or somebody goes on writing to it.

        Raises:
            Unreadable: It holds no table.
        """
        held = self._held.get(file.path)
        if held is not None and self._is_still(held.seen, file):
            return held.table
        # nobody waits for the end of a log
        first, second = (so_far, content) if self._is_log else (content, so_far)
        found = first(self._project, file) or second(self._project, file)
        if found is None:
            return None
        if found.data is None:
            raise Unreadable(found.problem)
        table = self._table(found.file, found.data)
        if table is not None:
            self._hold(file.path, _Held(found.file, table))
        return table

    def _table(self, file: File, data: bytes) -> Table | None:
        try:
            text = compression.unpacked(data, batches.LARGEST_BYTES)
        except compression.Damaged as error:
            raise Unreadable(error.message) from error
        if text.startswith(b"PAR1"):
            return self._make(file, self._adapt(batches.parse(text)), b"")
        ended = _ended(text)
        if len(ended) == len(text) or time.time() - file.modified_ns / 1e9 > _UNENDED_S:
            return self._make(file, self._adapt(batches.parse(text)), text)
        try:
            batch = self._adapt(batches.parse(ended))
        except batches.Empty:
            raise
        except Unreadable:  # cut in the middle of a quoted field, perhaps
            return None
        notes = batch.notes if self._is_log else (*batch.notes, _UNENDED)
        return self._make(replace(file, size_bytes=-1), replace(batch, notes=notes), ended)

    def _is_still(self, seen: File, file: File) -> bool:
        """Whether what was read holds all that is asked for."""
        if self._is_log:
            return seen.inode == file.inode and seen.size_bytes >= file.size_bytes
        return seen == _look(self._project, file.path)

    def _hold(self, path: str, held: _Held) -> None:
        self._held.pop(path, None)
        self._held[path] = held
        while len(self._held) > 1 and (
            len(self._held) > _HELD_FILES or sum(each.seen.size_bytes for each in self._held.values()) > _HELD_BYTES
        ):
            self._held.pop(next(iter(self._held)))


def _look(project: Project, path: str) -> File | None:
    try:
        return watches.look(project, path)
    except OSError:
        return None


def _ended(text: bytes) -> bytes:
    """The lines that have an end; all of a text of one line, or in UTF-16."""
    if text.endswith(b"\n") or text.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\n" not in text:
        return text
    return text[: text.rindex(b"\n") + 1]
