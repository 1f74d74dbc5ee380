"""Screens paint at once, and once for all that a key sets off."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from rich.segment import Segment
from screens import rendered, settled
from textual import events
from textual.app import App, ComposeResult
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot
from textual.strip import Strip

from mlops_tui.project import Project
from mlops_tui.ui import painting, strips, type_ahead
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.painting import PaintingScreen
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session
from mlops_tui.ui.type_ahead import TypeAheadApp
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import Row, WindowTable


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

    async def painted(self, pilot: Pilot[None]) -> Painted:
        """The screen, once its first frame has been painted."""
        await self.until(pilot, 1)
        assert isinstance(self.screen, Painted)
        return self.screen


async def test_what_changes_while_an_answer_is_awaited_is_painted_with_it_as_one_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(painting, "HOLD_S", 60.0)
    app = PaintedApp()
    async with app.run_test(size=(30, 4)) as pilot:
        screen = await app.painted(pilot)
        screen.hold(screen)
        screen.say("between")
        await pilot.pause()
        assert app.frames == ["first"]
        screen.say("answer")
        screen.release(screen)
        await app.until(pilot, 2)
        assert app.frames == ["first", "answer"]


async def test_what_several_wait_for_is_painted_when_the_last_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painting, "HOLD_S", 60.0)
    app = PaintedApp()
    async with app.run_test(size=(30, 4)) as pilot:
        screen = await app.painted(pilot)
        for asker in ("rows", "list", "rows"):
            screen.hold(asker)
        screen.say("list")
        screen.release("list")
        screen.release("nobody")
        await pilot.pause()
        assert app.frames == ["first"]
        screen.say("rows")
        screen.release("rows")
        await app.until(pilot, 2)
        assert app.frames == ["first", "rows"]


async def test_an_answer_that_takes_long_does_not_keep_the_rest_from_being_painted() -> None:
    app = PaintedApp()
    async with app.run_test(size=(30, 4)) as pilot:
        screen = await app.painted(pilot)
        screen.hold(screen)
        screen.say("between")
        await app.until(pilot, 2)
        assert app.frames == ["first", "between"]


class Slow(Pane[str]):
    """Contents that come when they are let."""

    def __init__(self) -> None:
        super().__init__("slow")
        self.come = threading.Event()

    def compose(self) -> ComposeResult:
        yield TextView(["nothing yet"])

    def load(self, session: Session) -> str:
        self.come.wait(10)
        return "contents"

    def show(self, records: str) -> None:
        self.query_one(TextView).show([records])


class Opened(ProjectScreen):
    """A screen of slow contents."""

    NAME = "commands"

    def compose_body(self) -> ComposeResult:
        yield Slow()


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_screen_is_painted_with_its_contents_or_without_them_where_they_take_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_late: bool
) -> None:
    monkeypatch.setattr(painting, "OPEN_S", 0.001 if is_late else 60.0)
    app = MlopsApp(Project(str(tmp_path)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        painted: list[str] = []
        screen = Opened()
        app.post_display_hook = lambda: painted.append(rendered(app)) if app.screen is screen else None  # type: ignore[method-assign]
        app.push_screen(screen)
        while not screen.query(Slow) or not screen.query_one(Slow).is_mounted:
            await pilot.pause(0.01)
        while is_late and not any("nothing yet" in frame for frame in painted):
            await pilot.pause(0.01)
        screen.query_one(Slow).come.set()
        while not any("contents" in frame for frame in painted):
            await pilot.pause(0.01)
        assert any("nothing yet" in frame for frame in painted) is is_late


class Late(PaintingScreen[None]):
    """Begins with something that comes when it is let, and takes a key."""

    has_come = False
    taken: bool | None = None

    def on_mount(self) -> None:
        self.open_with(self)

    def come(self) -> None:
        self.has_come = True
        self.release(self)

    def key_a(self) -> None:
        self.taken = self.has_come


class LateApp(TypeAheadApp):
    """Opens the screen by a key."""

    def __init__(self) -> None:
        super().__init__()
        self.late = Late()

    def key_o(self) -> None:
        self.push_screen(self.late)


@pytest.mark.parametrize("comes", [True, False])
async def test_a_key_waits_for_what_the_screen_begins_with_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, comes: bool
) -> None:
    monkeypatch.setattr(type_ahead, "PATIENCE_S", 60.0 if comes else 0.05)
    app = LateApp()
    async with app.run_test(size=(30, 4)) as pilot:
        for key in "oa":
            app.post_message(events.Key(key, key))
        while app.screen is not app.late:
            await pilot.pause(0.01)
        if comes:
            await pilot.pause(0.1)
            assert app.late.taken is None
            app.late.come()
        while app.late.taken is None:
            await pilot.pause(0.01)
        assert app.late.taken is comes


class SeenThrough(PaintingScreen[None]):
    """A line of text on what is below."""

    DEFAULT_CSS = "SeenThrough { background: transparent; } SeenThrough TextView { margin-top: 2; height: 1; }"

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        yield TextView([self._text])


async def test_below_a_screen_without_a_background_the_others_are_seen_as_they_are_now() -> None:
    app = PaintedApp()
    async with app.run_test(size=(30, 4)) as pilot:
        below = await app.painted(pilot)
        below.query_one(TextView).styles.height = 1
        await app.push_screen(SeenThrough("upon it"))
        await app.push_screen(SeenThrough("and upon that"))
        await settled(pilot)
        assert rendered(app).split("\n") == ["first", "", "and upon that", ""]
        below.say("second")
        await app.until(pilot, 2)
        assert rendered(app).split("\n") == ["second", "", "and upon that", ""]
        app.pop_screen()
        await settled(pilot)
        assert rendered(app).split("\n") == ["second", "", "upon it", ""]
        for line in app.screen.render_lines(app.size.region):
            assert all(style is None or not style.meta for _, style, _ in line)


async def test_a_screen_that_another_one_covers_is_painted_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    app = PaintedApp()
    async with app.run_test(size=(30, 4)) as pilot:
        below = await app.painted(pilot)
        front = Painted()
        await app.push_screen(front)
        await settled(pilot)
        assert not below.is_current
        displays: list[object] = []
        display = PaintedApp._display
        monkeypatch.setattr(PaintedApp, "_display", lambda *args: (displays.append(args[1]), display(*args)))
        for number in range(3):
            below.say(f"below {number}")
            below.refresh()
            await settled(pilot)
        assert displays == []
        front.say("front")
        await app.until(pilot, 2)
        assert displays
        assert set(displays) == {front}
        app.pop_screen()
        await app.until(pilot, 3)
        assert app.frames[1:] == ["front", "below 2"]


async def test_a_new_screen_has_the_classes_of_its_size_before_its_parts_are_styled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    styled: list[object] = []
    apply = Stylesheet.apply
    monkeypatch.setattr(
        Stylesheet, "apply", lambda self, node, **options: (styled.append(node), apply(self, node, **options))
    )
    app = MlopsApp(Project(str(tmp_path)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        screen = Opened()
        await app.push_screen(screen)
        screen.query_one(Slow).come.set()
        await settled(pilot)
        assert screen.has_class("-short", "-narrow")
        assert styled.count(screen.query_one(TextView)) == 1
        await pilot.resize_terminal(120, 40)
        await settled(pilot)
        assert screen.has_class("-tall", "-wide")
        assert styled.count(screen.query_one(TextView)) == 2


def test_light_strips_remember_where_they_were_cut_and_are_cut_right_everywhere() -> None:
    assert strips.lighten()
    strip = Strip([Segment("abcdef")])
    for end in range(1, 60):
        assert strip.crop(0, end).text == "abcdef"[:end]
        assert strip.adjust_cell_length(end).text == "abcdef"[:end].ljust(end)
        assert [part.text for part in strip.divide([min(end, 5), 6])] == [
            "abcdef"[: min(end, 5)],
            "abcdef"[min(end, 5) :],
        ]
        assert strip.divide([1, end + 10])
    assert strip.divide([1, 6]) is strip.divide([1, 6])
    assert len(strip._divide_cache) <= strips.MOST  # however many there were


class Listing(PaintingScreen[None]):
    """A list."""

    def compose(self) -> ComposeResult:
        yield WindowTable([Column("name", "name", 5, 10)])


async def test_a_list_that_gets_a_scroll_bar_is_not_painted_empty_before_it(tmp_path: Path) -> None:
    app = MlopsApp(Project(str(tmp_path)))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = Listing()
        await app.push_screen(screen)
        table = screen.query_one(WindowTable)
        table.show([Row(number, (f"row {number}",)) for number in range(3)])
        await settled(pilot)
        frames: list[str] = []
        app.post_display_hook = lambda: frames.append(rendered(app))  # type: ignore[method-assign]
        table.show([Row(number, (f"row {number}",)) for number in range(100)])
        await settled(pilot)
        assert frames
        assert all("row 1" in frame for frame in frames)
