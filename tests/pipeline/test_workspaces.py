"""Copies of the project: what is in them, and that nothing in them reaches the project."""

import json
import os
from pathlib import Path

import pytest
from pipeline_builders import dvc, make, run

from mlops_store.errors import Refused
from mlops_tui.pipeline import filling, spec, workspaces
from mlops_tui.pipeline.state import Inputs
from mlops_tui.project import Project

ONE = """
stages:
  a: {cmd: cat raw/in settings.json > out; mkdir -p dir/sub; cp raw/in dir/sub/x, deps: [raw], outs: [out, dir],
      params: [settings.json: [n]]}
"""
FILES = {
    "raw___in": "data",
    "settings__json": '{"n": 1}',
    "code__py": "1",
    "notes___a__txt": "a",
    "__gitignore": "raw\nout\n/dir\nsettings.json\n*.log\nnotes/secret\n.venv\n",
    "big__log": "noise",
    "notes___secret": "secret",
}


def tree(directory: str) -> set[str]:
    return {
        os.path.relpath(os.path.join(where, name), directory)
        for where, _, names in os.walk(directory)
        for name in names
    }


def filled(project: Project, run_id: str = "run") -> Project:
    place = workspaces.create(project, run_id)
    filling.fill(project, place, spec.load(place), Inputs(place))
    return place


def test_a_copy_holds_what_git_would_see_and_what_stages_need(tmp_path: Path) -> None:
    project = make(tmp_path, ONE, **FILES)
    place = workspaces.create(project, "run")
    assert tree(place.root) == {"dvc.yaml", "code.py", "notes/a.txt", ".gitignore"}
    filling.fill(project, place, spec.load(place), Inputs(place))
    assert tree(place.root) == {"dvc.yaml", "code.py", "notes/a.txt", ".gitignore", "raw/in", "settings.json"}
    run(project)
    assert tree(filled(project).root) >= {"out", "dir/sub/x", "dvc.lock"}


def test_the_copy_keeps_its_records_with_the_project(tmp_path: Path) -> None:
    project = make(tmp_path, ONE, **FILES)
    place = project.workspace("run")
    assert (place.store_path, place.logs_dir) == (project.store_path, project.logs_dir)
    assert (place.journals_dir, place.objects_dir) == (project.journals_dir, project.objects_dir)
    assert place.state_dir == os.path.join(project.state_dir, "workspaces", "run")
    assert place.main_root == project.root


def test_what_is_written_in_a_copy_stays_there(tmp_path: Path) -> None:
    project = make(tmp_path, ONE, **FILES)
    place = filled(project)
    for name in ("raw/in", "code.py"):
        with open(place.path(name), "a") as file:
            file.write("changed")
    assert Path(project.path("raw/in")).read_text() == "data"
    assert Path(project.path("code.py")).read_text() == "1"


def test_a_virtual_environment_is_linked_wherever_it_is(tmp_path: Path) -> None:
    project = make(tmp_path, ONE, **FILES, __venv___pyvenv__cfg="", __venv___bin___python="p", env___pyvenv__cfg="")
    place = filled(project)
    assert os.readlink(place.path(".venv")) == project.path(".venv")
    assert os.path.exists(place.path(".venv/bin/python"))
    assert os.path.islink(place.path("env"))


def test_links_inside_stay_inside_and_others_still_lead_where_they_led(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("far")
    project = make(tmp_path / "project", ONE, **FILES)
    os.symlink("code.py", project.path("inside"))
    os.symlink("../elsewhere", project.path("outside"))
    place = filled(project)
    assert os.path.realpath(place.path("inside")) == place.path("code.py")
    assert Path(place.path("outside")).read_text() == "far"


def test_outputs_come_from_the_cache_with_the_content_that_the_lock_names(tmp_path: Path) -> None:
    project = make(tmp_path, ONE, **FILES)
    with dvc(tmp_path, init=True):
        pass
    run(project)
    Path(project.path("out")).write_text("half written")
    Path(project.path("dir/sub/x")).unlink()
    place = filled(project)
    assert Path(place.path("out")).read_text() == 'data{"n": 1}'
    assert Path(place.path("dir/sub/x")).read_text() == "data"
    assert os.stat(place.path("out")).st_mode & 0o200
    found, of_project = Inputs(place).cache, Inputs(project).cache
    assert found is not None
    assert of_project is not None
    assert found.directory == of_project.directory


def test_a_directory_that_git_sees_in_part_is_made_whole(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        "stages: {a: {cmd: x, deps: [data], outs: [models/m]}}",
        data___readme="seen",
        data___deep___rows="ignored",
        __gitignore="rows\nmodels\n",
    )
    os.mkdir(project.path("models"))
    place = filled(project)
    assert tree(place.path("data")) == {"readme", "deep/rows"}
    assert os.path.isdir(place.path("models"))


def test_data_of_a_dvc_file_that_is_not_there_comes_from_the_cache(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: x, deps: [data/in, rows]}}", data___in="in", rows___a="1", rows___b="2")
    with dvc(tmp_path, init=True) as repo:
        repo.add([project.path("data/in"), project.path("rows")])
    os.unlink(project.path("data/in"))
    os.unlink(project.path("rows/b"))
    os.unlink(project.path("rows/a"))
    os.rmdir(project.path("rows"))
    place = filled(project)
    assert Path(place.path("data/in")).read_text() == "in"
    assert tree(place.path("rows")) == {"a", "b"}


def test_a_dep_outside_the_project_needs_an_absolute_path(tmp_path: Path) -> None:
    (tmp_path / "far").write_text("far")
    project = make(tmp_path / "project", "stages: {a: {cmd: x, deps: [../far]}}")
    with pytest.raises(Refused, match=r"needs \.\./far, which is outside the project"):
        filled(project)
    filled(make(tmp_path / "other", json.dumps({"stages": {"a": {"cmd": "x", "deps": [str(tmp_path / "far")]}}})))


def test_a_copy_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    project = make(tmp_path, ONE, **FILES)
    os.makedirs(project.workspace("run").path("half"))
    assert "half" not in os.listdir(workspaces.create(project, "run").root)


@pytest.mark.parametrize("before", ["nothing", "file", "directory"])
def test_bringing_back_replaces_what_is_there(tmp_path: Path, before: str) -> None:
    project = make(tmp_path, ONE, **FILES)
    place = filled(project)
    target = Path(project.path("made"))
    if before == "file":
        target.write_text("old")
    if before == "directory":
        target.mkdir()
        (target / "old").touch()
    os.mkdir(place.path("made"))
    Path(place.path("made/new")).write_text("new")
    workspaces.bring_back(place, project, "made")
    assert os.listdir(target) == ["new"]
    assert [name for name in os.listdir(project.root) if name.endswith((".tmp", ".old"))] == []


def test_a_removed_copy_is_gone_and_its_environment_is_not(tmp_path: Path) -> None:
    project = make(tmp_path, ONE, **FILES, __venv___pyvenv__cfg="")
    filled(project)
    assert workspaces.ids(project) == ["run"]
    assert workspaces.size_bytes(project, "run") > 0
    workspaces.remove(project, "run")
    assert workspaces.ids(project) == []
    assert os.path.exists(project.path(".venv/pyvenv.cfg"))
