from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from mlops_store.errors import Refused
from mlops_tui import config
from mlops_tui.demo.template import SOURCE, is_demo, write
from mlops_tui.pipeline import graph, spec


def test_the_written_project_is_an_ordinary_one(tmp_path: Path) -> None:
    project = write(str(tmp_path / "demo"))
    assert {"dvc.yaml", "params.yaml", "mlops.toml", "README.md", "src", "deliver.py", ".gitignore"} <= {
        path.name for path in Path(project.root).iterdir()
    }
    assert is_demo(project)


def test_its_configuration_and_pipeline_are_understood(tmp_path: Path) -> None:
    project = write(str(tmp_path / "demo"))
    assert config.load(project).monitors["production"].model == "breast-cancer"
    order = list(graph.order(spec.load(project)))
    assert order[0] == "prepare"
    assert order[-2:] == ["evaluate", "register"]


def test_a_directory_with_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(Refused, match="not empty"):
        write(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="is a file"):
        write(str(tmp_path / "file"))


def test_an_empty_or_freshly_versioned_directory_is_taken(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert is_demo(write(str(tmp_path)))


def test_writing_again_keeps_what_a_person_changed_and_brings_back_what_is_missing(tmp_path: Path) -> None:
    project = write(str(tmp_path))
    (tmp_path / "params.yaml").write_text("mine: 1\n")
    (tmp_path / "dvc.yaml").unlink()
    write(project.root)
    assert (tmp_path / "params.yaml").read_text() == "mine: 1\n"
    assert (tmp_path / "dvc.yaml").exists()


def test_a_copy_without_the_state_directory_is_no_demo(tmp_path: Path) -> None:
    import shutil

    project = write(str(tmp_path / "demo"))
    shutil.copytree(project.root, tmp_path / "copy", ignore=shutil.ignore_patterns(".mlops"))
    with pytest.raises(Refused):
        write(str(tmp_path / "copy"))


def test_the_pace_is_set_and_the_comments_stay(tmp_path: Path) -> None:
    project = write(str(tmp_path), pace_s=0.0)
    text = Path(project.path("params.yaml")).read_text()
    assert "\npace_s: 0\n" in text
    assert "# Seconds to wait after each epoch" in text


def test_the_wheel_has_every_file_of_the_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hatchling = pytest.importorskip("hatchling.builders.wheel")
    root = Path(SOURCE).parents[2]
    if not (root / "pyproject.toml").exists():
        pytest.skip("not a checkout")
    built = next(iter(hatchling.WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])))
    packed = set(zipfile.ZipFile(built).namelist())
    ours = {
        f"mlops_tui/demo/project/{path.relative_to(SOURCE).as_posix()}"
        for path in Path(SOURCE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours <= packed
