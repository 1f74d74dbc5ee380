"""What is watched of a project: what Git ignores is not, unless the pipeline reads or makes it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pipeline_builders import make

from mlops_tui.config import Config
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.pipeline import spec
from mlops_tui.pipeline.followed import Followed
from mlops_tui.project import Project

PIPELINE = """
stages:
  train:
    cmd: "true"
    wdir: src
    deps: [train.py, ../data]
    outs: [../out/model]
"""


def followed(project: Project, config: Config | None = None) -> Followed:
    found = Followed(project, spec.load(project), config or Config())
    found.walk()
    return found


def names(project: Project, found: Followed) -> set[str]:
    return {os.path.relpath(path, project.root) for path in found.directories}


def test_ignored_directories_are_left_out_and_inputs_and_outputs_are_not(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        PIPELINE,
        src___train__py="",
        data___raw___a__csv="",
        out___model___weights="",
        out___scratch___x="",
        logs___today___x="",
        notes___x="",
        __venv___lib___x="",
    )
    (tmp_path / ".gitignore").write_text("/data\n/out\n/logs\n")
    (tmp_path / ".dvcignore").write_text("notes/\n")
    found = names(project, followed(project))
    assert {".", "src", "data", "data/raw", "out/model"} <= found
    assert not {"logs", "logs/today", "out/scratch", "notes", ".venv", ".venv/lib"} & found


def test_what_dvcignore_leaves_out_of_a_dependency_is_not_followed(tmp_path: Path) -> None:
    project = make(tmp_path, PIPELINE, src___train__py="", data___tmp___x="", data___raw___x="")
    (tmp_path / ".dvcignore").write_text("tmp\n")
    found = names(project, followed(project))
    assert "data/raw" in found
    assert "data/tmp" not in found


def test_a_change_matters_unless_it_is_ignored_or_ours(tmp_path: Path) -> None:
    project = make(tmp_path, PIPELINE, src___train__py="", data___a__csv="")
    (tmp_path / ".gitignore").write_text("/data\n*.log\n")
    found = followed(project)
    for path in ("src/train.py", "data/a.csv", "data/new/b.csv", "out/model", "dvc.yaml", "new.py", ".dvc/config"):
        assert found.concerns(project.path(path)), path
    for path in ("train.log", ".mlops/store.db", ".git/index", "../elsewhere"):
        assert not found.concerns(os.path.normpath(project.path(path))), path


def test_batches_are_followed_where_git_ignores_them(tmp_path: Path) -> None:
    project = make(tmp_path, "", incoming___2025___x__csv="")
    (tmp_path / ".gitignore").write_text("incoming\nlater\n*.csv\n")
    config = Config(monitors={"m": MonitorConfig("m", watch=("incoming/*/*.csv", "later/deep/*.csv", "*.csv"))})
    found = followed(project, config)
    assert {".", "incoming", "incoming/2025"} <= names(project, found)
    assert found.concerns(project.path("later/deep/a.csv"))
    assert found.concerns(project.path("a.csv"))
    assert project.path("incoming") in found.batches


def test_a_dependency_outside_the_project_is_followed_where_it_lies(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.csv").write_text("1")
    project = make(
        tmp_path / "p", f"stages:\n  a:\n    cmd: 'true'\n    deps: ['{outside}/a.csv', '{outside}/b/c.csv']\n"
    )
    found = followed(project)
    assert str(outside) in found.directories
    assert found.concerns(str(outside / "a.csv"))
    assert not found.concerns(str(outside / "other"))


def test_a_directory_that_appears_adds_itself_and_what_is_below(tmp_path: Path) -> None:
    project = make(tmp_path, PIPELINE, src___train__py="", data___a__csv="")
    (tmp_path / ".gitignore").write_text("cache\n")
    found = followed(project)
    (tmp_path / "data" / "deep" / "er").mkdir(parents=True)
    (tmp_path / "cache" / "x").mkdir(parents=True)
    new = found.walk_below(project.path("data", "deep"))
    assert new == {project.path("data", "deep"), project.path("data", "deep", "er")}
    assert found.walk_below(project.path("cache")) == set()


def test_what_a_link_leads_to_is_not_certain(tmp_path: Path) -> None:
    project = make(tmp_path, PIPELINE, src___train__py="", data___sub___a__csv="", plain__txt="")
    (tmp_path / "elsewhere.csv").write_text("1")
    (tmp_path / "data" / "sub" / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    found = followed(project)
    assert found.is_certain(project.path("plain.txt"))
    assert found.is_certain(project.path("missing.txt"))
    assert not found.is_certain(project.path("data", "sub", "link.csv"))
    assert not found.is_certain(project.path("data"))
    assert not found.is_certain(project.path("nowhere", "missing.txt"))


def test_of_a_directory_without_a_pipeline_only_itself_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    project = Project(str(tmp_path))
    assert names(project, followed(project)) == {"."}


def test_of_very_many_directories_the_nearest_are_followed_and_all_of_the_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlops_tui.pipeline.followed.OTHERS", 20)
    project = make(tmp_path, PIPELINE, src___train__py="", near___x="")
    for number in range(40):
        (tmp_path / "data" / str(number)).mkdir(parents=True)
        (tmp_path / "others" / str(number)).mkdir(parents=True)
    found = names(project, followed(project))
    assert {".", "near", "src", "others"} <= found
    assert len([name for name in found if name.startswith("data/")]) == 40
    assert len(found) < 40 + 25


def test_an_environment_that_is_made_while_watching_is_not_followed(tmp_path: Path) -> None:
    project = make(tmp_path, PIPELINE, src___train__py="")
    found = followed(project)
    (tmp_path / ".venv" / "lib").mkdir(parents=True)
    assert found.walk_below(project.path(".venv")) == set()
