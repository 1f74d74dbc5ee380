"""Builders for tests of tracking: real scripts in real projects, and what the store has of them afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlops_store import artifacts, fold, metrics, runs
from mlops_store.records import Run, RunDetail
from mlops_store.run_columns import order
from mlops_store.store import Store

PRELUDE = "import mlops_tui as mlops\n"


def environment(project: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a script of a project, with nothing of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLOPS_", "MLFLOW_", "DVC_"))}
    return {**kept, "MLOPS_PROJECT": str(project), **(extra or {})}


def start(project: Path, code: str, *, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """A script of a project, running."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(code)],
        cwd=project,
        env=environment(project, env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def script(project: Path, code: str, *, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A script of a project, run to its end."""
    process = start(project, code, env=env)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@contextmanager
def opened(project: Path) -> Iterator[Store]:
    """The project's store with everything folded."""
    with Store(str(project / ".mlops" / "store.db")) as store:
        # a script that was killed may have left a process that folds, which a busy machine keeps from ending for long
        fold.fold(store, str(project / ".mlops" / "journals"), wait_s=600, budget_s=600)
        yield store


def content(project: Path) -> dict[str, bytes]:
    """Path -> bytes of the artifacts of the project's only run."""
    found = {}
    with opened(project) as store:
        for artifact in detail(project).artifacts:
            with artifacts.open_object(store.objects_dir, artifact.digest) as file:
                found[artifact.path] = file.read()
    return found


def all_runs(project: Path) -> list[Run]:
    """The project's runs, oldest first."""
    with opened(project) as store:
        db = store.read()
        return runs.by_ids(db, runs.ids(db, order=[order("started_at")]))


def only_run(project: Path) -> Run:
    """The project's run, which must be the only one."""
    (run,) = all_runs(project)
    return run


def detail(project: Path, run_id: str = "") -> RunDetail:
    """Everything about a run, or about the only one."""
    run_id = run_id or only_run(project).run_id
    with opened(project) as store:
        return runs.detail(store.read(), run_id)


def values(project: Path, key: str, run_id: str = "") -> list[float]:
    """The values of a metric in the order of steps."""
    run_id = run_id or only_run(project).run_id
    with opened(project) as store:
        return [point.value for point in metrics.history(store.read(), run_id, key)]


def remarks(project: Path) -> list[str]:
    """The messages of all events, oldest first."""
    from mlops_store import events

    with opened(project) as store:
        return [event.message for event in reversed(events.newest(store.read(), limit=1000))]
