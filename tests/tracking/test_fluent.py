"""The functions that scripts call, with MLflow's meanings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tracked import all_runs, detail, only_run, opened, remarks, script, start, values

import mlops_tui as mlops
from mlops_store import metrics, runs
from mlops_store.errors import NotFound, Refused
from mlops_store.records import RunStatus
from mlops_tui.tracking import session


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_PROJECT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    while mlops.active_run():
        mlops.end_run()
    session.set_experiment("")


def test_a_run_has_what_was_logged(project: Path) -> None:
    with mlops.start_run(run_name="forest", tags={"team": "a"}, params={"trees": 200}, description="a **note**"):
        mlops.log_param("depth", 3)
        mlops.log_params({"lr": 0.1, "on": True, "none": None})
        mlops.log_metric("auc", 0.9)
        mlops.log_metrics({"loss": 0.5, "acc": 0.8}, step=2)
        mlops.set_tag("stage", "x")
        mlops.set_tags({"n": 1})
    run = only_run(project)
    assert (run.name, run.status, run.experiment) == ("forest", RunStatus.FINISHED, "default")
    assert run.params == {"trees": "200", "depth": "3", "lr": "0.1", "on": "True", "none": "None"}
    assert run.metrics == {"auc": 0.9, "loss": 0.5, "acc": 0.8}
    assert run.tags == {"team": "a", "stage": "x", "n": "1", "mlflow.note.content": "a **note**"}
    assert run.started_at <= (run.ended_at or 0) <= time.time()


def test_a_run_without_a_name_gets_one_that_can_be_said(project: Path) -> None:
    with mlops.start_run():
        pass
    assert only_run(project).name.count("-") == 2


def test_steps_and_times_are_kept(project: Path) -> None:
    with mlops.start_run() as run:
        mlops.log_metric("a", 1.0)
        mlops.log_metric("a", 2.0, step=7, timestamp=1_700_000_000_123)
        mlops.log_metric("a", 3.0, step=8, timestamp=1_700_000_000)
        mlops.log_metrics({"a": 4.0}, step=9, timestamp=1_700_000_001_000)
    with opened(project) as store:
        found = metrics.history(store.read(), run.run_id, "a")
    assert [(point.step, point.value) for point in found] == [(0, 1.0), (7, 2.0), (8, 3.0), (9, 4.0)]
    assert [point.timestamp for point in found[1:]] == [1_700_000_000.123, 1_700_000_000.0, 1_700_000_001.0]
    assert found[0].timestamp == pytest.approx(time.time(), abs=60)


def test_a_run_begun_with_what_is_no_dict_goes_on_and_that_is_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with mlops.start_run(tags=[1], params="lr", description="a note"):  # type: ignore[arg-type]
        mlops.log_metric("a", 1.0)
    told = ["tags must be given as a dict, not '[1]'", "params must be given as a dict, not 'lr'"]
    assert capsys.readouterr().err.splitlines() == [f"mlops-tui: {line}" for line in told]
    assert remarks(project) == told
    run = only_run(project)
    assert (run.metrics, run.params, list(run.tags.values())) == ({"a": 1.0}, {}, ["a note"])


def test_logging_without_a_run_starts_one(project: Path) -> None:
    mlops.log_metric("auc", 0.5)
    assert mlops.active_run() is not None
    mlops.end_run()
    assert only_run(project).metrics == {"auc": 0.5}


def test_a_plain_call_is_ended_by_end_run(project: Path) -> None:
    run = mlops.start_run(name="plain")
    assert mlops.active_run() is run
    mlops.end_run("FAILED")
    assert mlops.active_run() is None
    assert mlops.last_active_run() is run
    assert only_run(project).status is RunStatus.FAILED


def test_end_run_without_a_run_does_nothing() -> None:
    mlops.end_run()


def test_a_second_run_needs_nested_and_then_is_a_child(project: Path) -> None:
    with mlops.start_run(run_name="outer") as outer:
        with pytest.raises(Refused, match="nested=True"):
            mlops.start_run()
        with mlops.start_run(run_name="inner", nested=True):
            mlops.log_metric("a", 1)
        mlops.log_metric("b", 2)
    first, second = all_runs(project)
    assert (first.metrics, second.metrics) == ({"b": 2.0}, {"a": 1.0})
    assert second.parent_run_id == outer.info.run_id


def test_a_parent_can_be_named(project: Path) -> None:
    with mlops.start_run() as parent:
        pass
    with mlops.start_run(parent_run_id=parent.info.run_id):
        pass
    assert all_runs(project)[1].parent_run_id == parent.info.run_id


def test_experiments_are_chosen_by_name_by_number_and_by_set_experiment(project: Path) -> None:
    with mlops.start_run(experiment="trees"):
        pass
    chosen = mlops.set_experiment("forests")
    with mlops.start_run():
        pass
    with mlops.start_run(experiment_id=chosen.experiment_id):
        pass
    mlops.set_experiment(experiment_id=chosen.experiment_id)
    with mlops.start_run():
        pass
    assert [run.experiment for run in all_runs(project)] == ["trees", "forests", "forests", "forests"]
    with pytest.raises(NotFound, match="no experiment '99'"):
        mlops.start_run(experiment_id="99")


def test_the_experiment_comes_from_the_configuration_when_none_is_given(project: Path) -> None:
    (project / "mlops.toml").write_text('[project]\nexperiment = "from file"\n')
    with mlops.start_run():
        pass
    assert only_run(project).experiment == "from file"


def test_a_broken_configuration_does_not_stop_a_script(project: Path) -> None:
    (project / "mlops.toml").write_text('[project\nexperiment = "from file"\n')
    with mlops.start_run():
        pass
    assert only_run(project).experiment == "default"


@pytest.mark.parametrize("is_folded", [True, False])
def test_a_run_can_be_resumed(project: Path, is_folded: bool) -> None:
    with mlops.start_run(run_name="once", params={"lr": 0.1}) as run:
        mlops.log_metric("a", 1, step=1)
    if is_folded:
        assert only_run(project).status is RunStatus.FINISHED
    with mlops.start_run(run_id=run.info.run_id) as again:
        assert again.info.run_id == run.info.run_id
        mlops.log_metric("a", 2, step=2)
        assert only_run(project).status is RunStatus.RUNNING
    assert (only_run(project).name, only_run(project).status) == ("once", RunStatus.FINISHED)
    assert values(project, "a") == [1.0, 2.0]


def test_params_that_a_resumed_run_has_stay_and_that_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = script(project, "with mlops.start_run(params={'lr': '1', 'seed': '4'}) as run: print(run.run_id)")
    run_id = done.stdout.strip()
    with mlops.start_run(run_id=run_id, params={"seed": "5", "depth": "2"}):
        mlops.log_param("lr", "2")
        mlops.log_params({"depth": "2", "new": "x"})
    told = ["param 'seed' stays '4'; '5' was not logged", "param 'lr' stays '1'; '2' was not logged"]
    assert only_run(project).params == {"lr": "1", "seed": "4", "depth": "2", "new": "x"}
    assert remarks(project) == told
    assert capsys.readouterr().err.splitlines() == [f"mlops-tui: {line}" for line in told]


def test_a_run_resumed_with_the_params_it_has_is_no_problem(project: Path) -> None:
    with mlops.start_run(params={"lr": 0.1, "name": "\ud800"}) as run:
        pass
    with mlops.start_run(run_id=run.run_id, params={"lr": 0.1, "name": "\ud800"}):
        pass
    assert remarks(project) == []


@pytest.mark.parametrize("is_own", [True, False])
def test_a_deleted_run_is_not_resumed_before_it_is_restored(project: Path, is_own: bool) -> None:
    if is_own:
        with mlops.start_run() as run:
            run_id = run.run_id
    else:
        run_id = script(project, "with mlops.start_run() as run: print(run.run_id)").stdout.strip()
    with opened(project) as store, store.write() as db:
        runs.delete(db, [run_id])
    with pytest.raises(Refused, match="is deleted") as refused:
        mlops.start_run(run_id=run_id)
    assert f"mlops-tui runs restore {run_id}" in str(refused.value.hint)
    assert mlops.active_run() is None
    with opened(project) as store, store.write() as db:
        runs.restore(db, [run_id])
    with mlops.start_run(run_id=run_id):
        mlops.log_metric("a", 1.0)
    assert only_run(project).metrics == {"a": 1.0}


def test_resuming_an_unknown_run_is_an_error_that_says_so() -> None:
    with pytest.raises(NotFound, match="no run 'nope'"):
        mlops.start_run(run_id="nope")


def test_resuming_a_run_that_is_active_is_refused() -> None:
    with mlops.start_run() as run, pytest.raises(Refused):
        mlops.start_run(run_id=run.info.run_id, nested=True)


def test_a_run_that_is_resumed_while_it_runs_is_told_and_ends_with_the_last_process(tmp_path: Path) -> None:
    code = """
print(mlops.start_run(run_name="shared").run_id, flush=True)
input()
mlops.log_metric("a", 2.0, step=2)
"""
    first = start(tmp_path, code)
    assert first.stdin is not None
    assert first.stdout is not None
    run_id = first.stdout.readline().strip()
    done = script(tmp_path, f"with mlops.start_run(run_id={run_id!r}): mlops.log_metric('a', 1.0, step=1)")
    assert done.returncode == 0
    assert f"run {run_id} is running already (process {first.pid} on " in done.stderr
    assert only_run(tmp_path).status is RunStatus.RUNNING
    first.stdin.write("\n")
    first.stdin.flush()
    assert first.wait(timeout=60) == 0
    assert only_run(tmp_path).status is RunStatus.FINISHED
    assert values(tmp_path, "a") == [1.0, 2.0]


def test_steps_may_repeat_and_go_back_and_times_may_lie_ahead(project: Path) -> None:
    ahead = 32_503_680_000_000  # the year 3000 in milliseconds
    with mlops.start_run():
        for step, value in ((5, 5.0), (3, 3.0), (5, 5.5), (-1, 0.0)):
            mlops.log_metric("a", value, step=step)
        mlops.log_metric("b", 1.0, timestamp=ahead)
        mlops.log_metric("b", 2.0)
    assert values(project, "a") == [0.0, 3.0, 5.0, 5.5]
    run = only_run(project)
    assert run.metrics["a"] == 5.5  # of equal steps the later one
    assert run.metrics["b"] == 1.0  # MLflow's rule: of equal steps the one with the later time
    assert remarks(project) == []


def test_ten_thousand_params_in_one_call_and_one_by_one_are_kept(project: Path) -> None:
    with mlops.start_run():
        mlops.log_params({f"layer.{n}.width": n for n in range(10_000)})
        for n in range(1000):
            mlops.log_param(f"other.{n}", "x" * n)
    params = only_run(project).params
    assert len(params) == 11_000
    assert (params["layer.9999.width"], len(params["other.999"])) == ("9999", 999)


def test_another_run_can_be_logged_to_by_its_id(project: Path) -> None:
    with mlops.start_run() as first:
        pass
    with mlops.start_run() as second:
        mlops.log_metric("a", 1, run_id=first.info.run_id)
        mlops.log_params({"p": 1}, run_id=first.info.run_id)
        mlops.log_metrics({"b": 2}, run_id=second.info.run_id)
        mlops.log_metric("lost", 1, run_id="nope")
    first_found, second_found = all_runs(project)
    assert (first_found.metrics, first_found.params) == ({"a": 1.0}, {"p": "1"})
    assert first_found.status is RunStatus.FINISHED
    assert second_found.metrics == {"b": 2.0}


def test_info_and_data_have_mlflow_s_names(project: Path) -> None:
    with mlops.start_run(run_name="forest", experiment="trees") as run:
        mlops.log_metric("auc", 0.9)
        mlops.log_param("lr", 0.1)
        mlops.set_tag("a", "b")
        assert run.info.run_name == "forest"
        assert run.info.status == "RUNNING"
        assert run.data.metrics == {"auc": 0.9}
        assert (run.data.params, run.data.tags) == ({"lr": "0.1"}, {"a": "b"})
    found = mlops.get_run(run.info.run_id)
    assert (found.info.status, found.info.run_id, found.info.lifecycle_stage) == ("FINISHED", run.run_id, "active")
    assert found.info.start_time == pytest.approx(time.time() * 1000, abs=60_000)
    assert (found.info.end_time or 0) >= found.info.start_time
    assert found.info.artifact_uri == f"runs:/{run.run_id}"
    assert found.info.user_id
    with pytest.raises(NotFound):
        mlops.get_run("nope")


def test_a_tag_can_be_deleted(project: Path) -> None:
    with mlops.start_run(tags={"a": "b"}):
        mlops.delete_tag("a")
    assert only_run(project).tags == {}


def test_a_param_logged_twice_keeps_its_first_value_with_one_remark(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with mlops.start_run(params={"lr": 0.1}):
        mlops.log_param("lr", 0.1)
        mlops.log_param("lr", 0.2)
        mlops.log_param("lr", 0.3)
    assert only_run(project).params == {"lr": "0.1"}
    assert capsys.readouterr().err.splitlines() == ["mlops-tui: param 'lr' stays '0.1'; '0.2' was not logged"]


def test_what_the_script_is_and_where_it_ran_is_recorded(project: Path) -> None:
    (project / "train.py").write_text("import mlops_tui as mlops\nwith mlops.start_run():\n    pass\n")
    assert script(project, "import runpy; runpy.run_path('train.py', run_name='__main__')").returncode == 0
    found = detail(project)
    assert found.command[1:3] == ("-c", found.command[2])
    assert found.cwd == str(project)
    assert (found.pid or 0) > 1
    assert found.python_version.startswith("3.")
    assert found.run.user
    assert found.run.host
    assert "mlops_tui" in found.packages or "mlops-tui" in found.packages


def test_a_run_belongs_to_the_project_around_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "mlops.toml").write_text("")
    (tmp_path / "src").mkdir()
    code = (
        "import os; os.environ.pop('MLOPS_PROJECT'); os.chdir('src')\nwith mlops.start_run(): mlops.log_metric('a', 1)"
    )
    assert script(tmp_path, code).returncode == 0
    assert only_run(tmp_path).metrics == {"a": 1.0}
    assert not (tmp_path / "src" / ".mlops").exists()


def test_a_run_in_a_thread_belongs_to_that_thread(project: Path) -> None:
    code = """
        import threading
        def work(name):
            with mlops.start_run(run_name=name):
                for step in range(50):
                    mlops.log_metric(name, step, step=step)
        threads = [threading.Thread(target=work, args=(f't{n}',)) for n in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """
    assert script(project, code).returncode == 0
    assert sorted((run.name, *run.metrics) for run in all_runs(project)) == [(f"t{n}", f"t{n}") for n in range(4)]


def test_a_thread_without_a_run_logs_into_the_process_s_run(project: Path) -> None:
    code = """
        import threading
        with mlops.start_run(run_name="main"):
            thread = threading.Thread(target=mlops.log_metric, args=("from thread", 1))
            thread.start(); thread.join()
    """
    assert script(project, code).returncode == 0
    assert only_run(project).metrics == {"from thread": 1.0}


def test_a_run_that_another_thread_ended_is_active_no_more(project: Path) -> None:
    code = """
        import threading
        run = mlops.start_run(run_name="first")
        thread = threading.Thread(target=run.end); thread.start(); thread.join()
        print(mlops.active_run())
        with mlops.start_run(run_name="second"): mlops.log_metric("a", 1)
    """
    done = script(project, code)
    assert (done.stdout, done.stderr) == ("None\n", "")
    assert [(run.name, dict(run.metrics)) for run in all_runs(project)] == [("first", {}), ("second", {"a": 1.0})]


def test_a_deleted_run_can_be_read_by_its_id(project: Path) -> None:
    with mlops.start_run() as run:
        pass
    with opened(project) as store, store.write() as db:
        runs.delete(db, [run.run_id])
    assert mlops.get_run(run.run_id).info.lifecycle_stage == "deleted"
