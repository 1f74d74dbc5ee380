"""What the processes of running stages use, measured now and then and kept as metrics of the stages' own runs.

The names are MLflow's system metrics where MLflow has one; the figures are those of the stage's process group, not of
the machine: 100 % is one core. psutil is loaded when the first figure is due, so that short stages cost nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mlops_tui.usage import MEGABYTE, PREFIX, Figure, groups
from mlops_tui.usage.groups import Usage

if TYPE_CHECKING:
    from mlops_tui.usage.gpus import Gpus

CPU = f"{PREFIX}cpu_utilization_percentage"
MEMORY = f"{PREFIX}system_memory_usage_megabytes"
DISK_READ = f"{PREFIX}disk_read_megabytes"
DISK_WRITTEN = f"{PREFIX}disk_write_megabytes"

#: Seconds between two samples at first. Later a sample comes each 1/150 of the time that the stage has run, so that
#: a day has about 1,000 of them and a year not twice as many.
FIRST_INTERVAL_S = 2.0
SHARE = 1 / 150


class Group(NamedTuple):
    """The process group of a running stage: its number and the stage's own run."""

    number: int
    run_id: str


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
            found = groups.usage([group.number for group in due])
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
            (MEMORY, round(used.memory_bytes / MEGABYTE, 1)),
        ]
        for key, count in ((DISK_READ, used.read_bytes), (DISK_WRITTEN, used.written_bytes)):
            if count is not None:
                points.append((key, round(count / MEGABYTE, 1)))
        return points

    def _gpu_figures(self, pids: Sequence[int]) -> list[Figure]:
        if self._gpus is None:
            from mlops_tui.usage.gpus import Gpus

            self._gpus = Gpus()
        return [(PREFIX + name, value) for one in self._gpus.of_group(pids) for name, value in one.figures()]
