"""GPU figures: none without a driver, and only those of the GPUs that a stage's processes are on."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from mlops_tui.pipeline.gpus import Gpus


def test_without_a_driver_there_are_no_figures() -> None:
    pynvml = pytest.importorskip("pynvml")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        assert Gpus().figures([1]) == []
    else:
        pytest.skip("there is a driver here")


def test_without_the_package_there_are_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert Gpus().figures([1]) == []


class Library(SimpleNamespace):
    """NVML as it answers on a machine with three GPUs, a stage's process on one of them, another one broken."""

    class NVMLError(Exception):
        """What NVML raises."""

    def nvmlInit(self) -> None: ...

    def nvmlDeviceGetCount(self) -> int:
        return 3

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetComputeRunningProcesses(self, device: int) -> list[SimpleNamespace]:
        if device == 0:
            raise self.NVMLError
        return [SimpleNamespace(pid=device * 100, usedGpuMemory=2_000_000_000), SimpleNamespace(pid=7, usedGpuMemory=1)]

    def nvmlDeviceGetMemoryInfo(self, device: int) -> SimpleNamespace:
        return SimpleNamespace(total=8_000_000_000)

    def nvmlDeviceGetUtilizationRates(self, device: int) -> SimpleNamespace:
        return SimpleNamespace(gpu=83)


def test_only_the_gpus_of_the_stages_processes_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Library())  # type: ignore[arg-type]
    assert Gpus().figures([100, 5]) == [
        ("system/gpu_1_utilization_percentage", 83.0),
        ("system/gpu_1_memory_usage_megabytes", 2000.0),
        ("system/gpu_1_memory_usage_percentage", 25.0),
    ]
