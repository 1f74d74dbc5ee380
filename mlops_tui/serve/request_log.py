"""The log of requests: what a served model was asked, and what it answered, for a monitor to read.

An answer is sent when the system has its rows, so that what was answered is in the log even if the server is killed.
Long ones do not wait for that, because it takes as long as they took, and none does for long where the disk is slow.
Rows stand in bounded queues, those of long requests in one of their own, until threads have written them, and are
counted and left out where there is no room or the disk is full. Files are closed at a size or an age, and become
Parquet then (see ``segments``): a tenth of the room, and any tool reads them; the oldest are deleted.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import queue
import re
import subprocess
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO

from mlops_tui.config.serving import ServeConfig
from mlops_tui.drift.watches import LOG_OPEN
from mlops_tui.serve import entries, log_folder, redacted, segments
from mlops_tui.serve.entries import Entry
from mlops_tui.serve.metrics import Metrics
from mlops_tui.serve.redaction import Redaction

_log = logging.getLogger("mlops_tui.serve")
_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)
#: How long the end of the server waits for what is left to be written.
_END_S = 10.0
#: How long an answer waits for its rows; after one that waited so long none does until these are written.
_PATIENCE_S = 1.0
#: Requests that are longer with their answers are not waited for; about so much is written at once.
_QUICK_BYTES = 64 << 10

#: A request, and what is resolved when it has been written, or cannot be.
_Waiting = tuple[Entry, "asyncio.Future[None] | None"]
_Line = queue.SimpleQueue[_Waiting | None]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much the log takes: rows and bytes that wait, bytes and seconds of a file, bytes of all files."""

    waiting_rows: int = 50_000
    waiting_bytes: int = 128 << 20
    file_bytes: int = 16 << 20
    file_s: float = 86400.0
    kept_bytes: int = 1 << 30


def request_id(given: str | None) -> str:
    """The id of a request: the client's own where it is a plain word, else a new one."""
    return given if given is not None and _ID.fullmatch(given) else uuid.uuid4().hex


class RequestLog:
    """Writes what was asked and answered into a folder.

    Args:
        directory: Where; several servers may share it, each writes files of its own.
        bounds: How much is kept.
        redaction: What is left out, hashed or rounded before anything is written.
        metrics: Where rows are counted that were handed to the system, and that were left out.
    """

    def __init__(
        self,
        directory: str,
        bounds: Bounds | None = None,
        redaction: Redaction | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._directory = directory
        self._bounds = bounds or Bounds()
        self._redaction = redaction or Redaction(ServeConfig())
        self._closing: subprocess.Popen[bytes] | None = None
        self._lines: tuple[_Line, _Line] = queue.SimpleQueue(), queue.SimpleQueue()  # the second one of long requests
        self._waiting_rows = self._waiting_bytes = 0
        self._counting = threading.Lock()
        self._metrics = metrics or Metrics({})
        self._late: asyncio.Future[None] | None = None  # that of the answer which waited too long
        self._writing = threading.Lock()  # guards all that follows, and the figures
        self._file: FileIO | None = None
        self._opened_at = 0.0
        self._files = 0
        self._has_told = False
        self._noted: str | None = None
        self._close_files()  # what servers that were killed have left
        self._threads = [
            threading.Thread(target=self._run, args=(line,), name="request-log", daemon=True) for line in self._lines
        ]
        for thread in self._threads:
            thread.start()

    async def keep(self, entry: Entry) -> None:
        """Hands over a request and its answer; returns when the system has its rows, or nothing is to be waited for."""
        loop = asyncio.get_running_loop()
        written = loop.create_future()
        if not self.put(entry, written) or entry.size > _QUICK_BYTES or self._late is not None:
            return
        timer = loop.call_later(_PATIENCE_S, self._give_up, written)
        try:
            await written
        finally:
            timer.cancel()

    def put(self, entry: Entry, written: asyncio.Future[None] | None = None) -> bool:
        """Hands over a request and its answer; returns at once.

        Args:
            entry: What is to be written.
            written: Resolved when the system has it, or cannot take it.

        Returns:
            Whether it waits to be written: one without rows leaves nothing, for others there may be no room.
        """
        if not entry.rows:
            return False
        with self._counting:
            is_long = self._waiting_bytes + entry.size > self._bounds.waiting_bytes
            # one that is longer than all that may wait is taken where nothing does
            if self._waiting_rows + entry.rows > self._bounds.waiting_rows or (is_long and self._waiting_rows):
                self._metrics.refused_rows += entry.rows
                return False
            self._waiting_rows += entry.rows
            self._waiting_bytes += entry.size
        self._lines[entry.size > _QUICK_BYTES].put((entry, written))
        return True

    def _give_up(self, written: asyncio.Future[None]) -> None:
        if not written.done():
            self._late = written
            written.set_result(None)

    def _release(self, waiting: list[asyncio.Future[None]]) -> None:
        """Lets answers go whose rows are written; runs in the event loop."""
        for written in waiting:
            if written is self._late:
                self._late = None
            elif not written.done():
                written.set_result(None)

    def close(self) -> None:
        """Writes what waits, as far as that takes no longer than a few seconds."""
        for line in self._lines:
            line.put(None)
        until = time.monotonic() + _END_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        if self._file is not None and not any(thread.is_alive() for thread in self._threads):
            self._file.close()
        if self._closing is not None:
            with suppress(subprocess.TimeoutExpired):
                self._closing.wait(_END_S)

    def _run(self, line: _Line) -> None:
        while batch := _batch(line):
            self._write([entry for entry, _ in batch])
            if waiting := [written for _, written in batch if written is not None]:
                with suppress(RuntimeError):  # the loop has ended, and nobody waits any longer
                    waiting[0].get_loop().call_soon_threadsafe(self._release, waiting)

    def _write(self, batch: Sequence[Entry]) -> None:
        told, rows, failed = list[tuple[Entry, bytes]](), 0, 0
        for entry in batch:
            try:
                told.append((entry, entries.lines(entry, self._redaction)))
                rows += entry.rows
            except Exception as error:  # whatever a stranger's values raise: the others are written
                failed += entry.rows
                self._tell(error)
        with self._writing:
            try:
                self._append(told)
            except Exception as error:  # whatever a folder or a full disk raises: the server goes on
                rows, failed = 0, failed + rows
                self._tell(error)
            self._metrics.logged_rows += rows
            self._metrics.failed_rows += failed
        with self._counting:
            self._waiting_rows -= sum(entry.rows for entry in batch)
            self._waiting_bytes -= sum(entry.size for entry in batch)

    def _append(self, told: Sequence[tuple[Entry, bytes]]) -> None:
        """Writes requests down, all of them or none."""
        if not told:
            return
        for entry, _ in told:
            if entry.version != self._noted:  # which may have other columns
                redacted.note(self._directory, self._redaction.taken(entries.inputs(entry.data)))
                self._noted = entry.version
        file, left = self._opened(), memoryview(b"".join([content for _, content in told]))
        before = os.fstat(file.fileno()).st_size
        try:
            while left:
                left = left[file.write(left) :]
        except OSError:
            self._file = None  # until it does not end in half a line any more, to which the next one would be glued
            file.truncate(before)
            self._file = file
            raise

    def _tell(self, error: Exception) -> None:
        if not self._has_told:
            self._has_told = True
            _log.warning("requests are not logged: %s", error)

    def _opened(self) -> FileIO:
        now = time.time()
        if self._file is not None:
            if self._file.tell() < self._bounds.file_bytes and now - self._opened_at < self._bounds.file_s:
                return self._file
            full, self._file = self._file, None  # also where it cannot be closed
            full.close()
            self._close_files()
        while True:
            stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
            name = f"{stamp}-{os.getpid()}-{self._files:06}{LOG_OPEN}"
            self._files += 1
            file = FileIO(log_folder.opened(self._directory, name), "ab")
            fcntl.flock(file, fcntl.LOCK_EX)  # nobody closes it but this process, or its end
            if os.fstat(file.fileno()).st_nlink:
                break
            file.close()  # found and closed before it was locked
        self._file, self._opened_at = file, now
        # until there is room for a whole new one
        log_folder.make_room(self._directory, self._bounds.kept_bytes - self._bounds.file_bytes, keep=name)
        return file

    def _close_files(self) -> None:
        """Has the files that nobody writes to closed, by another process."""
        is_busy = self._closing is not None and self._closing.poll() is None
        if not is_busy and segments.has_open(self._directory):
            try:
                self._closing = segments.start(self._directory)
            except OSError as error:
                self._tell(error)


def _batch(line: _Line) -> list[_Waiting]:
    """What stands in a line, as far as it is written at once; waits for something. Empty at the end."""
    found, size = [line.get()], 0
    while found[-1] is not None and not line.empty():
        size += found[-1][0].size
        if size >= _QUICK_BYTES:
            break
        found.append(line.get())
    if found[-1] is None and len(found) > 1:
        line.put(None)  # for the next turn
    return [waiting for waiting in found if waiting is not None]
