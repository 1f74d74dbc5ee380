"""The dashboard runs what is stale by itself when asked, fires triggers, and says how it learns of changes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from screens import rendered
from terminal import Terminal
from textual.pilot import Pilot

from mlops_store import pipelines
from mlops_store import triggers as triggers_store
from mlops_store.records import PipelineRun
from mlops_store.store import Store
from mlops_tui import config as configs
from mlops_tui import pipeline
from mlops_tui.pipeline import firing
from mlops_tui.project import Project
from mlops_tui.ui.app import MlopsApp

PIPELINE = """
stages:
  copy:
    cmd: cp in.txt out.txt && grep -q good in.txt
    deps: [in.txt]
    outs: [out.txt]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that is up to date."""
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "in.txt").write_text("good 1\n")
    (tmp_path / ".gitignore").write_text("/out.txt\n")
    project = Project(str(tmp_path))
    pipeline.wait(project, pipeline.start(project))
    return project


async def until(pilot: Pilot[object], condition: Callable[[], object]) -> None:
    """Waits until a condition holds, for at most about 30 seconds."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"it never came to that:\n{rendered(pilot.app)}"
        await pilot.pause(0.05)


def opened(project: Project) -> MlopsApp:
    return MlopsApp(project, configs.load(project), start="pipeline")


def runs(project: Project) -> list[PipelineRun]:
    with Store(project.store_path) as store:
        return pipelines.newest(store.read(), 100)


async def test_a_save_shows_the_stale_mark_and_taking_it_back_removes_it(project: Project) -> None:
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "up to date" in rendered(app))
        await until(pilot, lambda: app.session.live._followed is not None)
        Path(project.path("in.txt")).write_text("good 2\n")
        await until(pilot, lambda: "in.txt changed" in rendered(app))
        Path(project.path("in.txt")).write_text("good 1\n")
        await until(pilot, lambda: "up to date" in rendered(app))


async def test_w_runs_what_is_stale_after_each_change_until_it_is_pressed_again(project: Project) -> None:
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "up to date" in rendered(app))
        await pilot.press("w")
        await until(pilot, lambda: "runs after each change" in rendered(app))
        assert app.session.commands[-1].line == "mlops-tui run --watch"
        Path(project.path("in.txt")).write_text("good 2\n")
        await until(pilot, lambda: len(runs(project)) == 2 and not runs(project)[0].state.is_live)
        assert Path(project.path("out.txt")).read_text() == "good 2\n"
        Path(project.path("in.txt")).write_text("bad\n")
        await until(pilot, lambda: str(runs(project)[0].state) == "failed")
        await pilot.pause(1.5)
        assert len(runs(project)) == 3  # what failed is not run again
        Path(project.path("in.txt")).write_text("good 3\n")
        await until(pilot, lambda: len(runs(project)) == 4 and str(runs(project)[0].state) == "finished")
        await pilot.press("w")
        await until(pilot, lambda: "runs after each change" not in rendered(app))
        Path(project.path("in.txt")).write_text("good 4\n")
        await until(pilot, lambda: "in.txt changed" in rendered(app))
        await pilot.pause(1.0)
        assert len(runs(project)) == 4


async def test_the_next_trigger_is_named_and_a_missed_one_is_fired(project: Project) -> None:
    Path(project.config_path).write_text('[triggers.yearly]\nschedule = "@yearly"\n')
    with Store(project.store_path) as store:
        firing.tick(project, store, configs.load(project), now=time.time() - 400 * 86400)
        app = opened(project)
        async with app.run_test(size=(100, 30)) as pilot:
            await until(pilot, lambda: triggers_store.states(store.read())["yearly"].run_id)
            await until(pilot, lambda: "next: yearly Jan 01 00:00" in rendered(app))
            assert len(runs(project)) == 2
            await pilot.pause(1.5)
            assert len(runs(project)) == 2


async def test_what_the_frame_of_the_list_says_is_there_again_after_the_graph(project: Project) -> None:
    Path(project.config_path).write_text('[triggers.yearly]\nschedule = "@yearly"\n')
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "next: yearly Jan 01 00:00" in rendered(app))
        await pilot.press("D")
        await until(pilot, lambda: "next: yearly" not in rendered(app))
        await pilot.press("D")
        await until(pilot, lambda: "next: yearly Jan 01 00:00" in rendered(app))


async def test_a_change_trigger_fires_while_the_dashboard_is_open(project: Project) -> None:
    Path(project.config_path).write_text('[triggers.data]\nchange = ["data/*.csv"]\nforce = true\n')
    app = opened(project)
    with Store(project.store_path) as store:
        async with app.run_test(size=(100, 30)) as pilot:
            await until(pilot, lambda: "data" in triggers_store.states(store.read()))
            Path(project.path("data")).mkdir()
            Path(project.path("data", "new.csv")).write_text("1\n")
            await until(pilot, lambda: triggers_store.states(store.read())["data"].run_id)
            await until(pilot, lambda: not pipelines.live(store.read()))


@pytest.mark.terminal
@pytest.mark.needs("unshare")
def test_a_line_says_that_no_more_can_be_watched_and_the_mark_comes_all_the_same(project: Project) -> None:
    for number in range(8):
        Path(project.path("src", str(number))).mkdir(parents=True)
    allow = 'echo 4 > /proc/sys/user/max_inotify_watches || exit 77; exec "$@"'
    program = [sys.executable, "-m", "mlops_tui", project.root]
    with Terminal(["unshare", "-Ur", "sh", "-c", allow, "sh", *program], (100, 30)) as terminal:
        try:
            terminal.wait("last run finished")
        except AssertionError:
            if terminal.process.poll() is not None:
                pytest.skip("no user namespace is to be had here")
            raise
        terminal.send(":pipeline", "enter")
        terminal.wait("inotify limit reached: looking at the pipeline's own files")
        Path(project.path("in.txt")).write_text("good 2\n")
        terminal.wait("in.txt changed")
