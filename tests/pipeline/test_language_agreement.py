"""What a project describes, resolved here and by DVC: stages, edges, top-level lists, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
from dvc_view import make_repository, resolved
from language_fixtures import FEATURES, MISTAKES

from mlops_store.errors import SpecError
from mlops_tui.cli.output import plain
from mlops_tui.cli.pipeline_show import refusal, shape
from mlops_tui.pipeline import graph, spec
from mlops_tui.project import Project

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
    make_repository(tmp_path, FEATURES[what])
    assert unordered(ours(tmp_path)) == unordered(plain(resolved(tmp_path)))


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
