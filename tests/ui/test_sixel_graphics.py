"""Painted pictures are where their cells are shown, and nowhere else, whatever frames come."""

from __future__ import annotations

import re

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from mlops_tui.ui import placeholders
from mlops_tui.ui.frames import Span
from mlops_tui.ui.output import Output
from mlops_tui.ui.sixel_graphics import Painting, SixelGraphics

WIDTH, HEIGHT = 20, 14
STRIP = 4
GROUND = Style(bgcolor="#101010")
PICTURES = [
    Painting(
        number << 24 | 40, columns, rows, STRIP, tuple(f"<{number},{strip}>" for strip in range(-(-rows // STRIP)))
    )
    for number, columns, rows in ((1, 7, 9), (2, 4, 3))
]


class Terminal(pyte.Screen):
    """Shows text, and what is painted until text is written over it."""

    def __init__(self) -> None:
        super().__init__(WIDTH, HEIGHT)
        self.reset_mode(pyte.modes.DECAWM)
        self.painted: dict[tuple[int, int], tuple[int, int, int]] = {}
        self.stream = pyte.Stream(self)

    def draw(self, data: str) -> None:
        for character in data:
            self.painted.pop((self.cursor.y, min(self.cursor.x, WIDTH - 1)), None)
            super().draw(character)

    def erase_characters(self, count: int | None = None) -> None:
        for x in range(self.cursor.x, self.cursor.x + (count or 1)):
            self.painted.pop((self.cursor.y, x), None)
        super().erase_characters(count)

    def index(self) -> None:
        assert not any((self.margins.top if self.margins else 0) <= y for y, _ in self.painted)
        super().index()

    def paint(self, part: str) -> None:
        match = re.fullmatch(r"\x1b7\x1b\[(\d+);(\d+)H<(\d+),(\d+)>\x1b8", part)
        assert match is not None
        top, left, number, strip = (int(group) for group in match.groups())
        picture = PICTURES[number - 1]
        for row in range(strip * STRIP, min(picture.rows, (strip + 1) * STRIP)):
            for column in range(picture.columns):
                self.painted[top - 1 + row - strip * STRIP, left - 1 + column] = (picture.number, row, column)


class Queue:
    """Parts that wait to be written."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, str]] = []

    def write_aside(self, number: int, parts: list[str]) -> None:
        self.parts += [(number, part) for part in parts]

    def recall_all(self) -> list[int]:
        left, self.parts = [number for number, _ in self.parts], []
        return left


def spans(step: tuple[str, int, int, int]) -> list[Span]:
    kind, y, x, size = step
    if kind == "text":
        return [Span(y, x, [Segment("text over it"[:size], GROUND)])]
    if kind == "clear":
        return [Span(row, 0, [Segment(" " * WIDTH, GROUND)]) for row in range(HEIGHT)]
    if kind == "dialog":
        return [Span(row, x, [Segment("#" * size, GROUND)]) for row in range(y, min(HEIGHT, y + 3))]
    picture = PICTURES[kind == "second"]
    style = GROUND + placeholders.colour(picture.number)
    y, x = min(y, HEIGHT - picture.rows), min(x, WIDTH - picture.columns)
    return [Span(y + row, x, [Segment(placeholders.line(row, picture.columns), style)]) for row in range(picture.rows)]


STEPS = st.lists(
    st.tuples(
        st.tuples(
            st.sampled_from(["first", "second", "text", "dialog", "clear"]),
            st.integers(0, HEIGHT - 1),
            st.integers(0, WIDTH - 1),
            st.integers(1, 12),
        ),
        st.integers(0, 3),
    ),
    max_size=10,
)


@given(STEPS)
def test_pictures_are_painted_where_their_cells_are(steps: list[tuple[tuple[str, int, int, int], int]]) -> None:
    output, terminal, queue = Output(ColorSystem.TRUECOLOR, erases=True), Terminal(), Queue()
    output.resize(WIDTH, HEIGHT)
    graphics = SixelGraphics(output)
    for picture in PICTURES:
        graphics.know(picture)
    for step, written in [*steps, (("text", 0, 0, 1), 1000)]:
        text = output.frame(spans(step))
        assert placeholders.PLACEHOLDER not in text
        terminal.stream.feed(text)
        graphics.follow(queue)
        for _, part in queue.parts[:written]:
            terminal.paint(part)
        del queue.parts[:written]
    seen = output.picture_cells()
    shown = {place: part for part, places in seen.items() for place in places}
    assert {place: cell[:2] for place, cell in terminal.painted.items() if place not in shown} == {}
    for (y, x), (number, row, _) in terminal.painted.items():
        assert shown[y, x] == (number, row)
    for picture in PICTURES:
        for strip in range(len(picture.strips)):
            in_strip = range(strip * STRIP, min(picture.rows, (strip + 1) * STRIP))
            cells = [seen.get((picture.number, row), []) for row in in_strip]
            y, x = min(cells[0], default=(0, 0))
            if cells == [[(y + line, x + column) for column in range(picture.columns)] for line in range(len(cells))]:
                assert all(place in terminal.painted for places in cells for place in places)
