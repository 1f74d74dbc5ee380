"""GPU figures: none without a driver, all that a driver tells, and of a stage only those that its processes are on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlops_tui.usage.gpus import Gpus


def test_without_a_driver_there_are_no_figures() -> None:
    pynvml = pytest.importorskip("pynvml")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        assert Gpus().read() == []
    else:
        pytest.skip("there is a driver here")


def test_without_the_package_there_are_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert Gpus().read() == []


class Library(SimpleNamespace):
    """NVML as it answers on a machine with three GPUs: one is broken, one tells neither power nor energy."""

    class NVMLError(Exception):
        """What NVML raises."""

    def nvmlInit(self) -> None: ...

    def nvmlDeviceGetCount(self) -> int:
        return 3

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetUUID(self, device: int) -> str:
        return f"GPU-{device}0000000-c0de"

    def nvmlDeviceGetComputeRunningProcesses(self, device: int) -> list[SimpleNamespace]:
        self._check(device)
        return [SimpleNamespace(pid=device * 100, usedGpuMemory=2_000_000_000), SimpleNamespace(pid=7, usedGpuMemory=1)]

    def nvmlDeviceGetMemoryInfo(self, device: int) -> SimpleNamespace:
        self._check(device)
        return SimpleNamespace(total=8_000_000_000, used=4_000_000_000)

    def nvmlDeviceGetUtilizationRates(self, device: int) -> SimpleNamespace:
        self._check(device)
        return SimpleNamespace(gpu=83)

    def nvmlDeviceGetPowerUsage(self, device: int) -> int:
        return self._milli(device, 250_000)

    def nvmlDeviceGetEnforcedPowerLimit(self, device: int) -> int:
        return self._milli(device, 400_000)

    def nvmlDeviceGetTotalEnergyConsumption(self, device: int) -> int:
        return self._milli(device, 9_000)

    def _check(self, device: int) -> None:
        if device == 0:
            raise self.NVMLError

    def _milli(self, device: int, value: int) -> int:
        self._check(device)
        if device == 2:
            raise self.NVMLError
        return value


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Library())  # type: ignore[arg-type]


@pytest.mark.usefixtures("library")
def test_a_gpu_has_mlflows_figures_as_far_as_its_driver_tells_them() -> None:
    first, second = Gpus().read()
    assert first.figures() == [
        ("gpu_1_utilization_percentage", 83.0),
        ("gpu_1_memory_usage_megabytes", 4000.0),
        ("gpu_1_memory_usage_percentage", 50.0),
        ("gpu_1_power_usage_watts", 250.0),
        ("gpu_1_power_usage_percentage", 62.5),
    ]
    assert [name for name, _ in second.figures()] == [
        "gpu_2_utilization_percentage",
        "gpu_2_memory_usage_megabytes",
        "gpu_2_memory_usage_percentage",
    ]
    assert (first.energy_j, second.energy_j) == (9.0, None)


@pytest.mark.usefixtures("library")
def test_of_processes_only_their_own_memory_is_told() -> None:
    (mine,) = Gpus().of_group([100, 5])
    assert dict(mine.figures())["gpu_1_memory_usage_megabytes"] == 2000.0
    assert dict(mine.figures())["gpu_1_memory_usage_percentage"] == 25.0


def test_in_a_container_the_gpus_count_that_the_processes_were_given(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(nvmlDeviceGetComputeRunningProcesses=lambda device: [])
    monkeypatch.setitem(sys.modules, "pynvml", library)  # type: ignore[arg-type]
    for given, numbers in (("2", [2]), ("1,2", [1, 2]), (None, [])):
        environment = {**os.environ, **({"CUDA_VISIBLE_DEVICES": given} if given else {})}
        with subprocess.Popen(["sleep", "60"], env=environment) as process:
            try:
                while not Path(f"/proc/{process.pid}/environ").read_bytes():
                    time.sleep(0.001)  # the new program has its files closed before it has its environment
                assert [reading.number for reading in Gpus().of_group([999_999_999, process.pid])] == numbers
            finally:
                process.kill()


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("visible", "numbers"),
    [("1", (1,)), ("2,1", (2, 1)), ("GPU-2", (2,)), ("", ()), ("-1", ()), ("2,9,1", (2,)), ("NoDevFiles", ())],
)
def test_only_gpus_that_cuda_shows_to_this_process_are_read(
    monkeypatch: pytest.MonkeyPatch, visible: str, numbers: tuple[int, ...]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert Gpus().numbers == numbers
