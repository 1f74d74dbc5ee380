"""What NVIDIA's GPUs do, where the optional package nvidia-ml-py and a driver are there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlops_tui.usage import MEGABYTE, Figure


@dataclass(frozen=True, slots=True)
class Reading:
    """What one GPU does at a moment; None stands for what its driver does not tell.

    Attributes:
        number: Its place among all GPUs of the machine.
        utilization: Percentage of the time that it computed, of late.
        used_bytes: Memory in use.
        total_bytes: Its memory.
        power_w: What it draws.
        power_limit_w: What it may draw.
        energy_j: What it has drawn since the driver was loaded.
        processes: Process number -> memory in bytes, of the processes that compute on it.
    """

    number: int
    utilization: float | None = None
    used_bytes: int | None = None
    total_bytes: int | None = None
    power_w: float | None = None
    power_limit_w: float | None = None
    energy_j: float | None = None
    processes: Mapping[int, int] | None = None

    def is_used_by(self, pids: Sequence[int]) -> bool:
        """Whether one of the processes computes on it."""
        return any(pid in (self.processes or {}) for pid in pids)

    def of_processes(self, pids: Sequence[int]) -> Reading:
        """The same with the memory of these processes only; utilization and power are told of the whole GPU alone."""
        known = self.processes or {}
        return replace(self, used_bytes=sum(known.get(pid, 0) for pid in pids))

    def figures(self) -> list[Figure]:
        """MLflow's metrics of a GPU, as far as they are known."""
        used, total, power, limit = self.used_bytes, self.total_bytes, self.power_w, self.power_limit_w
        found = (
            ("utilization_percentage", self.utilization),
            ("memory_usage_megabytes", None if used is None else used / MEGABYTE),
            ("memory_usage_percentage", None if used is None or not total else 100 * used / total),
            ("power_usage_watts", power),
            ("power_usage_percentage", None if power is None or not limit else 100 * power / limit),
        )
        return [(f"gpu_{self.number}_{name}", round(value, 1)) for name, value in found if value is not None]


class Gpus:
    """The GPUs of this machine, or of them those that CUDA_VISIBLE_DEVICES names; none where they cannot be asked."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._devices: dict[int, Any] = {}
        try:
            import pynvml  # pyright: ignore[reportMissingImports] an extra
        except ImportError:
            return
        self._nvml = pynvml
        try:
            pynvml.nvmlInit()
            devices = {
                number: pynvml.nvmlDeviceGetHandleByIndex(number) for number in range(pynvml.nvmlDeviceGetCount())
            }
        except pynvml.NVMLError:
            return
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        self._devices = devices
        if visible is not None:
            self._devices = {number: devices[number] for number in self.named(visible)}

    @property
    def numbers(self) -> tuple[int, ...]:
        """The places of these GPUs among all of the machine."""
        return tuple(self._devices)

    def named(self, visible: str) -> tuple[int, ...]:
        """The numbers that CUDA_VISIBLE_DEVICES stands for.

        As CUDA reads it: numbers or beginnings of UUIDs; what stands behind a word that names none is not seen.
        """
        found: list[int] = []
        for word in map(str.strip, visible.split(",")):
            for number, device in self._devices.items():
                uuid = "" if word.isdigit() else self._ask(self._nvml.nvmlDeviceGetUUID, device) or ""
                if word and (word == str(number) or str(uuid).startswith(word)):
                    found.append(number)
                    break
            else:
                break
        return tuple(found)

    def of_group(self, pids: Sequence[int]) -> list[Reading]:
        """What is done by some processes that belong together, with their memory as far as the driver tells it.

        In a container the driver names no processes at all; then the GPUs count that their CUDA_VISIBLE_DEVICES names.
        """
        readings = self.read()
        if any(reading.processes for reading in readings):
            return [reading.of_processes(pids) for reading in readings if reading.is_used_by(pids)]
        numbers = self.named(_visible_to(pids)) if readings else ()
        return [reading for reading in readings if reading.number in numbers]

    def read(self) -> list[Reading]:
        """What each of them does now; one that fell off the bus is left out."""
        return [found for number, device in self._devices.items() if (found := self._reading(number, device))]

    def _reading(self, number: int, device: Any) -> Reading | None:
        nvml = self._nvml
        memory = self._ask(nvml.nvmlDeviceGetMemoryInfo, device)
        rates = self._ask(nvml.nvmlDeviceGetUtilizationRates, device)
        power, limit, energy = (
            self._ask(call, device)
            for call in (
                nvml.nvmlDeviceGetPowerUsage,
                nvml.nvmlDeviceGetEnforcedPowerLimit,
                nvml.nvmlDeviceGetTotalEnergyConsumption,
            )
        )
        processes = self._ask(nvml.nvmlDeviceGetComputeRunningProcesses, device)
        if memory is None and rates is None and power is None:
            return None
        return Reading(
            number=number,
            utilization=None if rates is None else float(rates.gpu),
            used_bytes=None if memory is None else memory.used,
            total_bytes=None if memory is None else memory.total,
            power_w=None if power is None else power / 1000,
            power_limit_w=None if limit is None else limit / 1000,
            energy_j=None if energy is None else energy / 1000,
            processes=None if processes is None else {one.pid: one.usedGpuMemory or 0 for one in processes},
        )

    def _ask(self, call: Callable[[Any], Any], device: Any) -> Any:
        try:
            return call(device)
        except self._nvml.NVMLError:
            return None


def _visible_to(pids: Sequence[int]) -> str:
    """CUDA_VISIBLE_DEVICES of the first process that has it; "" without one."""
    import psutil

    for pid in pids:
        try:
            visible = psutil.Process(pid).environ().get("CUDA_VISIBLE_DEVICES")
        except psutil.Error:  # it is gone, or another user's
            continue
        if visible is not None:
            return visible
    return ""
