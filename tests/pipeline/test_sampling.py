"""What running stages use is sampled, sparser with time, and kept as metrics of their runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pipeline_builders import latest, make, stage, until
from slow_pipeline import settled

from mlops_store import metrics
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.pipeline import sampling
from mlops_tui.pipeline.sampling import Group, Sampler
from mlops_tui.usage import Figure, groups

BUSY = "import time; block = b'x' * 60_000_000; print('ready', flush=True)\nwhile True: pass"


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[str]]:
    """A shell whose child computes and holds 60 MB, in a process group of its own."""
    process = subprocess.Popen(
        ["sh", "-c", f'{sys.executable} -c "$1"; true', "sh", BUSY],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    os.killpg(process.pid, 9)
    process.wait()


class Kept:
    """A sampler with a clock that a test turns, and what it has recorded."""

    def __init__(self) -> None:
        self.now = 0.0
        self.points: list[tuple[str, Sequence[Figure]]] = []
        self.sampler = Sampler(lambda run_id, points: self.points.append((run_id, points)), lambda: self.now)


def test_a_group_is_its_processes_together(busy: subprocess.Popen[str]) -> None:
    used = groups.usage([busy.pid, 999_999_999])
    assert set(used) == {busy.pid}
    assert used[busy.pid].memory_bytes > 60_000_000
    assert len(used[busy.pid].pids) == 2


def test_cpu_is_what_was_used_since_the_last_sample(busy: subprocess.Popen[str]) -> None:
    kept, group = Kept(), Group(busy.pid, "r")
    kept.sampler.look([group])
    kept.now = 2.0
    kept.sampler.look([group])
    used = groups.usage([busy.pid])[busy.pid].cpu_s
    until(lambda: groups.usage([busy.pid])[busy.pid].cpu_s > used + 0.3)
    kept.now = 4.0
    kept.sampler.look([group])
    values = dict(kept.points[1][1])
    assert 15 <= values[sampling.CPU] <= 400  # 0.3 s and more within the 2 s of the test's clock
    assert values[sampling.MEMORY] > 60


def test_a_stage_that_was_taken_over_begins_with_its_mean(busy: subprocess.Popen[str]) -> None:
    until(lambda: groups.usage([busy.pid])[busy.pid].cpu_s > 1.0)
    kept, group = Kept(), Group(busy.pid, "r")
    kept.sampler.look([group])
    kept.now = 2.0
    kept.sampler.look([group])
    assert 0 < dict(kept.points[0][1])[sampling.CPU] <= 110


def test_samples_come_sparser_with_time(busy: subprocess.Popen[str]) -> None:
    kept, group = Kept(), Group(busy.pid, "r")
    times = []
    while kept.now < 3600:
        before = len(kept.points)
        kept.sampler.look([group])
        if len(kept.points) > before:
            times.append(kept.now)
        kept.now += 0.5
    assert times[:3] == [2.0, 4.0, 6.0]
    assert 300 < len(times) < 700
    assert times[-1] - times[-2] > 20


def test_nothing_is_loaded_for_stages_shorter_than_the_first_interval() -> None:
    code = (
        "import sys; from mlops_tui.pipeline.sampling import Group, Sampler\n"
        "sampler = Sampler(print, iter(range(9)).__next__)\n"
        "sampler.look([Group(1, 'a')]); sampler.look([Group(1, 'a')]); sampler.look([])\n"
        "print('psutil' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_a_group_that_is_gone_is_left_out() -> None:
    kept, group = Kept(), Group(999_999_999, "r")
    kept.sampler.look([group])
    kept.now = 3.0
    kept.sampler.look([group])
    assert kept.points == []


def test_a_running_stage_has_its_figures_as_metrics_of_its_run(tmp_path: Path) -> None:
    project = make(tmp_path, 'stages: {slow: {cmd: "until [ -e go ]; do sleep 0.02; done; echo > out", outs: [out]}}')
    run_id = pipeline.start(project)
    try:

        def counts() -> dict[str, tuple[int, int]]:
            own = stage(latest(project), "slow").run_id
            if own is None:
                return {}
            with Store(project.store_path) as store:
                return {one.key: (one.count, one.last_step) for one in metrics.summaries(store.read(), own)}

        until(lambda: counts().get(sampling.CPU) == (2, 1))
        assert counts()[sampling.MEMORY][0] >= 2
    finally:
        Path(project.path("go")).touch()
        settled(project)
    assert pipeline.wait(project, run_id).state == "finished"
