"""Outputs that were made before are taken from the cache, whether this program or DVC has made them."""

import os
import shutil
from pathlib import Path

import pytest
from pipeline_builders import dvc, make, run, stage, states

from mlops_store import pipelines
from mlops_store.store import Store
from mlops_tui.pipeline import run_cache, spec, state
from mlops_tui.pipeline.cache import Cache
from mlops_tui.project import Project

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")

TEXT = """
    stages:
      a:
        cmd: echo a >> ../ran; mkdir -p d && cp raw d/x && cp raw one && cp raw m.json
        deps: [raw]
        params: [lr]
        outs: [d, one]
        metrics: [m.json: {cache: false}]
      b:
        cmd: echo b >> ../ran; cp one two && chmod +x two
        deps: [one, d]
        outs: [two]
    """
OUTS = ("d/x", "one", "m.json", "two")


def project(directory: Path, *, with_dvc: bool = True) -> Project:
    made = make(directory / "p", TEXT, raw="1", params__yaml="lr: 1")
    if with_dvc:
        with dvc(made.root, init=True):
            pass
    return made


def ran(project: Project) -> str:
    return Path(project.root, "..", "ran").read_text().replace("\n", "")


def forget(project: Project) -> None:
    """Removes what was made and the lock."""
    for name in ("d", "one", "m.json", "two", "dvc.lock"):
        path = project.path(name)
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def test_dvc_restores_what_was_run_here(tmp_path: Path) -> None:
    here = project(tmp_path)
    run(here)
    lock = Path(here.path("dvc.lock")).read_text()
    forget(here)
    with dvc(here.root) as repo:
        repo.reproduce()
    assert ran(here) == "ab"
    assert Path(here.path("dvc.lock")).read_text() == lock
    assert all(Path(here.path(name)).read_text() == "1" for name in OUTS)


def test_what_dvc_has_run_is_restored_here(tmp_path: Path) -> None:
    here = project(tmp_path)
    with dvc(here.root) as repo:
        repo.reproduce()
    lock = Path(here.path("dvc.lock")).read_text()
    forget(here)
    ended = run(here)
    assert states(ended) == {"a": "restored", "b": "restored"}
    assert ran(here) == "ab"
    assert Path(here.path("dvc.lock")).read_text() == lock
    assert all(Path(here.path(name)).read_text() == "1" for name in OUTS)
    assert os.access(here.path("two"), os.X_OK)
    assert not any(one.is_stale for one in state.status(here, spec.load(here)))
    with dvc(here.root) as repo:
        assert repo.status() == {}


def test_going_back_to_earlier_params_runs_nothing(tmp_path: Path) -> None:
    here = project(tmp_path, with_dvc=False)
    run(here)
    Path(here.path("params.yaml")).write_text("lr: 2")
    assert states(run(here)) == {"a": "done", "b": "cached"}
    Path(here.path("params.yaml")).write_text("lr: 1")
    ended = run(here)
    assert states(ended) == {"a": "restored", "b": "cached"}
    assert sorted(one["path"] for one in stage(ended, "a").outputs) == ["d", "m.json", "one"]
    assert ran(here) == "aba"
    with Store(here.store_path, create=False) as store:
        assert pipelines.get(store.read(), ended.run_id).state == "finished"


def test_what_is_missing_from_the_cache_is_run_again(tmp_path: Path) -> None:
    here = project(tmp_path)
    run(here)
    forget(here)
    shutil.rmtree(here.path(".dvc", "cache", "files"))
    # what the first stage makes anew is the second one's output as well
    assert states(run(here)) == {"a": "done", "b": "restored"}


def test_without_the_run_cache_only_the_lock_counts(tmp_path: Path) -> None:
    here = project(tmp_path)
    run(here)
    os.unlink(here.path("two"))
    assert states(run(here, run_cache=False)) == {"a": "cached", "b": "restored"}
    forget(here)
    assert states(run(here, run_cache=False)) == {"a": "done", "b": "done"}


def test_force_runs_whatever_is_kept(tmp_path: Path) -> None:
    here = project(tmp_path, with_dvc=False)
    run(here)
    assert states(run(here, force=True)) == {"a": "done", "b": "done"}


def test_a_damaged_entry_is_as_good_as_none(tmp_path: Path) -> None:
    here = project(tmp_path)
    run(here)
    forget(here)
    for path in Path(here.path(".dvc", "cache", "runs")).rglob("*"):
        if path.is_file():
            path.write_text("cmd: [")
    assert states(run(here)) == {"a": "done", "b": "done"}


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("{cmd: x, deps: [d], outs: [o]}", True),
        ("{cmd: x, params: [p], outs: [o]}", True),
        ("{cmd: x, deps: [d], metrics: [o: {cache: false}]}", True),
        ("{cmd: x, deps: [d], outs: [o: {cache: false}]}", False),
        ("{cmd: x, deps: [d], outs: [o: {persist: true}]}", False),
        ("{cmd: x, deps: [d], outs: [o], always_changed: true}", False),
        ("{cmd: x, deps: [d]}", False),
        ("{cmd: x, outs: [o]}", False),
    ],
)
def test_only_stages_that_inputs_determine_are_kept(text: str, is_kept: bool) -> None:
    pipeline = spec.parse(f"stages: {{a: {text}}}".encode(), "/nowhere")
    assert run_cache.is_kept(pipeline.stages["a"]) is is_kept


def test_values_that_json_cannot_say_are_not_kept(tmp_path: Path) -> None:
    import datetime

    entry = {"cmd": "x", "params": {"p": {"day": datetime.date(2024, 1, 1)}}, "outs": [{"path": "o", "md5": "m"}]}
    run_cache.save(Cache(str(tmp_path)), entry)
    assert list(tmp_path.iterdir()) == []


def test_dvc_pushes_and_pulls_what_was_cached_here(tmp_path: Path) -> None:
    here = project(tmp_path)
    config = Path(here.path(".dvc", "config"))
    config.write_text(config.read_text() + f"    remote = r\n['remote \"r\"']\n    url = {tmp_path / 'remote'}\n")
    run(here)
    with dvc(here.root) as repo:
        assert repo.push(run_cache=True) > 0
    for name in ("d", ".dvc/cache"):
        shutil.rmtree(here.path(name))
    os.unlink(here.path("two"))
    with dvc(here.root) as repo:
        repo.pull(run_cache=True)
        assert repo.status() == {}
    assert (tmp_path / "remote" / "runs").is_dir()
    assert not any(one.is_stale for one in state.status(here, spec.load(here)))
    assert states(run(here)) == {"a": "cached", "b": "cached"}


def test_outputs_behind_a_link_out_of_the_project_are_made_anew(tmp_path: Path) -> None:
    text = "stages: {a: {cmd: cp raw far/x, deps: [raw], outs: [far/x]}}"
    here = make(tmp_path / "p", text, raw="1")
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", here.path("far"))
    assert states(run(here)) == {"a": "done"}
    os.unlink(here.path("far", "x"))
    assert states(run(here)) == {"a": "done"}
    assert (tmp_path / "elsewhere" / "x").read_text() == "1"
