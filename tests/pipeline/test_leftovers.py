"""What a killed command has left half-made is gone before the next run can take it for data."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pipeline_builders import make, run, states

from mlops_tui.pipeline import leftovers
from mlops_tui.project import Project

KILLED = """
import os, signal, sys
from mlops_tui.pipeline import hold, leftovers, links
from mlops_tui.project import Project
project = Project(sys.argv[1])
lock = hold.take(project)
with leftovers.noted(project, ["d"]):
    with links.replacing(project.path("d", "x")) as temporary:
        open(temporary, "w").write("half")
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = make(tmp_path / "p", "stages: {a: {cmd: mkdir d && cp raw d/x, deps: [raw], outs: [d]}}", raw="1")
    run(made)
    return made


def left(project: Project) -> list[str]:
    names = {path.name for path in Path(project.root).rglob("*")}
    return sorted(name for name in names if name.endswith((".tmp", ".old")) or name == "writing.json")


def test_what_a_killed_command_left_is_no_part_of_an_output(project: Project) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, project.root], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(left(project)) == 2
    assert states(run(project)) == {"a": "cached"}
    assert left(project) == []


def test_a_note_is_gone_when_all_is_written_and_when_writing_fails(project: Project) -> None:
    with leftovers.noted(project, ["d"]):
        assert left(project) == ["writing.json"]
    assert left(project) == []
    with pytest.raises(ZeroDivisionError), leftovers.noted(project, ["d"]):
        raise ZeroDivisionError
    assert left(project) == []
    assert leftovers.sweep_noted(project) == []


@pytest.mark.parametrize("is_replaced", [True, False])
def test_what_made_way_for_something_that_did_not_come_is_put_back(project: Project, is_replaced: bool) -> None:
    Path(project.state_dir, "writing.json").write_text(json.dumps({"pid": 7, "paths": ["d"]}))
    os.rename(project.path("d"), project.path("d.7.old"))
    for name in ("d.7.tmp", "d") if is_replaced else ("d.7.tmp",):
        Path(project.path(name)).mkdir()
        Path(project.path(name, "x")).write_text("new")
    Path(project.path("mine.8.tmp")).write_text("of somebody else")
    assert leftovers.sweep_noted(project)
    assert Path(project.path("d", "x")).read_text() == ("new" if is_replaced else "1")
    assert left(project) == ["mine.8.tmp"]


@pytest.mark.parametrize("content", ["", "{", '{"pid": "x"}', "[]"])
def test_a_note_that_was_cut_short_is_dropped(project: Project, content: str) -> None:
    Path(project.state_dir, "writing.json").write_text(content)
    assert leftovers.sweep_noted(project) == []
    assert left(project) == []
