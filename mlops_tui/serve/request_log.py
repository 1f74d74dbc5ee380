"""The log of requests: what a served model was asked, and what it answered, for a monitor to read.

A line of JSON a row: ``{"id", "time", "version", "latency_s", "inputs": {…}, "prediction"}``, and ``probabilities``
where the model gave them. Answers never wait for it: rows stand in a bounded queue until a thread has written them, and
are counted and left out where it is full or the disk is. Files are closed at a size or an age, and become Parquet then
(see ``segments``): a tenth of the room, and any tool reads them; the oldest are deleted.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import queue
import re
import subprocess
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from mlops_tui.config.serving import ServeConfig
from mlops_tui.drift.watches import LOG_OPEN
from mlops_tui.serve import answers, log_folder, redacted, segments
from mlops_tui.serve.metrics import Metrics
from mlops_tui.serve.redaction import Redaction

_log = logging.getLogger("mlops_tui.serve")
_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)
#: Arrays of more columns are pictures or the like, and no table.
_MOST_COLUMNS = 2_000
#: How long the end of the server waits for what is left to be written.
_END_S = 10.0
_CERTAIN = 1e-3
_ENCODER = json.JSONEncoder(default=answers.plain_value)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much the log takes: rows and bytes that wait, bytes and seconds of a file, bytes of all files."""

    waiting_rows: int = 50_000
    waiting_bytes: int = 128 << 20
    file_bytes: int = 16 << 20
    file_s: float = 86400.0
    kept_bytes: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that was answered.

    Attributes:
        id: Its id; the rows of a request of several are called ``id:0``, ``id:1``, ….
        at: When it came, Unix seconds.
        latency_s: From its first byte to the last of the answer.
        version: The version that answered; "" for a model in a folder.
        data: What the model was given.
        predictions: What it returned.
        rows: How many rows that is.
        size: Bytes of the request and the answer.
        outputs: What the model's signature calls what it returns.
    """

    id: str
    at: float
    latency_s: float
    version: str
    data: Any
    predictions: Any
    rows: int
    size: int = 0
    outputs: tuple[str, ...] = ()


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
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._waiting_rows = self._waiting_bytes = 0
        self._counting = threading.Lock()
        self._metrics = metrics or Metrics({})
        self._file: IO[bytes] | None = None
        self._opened_at = 0.0
        self._files = 0
        self._has_told = False
        self._noted: str | None = None
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Hands over a request that was answered; returns at once. One without rows leaves nothing to be written."""
        if not entry.rows:
            return
        with self._counting:
            is_long = self._waiting_bytes + entry.size > self._bounds.waiting_bytes
            # one that is longer than all that may wait is taken where nothing does
            if self._waiting_rows + entry.rows > self._bounds.waiting_rows or (is_long and self._waiting_rows):
                self._metrics.refused_rows += entry.rows
                return
            self._waiting_rows += entry.rows
            self._waiting_bytes += entry.size
        self._queue.put(entry)

    def close(self) -> None:
        """Writes what waits, as far as that takes no longer than a few seconds."""
        self._queue.put(None)
        self._thread.join(_END_S)
        if self._closing is not None:
            with suppress(subprocess.TimeoutExpired):
                self._closing.wait(_END_S)

    def _run(self) -> None:
        self._close_files()  # what servers that were killed have left
        while (entry := self._queue.get()) is not None:
            self._write(entry)
            if self._file is not None and self._queue.empty():
                self._flush(self._file)
        if self._file is not None:
            self._file.close()

    def _write(self, entry: Entry) -> None:
        try:
            content = lines(entry, self._redaction)
            file = self._opened()
            if entry.version != self._noted:  # which may have other columns
                redacted.note(self._directory, self._redaction.taken(_inputs(entry.data)))
                self._noted = entry.version
            try:
                file.write(content)
            except OSError:
                self._file = None  # it may end in half a line, to which the next one would be glued
                raise
            self._metrics.logged_rows += entry.rows
        except Exception as error:  # whatever a stranger's values or a full disk raise: the server goes on
            self._metrics.failed_rows += entry.rows
            self._tell(error)
        finally:
            with self._counting:
                self._waiting_rows -= entry.rows
                self._waiting_bytes -= entry.size

    def _flush(self, file: IO[bytes]) -> None:
        try:
            file.flush()
        except OSError as error:
            self._tell(error)
            self._file = None  # what it holds is lost, and would be tried again without end

    def _tell(self, error: Exception) -> None:
        if not self._has_told:
            self._has_told = True
            _log.warning("requests are not logged: %s", error)

    def _opened(self) -> IO[bytes]:
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
            file = os.fdopen(log_folder.opened(self._directory, name), "ab")
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


def lines(entry: Entry, redaction: Redaction) -> bytes:
    """The lines of a request, column by column: a tenth of the time of a document a row."""
    rows = entry.rows
    names = [entry.id] if rows == 1 else [f"{entry.id}:{place}" for place in range(rows)]
    members: dict[str, Any] = {"id": names, "time": [entry.at] * rows, "version": [entry.version] * rows}
    members["latency_s"] = [round(entry.latency_s, 6)] * rows
    if inputs := redaction.apply(_inputs(entry.data)):
        members["inputs"] = inputs
    predicted = redaction.answer(_predictions(entry.predictions, rows), entry.outputs)
    if isinstance(outputs := predicted.get("prediction"), dict) and len(outputs) <= 1:
        del predicted["prediction"]
        for values in outputs.values():
            predicted["prediction"] = values
    columns: list[list[str]] = []
    template = _template(members | predicted, columns)
    return "".join([f"{template % texts}\n" for texts in zip(*columns, strict=True)]).encode()


def _template(members: dict[str, Any], columns: list[list[str]]) -> str:
    """A line with a place for each value; the values' texts are added to ``columns`` in that order."""
    parts = []
    for name, values in members.items():
        key = _ENCODER.encode(name).replace("%", "%%")
        if isinstance(values, dict):
            parts.append(f"{key}: {_template(values, columns)}")
        else:
            parts.append(f"{key}: %s")
            columns.append(_texts(values))
    return f"{{{', '.join(parts)}}}"


def _texts(values: list[Any]) -> list[str]:
    text = _ENCODER.encode(values)
    if not {'"', "{"} & set(text) and "[" not in text[1:]:  # numbers alone
        return text[1:-1].split(", ")
    return [_ENCODER.encode(value) for value in values]


def _inputs(data: Any) -> dict[str, list[Any]]:
    """Column -> values, of a table; nothing of what is none."""
    if hasattr(data, "columns") and hasattr(data, "iloc"):
        return {str(name): data[name].tolist() for name in data.columns}
    if isinstance(data, dict):
        return {str(name): values.tolist() for name, values in data.items() if getattr(values, "ndim", 0) == 1}
    if getattr(data, "ndim", 0) == 2 and data.shape[1] <= _MOST_COLUMNS:
        return {str(place): column for place, column in enumerate(data.T.tolist())}
    return {}


def _predictions(predictions: Any, rows: int) -> dict[str, Any]:
    """What was answered, as columns: ``prediction``, and ``probabilities`` where the model gave those of classes."""
    if hasattr(predictions, "columns") and hasattr(predictions, "iloc"):
        return {"prediction": {str(name): predictions[name].tolist() for name in predictions.columns}}
    if isinstance(predictions, dict):
        found = {
            str(name): values.tolist() if hasattr(values, "tolist") else values for name, values in predictions.items()
        }
        if not all(isinstance(values, list) and len(values) == rows for values in found.values()):
            found = {name: [value if rows == 1 else None] * rows for name, value in found.items()}
        return {"prediction": found}
    values = predictions.tolist() if hasattr(predictions, "tolist") else predictions
    if not isinstance(values, list) or len(values) != rows:
        return {"prediction": [values if rows == 1 else None] * rows}
    if getattr(predictions, "ndim", 1) != 2:
        return {"prediction": values}
    named = {str(place): column for place, column in enumerate(predictions.T.tolist())}
    if len(named) == 1:
        return {"prediction": named["0"]}
    if predictions.dtype.kind == "f" and (predictions >= 0).all() and (abs(predictions.sum(1) - 1) < _CERTAIN).all():
        return {"prediction": predictions.argmax(1).tolist(), "probabilities": named}
    return {"prediction": named}
