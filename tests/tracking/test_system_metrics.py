"""System metrics of runs: sampled in the background, with MLflow's names and switches, and in nobody's way."""

from __future__ import annotations

from pathlib import Path

from tracked import all_runs, detail, only_run, remarks, script, values

CPU = "system/cpu_utilization_percentage"

#: What mlflow 3.17 logs on a machine without a GPU.
MLFLOWS = {
    "system/cpu_utilization_percentage",
    "system/disk_available_megabytes",
    "system/disk_usage_megabytes",
    "system/disk_usage_percentage",
    "system/network_receive_megabytes",
    "system/network_transmit_megabytes",
    "system/system_memory_usage_megabytes",
    "system/system_memory_usage_percentage",
}

#: Until so many samples stand in the journal of the process itself.
WAIT = """
import time
def wait(run, count, key="system/cpu_utilization_percentage"):
    from mlops_tui.tracking import stored
    while True:
        with stored.opened(run.project) as store:
            from mlops_store import metrics
            if len(metrics.points(store.read(), run.run_id, key)) >= count:
                return
        time.sleep(0.02)
"""


def test_a_run_that_asks_for_it_is_sampled_with_mlflows_names(tmp_path: Path) -> None:
    done = script(
        tmp_path,
        WAIT
        + """
mlops.set_system_metrics_sampling_interval(0.1)
with mlops.start_run(log_system_metrics=True) as run:
    wait(run, 3)
""",
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = detail(tmp_path)
    keys = {one.key: one for one in found.summaries}
    assert keys.keys() >= MLFLOWS
    assert keys.keys() >= {"system/process_cpu_utilization_percentage", "system/process_memory_usage_megabytes"}
    assert keys[CPU].last_step == keys[CPU].count - 1
    assert all(0 <= value <= 100 for value in values(tmp_path, CPU))


def test_a_run_that_does_not_ask_is_not_sampled_and_psutil_is_not_loaded(tmp_path: Path) -> None:
    done = script(tmp_path, "import sys\nwith mlops.start_run(): pass\nprint('psutil' in sys.modules)")
    assert done.stdout == "False\n"
    assert detail(tmp_path).summaries == ()


def test_a_run_shorter_than_the_interval_has_one_sample_of_its_end(tmp_path: Path) -> None:
    script(tmp_path, "import time\nwith mlops.start_run(log_system_metrics=True): time.sleep(0.3)")
    assert len(values(tmp_path, CPU)) == 1


def test_the_switch_holds_for_later_runs_and_a_run_may_say_otherwise(tmp_path: Path) -> None:
    script(
        tmp_path,
        """
import time
def run(name, asked=None):
    with mlops.start_run(run_name=name, log_system_metrics=asked): time.sleep(0.3)
run("before")
mlops.enable_system_metrics_logging()
run("on"); run("not this one", False)
mlops.disable_system_metrics_logging()
run("off"); run("but this one", True)
""",
    )
    sampled = {run.name: bool(run.metrics) for run in all_runs(tmp_path)}
    assert sampled == {"before": False, "on": True, "not this one": False, "off": False, "but this one": True}


def test_a_resumed_run_goes_on_behind_its_last_step(tmp_path: Path) -> None:
    code = "import time\nwith mlops.start_run(run_id={}, log_system_metrics=True): time.sleep(0.3)"
    script(tmp_path, code.format(None))
    script(tmp_path, code.format(repr(only_run(tmp_path).run_id)))
    (cpu,) = [one for one in detail(tmp_path).summaries if one.key == CPU]
    assert (cpu.count, cpu.last_step) == (2, 1)


def test_several_samples_can_be_logged_as_their_mean_under_the_name_of_a_node(tmp_path: Path) -> None:
    script(
        tmp_path,
        WAIT
        + """
mlops.set_system_metrics_sampling_interval(0.05)
mlops.set_system_metrics_samples_before_logging(4)
mlops.set_system_metrics_node_id("node_7")
with mlops.start_run(log_system_metrics=True) as run:
    began = time.monotonic()
    wait(run, 2, "system/node_7/cpu_utilization_percentage")
    print(time.monotonic() - began >= 8 * 0.05)
""",
    )
    assert all(one.key.startswith("system/node_7/") for one in detail(tmp_path).summaries)


def test_nested_runs_are_sampled_each_for_itself_and_a_forked_child_samples_nothing(tmp_path: Path) -> None:
    done = script(
        tmp_path,
        WAIT
        + """
import os
mlops.set_system_metrics_sampling_interval(0.1)
with mlops.start_run(run_name="outer", log_system_metrics=True):
    child = os.fork()
    if child == 0:
        time.sleep(0.3)
        os._exit(0)
    with mlops.start_run(run_name="inner", nested=True, log_system_metrics=True) as inner:
        wait(inner, 2)
    os.waitpid(child, 0)
""",
    )
    assert (done.returncode, done.stderr) == (0, "")
    inner, outer = sorted(all_runs(tmp_path), key=lambda run: run.name)
    assert len(values(tmp_path, CPU, outer.run_id)) >= len(values(tmp_path, CPU, inner.run_id))
    steps = [one.last_step + 1 == one.count for run in (inner, outer) for one in detail(tmp_path, run.run_id).summaries]
    assert all(steps)


def test_settings_that_make_no_sense_are_said_once_and_passed_over(tmp_path: Path) -> None:
    done = script(
        tmp_path,
        """
import time
mlops.set_system_metrics_sampling_interval("often")
mlops.set_system_metrics_samples_before_logging(-3)
for _ in range(2):
    with mlops.start_run(log_system_metrics=True): time.sleep(0.3)
""",
    )
    assert done.returncode == 0
    said = sorted(line.partition("METRICS_")[2] for line in done.stderr.splitlines())
    assert said == [
        "SAMPLES_BEFORE_LOGGING must be a positive number, not '-3'; 1 is taken instead",
        "SAMPLING_INTERVAL must be a positive number, not 'often'; 10 is taken instead",
    ]
    assert remarks(tmp_path) == []


def test_a_run_without_psutil_goes_on_without_system_metrics(tmp_path: Path) -> None:
    done = script(
        tmp_path,
        """
import sys
sys.modules["psutil"] = None
with mlops.start_run(log_system_metrics=True): mlops.log_metric("a", 1)
""",
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (0, 1)
    assert values(tmp_path, "a") == [1.0]
