"""What a project describes, resolved here and by DVC: stages, edges, top-level lists, and what is refused."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from dvc_view import make_repository, resolved
from language_fixtures import FEATURES, MISTAKES

from mlops_store.errors import SpecError
from mlops_tui.cli.pipeline_show import refusal, shape
from mlops_tui.pipeline import graph, spec
from mlops_tui.project import Project
from mlops_tui.strict_json import plain

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def ours(root: Path) -> Any:
    try:
        return plain(shape(spec.load(Project(str(root)))))
    except SpecError as error:
        return refusal(error, error.kind if isinstance(error, graph.GraphError) else "")


def unordered(found: Any) -> Any:
    """Without the order of edges and of an output's absent values, which DVC does not determine."""
    return {**found, "edges": sorted(found["edges"])} if found["ok"] else found


@pytest.mark.parametrize("what", FEATURES)
def test_a_project_is_resolved_as_dvc_does(tmp_path: Path, what: str) -> None:
    root = tmp_path / "p"
    make_repository(root, FEATURES[what])
    assert unordered(ours(root)) == unordered(plain(resolved(root)))


@pytest.mark.parametrize("what", MISTAKES)
def test_what_dvc_refuses_is_refused_with_its_place(tmp_path: Path, what: str) -> None:
    files, place, message = MISTAKES[what]
    make_repository(tmp_path, files)
    theirs, found = resolved(tmp_path), ours(tmp_path)
    assert not theirs["ok"]
    assert not found["ok"]
    assert found.get("graph_error") == theirs.get("graph_error")
    assert f"{found['error']}\n{found['hint']}".startswith(f"{place}: ")
    assert message in f"{found['error']}\n{found['hint']}"


@pytest.mark.parametrize("config", ["", "[core]\n    no_scm = True\n"])
def test_what_git_ignores_is_not_looked_at(tmp_path: Path, config: str) -> None:
    root = tmp_path / "above" / "project"
    plain_stage = "stages: {a: {cmd: x}}"
    files = {
        "dvc.yaml": plain_stage,
        ".gitignore": "/skipped/\n*.tmp\n",
        "skipped/dvc.yaml": plain_stage,
        "x.tmp/dvc.yaml": plain_stage,
        "sub/.gitignore": "dvc.yaml\n!deep/dvc.yaml\nbuilt\n",
        "sub/dvc.yaml": plain_stage,
        "sub/deep/dvc.yaml": plain_stage,
        "sub/built/dvc.yaml": plain_stage,
        "far/dvc.yaml": plain_stage,
        "data.csv.dvc": "outs: [{path: data.csv}]",
    }
    make_repository(root, files)
    (root / ".dvc" / "config").write_text(config)
    (tmp_path / "above" / ".gitignore").write_text("far\n")
    subprocess.run(["git", "init", "-q", str(tmp_path / "above")], check=True)
    found = ours(root)
    assert unordered(found) == unordered(plain(resolved(root)))
    assert ("far/dvc.yaml:a" in found["stages"]) == bool(config)


def test_links_to_directories_are_not_followed(tmp_path: Path) -> None:
    make_repository(tmp_path, {"real/dvc.yaml": "stages: {a: {cmd: x}}", "dvc.yaml": ""})
    (tmp_path / "linked").symlink_to("real")
    (tmp_path / "real" / "round").symlink_to("..")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "dvc.yaml").symlink_to("../real/dvc.yaml")
    found = ours(tmp_path)
    assert unordered(found) == unordered(plain(resolved(tmp_path)))
    assert list(found["stages"]) == ["other/dvc.yaml:a", "real/dvc.yaml:a"]
