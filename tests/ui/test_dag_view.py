"""The graph as a widget: keys, folds, neighbourhoods, and that nothing is repainted that did not change."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from projects import dashboard
from run_screens import sees, until
from screens import rendered, settled
from slow_pipeline import SLOW
from terminal import Terminal
from textual.app import App, ComposeResult

from mlops_tui import pipeline
from mlops_tui.config import Config
from mlops_tui.project import Project
from mlops_tui.ui import signs
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens.pipeline import PipelineScreen
from mlops_tui.ui.screens.run import RunScreen
from mlops_tui.ui.widgets.dag_boxes import Node
from mlops_tui.ui.widgets.dag_view import DagView

DEMO = {
    "prepare": (),
    "logistic": ("prepare",),
    "forest": ("prepare",),
    "boosting": ("prepare",),
    "evaluate": ("logistic", "forest", "boosting"),
}


class DagApp(App[None]):
    """A graph alone."""

    def __init__(self) -> None:
        super().__init__()
        self.selected: list[str] = []

    def compose(self) -> ComposeResult:
        yield DagView()

    def on_dag_view_selected(self, message: DagView.Selected) -> None:
        self.selected.append(message.name)

    @property
    def view(self) -> DagView:
        return self.query_one(DagView)


def nodes(*names: str, state: str = "stale", time: str = "") -> list[Node]:
    return [Node(name, state, time) for name in names]


async def test_arrows_follow_edges_and_reach_the_neighbours() -> None:
    app = DagApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.view.show(nodes(*DEMO), DEMO)
        app.view.focus()
        await sees(pilot, "prepare", "evaluate")
        assert app.view.names == ("prepare",)
        await pilot.press("j")
        first = app.view.names
        assert first[0] in DEMO["evaluate"]
        await pilot.press("left", "left", "l", "l")
        assert app.view.names[0] in DEMO["evaluate"]
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.selected == ["evaluate"])
        await pilot.press("k", "k")
        assert app.view.names == ("prepare",)
        await pilot.press("G")
        assert app.view.names == ("evaluate",)


async def test_state_time_progress_and_attempts_stand_in_the_boxes() -> None:
    app = DagApp()
    async with app.run_test(size=(80, 24)) as pilot:
        shown = [Node("a", "done", "12.0s"), Node("b", "running", "9s", share=0.45, attempt=2)]
        app.view.show(shown, {"a": (), "b": ("a",)})
        text = await sees(pilot, "✓ a", "12.0s", "▶ b")
        assert "█░░ ×2 45%" in text


async def test_less_and_more_of_the_neighbourhood_is_shown() -> None:
    app = DagApp()
    names = [f"s{number}" for number in range(9)]
    chain = {name: (names[place - 1],) if place else () for place, name in enumerate(names)}
    async with app.run_test(size=(80, 60)) as pilot:
        app.view.show(nodes(*names), chain)
        app.view.focus()
        await sees(pilot, "s0", "s8")
        await pilot.press("j", "j", "j", "j", "minus", "minus", "minus")
        await until(pilot, lambda: "s2" not in rendered(app))
        assert "s3" in rendered(app)
        assert "1 level around s4" in app.view.caption
        await pilot.press("j")
        await sees(pilot, "s6")
        for _ in range(8):
            await pilot.press("plus")
        await sees(pilot, "s0", "s8")
        assert app.view.caption == ""


async def test_a_fold_opens_and_z_opens_all() -> None:
    app = DagApp()
    names = [f"s{number:03}" for number in range(300)]
    needs = {name: () if name == "s000" else ("s000",) for name in names}
    async with app.run_test(size=(80, 24)) as pilot:
        app.view.show(nodes(*names), needs)
        app.view.focus()
        text = await sees(pilot, " more")
        assert "s000" in text
        assert "of 300 folded" in app.view.caption
        await pilot.press("G")
        assert len(app.view.names) > 100
        await pilot.press("enter")
        await until(pilot, lambda: len(app.view.names) == 1)
        await pilot.press("z", "z")
        await sees(pilot, " more")


async def test_hundreds_of_stages_are_all_reached_by_keys() -> None:
    app = DagApp()
    names = [f"s{number:03}" for number in range(200)]
    needs = {name: (names[place // 3],) if place else () for place, name in enumerate(names)}
    async with app.run_test(size=(80, 24)) as pilot:
        app.view.show(nodes(*names), needs)
        app.view.focus()
        await pilot.press("z", "G")
        await settled(pilot)
        seen = set(app.view.names)
        for _ in range(200):
            await pilot.press("left")
            seen |= set(app.view.names)
        for _ in range(5):
            await pilot.press("up")
            seen |= set(app.view.names)
        assert len(seen) > 120
        assert app.view.names == ("s000",)


async def test_without_unicode_it_is_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signs, "is_unicode", lambda: False)
    monkeypatch.setattr("mlops_tui.ui.widgets.dag_drawing.is_unicode", lambda: False)
    monkeypatch.setattr("mlops_tui.ui.widgets.dag_boxes.is_unicode", lambda: False)
    app = DagApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.view.show([Node(name, "running", share=0.5, attempt=3) for name in DEMO], DEMO)
        assert (await sees(pilot, "prepare")).isascii()


async def test_equal_stages_repaint_nothing_and_changed_ones_their_lines() -> None:
    app = DagApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.view.show(nodes(*DEMO), DEMO)
        await sees(pilot, "prepare")
        await settled(pilot)
        refreshed: list[object] = []
        original = app.view.refresh
        app.view.refresh = lambda *regions, **options: (refreshed.extend(regions or ["all"]), original(*regions))[1]  # type: ignore[assignment, func-returns-value]
        app.view.show(nodes(*DEMO), DEMO)
        assert refreshed == []
        app.view.show([Node("prepare", "stale", "1.5s"), *nodes(*list(DEMO)[1:])], DEMO)
        assert len(refreshed) == 1


def project(directory: Path) -> Project:
    (directory / "dvc.yaml").write_text(SLOW)
    return Project(str(directory))


async def test_D_turns_the_list_into_a_graph_and_the_session_remembers(tmp_path: Path) -> None:
    made = project(tmp_path)
    app = MlopsApp(made, Config(), start="pipeline slow")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "never run")
        await pilot.press("D")
        await sees(pilot, "~ first", "~ slow", "~ last")
        screen = app.screen
        assert isinstance(screen, PipelineScreen)
        assert screen.stages.chosen == ("slow",)
        await pilot.press("j")
        await until(pilot, lambda: screen.stages.chosen == ("last",))
        await pilot.press("colon", *"events", "enter")
        await until(pilot, lambda: app.screen is not screen)
        await pilot.press("colon", *"pipeline", "enter")
        await until(pilot, lambda: isinstance(app.screen, PipelineScreen))
        await sees(pilot, "~ last")
        assert app.screen.stages.is_graph  # type: ignore[attr-defined]
        await pilot.press("D")
        await sees(pilot, "never run")


async def test_enter_in_the_graph_opens_the_run_of_the_stage(tmp_path: Path) -> None:
    made = project(tmp_path)
    Path(made.path("go")).touch()
    pipeline.wait(made, pipeline.start(made))
    app = MlopsApp(made, Config(), start="pipeline")
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "first")
        await pilot.press("D")
        await sees(pilot, "✓ first")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))


@pytest.mark.terminal
def test_an_idle_graph_writes_nothing_to_the_terminal(tmp_path: Path) -> None:
    project(tmp_path)
    with Terminal(dashboard(tmp_path), env={"TERM": "xterm-256color"}) as terminal:
        terminal.wait("Pipeline")
        terminal.send(":", "pipeline", "enter")
        terminal.wait("never run")
        terminal.send("D")
        terminal.wait("~ slow")
        before = terminal.quiet(1.0)
        time.sleep(3.0)
        assert len(terminal.output) == before
