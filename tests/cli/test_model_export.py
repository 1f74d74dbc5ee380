from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from registry_builders import CONFIG, log_directory, make_run
from sklearn.linear_model import LinearRegression

from mlops_store.store import Store
from mlops_tui.registry import formats, versions


def test_a_version_is_exported_by_any_of_its_names(
    cli: Callable[..., object], project: Path, store: Store, tmp_path: Path
) -> None:
    formats.save(LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0]), str(tmp_path / "saved"), input_example=[[1.0]])
    run_id = make_run(store)
    log_directory(store, run_id, tmp_path / "saved")
    versions.register(store, CONFIG, "churn", run_id=run_id, aliases=("champion",))
    trial = cli("models", "export", "churn@champion", "--to", "out", "--dry-run", "--json")
    assert (trial.exit_code, trial.json["dry_run"], os.path.exists("out")) == (0, True, False)  # type: ignore[attr-defined]
    done = cli("models", "export", "churn/1", "--to", "out", "--json").json  # type: ignore[attr-defined]
    assert done["files"] == trial.json["files"]  # type: ignore[attr-defined]
    assert all(os.path.getsize(os.path.join("out", entry["path"])) == entry["size_bytes"] for entry in done["files"])
    again = cli("models", "export", "churn", "--to", "out")
    assert (again.exit_code, "--force" in again.stderr) == (1, True)  # type: ignore[attr-defined]
    forced = cli("models", "export", "churn", "--to", "out", "--force")
    assert forced.exit_code == 0  # type: ignore[attr-defined]
    assert "wrote churn version 1 to out" in forced.stdout  # type: ignore[attr-defined]
    assert "requirements.txt" in forced.stdout  # type: ignore[attr-defined]
    assert cli("models", "export", "churn@production", "--to", "no").exit_code == 2  # type: ignore[attr-defined]
