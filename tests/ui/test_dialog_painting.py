"""What the terminal shows after dialogs came and went is what painting everything anew would show."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from projects import project_with_runs
from rich.color import ColorSystem
from run_screens import until
from screens import settled
from textual.pilot import Pilot
from textual.screen import Screen

from mlops_tui.config import Config
from mlops_tui.project import Project
from mlops_tui.ui import frames
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.output import Output
from mlops_tui.ui.painting import PaintingScreen
from mlops_tui.ui.widgets.dialog import Confirm


class Shown(MlopsApp):
    """The dashboard with a terminal that keeps what it is sent; ``painted`` has how many lines each frame was about."""

    def __init__(self, root: Path, start: str) -> None:
        super().__init__(Project(str(root)), Config(), start=start)
        self.terminal = Output(ColorSystem.TRUECOLOR)
        self.painted: list[int] = []

    def _display(self, screen: Screen[object], renderable: object) -> None:
        pieces = None if renderable is None or self._batch_count else frames.spans(renderable)
        if pieces is not None:
            self.terminal.resize(*self.size)
            self.terminal.frame(pieces)
            self.painted.append(len({piece.y for piece in pieces}))
        self.post_display_hook()


def differences(app: Shown) -> list[str]:
    """Lines of the terminal that a full painting would change."""
    anew = Output(ColorSystem.TRUECOLOR)
    anew.resize(*app.size)
    strips = app.screen._compositor.render_strips()
    anew.frame(frames.Span(y, 0, strip) for y, strip in enumerate(strips))
    width, height = app.size
    return [
        f"{y}: {shown!r} is {wanted!r}"
        for y in range(height)
        if (shown := [app.terminal.cell(x, y) for x in range(width)])
        != (wanted := [anew.cell(x, y) for x in range(width)])
    ]


async def is_right(pilot: Pilot[object], what: object) -> None:
    """Waits until the application rests; then nothing stale is on the terminal."""
    app = pilot.app
    assert isinstance(app, Shown)
    await settled(pilot)
    screens = [screen for screen in app.screen_stack if isinstance(screen, PaintingScreen)]
    await until(pilot, lambda: not any(screen.is_current and screen._is_due for screen in screens))
    await pilot.pause(0.02)
    assert differences(app) == [], what


#: Keys that open dialogs, prompts and the palette, move within them, choose, and leave them.
KEYS = ["s", "C", "b", "w", "t", "n", "d", "e", "question_mark", "ctrl+p", "colon", "slash", "space"]
KEYS += ["j", "k", "G", "g", "enter", "escape", "escape", "escape", "x", "7", "tab", "ctrl+d", "1", "2", "M", "a"]
SIZES = [(80, 24), (120, 40), (200, 60), (100, 30)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    project_with_runs(root)
    return root


SLOW = [pytest.param(start, 60, marks=pytest.mark.slow) for start in ("overview", "runs", "events")]


@pytest.mark.parametrize(("start", "steps"), [("runs", 15), *SLOW])
async def test_nothing_stale_is_left_however_dialogs_come_and_go(root: Path, start: str, steps: int) -> None:
    choose = random.Random(f"{start} {steps}")
    app = Shown(root, start)
    async with app.run_test(size=SIZES[0]) as pilot:
        await is_right(pilot, "start")
        done: list[object] = []
        for _ in range(steps):
            kind = choose.random()
            if kind < 0.1:
                done.append(choose.choice(SIZES))
                await pilot.resize_terminal(*done[-1])  # type: ignore[misc]
            elif kind < 0.15:
                done.append(choose.choice(["mlops-light", "mlops-dark"]))
                app.theme = str(done[-1])
            elif kind < 0.2:
                done.append("toast")
                app.notify("something happened", timeout=choose.choice([0.01, 60]))
            elif kind < 0.23:
                done.append("redraw")
                app.terminal.forget()
                app.action_redraw()
            elif kind < 0.28:
                done.append("over")
                app.push_screen(Confirm("Sure?", ["a line"] * choose.randrange(1, 9)))
            else:
                done += choose.sample(KEYS, choose.randrange(1, 4))
                await pilot.press(*(str(key) for key in done[-3:] if key in KEYS))
            await is_right(pilot, done)


async def test_a_dialog_paints_its_own_lines_when_it_opens_and_those_below_it_when_it_closes(root: Path) -> None:
    app = Shown(root, "runs")
    async with app.run_test(size=(200, 60)) as pilot:
        await is_right(pilot, "start")
        app.painted.clear()
        app.push_screen(Confirm("Sure?", ["all will be lost"]))
        await is_right(pilot, "open")
        app.pop_screen()
        await is_right(pilot, "closed")
        assert app.painted
        assert max(app.painted) < 10
