"""A bare ``status`` and ``run``, which load little: they say and do what the verbs with options do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pipeline_builders import until

from mlops_store import pipelines, runs
from mlops_store.store import Store

Cli = Callable[..., Any]
_DVC_YAML = "stages:\n  copy: {cmd: cp in out, deps: [in], outs: [out]}\n  last: {cmd: cat out, deps: [out]}\n"


@pytest.fixture
def finished(cli: Cli, project: Path) -> Path:
    """A project whose pipeline is known to be up to date."""
    (project / "dvc.yaml").write_text(_DVC_YAML)
    (project / "in").write_text("1\n")
    assert cli("run").exit_code == 0
    until(lambda: (project / ".mlops" / "up-to-date").exists(), "the verdict")
    return project


def judged(cli: Cli, project: Path) -> str:
    """What ``status`` says without remembering that all was up to date."""
    (project / ".mlops" / "up-to-date").unlink()
    return cli("status").stdout


def test_a_status_from_memory_says_what_one_that_judges_says(cli: Cli, finished: Path) -> None:
    remembered = cli("status")
    assert remembered.exit_code == 0
    assert remembered.stdout == judged(cli, finished)
    assert "copy   up to date" in remembered.stdout
    assert "pipeline-1 finished" in remembered.stdout


def test_a_status_from_memory_tells_of_models_and_alerts(cli: Cli, finished: Path, store: Store) -> None:
    with store.write() as db:
        db.execute(
            "INSERT INTO registered_models (name, description, created_at, updated_at) VALUES ('churn', '', 1, 1)"
        )
    (finished / "mlops.toml").write_text('[monitors.web]\nwatch = ["now.csv"]\nreference = "then.csv"\n')
    for name, shift in (("then", 0), ("now", 60)):
        rows = "".join(f"{(value * 7919) % 101 + shift}\n" for value in range(200))
        (finished / f"{name}.csv").write_text(f"amount\n{rows}")
    cli("drift", "check")
    remembered = cli("status").stdout
    assert "churn" in remembered
    assert "now.csv" in remembered
    assert remembered == judged(cli, finished)


def test_a_status_from_memory_sees_a_run_that_goes_on(cli: Cli, finished: Path, store: Store) -> None:
    with store.write() as db:
        runs.create(db, run_id="r" * 32, name="again", experiment="default", kind="pipeline", started_at=1e9)
        pipelines.create(db, "r" * 32, stages=[], jobs=1, request={})
        pipelines.claim(db, "r" * 32, host="another machine", pid=1, ticks=1, boot_id="")
    assert "again running" in cli("status").stdout


@pytest.mark.parametrize("change", ["in", "out", "dvc.yaml", "dvc.lock", "new.dvc"])
def test_what_has_changed_is_told_at_once(cli: Cli, finished: Path, change: str) -> None:
    if change == "dvc.yaml":
        (finished / change).write_text(_DVC_YAML + "  more: {cmd: echo}\n")
    elif change == "dvc.lock":
        (finished / change).unlink()
    elif change == "new.dvc":
        (finished / change).write_text("outs:\n- {path: new, md5: 0cc175b9c0f1b6a831c399e269772661, hash: md5}\n")
    else:
        (finished / change).write_text("2\n")
    told = cli("status").stdout
    assert "stale" in told or "new.dvc" in told


def test_a_mistake_in_the_configuration_is_told_by_a_status_from_memory(cli: Cli, finished: Path) -> None:
    (finished / "mlops.toml").write_text("[")
    told = cli("status")
    assert (told.exit_code, told.stdout) == (1, "") or told.exit_code == 2
    assert "mlops.toml" in told.stderr


@pytest.mark.parametrize("verb", ["status", "run"])
def test_the_program_itself_ends_with_all_it_has_to_say_and_no_open_log(finished: Path, verb: str) -> None:
    done = subprocess.run([sys.executable, "-m", "mlops_tui", verb], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("up to date\n")
    assert done.stderr == ""
    assert not (finished / ".mlops" / "store.db-wal").exists()


@pytest.mark.parametrize("verb", ["status", "run"])
def test_a_refusal_has_its_exit_code(project: Path, verb: str) -> None:
    (project / "dvc.yaml").write_text("stages: [")
    done = subprocess.run([sys.executable, "-m", "mlops_tui", verb], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "dvc.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_nobody_reading_is_no_error(finished: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "mlops_tui", "status"], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert done.returncode == 1
    assert done.stderr == b""


def test_a_status_from_memory_loads_next_to_nothing(finished: Path) -> None:
    code = "import sys; from mlops_tui.cli import main; main(['status']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"click", "yaml", "dataclasses", "mlops_store.runs", "mlops_tui.config"} & set(done.stderr.split())
