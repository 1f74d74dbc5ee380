"""What the processes of running stages use, measured now and then and kept as metrics of the stages' own runs.

The names are MLflow's system metrics where MLflow has one; the figures are those of the stage's process group, not of
the machine: 100 % is one core. psutil is loaded when the first figure is due, so that short stages cost nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mlops_tui.pipeline.gpus import Gpus

CPU = "system/cpu_utilization_percentage"
MEMORY = "system/system_memory_usage_megabytes"
DISK_READ = "system/disk_read_megabytes"
DISK_WRITTEN = "system/disk_write_megabytes"

#: Seconds between two samples at first. Later a sample comes each 1/150 of the time that the stage has run, so that
#: a day has about 1,000 of them and a year not twice as many.
FIRST_INTERVAL_S = 2.0
SHARE = 1 / 150

_MEGABYTE = 1e6  # MLflow's

#: Name and value of a figure.
Figure = tuple[str, float]


class Group(NamedTuple):
    """The process group of a running stage: its number and the stage's own run."""

    number: int
    run_id: str


class Usage(NamedTuple):
    """What a process group uses: CPU and I/O since its start, memory now.

    ``read_bytes`` and ``written_bytes`` are None where the system does not tell; ``age_s`` is the oldest process's.
    """

    cpu_s: float
    memory_bytes: int
    read_bytes: int | None
    written_bytes: int | None
    pids: tuple[int, ...]
    age_s: float


@dataclass(slots=True)
class _Course:
    """How far the sampling of one stage is."""

    begun_at: float
    due_at: float
    sampled_at: float = 0.0
    cpu_s: float | None = None


class Sampler:
    """Samples the stages that run.

    Args:
        record: Keeps the figures of a run; called for each sample.
        clock: Seconds that never go back.
    """

    def __init__(
        self, record: Callable[[str, Sequence[Figure]], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._record = record
        self._clock = clock
        self._courses: dict[str, _Course] = {}
        self._gpus: Gpus | None = None

    def look(self, running: Iterable[Group]) -> None:
        """Samples what is due; cheap when nothing is."""
        now = self._clock()
        groups = {group.run_id: group for group in running}
        for run_id in self._courses.keys() - groups.keys():
            del self._courses[run_id]
        due = []
        for run_id, group in groups.items():
            course = self._courses.get(run_id)
            if course is None:
                self._courses[run_id] = _Course(now, now + FIRST_INTERVAL_S)
            elif now >= course.due_at:
                due.append(group)
        if due:
            self._sample(due)

    def _sample(self, due: Sequence[Group]) -> None:
        try:
            found = usage([group.number for group in due])
        except OSError:
            found = {}  # no descriptor is left, or the system tells nothing: no reason to hold up a run
        for group in due:
            course, used, now = self._courses[group.run_id], found.get(group.number), self._clock()
            course.due_at = now + max(FIRST_INTERVAL_S, SHARE * (now - course.begun_at))
            if used is None:
                continue  # it has just ended
            self._record(group.run_id, [*self._figures(course, used, now), *self._gpu_figures(used.pids)])
            course.sampled_at, course.cpu_s = now, used.cpu_s

    def _figures(self, course: _Course, used: Usage, now: float) -> list[Figure]:
        # a stage that was taken over has run before the first look
        before, passed = (0.0, used.age_s) if course.cpu_s is None else (course.cpu_s, now - course.sampled_at)
        points = [
            (CPU, round(100 * max(0.0, used.cpu_s - before) / max(1e-3, passed), 1)),
            (MEMORY, round(used.memory_bytes / _MEGABYTE, 1)),
        ]
        for key, count in ((DISK_READ, used.read_bytes), (DISK_WRITTEN, used.written_bytes)):
            if count is not None:
                points.append((key, round(count / _MEGABYTE, 1)))
        return points

    def _gpu_figures(self, pids: Sequence[int]) -> list[Figure]:
        if self._gpus is None:
            from mlops_tui.pipeline.gpus import Gpus

            self._gpus = Gpus()
        return self._gpus.figures(pids)


def usage(numbers: Iterable[int]) -> Mapping[int, Usage]:
    """What process groups use, by number; groups of which nothing is left are missing."""
    import psutil

    members: dict[int, list[int]] = {number: [] for number in numbers}
    for pid in psutil.pids():
        try:
            group = os.getpgid(pid)
        except OSError:
            continue
        if group in members:
            members[group].append(pid)
    found = {}
    for group, pids in members.items():
        used = [one for one in map(_of_process, pids) if one is not None]
        if used:
            found[group] = Usage(
                cpu_s=sum(one.cpu_s for one in used),
                memory_bytes=sum(one.memory_bytes for one in used),
                read_bytes=_total(one.read_bytes for one in used),
                written_bytes=_total(one.written_bytes for one in used),
                pids=tuple(pid for one in used for pid in one.pids),
                age_s=max(one.age_s for one in used),
            )
    return found


def _of_process(pid: int) -> Usage | None:
    """What one process uses, its ended children included; None when it is gone."""
    import psutil

    try:
        process = psutil.Process(pid)
        with process.oneshot():
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            times, memory, begun_at = process.cpu_times(), process.memory_info(), process.create_time()
        cpu_s = times.user + times.system + times.children_user + times.children_system
        read, written = _disk(process)
    except psutil.Error:
        return None
    return Usage(cpu_s, memory.rss, read, written, (pid,), time.time() - begun_at)


def _disk(process: object) -> tuple[int | None, int | None]:
    import psutil

    try:
        counters = process.io_counters()  # type: ignore[attr-defined]
    except (AttributeError, psutil.AccessDenied):  # macOS has none; some containers forbid it
        return None, None
    return counters.read_bytes, counters.write_bytes


def _total(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
