from __future__ import annotations

from pathlib import Path

import pytest

from mlops_tui import config
from mlops_tui.project import Project


def test_init_writes_a_configuration_that_is_the_default(cli, project: Path) -> None:
    assert cli("init").exit_code == 0
    written, default = config.load(Project(str(project))), config.Config(experiment="project")
    assert written == default


def test_the_commented_parts_of_the_template_are_understood(cli, project: Path) -> None:
    cli("init")
    path = project / "mlops.toml"
    lines = path.read_text().splitlines()
    code = [line.removeprefix("# ") if "=" in line or "[" in line else line for line in lines]
    path.write_text("\n".join(code))
    assert set(config.load(Project(str(project))).monitors) == {"production"}


def test_a_dry_run_changes_nothing(cli, project: Path) -> None:
    done = cli("init", "--dry-run", "--json")
    assert done.json["created"] == ["mlops.toml", ".mlops/store.db"]
    assert list(project.iterdir()) == []


def test_what_is_there_is_left_as_it_is(cli, project: Path) -> None:
    (project / "mlops.toml").write_text("[project]\nexperiment = 'mine'\n")
    assert cli("init", "--json").json["created"] == [".mlops/store.db"]
    assert "mine" in (project / "mlops.toml").read_text()
    assert cli("init", "--json").json["created"] == []


@pytest.mark.parametrize("name", ['with "quotes"', "back\\slash", "line\nbreak", "ünï ☃", "tab\there"])
def test_a_directory_of_any_name_can_be_prepared(cli, project: Path, name: str) -> None:
    directory = project / name
    assert cli("init", str(directory)).exit_code == 0
    assert config.load(Project(str(directory))).experiment == name


def test_a_directory_that_cannot_be_written_is_refused(cli, project: Path) -> None:
    (project / "file").write_text("")
    done = cli("init", str(project / "file" / "below"))
    assert done.exit_code in (1, 2)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
