"""Restoring outputs: what is written and removed, what is refused, and that DVC sees it the same way."""

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from pipeline_builders import dvc, make, run

from mlops_store.errors import NotFound, Refused
from mlops_tui.pipeline import checkout, placing, revision, spec, state
from mlops_tui.pipeline.checkout import Outcome
from mlops_tui.pipeline.placing import Wanted
from mlops_tui.project import Project

TEXT = """
    stages:
      a:
        cmd: mkdir -p d/s && cp raw d/x && cp raw d/s/y && cp raw d/s/z && cp raw one && chmod +x one && cp raw m
        deps: [raw]
        outs: [d, one]
        metrics: [m: {cache: false}]
    """

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")


def build(directory: Path, *, with_dvc: bool = False) -> Project:
    project = make(directory / "p", TEXT, raw="1")
    if with_dvc:
        with dvc(project.root, init=True):
            pass
    run(project)
    return project


def restore(project: Project, *targets: str, force: bool = False, dry_run: bool = False) -> dict[str, Outcome]:
    inputs, pipeline = state.Inputs(project), spec.load(project)
    wanted = checkout.chosen(checkout.recorded(inputs, pipeline), pipeline, targets)
    return {one.path: one for one in checkout.carry_out(inputs, wanted, force=force, dry_run=dry_run)}


def changes(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {path: one.change for path, one in outcomes.items()}


def is_fresh(project: Project) -> bool:
    return not any(one.is_stale for one in state.status(project, spec.load(project)))


def test_what_is_gone_comes_back(tmp_path: Path) -> None:
    project = build(tmp_path)
    shutil.rmtree(project.path("d"))
    os.unlink(project.path("one"))
    assert changes(restore(project, dry_run=True)) == {"d": "added", "one": "added"}
    assert not os.path.exists(project.path("d"))
    assert changes(restore(project)) == {"d": "added", "one": "added"}
    assert Path(project.path("d", "s", "y")).read_text() == "1"
    assert os.access(project.path("one"), os.X_OK)
    assert is_fresh(project)
    assert changes(restore(project)) == {"d": "unchanged", "one": "unchanged"}


def test_work_that_nothing_has_saved_is_not_lost_without_force(tmp_path: Path) -> None:
    project = build(tmp_path)
    Path(project.path("one")).write_text("mine")
    Path(project.path("d", "s", "new")).write_text("mine too")
    outcomes = restore(project)
    assert changes(outcomes) == {"d": "failed", "one": "failed"}
    assert outcomes["d"].lost == ("s/new",)
    assert outcomes["d"].problem == "d/s/new is not in the cache and would be lost"
    assert Path(project.path("one")).read_text() == "mine"
    assert changes(restore(project, force=True)) == {"d": "modified", "one": "modified"}
    assert not os.path.exists(project.path("d", "s", "new"))
    assert is_fresh(project)


def test_what_is_saved_may_be_replaced(tmp_path: Path) -> None:
    project = build(tmp_path)
    before = Path(project.path("dvc.lock")).read_text()
    Path(project.path("raw")).write_text("2")
    run(project)
    os.makedirs(project.path("d", "empty"))
    shutil.copy(project.path("raw"), project.path("d", "s", "extra"))
    Path(project.path("dvc.lock")).write_text(before)
    assert changes(restore(project)) == {"d": "modified", "one": "modified"}
    assert Path(project.path("one")).read_text() == "1"
    assert sorted(os.listdir(project.path("d", "s"))) == ["y", "z"]


def test_a_file_and_a_directory_take_each_others_place(tmp_path: Path) -> None:
    project = build(tmp_path)
    shutil.rmtree(project.path("d"))
    shutil.copy(project.path("raw"), project.path("d"))
    os.unlink(project.path("one"))
    os.makedirs(project.path("one", "deep"))
    shutil.copy(project.path("raw"), project.path("one", "deep", "x"))
    assert changes(restore(project)) == {"d": "modified", "one": "modified"}
    assert is_fresh(project)


def test_ignored_files_survive_in_a_directory_but_hold_up_its_removal(tmp_path: Path) -> None:
    project = build(tmp_path)
    Path(project.path(".dvcignore")).write_text("*.tmp\n")
    Path(project.path("d", "s", "note.tmp")).write_text("mine")
    os.unlink(project.path("d", "s", "y"))
    os.unlink(project.path("one"))
    os.makedirs(project.path("one"))
    Path(project.path("one", "note.tmp")).write_text("mine")
    assert changes(restore(project)) == {"d": "modified", "one": "failed"}
    assert Path(project.path("d", "s", "note.tmp")).read_text() == "mine"
    assert Path(project.path("one", "note.tmp")).read_text() == "mine"


def test_one_that_is_not_in_the_cache_keeps_the_others_from_nothing(tmp_path: Path) -> None:
    project = build(tmp_path)
    inputs = state.Inputs(project)
    shutil.rmtree(project.path("d"))
    os.unlink(project.path("one"))
    entry = inputs.locks.entry(spec.load(project).stages["a"])
    assert entry is not None
    gone = next(item["md5"] for item in entry["outs"] if item["path"] == "d")
    os.unlink(inputs.cache.path(gone))
    outcomes = restore(project)
    assert changes(outcomes) == {"d": "failed", "one": "added"}
    assert outcomes["d"].problem == "this version is not in the cache"


def test_what_never_ran_has_no_version(tmp_path: Path) -> None:
    project = make(tmp_path, TEXT, raw="1")
    assert {one.problem for one in restore(project).values()} == {"no version is recorded"}


def test_targets_are_stages_outputs_and_directories(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: x, outs: [o/p, o/q]}, b: {cmd: x, outs: [r]}}")
    for targets, paths in ((("a",), ["o/p", "o/q"]), (("o",), ["o/p", "o/q"]), (("./o/q", "b"), ["o/q", "r"])):
        assert list(restore(project, *targets)) == paths
    with pytest.raises(NotFound, match=r"no stage, \.dvc file or output 'oo'"):
        restore(project, "oo")


@pytest.mark.parametrize("path", ["../out", "/tmp/out", "link/out"])
def test_nothing_is_written_outside_the_project(tmp_path: Path, path: str) -> None:
    project = build(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", project.path("link"))
    inputs = state.Inputs(project)
    md5 = "c4ca4238a0b923820dcc509a6f75849b"
    with pytest.raises(Refused, match="leads out of the project"):
        placing.plan(inputs, Wanted(path, md5))
    os.makedirs(project.path("out"))
    os.symlink(tmp_path / "elsewhere", project.path("out", "link"))
    step = placing.Step(Wanted("out", "x.dir"), {"link/y": md5}, ("link/y",))
    with pytest.raises(Refused, match="leads out of the project"):
        placing.carry_out(inputs, step)
    assert os.listdir(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("types", ["hardlink", "symlink"])
def test_files_come_back_as_links_and_dvc_agrees(tmp_path: Path, types: str) -> None:
    project = build(tmp_path, with_dvc=True)
    Path(project.path(".dvc", "config")).write_text(f"[core]\nno_scm = true\n[cache]\ntype = {types}\n")
    shutil.rmtree(project.path("d"))
    os.unlink(project.path("one"))
    restore(project)
    assert os.path.islink(project.path("d", "x")) is (types == "symlink")
    assert (os.lstat(project.path("d", "x")).st_nlink > 1) is (types == "hardlink")
    with dvc(project.root) as repo:
        assert repo.status() == {}
        assert repo.checkout(["d"])["stats"] == {"added": 0, "deleted": 0, "modified": 0}


def test_data_of_dvc_files_and_old_entries_are_restored(tmp_path: Path) -> None:
    project = build(tmp_path, with_dvc=True)
    Path(project.path("data.csv")).write_text("data")
    with dvc(project.root) as repo:
        repo.add(["data.csv"])
    os.unlink(project.path("data.csv"))
    content = yaml.safe_load(Path(project.path("data.csv.dvc")).read_text())
    legacy = "b026324c6904b2a9cb4b88d6d61c81d1"
    (old := Path(project.path(".dvc", "cache", legacy[:2]))).mkdir()
    (old / legacy[2:]).write_bytes(b"1\r\n")
    content["outs"].append({"path": "old.txt", "md5": legacy})
    sources = {"data.csv.dvc": spec.Source("data.csv.dvc", (spec.Out("data.csv"), spec.Out("old.txt")), content)}
    pipeline = replace(spec.load(project), sources=sources)
    inputs = state.Inputs(project)
    wanted = checkout.chosen(checkout.recorded(inputs, pipeline), pipeline, ["data.csv.dvc"])
    assert [one.change for one in checkout.carry_out(inputs, wanted)] == ["added", "added"]
    assert Path(project.path("data.csv")).read_text() == "data"
    assert Path(project.path("old.txt")).read_bytes() == b"1\r\n"
    assert [one.change for one in checkout.carry_out(inputs, wanted)] == ["unchanged", "unchanged"]


def git(project: Project, *arguments: str) -> str:
    options = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    command = ["git", "-C", project.root, *options, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_an_older_commit_tells_its_own_versions(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    project = Project(str(tmp_path / "p"))
    git(Project(str(tmp_path)), "init", "-q")  # the project is a directory of a larger repository
    project = build(tmp_path, with_dvc=True)
    Path(project.path("big.py")).write_text("#" * (2 << 20))
    git(project, "add", "dvc.yaml", "dvc.lock", "big.py", ".dvc/config")
    git(project, "commit", "-qm", "one")
    Path(project.path("raw")).write_text("2")
    Path(project.path("dvc.yaml")).write_text(Path(project.path("dvc.yaml")).read_text().replace("  a:", "  renamed:"))
    run(project)
    with revision.at(project, "HEAD") as then:
        assert sorted(os.listdir(then.root)) == [".dvc", "dvc.lock", "dvc.yaml"]
        pipeline = spec.load(then)
        wanted = checkout.recorded(state.Inputs(then), pipeline)
    outcomes = checkout.carry_out(state.Inputs(project), wanted)
    assert [one.change for one in outcomes] == ["modified", "modified"]
    assert Path(project.path("d", "s", "y")).read_text() == "1"
    with pytest.raises(NotFound, match="no commit '--all'"), revision.at(project, "--all"):
        pass


def test_without_git_there_are_no_commits(tmp_path: Path) -> None:
    project = make(tmp_path, TEXT)
    with pytest.raises(Refused, match="not in a Git repository"), revision.at(project, "HEAD"):
        pass


def test_outcomes_are_plain_data(tmp_path: Path) -> None:
    from mlops_tui.strict_json import plain

    project = build(tmp_path)
    assert json.dumps(plain(list(restore(project).values())))
