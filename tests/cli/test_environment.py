from __future__ import annotations

from pathlib import Path

from mlops_tui.cli.environment import is_environment_wanted, preferred


def test_an_environment_that_is_not_activated_is_preferred(tmp_path: Path) -> None:
    assert is_environment_wanted({}, str(tmp_path), "/usr")


def test_another_active_environment_is_left_in_charge(tmp_path: Path) -> None:
    assert not is_environment_wanted({"VIRTUAL_ENV": "/other"}, str(tmp_path), "/usr")
    assert not is_environment_wanted({"CONDA_PREFIX": "/conda"}, str(tmp_path), "/usr")


def test_a_stand_alone_tool_does_not_stand_for_the_projects_environment(tmp_path: Path) -> None:
    (tmp_path / "pipx_metadata.json").write_text("{}")
    assert not is_environment_wanted({}, str(tmp_path), "/usr")


def test_an_interpreter_outside_any_environment_changes_nothing() -> None:
    assert not is_environment_wanted({}, "/usr", "/usr")


def test_the_preferred_directory_comes_first_and_once() -> None:
    assert preferred("/bin:/own:/usr/bin", "/own") == "/own:/bin:/usr/bin"
