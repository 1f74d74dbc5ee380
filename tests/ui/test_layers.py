"""Dialogs are painted over what is seen already, and what they have covered when they go: the terminal shows it all."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from rich.console import RenderableType
from rich.segment import Segment
from screens import settled
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from mlops_tui.ui import frames
from mlops_tui.ui.painting import PaintingScreen
from mlops_tui.ui.terminal_app import TerminalApp
from mlops_tui.ui.widgets.text_view import TextView

SIZES = ((40, 12), (60, 16), (33, 9))


class Plain(Widget):
    """A text that changes without its size."""

    text = "plain"

    def render(self) -> str:
        return self.text * 40


class Base(PaintingScreen[None]):
    """Three texts side by side."""

    DEFAULT_CSS = "Base { background: #102030; } Base Horizontal > * { width: 1fr; }"

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield TextView(["left"] * 20)
            yield Plain()
            yield TextView(["right"] * 20)


class Box(PaintingScreen[None]):
    """A text in a frame, somewhere."""

    DEFAULT_CSS = """
    Box { background: transparent; }
    Box > Widget { background: #304050; border: round white; position: absolute; }
    """

    def __init__(self, luck: random.Random) -> None:
        super().__init__()
        self._luck = luck

    def compose(self) -> ComposeResult:
        with Widget():
            yield TextView(["box"] * 8)

    def on_mount(self) -> None:
        self.move()

    def move(self) -> None:
        styles = self.query_one(Widget).styles
        styles.width, styles.height = self._luck.randint(6, 20), self._luck.randint(3, 7)
        styles.offset = (self._luck.randrange(14), self._luck.randrange(5))


class Shown(TerminalApp):
    """Keeps what a terminal would show of its frames."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: dict[tuple[int, int], tuple[str, object]] = {}
        self.written = 0

    def get_default_screen(self) -> Base:
        return Base()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        for span in frames.spans(renderable) or []:
            for x, cell in enumerate(cells(span.segments), span.x):
                self.written += 1
                self.cells[span.y, x] = cell
        super()._display(screen, renderable)

    def differing(self) -> dict[tuple[int, int], tuple[object, object]]:
        """Cells that the terminal shows otherwise than they are, with both."""
        whole = {
            (y, x): cell
            for y, strip in enumerate(self.screen._compositor.render_strips(self.size))
            for x, cell in enumerate(cells(strip))
        }
        return {place: (self.cells.get(place), cell) for place, cell in whole.items() if self.cells.get(place) != cell}


def cells(segments: Iterable[Segment]) -> list[tuple[str, object]]:
    return [(one, style and (style.color, style.bgcolor)) for text, style, _ in segments for one in text]


@pytest.mark.parametrize("seed", range(10))
async def test_the_terminal_shows_what_there_is_whatever_comes_to_stand_in_front_of_what(seed: int) -> None:
    luck = random.Random(seed)
    app = Shown()
    async with app.run_test(size=SIZES[0]) as pilot:
        await settled(pilot)
        for number in range(40):
            await act(app, pilot, luck, number)
            if luck.random() < 0.6:
                await settled(pilot)
                assert app.differing() == {}


async def act(app: Shown, pilot: Pilot[int], luck: random.Random, number: int) -> None:
    match luck.randrange(11):
        case 0 if len(app.screen_stack) < 4:
            app.push_screen(Box(luck))
        case 1 if len(app.screen_stack) < 4:
            if not app.is_screen_installed("kept"):
                app.install_screen(Box(luck), "kept")
            box = app.get_screen("kept")
            if box in app.screen_stack:
                return
            for view in box.query(TextView).results():
                view.show([f"again {number}"] * luck.randrange(1, 12))
            app.push_screen("kept")
        case 2 | 3 as way if len(app.screen_stack) > 1:
            base = app.screen_stack[0]
            assert isinstance(base, Base)
            if way == 3:
                base.hold(base, 10)
            app.pop_screen()
            change(app, number)
            await pilot.pause()
            base.release(base)
        case 4:
            for view in app.screen_stack[luck.randrange(len(app.screen_stack))].query(TextView).results():
                view.show([f"text {number} {'x' * luck.randrange(30)}"] * luck.randrange(1, 20))
        case 9:
            change(app, number)
        case 5 if isinstance(box := app.screen, Box) and box.is_mounted:
            box.move()
        case 6:
            app.screen.focus_next()
        case 7:
            app.screen.refresh(layout=luck.random() < 0.5)
        case 8 if luck.random() < 0.3:
            await pilot.resize_terminal(*luck.choice(SIZES))
        case 10:
            app.paint_all()


def change(app: Shown, number: int) -> None:
    plain = app.screen_stack[0].query_one(Plain)
    plain.text = f"{number} "
    plain.refresh()


async def test_a_dialog_writes_its_box_and_what_it_covered_when_it_goes() -> None:
    app = Shown()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert app.written >= 80 * 24
        for change in (lambda: app.push_screen(Box(random.Random(1))), app.pop_screen):
            app.written = 0
            change()
            await settled(pilot)
            assert 0 < app.written < 80 * 24 / 2
            assert app.differing() == {}
