"""Screens paint at once, and once for all that a key sets off."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from mlops_tui.ui import painting
from mlops_tui.ui.painting import PaintingScreen
from mlops_tui.ui.widgets.text_view import TextView


class Painted(PaintingScreen[None]):
    """A text, and what was painted of it."""

    def compose(self) -> ComposeResult:
        yield TextView(["first"])

    def say(self, text: str) -> None:
        self.query_one(TextView).show([text])


class PaintedApp(App[None]):
    """Keeps what its frames show."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[str] = []

    def get_default_screen(self) -> Painted:
        return Painted()

    def post_display_hook(self) -> None:
        strips = self.screen._compositor.render_strips()
        text = strips[0].text.strip() if strips else ""
        if text and self.frames[-1:] != [text]:
            self.frames.append(text)

    async def until(self, pilot: Pilot[None], count: int) -> None:
        """Waits until so many frames have been painted."""
        while len(self.frames) < count:
            await pilot.pause(0.01)


async def test_what_changes_while_an_answer_is_awaited_is_painted_with_it_as_one_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(painting, "HOLD_S", 60.0)
    app = PaintedApp()
    async with app.run_test(size=(30, 4)) as pilot:
        await app.until(pilot, 1)
        screen = app.screen
        assert isinstance(screen, Painted)
        screen.hold()
        screen.say("between")
        await pilot.pause()
        assert app.frames == ["first"]
        screen.say("answer")
        screen.release()
        await app.until(pilot, 2)
        assert app.frames == ["first", "answer"]


async def test_an_answer_that_takes_long_does_not_keep_the_rest_from_being_painted() -> None:
    app = PaintedApp()
    async with app.run_test(size=(30, 4)) as pilot:
        await app.until(pilot, 1)
        screen = app.screen
        assert isinstance(screen, Painted)
        screen.hold()
        screen.say("between")
        await app.until(pilot, 2)
        assert app.frames == ["first", "between"]
