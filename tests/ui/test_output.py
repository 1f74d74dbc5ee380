"""What the output stage writes brings any terminal from what it shows to what the frame says."""

from __future__ import annotations

import sys

import pyte
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.strip import Strip

from mlops_tui.ui import cells, frames, placeholders
from mlops_tui.ui.cells import SIMPLE, Cells
from mlops_tui.ui.frames import Span
from mlops_tui.ui.looks import safe
from mlops_tui.ui.output import Output
from mlops_tui.ui.pen import _is_simple

WIDTH, HEIGHT = 24, 5

STYLES = [
    None,
    Style(color="#d3d8df", bgcolor="#12161b"),
    Style(color="#d3d8df", bgcolor="#2a3a49", bold=True),
    Style(color="red"),
    Style(bgcolor="blue", underline=True),
    Style(reverse=True),
    Style(dim=True, italic=True),
]
TEXTS = st.text(
    alphabet=st.sampled_from([*"abc  .─│▁█✓●", "漢", "字", "é", "\u0301", "🤖", "\x1b", "\u202e", "\n"]),
    max_size=WIDTH,
)
SEGMENTS = st.lists(st.tuples(TEXTS, st.sampled_from(STYLES)).map(lambda pair: Segment(*pair)), max_size=4)
SPANS = st.builds(Span, st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1), SEGMENTS)


class Screen:
    """A terminal that shows what it is sent."""

    def __init__(self, height: int = HEIGHT) -> None:
        self.height = height
        self.screen = pyte.Screen(WIDTH, height)
        self.screen.reset_mode(pyte.modes.DECAWM)  # as Textual sets it
        self.stream = pyte.Stream(self.screen)

    def feed(self, text: str) -> None:
        self.stream.feed(text)

    @property
    def cells(self) -> list[list[tuple[object, ...]]]:
        """Each cell as it looks; colours of the text do not count where there is none."""
        rows = []
        for y in range(self.height):
            line = self.screen.buffer[y]
            row = []
            for x in range(WIDTH):
                char = line[x]
                shows = char.data != " " or char.underscore or char.reverse or char.strikethrough
                row.append(
                    (char.data, char.bg, *((char.fg, char.bold, char.underscore, char.reverse) if shows else ()))
                )
            rows.append(row)
        return rows


def blank() -> list[Span]:
    return [Span(y, 0, [Segment(" " * WIDTH)]) for y in range(HEIGHT)]


def fresh(*, erases: bool = False) -> Output:
    out = Output(ColorSystem.TRUECOLOR, erases=erases)
    out.resize(WIDTH, HEIGHT)
    return out


@settings(max_examples=150, deadline=None)
@given(frames=st.lists(st.lists(SPANS, max_size=5), min_size=1, max_size=6), erases=st.booleans())
def test_any_sequence_of_updates_ends_as_drawing_everything_anew_does(frames: list[list[Span]], erases: bool) -> None:
    stepwise, out = Screen(), fresh(erases=erases)
    stepwise.feed(out.frame(blank()))
    for frame in frames:
        stepwise.feed(out.frame(frame))

    assert stepwise.cells == drawn_anew(out, HEIGHT).cells


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(updates=st.lists(st.lists(SPANS, max_size=5), min_size=1, max_size=6))
def test_looks_that_become_too_many_are_given_up_and_all_is_drawn_again(
    monkeypatch: pytest.MonkeyPatch, updates: list[list[Span]]
) -> None:
    monkeypatch.setattr(cells, "MOST", 3)
    stepwise, out = Screen(), fresh()
    for frame in updates:
        stepwise.feed(out.frame([*blank(), *frame]))
        assert stepwise.cells == drawn_anew(out, HEIGHT).cells


def drawn_anew(out: Output, height: int) -> Screen:
    """A new terminal on which everything that is known is drawn, cell by cell."""
    anew = Screen(height)
    for y in range(height):
        for x, character in _styled(out, y):
            anew.feed(f"\x1b[{y + 1};{x + 1}H{character}\x1b[m")
    return anew


@pytest.mark.parametrize("erases", [True, False])
def test_blanks_in_a_row_are_erased_where_the_terminal_keeps_the_background(erases: bool) -> None:
    out, shown = Output(ColorSystem.TRUECOLOR, erases=erases), Screen(4)
    out.resize(WIDTH, 4)
    text = out.frame([Span(1, 0, [Segment("a" + " " * (WIDTH - 2) + "b", Style(bgcolor="blue"))])])
    shown.feed(text)
    assert shown.cells == drawn_anew(out, 4).cells
    assert ("X" in text) == erases
    underlined = out.frame([Span(2, 0, [Segment(" " * WIDTH, Style(underline=True))])])
    assert "X" not in underlined


LISTED = st.lists(st.integers(0, 30), min_size=14, max_size=14, unique=True)
STEPS = st.lists(st.tuples(st.integers(-6, 6), st.integers(0, 4), st.integers(8, 14), st.integers(0, 14)), max_size=5)


@settings(max_examples=100, deadline=None)
@given(first=LISTED, steps=STEPS)
def test_lines_that_the_terminal_moves_end_as_if_they_were_drawn(
    first: list[int], steps: list[tuple[int, int, int, int]]
) -> None:
    """A list scrolls within some lines of the screen, its cursor on one of them."""
    height = 14
    stepwise, out = Screen(height), Output(ColorSystem.TRUECOLOR)
    out.resize(WIDTH, height)
    shown = list(first)
    stepwise.feed(out.frame(listed(y, number) for y, number in enumerate(shown)))
    for by, top, bottom, cursor in steps:
        part = [*range(200, 200 - by), *shown[top:bottom], *range(300, 300 + by)]
        shown[top:bottom] = part[by:][: bottom - top] if by > 0 else part[: bottom - top]
        stepwise.feed(out.frame(listed(y, shown[y], is_cursor=y == cursor) for y in range(top, bottom)))
        assert stepwise.cells == drawn_anew(out, height).cells
        assert [out.cell(2, y)[0] for y in range(height)] == [str(number)[0] for number in shown]


def listed(y: int, number: int, *, is_cursor: bool = False) -> Span:
    """A line of a list."""
    style = Style(bgcolor="blue", bold=True) if is_cursor else Style(color="green")
    return Span(y, 0, [Segment(f"│ {number} " + "字" * (number % 3), style), Segment(f" of {number * 7}".ljust(12))])


@pytest.mark.parametrize("by", [1, -1, 5])
def test_a_list_that_scrolls_is_moved_by_the_terminal(by: int) -> None:
    def lines(first: int) -> list[Span]:
        names = [f"run {number * 7919 % 1000} and more of it".ljust(80) for number in range(first, first + 40)]
        return [Span(y, 0, [Segment(name)]) for y, name in enumerate(names)]

    out = Output(ColorSystem.TRUECOLOR)
    out.resize(80, 40)
    out.frame(lines(50))
    written = out.frame(lines(50 + by))
    assert written.startswith("\x1b[1;40r")
    assert len(written) < 40 + 40 * abs(by)


def _styled(out: Output, y: int) -> list[tuple[int, str]]:
    cells = []
    for x in range(WIDTH):
        character, look = out.cell(x, y)
        if character:
            codes = ";".join(part for part in ("0", look.attributes, look.foreground, look.background) if part)
            cells.append((x, f"\x1b[{codes}m{character}"))
    return cells


@settings(max_examples=100, deadline=None)
@given(frames=st.lists(st.lists(SPANS, max_size=5), min_size=1, max_size=4))
def test_what_is_known_of_the_terminal_is_what_the_spans_said(frames: list[list[Span]]) -> None:
    """The state follows the spans: a span's cells stand where it put them unless a later one covers them."""
    out = fresh()
    out.frame(blank())
    for frame in frames:
        out.frame(frame)
        last = frame[-1] if frame else None
        if last is None:
            continue
        text = "".join(segment.text for segment in last.segments)
        if not text.isascii() or not text.isprintable():
            continue
        shown = "".join(out.cell(x, last.y)[0] or "" for x in range(last.x, min(WIDTH, last.x + len(text))))
        assert shown == text[: WIDTH - last.x]


@settings(max_examples=100, deadline=None)
@given(frame=st.lists(SPANS, max_size=6))
def test_a_frame_that_is_shown_already_writes_nothing(frame: list[Span]) -> None:
    out = fresh()
    out.frame(blank())
    out.frame(frame)
    by_line = {}
    for span in frame:
        by_line[span.y] = span  # only the last span of a line is sure to be shown as it is
    assert out.frame([span for y, span in by_line.items() if span is [s for s in frame if s.y == y][-1]]) == ""


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=60))
def test_no_text_of_a_widget_can_send_a_control_sequence(text: str) -> None:
    out = Output(ColorSystem.TRUECOLOR)
    out.resize(200, 1)
    written = out.frame([Span(0, 0, [Segment(text)])])
    outside = [part.partition("H")[2] or part.partition("C")[2] for part in written.split("\x1b[")[1:]]
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for part in outside for character in part)
    written.encode()  # no lone surrogates


def test_a_resize_makes_everything_unknown() -> None:
    out = fresh()
    out.frame(blank())
    assert out.frame([Span(0, 0, [Segment("   ")])]) == ""
    out.resize(WIDTH + 1, HEIGHT)
    assert out.frame([Span(0, 0, [Segment("   ")])]) != ""


def test_forgetting_writes_every_cell_again() -> None:
    out = fresh()
    first = out.frame(blank())
    out.forget()
    assert out.frame(blank()) == first


def test_only_changed_cells_are_written() -> None:
    out = fresh()
    out.frame([Span(0, 0, [Segment("epoch 12  loss 0.25")])])
    assert out.frame([Span(0, 0, [Segment("epoch 13  loss 0.25")])]) == "\x1b[1;8H3"


def test_without_colours_only_attributes_are_written() -> None:
    out = Output(None)
    out.resize(WIDTH, HEIGHT)
    written = out.frame([Span(0, 0, [Segment("a", Style(color="red", bgcolor="blue", bold=True))])])
    assert written == "\x1b[1;1H\x1b[1ma\x1b[m"


def test_sixteen_colours_are_written_as_sixteen() -> None:
    out = Output(ColorSystem.STANDARD)
    out.resize(WIDTH, HEIGHT)
    written = out.frame([Span(0, 0, [Segment("a", Style(color="#dc6b68"))])])
    assert "38;2" not in written
    assert "38;5" not in written


def test_pieces_outside_the_terminal_are_left_out() -> None:
    out = fresh()
    out.frame(blank())
    assert out.frame([Span(HEIGHT, 0, [Segment("below")])]) == ""
    assert out.frame([Span(0, WIDTH - 2, [Segment("right")])]).endswith("ri")
    assert out.frame([Span(1, -3, [Segment("left")])]).endswith("t")
    # a frame that was made before the terminal became narrower
    assert out.frame([Span(2, WIDTH + 2, [Segment("far too long to be cut at its end")])]) == ""


def test_textual_has_the_hook_that_the_output_takes_its_frames_from() -> None:
    assert frames.supported(App)


def test_an_update_of_an_unknown_kind_is_left_to_textual() -> None:
    assert frames.spans(object()) is None


@given(text=TEXTS)
def test_cells_are_as_many_as_the_text_is_wide(text: str) -> None:
    cells = Cells(ColorSystem.TRUECOLOR).of(Strip([Segment(text)]))
    if text.isprintable():
        assert len(cells.text) == len(cells.inks) == cell_len(text)


def test_texts_written_in_one_go_take_a_cell_a_character_everywhere() -> None:
    simple = [chr(code) for code in range(sys.maxunicode + 1) if SIMPLE(chr(code))]
    assert 1000 < len(simple) < 2000
    assert {get_character_cell_size(character) for character in simple} == {1}
    assert all(character < "\u0300" or _is_simple(character) for character in simple)
    assert not [character for character in simple if safe(character) != character]


@pytest.mark.parametrize("steps", [1, 7])
def test_moving_right_is_shorter_than_naming_the_place(steps: int) -> None:
    out = fresh()
    out.frame([Span(0, 0, [Segment("a" + "-" * (steps + 4) + "b")])])
    written = out.frame([Span(0, 0, [Segment("x" + "-" * (steps + 4) + "y")])])
    assert written == f"\x1b[1;1Hx\x1b[{steps + 4}Cy"


def test_cells_of_a_picture_name_it_and_their_place_in_it_and_move_as_others_do() -> None:
    number = 7 << 24 | 42
    picture = [Segment(placeholders.line(0, 5), placeholders.colour(number) + Style(bgcolor="#101010"))]
    for colours in (ColorSystem.STANDARD, ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR):
        out = Output(colours)
        out.resize(WIDTH, HEIGHT)
        out.frame(blank())
        written = out.frame([Span(0, 2, picture), Span(0, 4, [Segment("x")])])
        assert out.pictures() == {number}
        row, last, high = "\u0305", "\u0312", "\u033f"  # 0, 4 and 7 in the protocol's list
        assert "38;5;42" in written
        assert f"{placeholders.PLACEHOLDER}{row}{last}{high}" in written
        assert written.count(placeholders.PLACEHOLDER) == 4  # the middle one is covered
        out.frame([Span(0, 0, [Segment(" " * WIDTH)])])
        assert out.pictures() == set()


def test_no_text_can_pass_for_a_part_of_a_picture() -> None:
    out = fresh()
    written = out.frame([Span(0, 0, [Segment(f"a{placeholders.PLACEHOLDER}\u0305\u0305{placeholders.FIRST}b")])])
    assert placeholders.PLACEHOLDER not in written
    assert not out.pictures()


def test_numbers_of_pictures_name_colours_and_marks_that_there_are() -> None:
    number, seen = placeholders.new_number(), set()
    for _ in range(2000):
        assert 16 <= number & 0xFF <= 255
        assert 1 <= number >> 24 <= 255
        assert not number & 0xFFFF00
        seen.add(number)
        number = placeholders.new_number(number)
    assert len(seen) == 2000


def test_what_is_not_known_of_the_terminal_is_not_written_when_lines_move() -> None:
    out = Output(ColorSystem.TRUECOLOR)
    out.resize(80, 20)
    names = [f"run {number * 7919 % 1000} and more of it".ljust(80) for number in range(30)]
    out.frame([Span(y, 0, [Segment(names[y])]) for y in range(20)])
    out.forget_line(5)
    written = out.frame([Span(y, 0, [Segment(names[y + 1])]) for y in range(20) if y != 5])
    assert "\0" not in written
