import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.artifacts.pictures import Picture
from mlops_tui.ui.widgets import mosaic

RED, BLACK, WHITE = (255, 0, 0), (0, 0, 0), (255, 255, 255)
ALL = [mosaic.FULL, mosaic.MANY, mosaic.FEW, mosaic.NONE, mosaic.ASCII]


def picture(rows) -> Picture:
    pixels = bytes(part for row in rows for colour in row for part in colour)
    return Picture(len(rows[0]), len(rows), pixels, (len(rows[0]), len(rows)), "PNG")


def text(lines) -> list[str]:
    return ["".join(piece.text for piece in line) for line in lines]


def test_a_cell_of_two_colours_is_shown_as_it_is():
    ((piece,),) = mosaic.cells(picture([[WHITE, BLACK], [BLACK, BLACK]]), 1, 1, mosaic.FULL)
    inks = {piece.foreground, piece.background}
    assert inks == {WHITE, BLACK}
    assert piece.text in "▘▟"
    assert (piece.foreground == WHITE) == (piece.text == "▘")


def test_cells_of_one_colour_are_one_piece():
    lines = mosaic.cells(picture([[RED] * 8] * 8), 8, 4, mosaic.FULL)
    assert [len(line) for line in lines] == [1] * 4
    assert text(lines) == [" " * 8] * 4
    assert lines[0][0].background == RED


@pytest.mark.parametrize("colours", [mosaic.MANY, mosaic.FEW])
def test_with_few_colours_the_halves_of_a_cell_have_one_each(colours):
    ((piece,),) = mosaic.cells(picture([[WHITE], [BLACK]]), 1, 1, colours)
    assert piece.text == "▀"
    assert isinstance(piece.foreground, int)
    assert piece.foreground != piece.background


def test_without_colours_what_is_dark_on_white_paper_is_drawn():
    rows = [[WHITE] * 8 for _ in range(8)]
    rows[3] = [BLACK] * 8
    lines = text(mosaic.cells(picture(rows), 4, 2, mosaic.NONE))
    assert lines[0].strip()
    assert not lines[1].strip()


@pytest.mark.parametrize("colours", ALL)
@given(width=st.integers(1, 40), height=st.integers(1, 40), columns=st.integers(0, 30), rows=st.integers(0, 20))
def test_a_picture_of_any_shape_fits_any_room(colours, width, height, columns, rows):
    lines = mosaic.cells(picture([[RED] * width] * height), columns, rows, colours)
    assert len(lines) <= rows
    assert len({len(line) for line in text(lines)}) <= 1
    assert all(0 < len(line) <= columns for line in text(lines))
    assert bool(lines) == (columns > 0 and rows > 0)


def test_a_thin_line_on_white_paper_is_still_seen_when_it_is_made_smaller():
    rows = [[WHITE] * 40 for _ in range(40)]
    rows[20] = [BLACK] * 40
    lines = mosaic.cells(picture(rows), 8, 4, mosaic.FULL)
    darkest = min(piece.foreground[0] for line in lines for piece in line if isinstance(piece.foreground, tuple))
    assert darkest < 180  # 204 would be left of it without care
