import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline_builders import latest, run

from mlops_tui.pipeline import hold
from mlops_tui.project import Project

TEXT = "stages: {a: {cmd: cp raw out && chmod +x out, deps: [raw], outs: [out]}}"


def build(directory: Path) -> Project:
    (directory / "dvc.yaml").write_text(TEXT)
    (directory / "raw").write_text("1")
    project = Project(str(directory))
    run(project)
    return project


def test_outputs_come_back(project: Path, cli: Callable[..., Any]) -> None:
    build(project)
    os.unlink(project / "out")
    assert "would add" in cli("checkout", "--dry-run").stdout
    assert not (project / "out").exists()
    done = cli("checkout", "--json")
    assert (done.exit_code, done.json[0]["path"], done.json[0]["change"]) == (0, "out", "added")
    assert cli("checkout").stdout == "1 output unchanged\n"


def test_unsaved_work_is_refused_with_exit_code_1(project: Path, cli: Callable[..., Any]) -> None:
    build(project)
    (project / "out").write_text("mine")
    refused = cli("checkout", "out")
    assert refused.exit_code == 1
    assert "not in the cache and would be lost" in refused.stdout
    assert (project / "out").read_text() == "mine"
    assert cli("checkout", "--force").exit_code == 0
    assert (project / "out").read_text() == "1"


def test_the_versions_of_a_run_come_back(project: Path, cli: Callable[..., Any]) -> None:
    here = build(project)
    first = latest(here).run_id
    (project / "raw").write_text("2")
    run(here)
    assert (project / "out").read_text() == "2"
    assert cli("checkout", "--run", first).exit_code == 0
    assert (project / "out").read_text() == "1"
    assert os.access(project / "out", os.X_OK)


def test_the_versions_of_a_commit_come_back(project: Path, cli: Callable[..., Any]) -> None:
    here = build(project)
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org")
    for arguments in (("init", "-q"), ("add", "dvc.yaml", "dvc.lock"), ("commit", "-qm", "one")):
        subprocess.run([*git, *arguments], cwd=project, check=True, capture_output=True)
    (project / "raw").write_text("2")
    run(here)
    assert cli("checkout", "--rev", "HEAD").exit_code == 0
    assert (project / "out").read_text() == "1"
    assert cli("checkout", "--rev", "nothing").exit_code == 2


def test_what_is_not_understood(project: Path, cli: Callable[..., Any]) -> None:
    here = build(project)
    assert cli("checkout", "--rev", "HEAD", "--run", "x").exit_code == 2
    assert cli("checkout", "nothing").exit_code == 2
    held = hold.take(here)
    assert held is not None
    assert cli("checkout").exit_code == 1
    os.close(held)
