"""The whole machine, and what the process that asks takes of it: absolute readings, and figures between two of them.

The names are MLflow's system metrics where MLflow has one.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from types import ModuleType

from mlops_tui.usage import MEGABYTE, Figure, groups
from mlops_tui.usage.energy import Energy
from mlops_tui.usage.gpus import Gpus
from mlops_tui.usage.gpus import Reading as GpuReading

_JOULES = 3600.0  # of a watt hour


@dataclass(frozen=True, slots=True)
class Reading:
    """What all counters say at a moment; None where the system does not tell.

    Attributes:
        at_s: Seconds that never go back.
        busy_s: Time that all processors have computed since the machine was started.
        idle_s: Time that they have not.
        memory_used_bytes: Of the machine's memory.
        memory_total_bytes: The machine's memory.
        disk: Used, free and total bytes of the file system that was asked for.
        network: Bytes received and sent since the machine was started.
        own: What this process and all that it has started use.
        gpus: What each GPU does.
        cpu_energy_j: What the processors have drawn since the first reading.
        gpu_energy_j: The same of each GPU, by its number.
    """

    at_s: float
    busy_s: float
    idle_s: float
    memory_used_bytes: int
    memory_total_bytes: int
    disk: tuple[int, int, int] | None
    network: tuple[int, int] | None
    own: groups.Usage | None
    gpus: tuple[GpuReading, ...]
    cpu_energy_j: float | None
    gpu_energy_j: dict[int, float]


class Machine:
    """Takes readings.

    Args:
        path: A place on the file system whose use is told.
    """

    def __init__(self, path: str) -> None:
        import psutil

        self._psutil: ModuleType = psutil
        self._path = path
        self._gpus = Gpus()
        self._energy = Energy()
        self.last = self._read(None)

    def read(self) -> Reading:
        """What all counters say now."""
        self.last = self._read(self.last)
        return self.last

    def _read(self, before: Reading | None) -> Reading:
        psutil = self._psutil
        at, times, memory = time.monotonic(), psutil.cpu_times(), psutil.virtual_memory()
        idle = times.idle + getattr(times, "iowait", 0.0)
        # Linux counts the time of guests twice
        busy = sum(times) - idle - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        gpus = tuple(self._gpus.read())
        share = 0.0 if before is None else _share(busy - before.busy_s, idle - before.idle_s)
        cpu_j, gpu_j = self._energy.look(gpus, share, 0.0 if before is None else at - before.at_s)
        return Reading(
            at_s=at,
            busy_s=busy,
            idle_s=idle,
            memory_used_bytes=memory.used,
            memory_total_bytes=memory.total,
            disk=self._disk(),
            network=self._network(),
            own=groups.of_family(os.getpid()),
            gpus=gpus,
            cpu_energy_j=cpu_j,
            gpu_energy_j=gpu_j,
        )

    def _disk(self) -> tuple[int, int, int] | None:
        try:
            found = self._psutil.disk_usage(self._path)
        except OSError:
            return None
        return found.used, found.free, found.total

    def _network(self) -> tuple[int, int] | None:
        try:
            found = self._psutil.net_io_counters()
        except OSError:
            return None
        return None if found is None else (found.bytes_recv, found.bytes_sent)


def figures(first: Reading, before: Reading, now: Reading) -> list[Figure]:
    """Everything that is known, by names without MLflow's prefix.

    Args:
        first: The reading from which received, sent, read and written bytes and energy count.
        before: The reading from which shares of time count.
        now: The newest reading.
    """
    found: list[Figure] = [
        (
            "cpu_utilization_percentage",
            round(100 * _share(now.busy_s - before.busy_s, now.idle_s - before.idle_s), 1),
        ),
        ("system_memory_usage_megabytes", round(now.memory_used_bytes / MEGABYTE, 1)),
        ("system_memory_usage_percentage", round(100 * now.memory_used_bytes / now.memory_total_bytes, 1)),
    ]
    if now.disk is not None:
        used, free, _ = now.disk
        found.append(("disk_usage_percentage", round(100 * used / max(1, used + free), 1)))
        found.append(("disk_usage_megabytes", round(used / MEGABYTE, 1)))
        found.append(("disk_available_megabytes", round(free / MEGABYTE, 1)))
    if now.network is not None and first.network is not None:
        for name, new, old in zip(("receive", "transmit"), now.network, first.network, strict=True):
            found.append((f"network_{name}_megabytes", round(max(0, new - old) / MEGABYTE, 3)))
    found += _own(first, before, now)
    found += [figure for gpu in now.gpus for figure in gpu.figures()]
    return found + _energy(first, now)


def _own(first: Reading, before: Reading, now: Reading) -> list[Figure]:
    """What this process and its children take; 100 % is one core."""
    if now.own is None or before.own is None or first.own is None:
        return []
    passed = max(1e-3, now.at_s - before.at_s)
    found: list[Figure] = [
        ("process_cpu_utilization_percentage", round(100 * max(0.0, now.own.cpu_s - before.own.cpu_s) / passed, 1)),
        ("process_memory_usage_megabytes", round(now.own.memory_bytes / MEGABYTE, 1)),
    ]
    for name, new, old in (
        ("disk_read_megabytes", now.own.read_bytes, first.own.read_bytes),
        ("disk_write_megabytes", now.own.written_bytes, first.own.written_bytes),
    ):
        if new is not None and old is not None:
            found.append((name, round(max(0, new - old) / MEGABYTE, 3)))
    return found


def _energy(first: Reading, now: Reading) -> list[Figure]:
    """Watt hours of the processors and of each GPU, and together; [] where nothing tells."""
    found: list[Figure] = []
    if now.cpu_energy_j is not None:
        found.append(("cpu_energy_watt_hours", (now.cpu_energy_j - (first.cpu_energy_j or 0.0)) / _JOULES))
    for number, joules in now.gpu_energy_j.items():
        found.append((f"gpu_{number}_energy_watt_hours", (joules - first.gpu_energy_j.get(number, 0.0)) / _JOULES))
    if found:
        found.append(("energy_watt_hours", sum(value for _, value in found)))
    return [(name, round(value, 6)) for name, value in found]


def _share(busy: float, idle: float) -> float:
    return min(1.0, max(0.0, busy) / (busy + idle)) if busy + idle > 0 else 0.0
