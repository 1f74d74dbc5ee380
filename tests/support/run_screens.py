"""Builders for tests of the screens that show runs: a project with runs, the dashboard on it, and waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from screens import rendered
from textual.pilot import Pilot

from mlops_store import artifacts, metrics, runs
from mlops_store.ids import new_id
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.project import Project
from mlops_tui.ui.app import MlopsApp

#: A name that tries everything: markup, escape sequences, line breaks, wide and zero-width characters, length.
HOSTILE = "[bold]x[/] [/nope] \x1b[31mred\x1b[0m\nline\ttab\u202e\u200b 😀é " + "y" * 10_000


def add_run(
    store: Store,
    name: str,
    *,
    experiment: str = "churn",
    status: str = "FINISHED",
    started_at: float = 1_700_000_000.0,
    params: Mapping[str, Any] | None = None,
    values: Mapping[str, float] | None = None,
    curves: Mapping[str, Iterable[float]] | None = None,
    tags: Mapping[str, str] | None = None,
    files: Mapping[str, bytes] | None = None,
    error: str = "",
    **attributes: Any,
) -> str:
    """A run in the store; the id of it."""
    run_id = new_id()
    with store.write() as db:
        runs.create(
            db, run_id=run_id, name=name, experiment=experiment, status=status, started_at=started_at, **attributes
        )
        runs.set_params(db, run_id, params or {})
        runs.set_tags(db, run_id, tags or {})
        points = [(key, 0, started_at, value) for key, value in (values or {}).items()]
        for key, series in (curves or {}).items():
            points += [(key, step, started_at + step, value) for step, value in enumerate(series)]
        metrics.write(db, run_id, points)
        for path, content in (files or {}).items():
            digest, size = artifacts.put_bytes(store.objects_dir, content)
            artifacts.record(db, run_id, path, digest, size, started_at)
        if status not in ("RUNNING", "SCHEDULED"):
            runs.finish(db, run_id, status, started_at + 60, 0 if status == "FINISHED" else 1, error)
    return run_id


def make_store(directory: Path) -> Store:
    """The store of a project."""
    return Store(Project(str(directory)).store_path)


def dashboard(directory: Path, start: str, config: Config | None = None) -> MlopsApp:
    """The dashboard of a project, at a place."""
    return MlopsApp(Project(str(directory)), config or Config(), start=start)


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Waits until a condition holds, for at most 30 seconds."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        await pilot.pause(0.02)
        if condition():
            return
    raise AssertionError(f"it never came to that:\n{rendered(pilot.app)}")


async def sees(pilot: Pilot[Any], *texts: str) -> str:
    """Waits until all the texts are on the screen, which is returned."""
    await until(pilot, lambda: all(text in rendered(pilot.app) for text in texts))
    return rendered(pilot.app)


async def misses(pilot: Pilot[Any], *texts: str) -> str:
    """Waits until none of the texts is on the screen, which is returned."""
    await until(pilot, lambda: not any(text in rendered(pilot.app) for text in texts))
    return rendered(pilot.app)
