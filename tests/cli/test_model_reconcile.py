"""``models reconcile``: what it says and how it exits."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from registry_builders import make_store, make_version


def test_differences_are_listed_written_and_gone(cli: Callable, project: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    with make_store(project) as store:
        make_version(store)
    done = cli("models", "reconcile")
    assert (done.exit_code, "no registry is configured" in done.stderr) == (2, True)
    (project / "mlops.toml").write_text("[registry.gto]\ntags = true\n")
    assert cli("models", "reconcile").stderr == "no differences\n"

    done = cli("models", "promote", "churn", "1")
    assert done.exit_code == 0, "a tag that cannot be made holds nothing up"
    assert "warning: churn: not written along yet" in done.stderr
    done = cli("models", "reconcile", "--dry-run", "--json")
    assert (done.exit_code, done.json[0]["done"]) == (1, "would fail"), "a dry run tells what would come"
    assert done.json[0]["difference"]["ours"] == "staging"
    done = cli("models", "reconcile", "churn")
    assert (done.exit_code, "is not in this repository" in done.stdout) == (1, True)
    assert cli("models", "reconcile", "nosuch").exit_code == 2
    assert cli("models", "reconcile", "--take", "mine").exit_code == 2
