"""What is rendered of a screen is what Textual would render, with less work."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from textual._compositor import Compositor
from textual.app import App, ComposeResult
from textual.containers import Container
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.ui import frames
from mlops_tui.ui.composing import SeenCompositor, without

WIDTH, HEIGHT = 40, 14


class Letters(Widget):
    """Lines that all differ; notes which of them are asked for. Its last columns may be missing."""

    def __init__(self, letter: str, region: Region, *, missing: int = 0) -> None:
        super().__init__()
        self._letter = letter
        self._missing = missing
        self.asked: list[int] = []
        self.styles.width, self.styles.height = region.width, region.height
        self.styles.offset = (region.x, region.y)
        self.styles.position = "absolute"

    def render_lines(self, crop: Region) -> list[Strip]:
        self.asked += crop.line_range
        lines = super().render_lines(crop)
        return [line.crop(0, max(0, line.cell_length - self._missing)) for line in lines] if self._missing else lines

    def render_line(self, y: int) -> Strip:
        return Strip.blank(0) if self._missing else Strip(self.render_text(y), self.size.width)

    def render_text(self, y: int) -> list[object]:  # type: ignore[override]
        from rich.segment import Segment

        text = "".join(chr(ord(self._letter) + (x * 7 + y * 3) % 20) for x in range(self.size.width))
        return [Segment(text)]


class Overlapping(Screen[None]):
    """Widgets upon each other."""

    def __init__(self, regions: Iterable[Region], missing: int) -> None:
        super().__init__()
        self._regions = tuple(regions)
        self._missing = missing
        self._compositor = SeenCompositor()

    def compose(self) -> ComposeResult:
        with Container():
            for number, region in enumerate(self._regions):
                yield Letters("Aa!"[number % 3], region, missing=self._missing if number == 1 else 0)


def drawn(compositor: Compositor, changed: set[Region]) -> dict[tuple[int, int], str]:
    """The cells that a frame writes of what has changed."""
    compositor._dirty_regions = set(changed)
    spans = frames.spans(compositor.render_update()) or []
    cells = {
        (span.y, span.x + x): character
        for span in spans
        for x, character in enumerate("".join(text for text, _, _ in span.segments))
    }
    return {(y, x): cells[y, x] for region in changed for y in region.line_range for x in region.column_range}


def some_region(luck: random.Random) -> Region:
    x, y = luck.randrange(WIDTH - 1), luck.randrange(HEIGHT - 1)
    return Region(x, y, luck.randint(1, WIDTH - x), luck.randint(1, HEIGHT - y))


@pytest.mark.parametrize("seed", range(12))
async def test_frames_are_those_of_textual(seed: int) -> None:
    luck = random.Random(seed)
    app: App[None] = App()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        screen = Overlapping([some_region(luck) for _ in range(5)], missing=seed % 3)
        await app.push_screen(screen)
        await pilot.pause()
        ours, theirs = screen._compositor, Compositor()
        theirs.__dict__.update(ours.__dict__)
        for _ in range(12):
            changed = {some_region(luck) for _ in range(luck.randint(1, 4))}
            assert drawn(ours, changed) == drawn(theirs, changed)
        whole = {Region(0, 0, WIDTH, HEIGHT)}
        assert drawn(ours, whole) == drawn(theirs, whole)


async def test_only_lines_that_are_seen_and_have_changed_are_rendered() -> None:
    app: App[None] = App()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        screen = Overlapping([Region(0, 0, WIDTH, HEIGHT), Region(5, 2, 20, 6), Region(8, 3, 10, 4)], missing=0)
        await app.push_screen(screen)
        await pilot.pause()
        below, middle, top = (node for node in screen.query(Letters))
        for one in (below, middle, top):
            one.asked.clear()
        drawn(screen._compositor, {Region(9, 4, 5, 2)})
        assert (below.asked, middle.asked, top.asked) == ([], [], [1, 2])
        drawn(screen._compositor, {Region(6, 4, 5, 1)})
        assert (below.asked, middle.asked, top.asked) == ([], [2], [1, 2, 1])


@pytest.mark.parametrize("seed", range(20))
def test_what_is_left_of_a_region_and_what_is_taken_away_make_it_up(seed: int) -> None:
    luck = random.Random(seed)
    region, other = some_region(luck), some_region(luck)
    cells = [cell for piece in without(region, other) for cell in _cells(piece)]
    assert len(cells) == len(set(cells))
    assert set(cells) == set(_cells(region)) - set(_cells(other))


def _cells(region: Region) -> list[tuple[int, int]]:
    return [(y, x) for y in region.line_range for x in region.column_range]
