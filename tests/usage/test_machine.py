"""Readings of this machine, and what is made of two of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pipeline_builders import until

from mlops_tui.usage import machine
from mlops_tui.usage.gpus import Reading as Gpu
from mlops_tui.usage.groups import Usage
from mlops_tui.usage.machine import Machine, Reading

FIRST = Reading(
    at_s=100.0,
    busy_s=1000.0,
    idle_s=3000.0,
    memory_used_bytes=2_000_000_000,
    memory_total_bytes=8_000_000_000,
    disk=(30, 70, 110),
    network=(1_000_000, 5_000_000),
    own=Usage(10.0, 50_000_000, 1_000_000, 2_000_000, (1,), 9.0),
    gpus=(Gpu(0, utilization=50.0),),
    cpu_energy_j=3600.0,
    gpu_energy_j={0: 7200.0},
)


def test_shares_count_from_the_reading_before_and_totals_from_the_first() -> None:
    before = replace(FIRST, at_s=110.0, busy_s=1010.0, idle_s=3010.0, network=(2_000_000, 5_000_000))
    now = replace(
        FIRST,
        at_s=120.0,
        busy_s=1040.0,
        idle_s=3020.0,
        network=(4_500_000, 5_250_000),
        own=Usage(25.0, 60_000_000, 1_500_000, 2_000_000, (1, 2), 29.0),
        cpu_energy_j=7200.0,
        gpu_energy_j={0: 10_800.0},
    )
    assert dict(machine.figures(FIRST, before, now)) == {
        "cpu_utilization_percentage": 75.0,
        "system_memory_usage_megabytes": 2000.0,
        "system_memory_usage_percentage": 25.0,
        "disk_usage_percentage": 30.0,
        "disk_usage_megabytes": 0.0,
        "disk_available_megabytes": 0.0,
        "network_receive_megabytes": 3.5,
        "network_transmit_megabytes": 0.25,
        "process_cpu_utilization_percentage": 150.0,
        "process_memory_usage_megabytes": 60.0,
        "disk_read_megabytes": 0.5,
        "disk_write_megabytes": 0.0,
        "gpu_0_utilization_percentage": 50.0,
        "cpu_energy_watt_hours": 1.0,
        "gpu_0_energy_watt_hours": 1.0,
        "energy_watt_hours": 2.0,
    }


def test_what_the_system_does_not_tell_is_left_out() -> None:
    bare = replace(FIRST, disk=None, network=None, own=None, gpus=(), cpu_energy_j=None, gpu_energy_j={})
    assert [name for name, _ in machine.figures(bare, bare, bare)] == [
        "cpu_utilization_percentage",
        "system_memory_usage_megabytes",
        "system_memory_usage_percentage",
    ]


def test_this_machine_is_read_as_psutil_reads_it(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    asked = Machine(str(tmp_path))
    first = asked.last
    block = bytearray(50_000_000)
    until(lambda: asked.read().own.cpu_s > first.own.cpu_s + 0.2)  # type: ignore[union-attr]
    found = dict(machine.figures(first, first, asked.last))
    assert 0 < found["cpu_utilization_percentage"] <= 100
    assert found["process_cpu_utilization_percentage"] > 0
    assert found["process_memory_usage_megabytes"] > len(block) / 1e6
    assert found["disk_usage_percentage"] == pytest.approx(psutil.disk_usage(str(tmp_path)).percent, abs=0.5)
    assert asked.last.memory_total_bytes == psutil.virtual_memory().total


def test_a_folder_that_is_gone_has_no_disk_figures(tmp_path: Path) -> None:
    assert Machine(str(tmp_path / "gone")).last.disk is None
