"""What the server counts, in Prometheus' text format: requests, their time, rows, and the process itself.

Each figure is touched by one thread alone, the event loop's or that which follows the store, so nothing is locked.
Knows no HTTP.
"""

from __future__ import annotations

import os
import resource
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_tui.serve.request_log import RequestLog

#: The type of ``Metrics.text``.
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Upper bounds of the buckets of time, in seconds; what takes longer is in the last, unbounded one.
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Histogram:
    """How long something took, by buckets."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.total_s = 0.0

    def add(self, length_s: float) -> None:
        """Counts one that took so many seconds."""
        self.counts[bisect_left(BOUNDS_S, length_s)] += 1
        self.total_s += length_s

    def lines(self, name: str) -> Iterator[str]:
        """The samples of a metric of that name; buckets count all that took no longer."""
        so_far = 0
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), self.counts, strict=True):
            so_far += count
            yield f'{name}_bucket{{le="{bound}"}} {so_far}'
        yield f"{name}_sum {self.total_s!r}"
        yield f"{name}_count {so_far}"


class Metrics:
    """Everything that ``/metrics`` tells.

    Args:
        model: Labels of the served model: its name, version, digest.
        log: The log of requests, which counts for itself; None where there is none.
    """

    def __init__(self, model: Mapping[str, str], log: RequestLog | None = None) -> None:
        self._log = log
        #: Labels of the model that answers now.
        self.model = model
        self._started_at = time.time()
        #: (path, status) -> answered requests.
        self.answered: Counter[tuple[str, int]] = Counter()
        #: Of whole requests for predictions, from the first byte of the body to the answer.
        self.requests = Histogram()
        #: Of the model alone.
        self.predictions = Histogram()
        self.rows = 0
        self.in_progress = 0
        self.held_bytes = 0
        #: That were posted later, by the ids of requests.
        self.labels = 0
        #: Times that another version took over, and times that one could not.
        self.swaps = 0
        self.failed_swaps = 0
        #: Whether a version that should answer could not be loaded, and an older one goes on.
        self.is_behind = False

    def text(self) -> str:
        """All samples with their types and meanings."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield from _head("mlops_requests_total", "counter", "Answered requests.")
        for (path, status), count in sorted(self.answered.items()):
            yield f'mlops_requests_total{{path="{_escaped(path)}",status="{status}"}} {count}'
        yield from _head("mlops_requests_in_progress", "gauge", "Requests for predictions that are being answered.")
        yield f"mlops_requests_in_progress {self.in_progress}"
        yield from _head("mlops_request_seconds", "histogram", "Time of whole requests for predictions.")
        yield from self.requests.lines("mlops_request_seconds")
        yield from _head("mlops_prediction_seconds", "histogram", "Time of the model alone.")
        yield from self.predictions.lines("mlops_prediction_seconds")
        yield from _head("mlops_prediction_rows_total", "counter", "Rows that were predicted.")
        yield f"mlops_prediction_rows_total {self.rows}"
        if self._log is not None:
            yield from _head("mlops_logged_rows_total", "counter", "Rows written to the log of requests.")
            yield f"mlops_logged_rows_total {self._log.written_rows}"
            yield from _head("mlops_unlogged_rows_total", "counter", "Rows that the log of requests had no room for.")
            yield f"mlops_unlogged_rows_total {self._log.lost_rows}"
            yield from _head("mlops_labels_total", "counter", "Labels that were posted.")
            yield f"mlops_labels_total {self.labels}"
        yield from _head("mlops_body_bytes", "gauge", "Bytes of requests' bodies that are held now.")
        yield f"mlops_body_bytes {self.held_bytes}"
        yield from _head("mlops_model_info", "gauge", "The served model.")
        labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in sorted(self.model.items()))
        yield f"mlops_model_info{{{labels}}} 1"
        yield from _head("mlops_model_swaps_total", "counter", "Times that another version took over.")
        yield f"mlops_model_swaps_total {self.swaps}"
        yield from _head("mlops_model_failed_swaps_total", "counter", "Times that another version could not take over.")
        yield f"mlops_model_failed_swaps_total {self.failed_swaps}"
        yield from _head("mlops_model_is_behind", "gauge", "1 where an older version goes on, as the newer failed.")
        yield f"mlops_model_is_behind {int(self.is_behind)}"
        used = resource.getrusage(resource.RUSAGE_SELF)
        yield from _head("process_cpu_seconds_total", "counter", "CPU time of the process.")
        yield f"process_cpu_seconds_total {used.ru_utime + used.ru_stime!r}"
        yield from _head("process_start_time_seconds", "gauge", "When the server began, Unix seconds.")
        yield f"process_start_time_seconds {self._started_at!r}"
        resident = _resident_bytes()
        if resident:
            yield from _head("process_resident_memory_bytes", "gauge", "Memory of the process.")
            yield f"process_resident_memory_bytes {resident}"


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _resident_bytes() -> int:
    """0 where the system does not tell it as Linux does."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
