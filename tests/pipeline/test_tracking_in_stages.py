"""Stages whose scripts use the tracking API log into the stage's own run."""

import sys
from pathlib import Path

from pipeline_builders import latest, make, run, stage, until

from mlops_store import fold, metrics, runs
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.project import Project

SCRIPT = """
import json
import mlops_tui as mlops

mlops.log_param("family", "tree")
for step in range(3):
    mlops.log_metric("loss", 1 / (step + 1), step=step)
mlops.set_tag("who", "me")
mlops.log_text("hello", "note.txt")
json.dump({"auc": 0.9, "loss": 5.0}, open("metrics.json", "w"))
"""


def project_with(tmp_path: Path, script: str) -> Project:
    return make(
        tmp_path,
        f"""
        stages:
          train:
            cmd: {sys.executable} train.py
            deps: [train.py]
            params: [lr]
            metrics: [metrics.json: {{cache: false}}]
        """,
        train__py=script,
        params__yaml="lr: 0.5\n",
    )


def test_what_a_script_logs_is_in_the_stages_run(tmp_path: Path) -> None:
    project = project_with(tmp_path, SCRIPT)
    ended = run(project)
    run_id = stage(ended, "train").run_id or ""
    with Store(project.store_path) as store:
        db = store.read()
        detail = runs.detail(db, run_id)
        assert detail.run.name == "train"
        assert detail.run.kind == "stage"
        assert detail.run.status == "FINISHED"
        assert detail.run.parent_run_id == ended.run_id
        assert detail.run.params == {"family": "tree", "lr": "0.5"}
        assert detail.run.tags["who"] == "me"
        assert [point.step for point in metrics.history(db, run_id, "loss")] == [0, 1, 2]  # not the file's as well
        assert detail.run.metrics["auc"] == 0.9
        assert [artifact.path for artifact in detail.artifacts] == ["note.txt"]
        assert runs.count(db) == 2


def test_a_run_that_the_script_starts_is_the_stages_own(tmp_path: Path) -> None:
    script = """
import mlops_tui as mlops

with mlops.start_run(run_name="mine", params={"family": "tree"}):
    mlops.log_metric("x", 1)
open("metrics.json", "w").write("{}")
"""
    project = project_with(tmp_path, script)
    ended = run(project)
    assert ended.state == "finished", stage(ended, "train").error
    with Store(project.store_path) as store:
        found = runs.get(store.read(), stage(ended, "train").run_id or "")
        assert (found.params["family"], found.metrics["x"], found.status) == ("tree", 1.0, "FINISHED")


def test_a_crash_keeps_its_traceback(tmp_path: Path) -> None:
    project = project_with(tmp_path, SCRIPT + "\nraise RuntimeError('no good')\n")
    ended = run(project)
    assert stage(ended, "train").state == "failed"
    with Store(project.store_path) as store:
        detail = runs.detail(store.read(), stage(ended, "train").run_id or "")
        assert detail.run.status == "FAILED"
        assert "RuntimeError: no good" in detail.error


def test_curves_grow_while_the_stage_runs(tmp_path: Path) -> None:
    script = (
        "import mlops_tui as mlops, os, time\n"
        "mlops.log_metric('loss', 1.0, step=0)\n"
        "while not os.path.exists('go'): time.sleep(0.02)\n"
        "open('metrics.json', 'w').write('{}')\n"
    )
    project = project_with(tmp_path, script)
    run_id = pipeline.start(project)
    with Store(project.store_path) as store:
        # nobody but the supervisor folds here
        until(lambda: stage(latest(project), "train").run_id, "the stage's run")
        stage_run = stage(latest(project), "train").run_id or ""
        until(lambda: "loss" in runs.get(store.read(), stage_run).metrics, "the metric in the store")
        assert stage(latest(project), "train").state == "running"
        (tmp_path / "go").touch()
        assert pipeline.wait(project, run_id).state == "finished"
        assert fold.fold(store, project.journals_dir) == 0  # everything is stored already
