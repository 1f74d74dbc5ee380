"""Stages' scripts find a tracking server that is there when they connect, and log into the stage's own run."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from pipeline_builders import latest, make, run, stage, states, until
from slow_pipeline import kill_supervisor, settled

from mlops_store import metrics, run_lists, runs
from mlops_store.records import PipelineRun, RunDetail
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.cli import main
from mlops_tui.pipeline import plan
from mlops_tui.pipeline.loopback import Loopback
from mlops_tui.project import Project

#: Asks the server without MLflow, which takes a second to import.
ASKING = """
import http.client, json, os, urllib.parse
address = urllib.parse.urlsplit(os.environ["MLFLOW_TRACKING_URI"])
def ask(token):
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    path = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=" + os.environ["MLFLOW_EXPERIMENT_NAME"]
    connection.request("GET", path, headers={"Authorization": "Bearer " + token})
    return connection.getresponse().status
token = os.environ["MLFLOW_TRACKING_TOKEN"]
found = {"right": ask(token), "wrong": ask(token[:-1]), "none": ask(""), "run": os.environ["MLFLOW_RUN_ID"]}
found["address"] = address.netloc
json.dump(found, open("found.json", "w"))
"""
WRITING = "env | grep ^MLFLOW_ | sort > found.txt || true"


def asking(tmp_path: Path) -> Project:
    return make(
        tmp_path,
        f"""
        stages:
          ask: {{cmd: {sys.executable} ask.py, deps: [ask.py], outs: [found.json: {{cache: false}}]}}
        """,
        ask__py=ASKING,
    )


def detail(project: Project, ended: PipelineRun, name: str) -> RunDetail:
    with Store(project.store_path) as store:
        return runs.detail(store.read(), stage(ended, name).run_id or "")


def test_a_server_answers_a_stages_script_that_has_the_token_and_is_gone_with_the_run(tmp_path: Path) -> None:
    import http.client

    project = asking(tmp_path)
    ended = run(project)
    assert ended.state == "finished", stage(ended, "ask").error
    found = json.loads((tmp_path / "found.json").read_text())
    assert (found["right"], found["wrong"], found["none"]) == (200, 401, 401)
    assert found["run"] == stage(ended, "ask").run_id
    with pytest.raises(OSError, match="refused"):
        http.client.HTTPConnection(found["address"], timeout=5).connect()
    assert not list(Path(project.logs_dir).rglob("loopback.json*"))  # the secret is of no use any more
    assert states(run(project)) == {"ask": "cached"}  # another address makes nothing stale


def test_a_users_own_server_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make(
        tmp_path,
        f"""
        stages:
          ours: {{cmd: "{WRITING.replace("found", "ours")}"}}
          theirs:
            cmd: "{WRITING.replace("found", "theirs")}"
            meta: {{mlops: {{env: {{MLFLOW_TRACKING_URI: "http://there:5000"}}}}}}
        """,
    )
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "7")
    assert run(project).state == "finished"
    ours = dict(line.split("=", 1) for line in (tmp_path / "ours.txt").read_text().splitlines())
    assert ours.keys() == {"MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_TRACKING_TOKEN"}
    assert ours["MLFLOW_TRACKING_URI"].startswith("http://127.0.0.1:")
    theirs = (tmp_path / "theirs.txt").read_text().splitlines()
    assert theirs == ["MLFLOW_EXPERIMENT_ID=7", "MLFLOW_TRACKING_URI=http://there:5000"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///own.db")
    run(project, force=True)
    assert "MLFLOW_TRACKING_URI=sqlite:///own.db" in (tmp_path / "ours.txt").read_text()
    assert "TOKEN" not in (tmp_path / "ours.txt").read_text()


def test_without_the_programs_of_a_server_nothing_is_set_and_status_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make(tmp_path, f"stages: {{write: {{cmd: '{WRITING}'}}}}")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    loopback = Loopback(project, plan.empty("a" * 32))
    assert loopback.environment("b" * 32, {"HOME": "/"}) == {"HOME": "/"}
    assert main(["-C", str(tmp_path), "status"]) == 0
    assert "pip install 'mlops-tui[serve]'" in capsys.readouterr().err


def test_the_address_of_a_server_that_ends_by_itself_is_told_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make(tmp_path, "stages: {}")
    os.makedirs(plan.folder(project, "a" * 32))
    loopback = Loopback(project, plan.empty("a" * 32))
    told = loopback.environment("b" * 32, {"HOME": "/"})["MLFLOW_TRACKING_URI"]
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with socket.create_connection(("127.0.0.1", int(told.rpartition(":")[2])), timeout=30):
        assert "supervisor.log" in until(loopback.look)
    assert loopback.environment("c" * 32, {"HOME": "/"}) == {"HOME": "/"}
    loopback.close()


def with_mlflow(tmp_path: Path, script: str, **files: str) -> Project:
    return make(
        tmp_path,
        f"""
        stages:
          train: {{cmd: {sys.executable} train.py, deps: [train.py], params: [lr], metrics: [m.json: {{cache: false}}]}}
        """,
        train__py=script + "\nopen('m.json', 'w').write('{}')\n",
        params__yaml="lr: 0.5\n",
        **files,
    )


def trained(project: Project) -> RunDetail:
    ended = run(project)
    assert ended.state == "finished", stage(ended, "train").error
    return detail(project, ended, "train")


@pytest.mark.slow
def test_a_script_that_only_logs_logs_into_the_stages_run(tmp_path: Path) -> None:
    script = "import mlflow\nfor step in range(3): mlflow.log_metric('loss', 1 / (step + 1), step=step)\n"
    project = with_mlflow(tmp_path, script + "mlflow.log_param('family', 'tree')\nmlflow.log_text('hello', 'note.txt')")
    found = trained(project)
    assert (found.run.name, found.run.kind, found.run.status) == ("train", "stage", "FINISHED")
    assert found.run.params == {"family": "tree", "lr": "0.5"}
    with Store(project.store_path) as store:
        assert [point.step for point in metrics.history(store.read(), found.run.run_id, "loss")] == [0, 1, 2]
        assert runs.count(store.read()) == 2  # the pipeline and its stage
    assert [artifact.path for artifact in found.artifacts] == ["note.txt"]


@pytest.mark.slow
def test_a_script_that_chooses_an_experiment_and_begins_runs_takes_the_stages_run_there(tmp_path: Path) -> None:
    script = """
import mlflow
mlflow.set_experiment("churn")
with mlflow.start_run(run_name="mine") as outer:
    mlflow.log_metric("auc", 0.9)
    with mlflow.start_run(nested=True): mlflow.log_metric("fold", 1)
with mlflow.start_run(run_name="another"): mlflow.log_metric("auc", 0.8)
"""
    project = with_mlflow(tmp_path, script)
    found = trained(project)
    assert (found.run.experiment, found.run.metrics["auc"], found.run.name) == ("churn", 0.9, "train")
    assert found.run.tags["mlflow.runName"] == "mine"  # the stage is found by its own name
    assert found.run.status == "FINISHED"
    with Store(project.store_path) as store:
        db = store.read()
        assert [one.metrics for one in run_lists.children(db, found.run.run_id)] == [{"fold": 1.0}]
        ((another,),) = db.execute("SELECT run_id FROM runs WHERE name = 'another'")
        assert runs.get(db, another).experiment == "churn"


@pytest.mark.slow
def test_a_stage_fails_although_its_script_has_ended_its_run_well(tmp_path: Path) -> None:
    project = with_mlflow(tmp_path, "import mlflow\nwith mlflow.start_run(): pass\nraise SystemExit(3)")
    ended = run(project)
    assert ended.state == "failed"
    assert detail(project, ended, "train").run.status == "FAILED"


@pytest.mark.slow
def test_a_script_goes_on_logging_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    script = """
import mlflow, os, pathlib, time
mlflow.log_metric("before", 1)
pathlib.Path("begun").touch()
while not os.path.exists("go"): time.sleep(0.02)
mlflow.log_metric("alone", 1)
pathlib.Path("logged").touch()
while not os.path.exists("on"): time.sleep(0.02)
mlflow.log_metric("after", 1)
"""
    project = with_mlflow(tmp_path, script)
    pipeline.start(project)
    until(lambda: (tmp_path / "begun").exists(), "the first value")
    kill_supervisor(project)
    (tmp_path / "go").touch()
    until(lambda: (tmp_path / "logged").exists(), "a value without a supervisor")
    with Store(project.store_path) as store:
        pipeline.recover(project, store)
    (tmp_path / "on").touch()
    ended = settled(project)
    assert states(ended) == {"train": "done"}, stage(ended, "train").error
    assert detail(project, ended, "train").run.metrics.keys() >= {"before", "alone", "after"}
    until(lambda: not servers(project), "the end of the server")


def servers(project: Project) -> list[Any]:
    import psutil

    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "mlops_tui.serve.tracking.for_stages" in words and project.root in words:
            found.append(process)
    return found


@pytest.mark.slow
def test_the_server_ends_by_itself_when_supervisor_and_stages_are_gone(tmp_path: Path) -> None:
    script = "import mlflow, os, time\nmlflow.log_metric('a', 1)\nopen('begun', 'w')\ntime.sleep(600)\n"
    project = with_mlflow(tmp_path, script)
    pipeline.start(project)
    until(lambda: (tmp_path / "begun").exists(), "the first value")
    assert servers(project)
    kill_supervisor(project)
    os.killpg(stage(latest(project), "train").pid or 0, 9)
    until(lambda: not servers(project), "the end of the server")
