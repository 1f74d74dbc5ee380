"""Energy: counters where there are some, else power over time; nothing made up where nothing tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_tui.usage.energy import Energy
from mlops_tui.usage.gpus import Reading


def package(folder: Path, number: int, joules: float, limit_j: float = 1000.0) -> None:
    """A processor's counters as Linux shows them, and those of its cores, which are part of it."""
    for name, share in ((f"intel-rapl:{number}", 1.0), (f"intel-rapl:{number}:0", 0.5)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "energy_uj").write_text(f"{round(joules * share * 1e6)}\n")
        (folder / name / "max_energy_range_uj").write_text(f"{round(limit_j * 1e6)}\n")


def test_without_counters_and_gpus_nothing_is_made_up(tmp_path: Path) -> None:
    energy = Energy(str(tmp_path))
    assert energy.look([], 0.0, 0.0) == (None, {})
    assert energy.look([], 1.0, 10.0) == (None, {})


def test_the_counters_of_all_processors_are_added_up_and_may_run_over(tmp_path: Path) -> None:
    package(tmp_path, 0, 100)
    package(tmp_path, 1, 990)
    energy = Energy(str(tmp_path))
    assert energy.look([], 0.0, 0.0)[0] == 0.0
    package(tmp_path, 0, 130)
    package(tmp_path, 1, 5)  # past its range of 1000
    assert energy.look([], 0.5, 1.0)[0] == pytest.approx(45)
    package(tmp_path, 0, 131)
    assert energy.look([], 0.5, 1.0)[0] == pytest.approx(46)


def test_counters_that_may_not_be_read_count_as_none(tmp_path: Path) -> None:
    package(tmp_path, 0, 100)
    (tmp_path / "intel-rapl:0" / "energy_uj").unlink()
    assert Energy(str(tmp_path)).look([], 1.0, 1.0)[0] is None


def test_a_known_power_of_the_processors_stands_in_for_counters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_CPU_WATTS", "120")
    energy = Energy(str(tmp_path))
    energy.look([], 0.0, 0.0)
    assert energy.look([], 0.25, 10.0)[0] == pytest.approx(300)
    monkeypatch.setenv("MLOPS_CPU_WATTS", "much")
    assert Energy(str(tmp_path)).look([], 0.25, 10.0)[0] is None


def test_gpus_are_counted_by_their_counters_or_by_their_power(tmp_path: Path) -> None:
    energy = Energy(str(tmp_path))

    def look(counter_j: float, passed_s: float) -> dict[int, float]:
        gpus = [Reading(0, energy_j=counter_j, power_w=999.0), Reading(3, power_w=200.0), Reading(4)]
        return energy.look(gpus, 0.0, passed_s)[1]

    assert look(5000, 0.0) == {0: 0.0, 3: 0.0}
    assert look(5600, 2.0) == {0: 600.0, 3: 400.0}
    assert look(100, 1.0) == {0: 600.0, 3: 600.0}  # the driver was loaded anew
    assert look(150, 1.0) == {0: 650.0, 3: 800.0}
