"""Data of ``.dvc`` files beside DVC: what has changed, and what ``run`` saves as ``dvc repro`` does."""

import os
import shutil
from pathlib import Path

import pytest
from pipeline_builders import dvc, make, run, states

from mlops_store import events
from mlops_store.errors import Refused
from mlops_store.store import Store
from mlops_tui.pipeline import sources, spec, state
from mlops_tui.project import Project

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")

TEXT = "stages: {a: {cmd: cat data/raw.csv folder/* > out, deps: [data/raw.csv, folder], outs: [out]}}"
NAMES = ("data/raw.csv.dvc", "folder.dvc", "unused.dvc", "dvc.lock", ".gitignore", "data/.gitignore")


def build(directory: Path) -> Project:
    project = make(directory / "p", TEXT, data___raw__csv="1", folder___x="1", folder___y="2", unused="1")
    with dvc(project.root, init=True) as repo:
        repo.add(["data/raw.csv", "folder", "unused"])
    path = Path(project.path("data", "raw.csv.dvc"))
    path.write_text("# ours\n" + path.read_text() + "  desc: from the lab  # kept\n\nmeta:\n  by: me\n")
    return project


def written(project: Project) -> dict[str, str]:
    paths = [Path(project.path(name)) for name in NAMES]
    return {path.name: path.read_text() for path in paths if path.exists()}


def change(project: Project) -> None:
    Path(project.path("data", "raw.csv")).write_text("changed")
    os.chmod(project.path("data", "raw.csv"), 0o755)
    Path(project.path("folder", "z")).write_text("3")
    Path(project.path("unused")).write_text("changed")


def test_changed_data_is_saved_as_dvc_saves_it(tmp_path: Path) -> None:
    ours, theirs = (build(tmp_path / side) for side in ("ours", "theirs"))
    for act in (change, lambda project: (shutil.rmtree(project.path("folder")), Path(project.path("folder")).touch())):
        for project in (ours, theirs):
            act(project)
            if act is not change:
                text = TEXT.replace("folder/*", "folder")
                Path(project.path("dvc.yaml")).write_text(text)
        with dvc(theirs.root) as repo:
            repo.reproduce()
        assert run(ours).state == "finished"
        assert written(ours) == written(theirs)
        with dvc(ours.root) as repo:
            assert list(repo.status()) == ["unused.dvc"]
    assert sources.changed(state.Inputs(ours), spec.load(ours)).keys() == {"unused.dvc"}


def test_data_that_is_not_in_the_cache_is_saved_although_no_stage_is_stale(tmp_path: Path) -> None:
    project = build(tmp_path)
    run(project)
    state.status(project, spec.load(project))  # keeps the verdict that all is well
    shutil.rmtree(project.path(".dvc", "cache", "files", "md5", "c4"))  # the hash of "1"
    changes = sources.changed(state.Inputs(project), spec.load(project))
    assert [one.reason for one in changes["data/raw.csv.dvc"]] == ["data/raw.csv is not in the cache"]
    assert states(run(project)) == {"a": "cached"}
    with dvc(project.root) as repo:
        assert repo.status() == {}


def test_missing_data_is_told_and_can_be_restored(tmp_path: Path) -> None:
    project = build(tmp_path)
    run(project)
    os.unlink(project.path("data", "raw.csv"))
    with pytest.raises(Refused, match=r"data/raw\.csv is missing"):
        sources.save(state.Inputs(project), "data/raw.csv.dvc")
    before = written(project)
    assert states(run(project)) == {"a": "failed"}
    with Store(project.store_path, create=False) as store:
        messages = [event.message for event in events.newest(store.read()) if event.kind == "data.unsaved"]
    assert messages == ["the data of data/raw.csv.dvc is not saved: data/raw.csv is missing"]
    assert written(project) == before


def test_imported_and_frozen_data_is_left_to_dvc(tmp_path: Path) -> None:
    project = build(tmp_path)
    with dvc(project.root) as repo:
        repo.freeze("folder.dvc")
    Path(project.path("folder", "z")).write_text("3")
    before = written(project)
    run(project)
    assert written(project)["folder.dvc"] == before["folder.dvc"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("outs: [{path: d, md5: OLD, size: 1}]\n", "outs: [{path: d, md5: 'NEW', size: 1, hash: md5}]\n"),
        ("outs:\n- nfiles: 3\n  md5: OLD.dir\n  path: d", "outs:\n- md5: 'NEW'\n  path: d\n  size: 1\n  hash: md5"),
        ("outs:\n- path: d\n  md5: OLD\n  nfiles: 2\n", "outs:\n- path: d\n  md5: 'NEW'\n  size: 1\n  hash: md5\n"),
        ("wdir: .\nouts:\n  - path: d\n", "wdir: .\nouts:\n  - path: d\n    md5: 'NEW'\n    size: 1\n    hash: md5\n"),
    ],
)
def test_only_what_tells_the_content_is_rewritten(tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / "d.dvc").write_text(before.replace("OLD", "ab" * 16))
    (tmp_path / "d").write_text("1")
    md5 = "c4ca4238a0b923820dcc509a6f75849b"
    assert sources.save(state.Inputs(Project(str(tmp_path))), "d.dvc")
    assert (tmp_path / "d.dvc").read_text() == after.replace("'NEW'", md5)
    assert not sources.save(state.Inputs(Project(str(tmp_path))), "d.dvc")
