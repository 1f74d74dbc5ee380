from __future__ import annotations

from pathlib import Path

import pytest

from mlops_tui import project


def test_the_nearest_directory_with_state_is_the_root(tmp_path: Path) -> None:
    (tmp_path / ".mlops").mkdir()
    deep = tmp_path / "src" / "models"
    deep.mkdir(parents=True)
    (tmp_path / "src" / "dvc.yaml").touch()
    assert project.find(str(deep)).root == str(tmp_path)


@pytest.mark.parametrize("marker", ["mlops.toml", ".dvc"])
def test_a_configuration_or_dvc_directory_marks_the_root(tmp_path: Path, marker: str) -> None:
    (tmp_path / marker).touch()
    (tmp_path / "a").mkdir()
    assert project.find(str(tmp_path / "a")).root == str(tmp_path)


def test_a_pipeline_marks_the_root_when_nothing_else_does(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert project.find(str(tmp_path / "a" / "b")).root == str(tmp_path)


def test_a_directory_without_any_mark_is_its_own_root(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert project.find(str(tmp_path / "a")).root == str(tmp_path / "a")


def test_the_environment_decides_when_no_directory_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_PROJECT", str(tmp_path / "elsewhere"))
    assert project.find().root == str(tmp_path / "elsewhere")
    assert project.find(str(tmp_path)).root == str(tmp_path)


def test_finding_a_project_creates_nothing(tmp_path: Path) -> None:
    found = project.find(str(tmp_path))
    assert not found.has_store
    assert list(tmp_path.iterdir()) == []
