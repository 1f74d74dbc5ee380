"""What the server counts, in Prometheus' text format: requests, their time, rows, and its processes.

Each figure is touched by one thread at a time, the event loop's, that which follows the store or one that writes the
log; several worker processes count in rows of one table, and each tells the sum of them. Knows no HTTP.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from mlops_tui.serve.counters import Table

#: The type of ``Metrics.text``.
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Upper bounds of the buckets of time, in seconds; what takes longer is in the last, unbounded one.
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
#: The same for rows that were predicted at a time.
BOUNDS_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
#: What is answered with a status of its own; "" is every other address.
PATHS = ("/invocations", "/labels", "/ping", "/health", "/version", "/metrics", "")
STATUSES = (200, 400, 401, 404, 405, 408, 409, 413, 415, 431, 499, 500, 503, 504)

_ANSWERED = len(PATHS) * (len(STATUSES) + 1)
_FIGURES = (
    *("pid", "in_progress", "held_bytes", "is_behind"),
    *("rows", "labels", "swaps", "failed_swaps", "logged_rows", "refused_rows", "failed_rows", "deaths"),
)
_PID, _HELD_BYTES = (_ANSWERED + _FIGURES.index(name) for name in ("pid", "held_bytes"))
#: Figures that say how it is now, not how often something was; a process that begins has none of them.
_NOW = 4
_REQUESTS = _ANSWERED + len(_FIGURES)
_PREDICTIONS = _REQUESTS + len(BOUNDS_S) + 2
_BATCHES = _PREDICTIONS + len(BOUNDS_S) + 2
#: How many cells of a table a process needs.
WIDTH = _BATCHES + len(BOUNDS_ROWS) + 2


class _Figure:
    """A number in a process's row of the table."""

    def __set_name__(self, owner: type[Metrics], name: str) -> None:
        self._place = _ANSWERED + _FIGURES.index(name)

    def __get__(self, metrics: Metrics, owner: type[Metrics]) -> float:
        return metrics.cells[self._place]

    def __set__(self, metrics: Metrics, value: float) -> None:
        metrics.cells[self._place] = value


class Histogram:
    """How much something was, by buckets; the sum of all is kept behind them.

    Args:
        cells: Where it is counted.
        first: The first cell that is its own.
        bounds: Upper bounds of the buckets.
    """

    def __init__(self, cells: memoryview[float] | Sequence[float], first: int, bounds: Sequence[float]) -> None:
        self._cells, self._first, self._bounds = cells, first, bounds

    def add(self, value: float) -> None:
        """Counts one of such a value."""
        assert isinstance(self._cells, memoryview)
        self._cells[self._first + bisect_left(self._bounds, value)] += 1
        self._cells[self._first + len(self._bounds) + 1] += value

    def lines(self, name: str) -> Iterator[str]:
        """The samples of a metric of that name; buckets count all that were no more."""
        end = self._first + len(self._bounds) + 1
        so_far = 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._cells[self._first : end], strict=True):
            so_far += int(count)
            yield f'{name}_bucket{{le="{bound}"}} {so_far}'
        yield f"{name}_sum {self._cells[end]!r}"
        yield f"{name}_count {so_far}"


class Metrics:
    """Everything that ``/metrics`` tells.

    Args:
        model: Labels of the served model: its name, version, digest.
        table: Where all processes of the server count; None for one that is alone.
        row: Which row is this one's.

    Attributes:
        cells: The figures of this process.
        in_progress: Requests for predictions that are being answered.
        is_behind: 1 where a version that should answer could not be loaded, and an older one goes on.
        rows: That were predicted.
        labels: That were posted later, by the ids of requests.
        swaps: Times that another version took over.
        failed_swaps: Times that one could not.
        logged_rows: Written to the log of requests.
        refused_rows: For which the log had no room.
        failed_rows: Which it could not write.
        deaths: Of processes that answered.
        requests: Time of whole requests for predictions, from the first byte of the body to the answer.
        predictions: Time of the model alone.
        batches: Rows that the model got at a time.
    """

    pid = _Figure()
    in_progress = _Figure()
    is_behind = _Figure()
    rows = _Figure()
    labels = _Figure()
    swaps = _Figure()
    failed_swaps = _Figure()
    logged_rows = _Figure()
    refused_rows = _Figure()
    failed_rows = _Figure()
    deaths = _Figure()

    def __init__(self, model: Mapping[str, str], table: Table | None = None, row: int = 0) -> None:
        #: Labels of the model that answers now.
        self.model = model
        self._table = table or Table(1, WIDTH)
        self._started_at = time.time()
        self.cells = self._table.rows[row]
        for place in range(_ANSWERED, _ANSWERED + _NOW):
            self.cells[place] = 0
        self.pid = os.getpid()
        self.requests = Histogram(self.cells, _REQUESTS, BOUNDS_S)
        self.predictions = Histogram(self.cells, _PREDICTIONS, BOUNDS_S)
        self.batches = Histogram(self.cells, _BATCHES, BOUNDS_ROWS)

    @property
    def held_bytes(self) -> float:
        """Of bodies that are held now."""
        return self.cells[_HELD_BYTES]

    @held_bytes.setter
    def held_bytes(self, value: float) -> None:
        self.cells[_HELD_BYTES] = value

    def count(self, path: str, status: int) -> None:
        """Counts an answered request."""
        place = STATUSES.index(status) if status in STATUSES else len(STATUSES)
        self.cells[PATHS.index(path) * (len(STATUSES) + 1) + place] += 1

    def text(self) -> str:
        """All samples of all processes with their types and meanings."""
        return "".join(f"{line}\n" for line in self._lines(self._table.totals()))

    def _lines(self, totals: Sequence[float]) -> Iterator[str]:
        yield from _head("mlops_requests_total", "counter", "Answered requests.")
        for place, count in enumerate(totals[:_ANSWERED]):
            if count:
                path, status = divmod(place, len(STATUSES) + 1)
                word = STATUSES[status] if status < len(STATUSES) else "other"
                yield f'mlops_requests_total{{path="{PATHS[path]}",status="{word}"}} {count:.0f}'
        yield from _head("mlops_request_seconds", "histogram", "Time of whole requests for predictions.")
        yield from Histogram(totals, _REQUESTS, BOUNDS_S).lines("mlops_request_seconds")
        yield from _head("mlops_prediction_seconds", "histogram", "Time of the model alone.")
        yield from Histogram(totals, _PREDICTIONS, BOUNDS_S).lines("mlops_prediction_seconds")
        yield from _head("mlops_batch_rows", "histogram", "Rows that the model got at a time.")
        yield from Histogram(totals, _BATCHES, BOUNDS_ROWS).lines("mlops_batch_rows")
        figures = dict(zip(_FIGURES, totals[_ANSWERED:_REQUESTS], strict=True))
        figures["is_behind"] = min(1.0, figures["is_behind"])
        figures["unlogged_rows"] = figures["refused_rows"] + figures["failed_rows"]
        for name, key, kind, meaning in _TOLD:
            yield from _head(name, kind, meaning)
            yield f"{name} {figures[key]:.0f}"
        yield from _head("mlops_model_info", "gauge", "The served model.")
        labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in sorted(self.model.items()))
        yield f"mlops_model_info{{{labels}}} 1"
        yield from self._processes()

    def _processes(self) -> Iterator[str]:
        import psutil

        used_s, resident_bytes, count = 0.0, 0, 0
        for row in self._table.rows:
            try:
                process = psutil.Process(int(row[_PID])) if row[_PID] else None
                if process is not None:
                    used_s += sum(process.cpu_times()[:2])
                    resident_bytes += process.memory_info().rss
                    count += 1
            except psutil.Error:  # killed a moment ago
                continue
        yield from _head("mlops_processes", "gauge", "Processes that answer.")
        yield f"mlops_processes {count}"
        yield from _head("process_cpu_seconds_total", "counter", "CPU time of these processes.")
        yield f"process_cpu_seconds_total {used_s!r}"
        yield from _head("process_resident_memory_bytes", "gauge", "Their memory.")
        yield f"process_resident_memory_bytes {resident_bytes}"
        yield from _head("process_start_time_seconds", "gauge", "When the server began, Unix seconds.")
        yield f"process_start_time_seconds {self._started_at!r}"


#: Metric, figure, type, meaning.
_TOLD = (
    ("mlops_requests_in_progress", "in_progress", "gauge", "Requests for predictions that are being answered."),
    ("mlops_body_bytes", "held_bytes", "gauge", "Bytes of requests' bodies that are held now."),
    ("mlops_prediction_rows_total", "rows", "counter", "Rows that were predicted."),
    ("mlops_logged_rows_total", "logged_rows", "counter", "Rows written to the log of requests."),
    ("mlops_unlogged_rows_total", "unlogged_rows", "counter", "Rows that the log had no room for."),
    ("mlops_labels_total", "labels", "counter", "Labels that were posted."),
    ("mlops_model_swaps_total", "swaps", "counter", "Times that another version took over."),
    ("mlops_model_failed_swaps_total", "failed_swaps", "counter", "Times that another version could not take over."),
    ("mlops_model_is_behind", "is_behind", "gauge", "1 where an older version goes on, as the newer failed."),
    ("mlops_process_deaths_total", "deaths", "counter", "Processes that ended without being told to."),
)


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
