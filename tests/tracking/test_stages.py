"""Scripts that run as a stage of a pipeline log into the stage's own run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracked import all_runs, detail, opened, script, values

from mlops_store import runs
from mlops_store.ids import new_id
from mlops_store.records import RunStatus


@pytest.fixture
def stage(tmp_path: Path) -> str:
    """The id of a stage's run as the pipeline makes it."""
    run_id = new_id()
    with opened(tmp_path) as store, store.write() as db:
        runs.create(db, run_id=run_id, name="train", experiment="default", kind="stage", started_at=1.0, command="sh")
    return run_id


def env(stage: str) -> dict[str, str]:
    return {"MLOPS_RUN_ID": stage, "MLOPS_STAGE": "train", "MLOPS_EXPERIMENT": "from the pipeline"}


def test_the_first_run_of_a_stage_is_the_stage_s_own(tmp_path: Path, stage: str) -> None:
    code = """
        with mlops.start_run(tags={"a": "b"}) as run:
            print(run.info.run_id)
            mlops.log_params({"lr": 0.1})
            mlops.log_metric("auc", 0.9)
    """
    done = script(tmp_path, code, env=env(stage))
    assert (done.stdout.strip(), done.stderr) == (stage, "")
    (run,) = all_runs(tmp_path)
    assert (run.name, run.params, run.metrics, run.tags) == ("train", {"lr": "0.1"}, {"auc": 0.9}, {"a": "b"})
    assert (run.status, run.ended_at) == (RunStatus.RUNNING, None)
    assert detail(tmp_path).command == ("sh",)
    assert detail(tmp_path).packages


def test_a_name_and_an_experiment_that_the_script_gives_are_taken(tmp_path: Path, stage: str) -> None:
    script(tmp_path, "with mlops.start_run(run_name='forest', experiment='trees'): pass", env=env(stage))
    (run,) = all_runs(tmp_path)
    assert (run.name, run.experiment, str(run.kind)) == ("forest", "trees", "stage")


def test_further_runs_of_a_stage_are_its_children(tmp_path: Path, stage: str) -> None:
    code = """
        with mlops.start_run():
            with mlops.start_run(run_name="nested", nested=True): mlops.log_metric("a", 1)
        with mlops.start_run(run_name="second"): mlops.log_metric("a", 2)
    """
    script(tmp_path, code, env=env(stage))
    own, nested, second = all_runs(tmp_path)
    assert own.run_id == stage
    assert [run.parent_run_id for run in (nested, second)] == [stage, stage]
    assert [run.status for run in (nested, second)] == [RunStatus.FINISHED] * 2
    assert [run.experiment for run in (nested, second)] == ["from the pipeline"] * 2


def test_logging_without_a_run_goes_to_the_stage(tmp_path: Path, stage: str) -> None:
    script(tmp_path, "mlops.log_metric('a', 1)", env=env(stage))
    assert values(tmp_path, "a", stage) == [1.0]
    assert len(all_runs(tmp_path)) == 1


def test_several_processes_of_a_stage_share_its_run(tmp_path: Path, stage: str) -> None:
    for number in range(3):
        script(tmp_path, f"with mlops.start_run(): mlops.log_metric('a', {number}, step={number})", env=env(stage))
    assert values(tmp_path, "a", stage) == [0.0, 1.0, 2.0]


def test_a_crash_in_a_stage_keeps_the_traceback_and_leaves_the_end_to_the_pipeline(tmp_path: Path, stage: str) -> None:
    script(tmp_path, "with mlops.start_run(): raise ValueError('bad data')", env=env(stage))
    found = detail(tmp_path)
    assert "ValueError: bad data" in found.error
    assert found.run.status is RunStatus.RUNNING


def test_what_a_stage_logged_before_it_was_killed_is_kept_and_the_pipeline_decides(tmp_path: Path, stage: str) -> None:
    script(tmp_path, "import os; mlops.log_metric('a', 1); os.kill(os.getpid(), 9)", env=env(stage))
    assert values(tmp_path, "a", stage) == [1.0]
    assert all_runs(tmp_path)[0].status is RunStatus.RUNNING
    assert list((tmp_path / ".mlops" / "journals").iterdir()) == []


def test_resuming_another_run_inside_a_stage_is_possible(tmp_path: Path, stage: str) -> None:
    script(tmp_path, "with mlops.start_run(run_name='other'): pass")
    other = next(run.run_id for run in all_runs(tmp_path) if run.run_id != stage)
    script(tmp_path, f"with mlops.start_run(run_id='{other}'): mlops.log_metric('a', 5)", env=env(stage))
    assert values(tmp_path, "a", other) == [5.0]


def test_a_stage_s_own_run_is_sampled_by_the_pipeline_alone_and_its_children_by_the_script(
    tmp_path: Path, stage: str
) -> None:
    code = """
        import time
        mlops.enable_system_metrics_logging()
        with mlops.start_run(): time.sleep(0.3)
        with mlops.start_run(run_name="second"): time.sleep(0.3)
    """
    script(tmp_path, code, env=env(stage))
    own, second = all_runs(tmp_path)
    assert (own.run_id, own.metrics) == (stage, {})
    assert "system/cpu_utilization_percentage" in second.metrics


def test_what_scikit_learn_logs_by_itself_goes_to_the_stage_s_own_run(tmp_path: Path, stage: str) -> None:
    code = """
        from sklearn.linear_model import LinearRegression
        mlops.sklearn.autolog(log_models=False)
        LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    """
    done = script(tmp_path, code, env=env(stage))
    assert (done.returncode, done.stderr) == (0, "")
    (own,) = all_runs(tmp_path)
    assert (own.run_id, own.tags["estimator_name"]) == (stage, "LinearRegression")
