from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from screens import rendered, settled
from textual.pilot import Pilot

from mlops_store import pipelines
from mlops_store.records import PipelineRun, PipelineState, StageRun, StageState
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.config import Config
from mlops_tui.pipeline.state import StageStatus
from mlops_tui.project import Project
from mlops_tui.ui import stage_rows
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens.pipeline import PipelineScreen, StagesPane
from mlops_tui.ui.text import plain
from mlops_tui.ui.widgets.dialog import Choose, Confirm, Dialog

CHAIN = """
stages:
  prepare:
    cmd: echo preparing && cp raw.txt data.txt
    deps: [raw.txt]
    outs: [data.txt]
  train:
    cmd: echo "training [red]hard[/]" && cp data.txt model.txt
    deps: [data.txt]
    outs: [model.txt]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "dvc.yaml").write_text(CHAIN)
    (tmp_path / "raw.txt").write_text("1")
    return Project(str(tmp_path))


def ran(project: Project, **options: object) -> PipelineRun:
    """Runs the pipeline to its end."""
    Store(project.store_path).close()
    return pipeline.wait(project, pipeline.start(project, **options))  # type: ignore[arg-type]


async def until(pilot: Pilot[object], condition: Callable[[], object]) -> None:
    """Waits until a condition holds, for at most about 20 seconds."""
    for _ in range(400):
        if condition():
            return
        await pilot.pause(0.05)
    raise AssertionError(f"it never came to that:\n{rendered(pilot.app)}")


def opened(project: Project, argument: str = "") -> MlopsApp:
    return MlopsApp(project, Config(), start=f"pipeline {argument}".strip())


def status(name: str, *reasons: str, frozen: bool = False) -> StageStatus:
    return StageStatus(name, bool(reasons), reasons, frozen, f"run {name}", (), ())


def run_of(state: PipelineState, *stages: StageRun) -> PipelineRun:
    return PipelineRun("0" * 32, "all", state, 1, started_at=100.0, stages=stages)


def test_while_a_run_is_under_way_its_own_states_count() -> None:
    run = run_of(PipelineState.RUNNING, StageRun("a", 0, StageState.RUNNING, reasons=("never run",), started_at=100.0))
    (stage,) = stage_rows.merged(run, [status("a", "never run")], {})
    assert (stage.state, stage.reasons) == ("running", ("never run",))


def test_a_stage_that_is_stale_again_says_so_after_the_run() -> None:
    run = run_of(PipelineState.FINISHED, StageRun("a", 0, StageState.DONE))
    (stage,) = stage_rows.merged(run, [status("a", "raw.txt changed")], {})
    assert (stage.state, stage.reasons) == ("stale", ("raw.txt changed",))


def test_a_failed_stage_stays_failed_until_it_is_fresh() -> None:
    run = run_of(PipelineState.FAILED, StageRun("a", 0, StageState.FAILED, exit_code=3, error="boom\n"))
    (failed,) = stage_rows.merged(run, [status("a", "never run")], {})
    (fresh,) = stage_rows.merged(run, [status("a")], {})
    assert (failed.state, fresh.state) == ("failed", "fresh")
    assert plain(stage_rows.note_cell(failed, 200.0)) == "exit 3  boom"


def test_progress_follows_the_median_of_past_runs_and_never_claims_the_end() -> None:
    run = run_of(PipelineState.RUNNING, StageRun("a", 0, StageState.RUNNING, started_at=100.0))
    (stage,) = stage_rows.merged(run, [status("a", "never run")], {"a": 10.0})
    assert stage.usual_s == 10.0
    assert plain(stage_rows.note_cell(stage, 105.0)).endswith(" 50%")
    assert plain(stage_rows.note_cell(stage, 900.0)).endswith(" 99%")


async def test_stages_are_listed_with_why_they_are_stale(project: Project) -> None:
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        screen = rendered(app)
        assert "2 stale" in screen
        assert screen.index("prepare") < screen.index("train")
        assert "never run" in screen
    assert not Path(project.state_dir, "store.db").exists()


async def test_a_directory_without_a_pipeline_says_what_to_write(tmp_path: Path) -> None:
    app = opened(Project(str(tmp_path)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "No pipeline here yet" in rendered(app)
        assert "cmd: python train.py" in rendered(app)


async def test_a_broken_pipeline_file_is_named_with_its_line(project: Project) -> None:
    Path(project.pipeline_path).write_text("stages:\n  a:\n    cmd: x\n    dpes: [y]\n")
    app = opened(project)
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        assert "dvc.yaml:4:" in rendered(app)


async def test_the_log_of_the_stage_under_the_cursor_is_shown_as_plain_text(project: Project) -> None:
    ran(project)
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "preparing" in rendered(app))
        await pilot.press("j")
        await until(pilot, lambda: "training [red]hard[/]" in rendered(app))


async def test_a_stage_given_as_argument_is_under_the_cursor(project: Project) -> None:
    ran(project)
    app = opened(project, "train")
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        current = app.screen.query_one(StagesPane).current
        assert current is not None
        assert current.name == "train"


async def test_r_runs_what_is_stale_and_the_states_follow(project: Project) -> None:
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("r")
        pane = app.screen.query_one(StagesPane)
        await until(pilot, lambda: pane.records is not None and [s.state for s in pane.records.stages] == ["done"] * 2)
        assert [command.line for command in app.session.commands] == ["mlops-tui run --detach"]
    assert Path(project.path("model.txt")).read_text() == "1"


async def test_J_and_K_choose_how_runs_are_started(project: Project) -> None:
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for key in ("J", "backspace", "x", "enter"):
            await pilot.press(key)
        assert "a number from 1 to" in rendered(app)
        for key in ("backspace", "3", "enter", "K"):
            await pilot.press(key)
        await settled(pilot)
        assert "pipeline (3 at a time, keeps going)" in rendered(app)
        await pilot.press("r")
        pane = app.screen.query_one(StagesPane)
        await until(pilot, lambda: pane.records is not None and [s.state for s in pane.records.stages] == ["done"] * 2)
        assert [command.line for command in app.session.commands] == ["mlops-tui run --detach --keep-going -j 3"]
        run = pane.records.run if pane.records is not None else None
        assert run is not None
        assert run.request["keep_going"]


async def test_a_stage_that_has_ended_without_a_word_is_not_said_to_be_about_to_write(project: Project) -> None:
    path = Path(project.path("dvc.yaml"))
    path.write_text("stages: {quiet: {cmd: cp raw.txt out.txt, deps: [raw.txt], outs: [out.txt]}}\n")
    ran(project)
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "it wrote nothing" in rendered(app))


async def test_R_runs_a_fresh_stage_again_only_after_a_yes(project: Project) -> None:
    first = ran(project)
    app = opened(project, "train")
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("R")
        assert isinstance(app.screen, Confirm)
        await pilot.press("escape")
        assert app.session.commands == []
        await pilot.press("R")
        await pilot.press("enter")
        await until(pilot, lambda: app.session.commands)
        pane = app.screen.query_one(StagesPane)
        await until(
            pilot,
            lambda: (
                pane.records
                and pane.records.run
                and pane.records.run.run_id != first.run_id
                and not pane.records.is_live
            ),
        )
        assert app.session.commands[0].line == "mlops-tui run --detach --force train"


async def test_x_stops_the_process_group_after_a_yes(project: Project) -> None:
    Path(project.pipeline_path).write_text("stages:\n  slow:\n    cmd: echo begun; sleep 600\n")
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("r")
        pane = app.screen.query_one(StagesPane)
        await until(pilot, lambda: pane.records and [s.state for s in pane.records.stages] == ["running"])
        await pilot.press("x")
        assert "slow" in rendered(app)
        await pilot.press("enter")
        await until(pilot, lambda: pane.records and pane.records.run and not pane.records.is_live)
        assert pane.records is not None
        assert pane.records.run is not None
        assert pane.records.run.state is PipelineState.STOPPED


async def test_W_says_in_full_why_and_what_was_read_and_written(project: Project) -> None:
    ran(project)
    Path(project.path("raw.txt")).write_text("22")
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("W")
        await settled(pilot)
        assert isinstance(app.screen, Dialog)
        text = rendered(app)
        assert "raw.txt changed" in text
        assert "echo preparing" in text
        assert "data.txt" in text


async def test_an_earlier_pipeline_run_can_be_looked_at_and_left(project: Project) -> None:
    first = ran(project)
    Path(project.path("raw.txt")).write_text("2")
    ran(project)
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("H")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await settled(pilot)
        await pilot.press("j", "enter")
        await settled(pilot)
        assert isinstance(app.screen, PipelineScreen)
        assert app.screen.stages.records is not None
        assert app.screen.stages.records.is_past
        assert app.screen.stages.records.run is not None
        assert app.screen.stages.records.run.run_id == first.run_id
        await pilot.press("escape")
        await settled(pilot)
        assert not app.screen.stages.records.is_past


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (40, 12)])
async def test_it_fits_any_size(project: Project, size: tuple[int, int]) -> None:
    ran(project)
    app = opened(project)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "preparing" in rendered(app))
        assert "prepare" in rendered(app)
        assert all(len(line) <= size[0] for line in rendered(app).splitlines())


def test_a_running_stage_shows_what_it_uses() -> None:
    run = run_of(PipelineState.RUNNING, StageRun("a", 0, StageState.RUNNING, started_at=100.0))
    (stage,) = stage_rows.merged(run, [status("a", "never run")], {})
    stage = dataclasses.replace(stage, usage=(187.4, 512.0))
    assert plain(stage_rows.note_cell(stage, 105.0)) == "cpu 187%  512 MB"
    stage = dataclasses.replace(stage, usual_s=10.0)
    assert plain(stage_rows.note_cell(stage, 105.0)).endswith(" 50%  cpu 187%  512 MB")


async def test_the_title_says_how_long_a_run_would_take(project: Project) -> None:
    ran(project)
    Path(project.path("raw.txt")).write_text("2")
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "2 stale, about 0." in rendered(app))


async def test_the_graph_of_an_earlier_run_has_its_edges(project: Project) -> None:
    ran(project)
    Path(project.path("raw.txt")).write_text("2")
    ran(project)
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("D", "H")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await settled(pilot)
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, PipelineScreen) and app.screen.stages.records.is_past)
        assert isinstance(app.screen, PipelineScreen)
        await until(pilot, lambda: "│ ✓ train" in rendered(app))
        text = rendered(app).splitlines()
        upper = next(y for y, line in enumerate(text) if "✓ prepare" in line)
        lower = next(y for y, line in enumerate(text) if "✓ train" in line)
        assert upper < lower


async def test_escape_leaves_a_neighbourhood_before_the_screen(project: Project) -> None:
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("D", "minus")
        await until(pilot, lambda: "3 levels around prepare" in rendered(app))
        await pilot.press("escape")
        await until(pilot, lambda: "around" not in rendered(app))
        assert isinstance(app.screen, PipelineScreen)


async def test_stages_of_other_files_and_generated_ones_are_shown_and_run_by_their_addresses(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(
        'stages: {"s p": {matrix: {m: ["[red]", a/b]}, cmd: "echo \'${key}\' > ${item.m}.txt"}}'
    )
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "dvc.yaml").write_text("stages: {last: {cmd: echo made by sub > o, outs: [o]}}")
    (tmp_path / "a").mkdir()
    app = opened(Project(str(tmp_path)))
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        screen = rendered(app)
        for name in ("s p@[red]", "s p@a/b", "sub/dvc.yaml:last"):
            assert name in screen
        await pilot.press("r")
        await until(pilot, lambda: "finished" in rendered(app) or "failed" in rendered(app))
    assert (tmp_path / "a" / "b.txt").read_text() == "a/b\n"
    assert (tmp_path / "sub" / "o").exists()


async def test_a_run_that_had_nothing_to_do_does_not_hide_what_a_stage_wrote(project: Project) -> None:
    ran(project)
    ran(project)
    app = opened(project)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "preparing" in rendered(app))
        assert "prepare, of" in rendered(app)


async def test_the_stage_that_runs_is_looked_at_first(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  a:\n    cmd: touch a.txt\n    outs: [a.txt]\n"
        "  b:\n    cmd: echo going on; sleep 600\n    deps: [a.txt]\n    outs: [b.txt]\n"
    )
    project = Project(str(tmp_path))
    Store(project.store_path).close()
    run_id = pipeline.start(project)
    app = opened(project)
    try:
        with Store(project.store_path) as store:
            while pipelines.get(store.read(), run_id).stages[1].state is not StageState.RUNNING:
                time.sleep(0.02)
        async with app.run_test(size=(100, 30)) as pilot:
            await until(pilot, lambda: "going on" in rendered(app))
            assert isinstance(app.screen, PipelineScreen)
            current = app.screen.stages.current
            assert current is not None
            assert current.name == "b"
    finally:
        pipeline.stop(project, run_id)
        pipeline.wait(project, run_id)
