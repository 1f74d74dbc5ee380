"""``mlops-tui server``: which store, whose rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from registry_builders import make_store
from serving import ask
from tracking_process import tracking_server

from mlops_tui import project as projects
from mlops_tui.config import Config
from mlops_tui.registry import versions

pytestmark = [pytest.mark.slow]


def test_a_project_whose_store_is_named_from_elsewhere_keeps_its_gates(tmp_path: Path) -> None:
    root = tmp_path / "project"
    content = versions.Content("s3://bucket/model", versions.FILES, {}, 0, {}, {}, {})
    versions.add(make_store(root), Config(), "churn", content)
    (root / "mlops.toml").write_text('[gates.ann]\nkind = "approval"\nstage = "production"\n')
    with tracking_server(root / ".mlops") as server:
        body = {"name": "churn", "version": "1", "stage": "Production"}
        answer = ask(server.port, body, "/api/2.0/mlflow/model-versions/transition-stage")
        assert (answer.status, answer.json["error_code"]) == (400, "INVALID_STATE"), json.dumps(answer.json)
        assert "gate 'ann' of production" in answer.json["message"]


def test_a_store_is_of_the_project_around_it(tmp_path: Path) -> None:
    found = projects.of_store(str(tmp_path / ".mlops" / "store.db"))
    assert found is not None
    assert found.root == str(tmp_path)
    assert projects.of_store(str(tmp_path / "store.db")) is None
    assert projects.of_store(str(tmp_path / ".mlops" / "other.db")) is None
