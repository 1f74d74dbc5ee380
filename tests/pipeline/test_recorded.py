import json
from pathlib import Path

import pytest
from pipeline_builders import make, run, stage, states, until

from mlops_store import datasets, runs
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.pipeline import spec, state
from mlops_tui.project import Project

CHAIN = """
stages:
  a: {cmd: cp raw a.txt, deps: [raw], outs: [a.txt]}
  b: {cmd: cp a.txt b.txt, deps: [a.txt], outs: [b.txt]}
  c: {cmd: cp b.txt c.txt, deps: [b.txt], outs: [c.txt]}
"""


def stale(project: Project) -> list[str]:
    return [one.stage for one in state.status(project, spec.load(project)) if one.is_stale]


def test_with_nothing_to_do_a_finished_run_is_recorded_and_no_process_started(tmp_path: Path) -> None:
    project = make(tmp_path, CHAIN, raw="1")
    run(project)
    for _ in range(2):  # judged once, then remembered
        ended = run(project)
        assert ended.state == "finished"
        assert ended.supervisor_pid is None
        assert states(ended) == {"a": "cached", "b": "cached", "c": "cached"}
        assert ended.ended_at == ended.started_at


def test_a_param_edited_while_the_stage_runs_is_not_recorded_as_used(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          train:
            cmd: "touch begun; until [ -e go ]; do sleep 0.02; done; echo > m"
            deps: [data]
            params: [lr]
            outs: [m]
        """,
        params__yaml="lr: 0.1\n",
        data="1",
    )
    run_id = pipeline.start(project)
    until((tmp_path / "begun").exists)
    (tmp_path / "params.yaml").write_text("lr: 0.2\n")
    (tmp_path / "data").write_text("2")
    (tmp_path / "go").touch()
    ended = pipeline.wait(project, run_id)
    with Store(project.store_path) as store:
        assert runs.get(store.read(), stage(ended, "train").run_id or "").params == {"lr": "0.1"}
    (found,) = state.status(project, spec.load(project))
    assert found.reasons == ("data changed", "params.yaml: lr 0.1 → 0.2")


def test_editing_the_pipeline_while_it_runs_changes_the_next_run(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          a: {cmd: "touch begun; until [ -e go ]; do sleep 0.02; done; echo > a.txt", outs: [a.txt]}
          b: {cmd: cp a.txt b.txt, deps: [a.txt], outs: [b.txt]}
        """,
    )
    run_id = pipeline.start(project)
    until((tmp_path / "begun").exists)
    (tmp_path / "dvc.yaml").write_text("stages: {b: {cmd: exit 1}}")
    (tmp_path / "go").touch()
    assert states(pipeline.wait(project, run_id)) == {"a": "done", "b": "done"}


def test_python_files_compiled_by_the_run_itself_do_not_make_it_stale(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          train:
            cmd: env -u PYTHONDONTWRITEBYTECODE python3 -c "import sys; sys.path.insert(0, 'src'); import helpers"
            deps: [src]
        """,
        src___helpers__py="x = 1\n",
    )
    assert run(project).state == "finished"
    assert (tmp_path / "src" / "__pycache__").is_dir()
    assert stale(project) == []


def test_the_stages_run_has_its_params_metrics_and_data(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          train:
            cmd: cp metrics.src metrics.json; cp data m
            deps: [data]
            params: [train, other.toml: [train]]
            outs: [m]
            metrics: [metrics.json: {cache: false}]
        """,
        params__yaml="train: {lr: 0.1, layers: [1, 2], on: true, none: ~}\n",
        other__toml="train = 3\n",
        data="1",
        metrics__src='{"auc": 0.9, "deep": {"loss": NaN, "inf": -Infinity}, "name": "x", "ok": true, "list": [1]}',
    )
    ended = run(project)
    with Store(project.store_path) as store:
        db = store.read()
        for run_id in (stage(ended, "train").run_id or "", ended.run_id):
            found = runs.get(db, run_id)
            assert {key: repr(value) for key, value in found.metrics.items()} == {
                "auc": "0.9", "deep.loss": "nan", "deep.inf": "-inf",
            }  # fmt: skip
            assert found.params == {
                "train.lr": "0.1", "train.layers": "[1, 2]", "train.on": "true", "train.none": "null", "train": "3",
            }  # fmt: skip
            assert {(one.context, one.dataset.name) for one in datasets.of_run(db, run_id)} == {
                ("input", "data"), ("output", "m"), ("output", "metrics.json"),
            }  # fmt: skip
        assert runs.get(db, stage(ended, "train").run_id or "").parent_run_id == ended.run_id


@pytest.mark.parametrize(
    "name", ["../up", "a/b", ".", "[bold]x[/]", "\x1b[31mred", "ünï\U0001f600", "x" * 10_000, "a b\nc"]
)
def test_any_stage_name_runs_and_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    project = make(tmp_path / "p", f"stages:\n  ? {json.dumps(name, ensure_ascii=False)}\n  : {{cmd: echo hello}}\n")
    ended = run(project)
    assert ended.state == "finished"
    assert ended.stages[0].stage == name
    log = Path(ended.stages[0].log_path)
    assert log.read_text() == "hello\n"
    assert log.parent == Path(project.logs_dir) / ended.run_id


def test_the_code_that_ran_is_recorded(tmp_path: Path) -> None:
    import subprocess

    project = make(tmp_path, CHAIN, raw="1")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@x"]
    for command in (["init", "-q"], ["add", "raw"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], check=True)
    (tmp_path / "raw").write_text("2")
    ended = run(project)
    with Store(project.store_path) as store:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
        assert runs.get(store.read(), ended.run_id).git_commit == commit
        assert runs.get(store.read(), stage(ended, "a").run_id or "").git_commit == commit
