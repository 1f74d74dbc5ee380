"""Energy that the machine has drawn, in joules: from counters where there are some, else from power over time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from glob import glob

from mlops_tui.usage.gpus import Reading

#: What the processors draw when all of them compute, in watts, where no counter tells.
CPU_WATTS = "MLOPS_CPU_WATTS"

_COUNTERS = "/sys/class/powercap"


class Energy:
    """Adds up what is drawn from one look to the next.

    Args:
        counters: The folder of Linux's power capping framework.
    """

    def __init__(self, counters: str = _COUNTERS) -> None:
        # a processor package each; what stands below one (intel-rapl:0:0: its cores) is part of it
        self._packages = [path for path in sorted(glob(f"{counters}/intel-rapl:*")) if path.count(":") == 1]
        self._package_j: dict[str, float] = {}
        self._gpu_j: dict[int, float] = {}
        self._counted_j: dict[int, float] = {}
        self._cpu_j: float | None = None

    def look(self, gpus: Sequence[Reading], cpu_share: float, passed_s: float) -> tuple[float | None, dict[int, float]]:
        """What was drawn since the first look.

        Args:
            gpus: What the GPUs do now.
            cpu_share: 0 to 1: how busy the processors were since the last look.
            passed_s: Seconds since the last look.

        Returns:
            Joules of the processors, None where nothing tells, and of each GPU by its number.

        Source:
            https://docs.kernel.org/power/powercap/powercap.html;
            nvmlDeviceGetTotalEnergyConsumption in NVIDIA's NVML API reference.
        """
        drawn = self._packages_drawn()
        if drawn is None and (watts := _cpu_watts()):
            drawn = watts * cpu_share * passed_s
        if drawn is not None:
            self._cpu_j = (self._cpu_j or 0.0) + drawn
        for gpu in gpus:
            if gpu.energy_j is not None:
                # a counter that went back belongs to a driver that was loaded anew
                grown = max(0.0, gpu.energy_j - self._counted_j.get(gpu.number, gpu.energy_j))
                self._counted_j[gpu.number] = gpu.energy_j
            elif gpu.power_w is not None:
                grown = gpu.power_w * passed_s
            else:
                continue
            self._gpu_j[gpu.number] = self._gpu_j.get(gpu.number, 0.0) + grown
        return self._cpu_j, dict(self._gpu_j)

    def _packages_drawn(self) -> float | None:
        """Joules of all packages since the last look; None where a counter is missing or may not be read."""
        if not self._packages:
            return None
        drawn = 0.0
        for path in self._packages:
            now, limit = _micro(path, "energy_uj"), _micro(path, "max_energy_range_uj")
            if now is None:
                self._packages = []  # since 2020 most systems let only root read them
                return None
            before = self._package_j.get(path, now)
            drawn += now - before if now >= before else now - before + (limit or 0.0)
            self._package_j[path] = now
        return max(0.0, drawn)


def _micro(path: str, name: str) -> float | None:
    try:
        with open(os.path.join(path, name), encoding="ascii") as file:
            return int(file.read()) / 1e6
    except (OSError, ValueError):
        return None


def _cpu_watts() -> float:
    try:
        watts = float(os.environ.get(CPU_WATTS, "0"))
    except ValueError:
        return 0.0
    return watts if 0 < watts < 1e5 else 0.0
