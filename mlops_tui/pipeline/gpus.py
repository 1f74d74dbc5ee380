"""What processes use of NVIDIA's GPUs, where the optional package nvidia-ml-py and a driver are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_MEGABYTE = 1e6


class Gpus:
    """The GPUs of this machine; none where they cannot be asked."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._devices: list[Any] = []
        try:
            import pynvml  # pyright: ignore[reportMissingImports] an extra
        except ImportError:
            return
        try:
            pynvml.nvmlInit()
            self._devices = [pynvml.nvmlDeviceGetHandleByIndex(number) for number in range(pynvml.nvmlDeviceGetCount())]
        except pynvml.NVMLError:
            return
        self._nvml = pynvml

    def figures(self, pids: Sequence[int]) -> list[tuple[str, float]]:
        """Name and value of each figure of the GPUs that some processes use.

        Memory is that of these processes; the utilization is the whole device's, which is all that the driver tells of
        every card.

        Args:
            pids: The processes.
        """
        found: list[tuple[str, float]] = []
        for number, device in enumerate(self._devices):
            try:
                found += self._of_device(number, device, set(pids))
            except self._nvml.NVMLError:
                continue  # it fell off the bus, or does not tell
        return found

    def _of_device(self, number: int, device: Any, pids: set[int]) -> list[tuple[str, float]]:
        mine = [one for one in self._nvml.nvmlDeviceGetComputeRunningProcesses(device) if one.pid in pids]
        if not mine:
            return []
        total = self._nvml.nvmlDeviceGetMemoryInfo(device).total
        used = sum(one.usedGpuMemory or 0 for one in mine)
        return [
            (
                f"system/gpu_{number}_utilization_percentage",
                float(self._nvml.nvmlDeviceGetUtilizationRates(device).gpu),
            ),
            (f"system/gpu_{number}_memory_usage_megabytes", round(used / _MEGABYTE, 1)),
            (f"system/gpu_{number}_memory_usage_percentage", round(100 * used / total, 1)),
        ]
