"""Boxes and edges as lines of characters, in box drawing or in ASCII."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mlops_tui.ui.widgets.dag_layout import Edge, Layout, Point

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
_UPRIGHT, _LEVEL = UP | DOWN, LEFT | RIGHT
_UNICODE = " │││─╯╮┤─╰╭├─┴┬┼"
_ASCII = " |||-+++-+++-+++"


@dataclass(slots=True)
class Canvas:
    """What is drawn in each cell: which of its four sides lines lead to.

    Attributes:
        rows: For each row column -> sides.
        crossed: Cells in which one line passes over another without meeting it.
    """

    rows: list[dict[int, int]]
    crossed: set[Point] = field(default_factory=set)

    def line(self, y: int, width: int, *, is_unicode: bool) -> str:
        """A row as text of exactly ``width`` characters."""
        signs = _UNICODE if is_unicode else _ASCII
        characters = [" "] * width
        for x, sides in self.rows[y].items():
            characters[x] = signs[_UPRIGHT if (x, y) in self.crossed else sides]
        return "".join(characters)


def draw(layout: Layout) -> Canvas:
    """The lines of a drawing: those of its edges, and the frames of boxes of more than two rows."""
    rows: list[dict[int, int]] = [{} for _ in range(layout.height)]
    bent: set[Point] = set()
    for edge in layout.edges:
        for x, y, sides in strokes(edge):
            rows[y][x] = rows[y].get(x, 0) | sides
            if sides not in (_UPRIGHT, _LEVEL):
                bent.add((x, y))
    crossed = {(x, y) for y, row in enumerate(rows) for x, sides in row.items() if sides == 15 and (x, y) not in bent}
    for box in layout.boxes.values():
        right, bottom = box.x + box.width - 1, box.bottom
        if box.height < 3:
            for y in range(box.y, bottom + 1):
                for x in range(box.x, right + 1):
                    rows[y].pop(x, None)
            continue
        for y, side in ((box.y, DOWN), (bottom, UP)):
            for x in range(box.x, right + 1):
                ends = (RIGHT | side) if x == box.x else (LEFT | side) if x == right else _LEVEL
                rows[y][x] = rows[y].get(x, 0) | ends
        for y in range(box.y + 1, bottom):
            rows[y][box.x] = rows[y][right] = _UPRIGHT
    return Canvas(rows, crossed)


def strokes(edge: Edge) -> Iterator[tuple[int, int, int]]:
    """Column, row and sides of each cell that an edge passes, from its source to its target."""
    before = 0
    for (x, y), (to_x, to_y) in zip(edge.points, edge.points[1:], strict=False):
        forth, back = _sides(x, y, to_x, to_y)
        while (x, y) != (to_x, to_y):
            yield x, y, before | forth
            x += (to_x > x) - (to_x < x)
            y += (to_y > y) - (to_y < y)
            before = back
    yield (*edge.points[-1], before)


def _sides(x: int, y: int, to_x: int, to_y: int) -> tuple[int, int]:
    if to_x != x:
        return (RIGHT, LEFT) if to_x > x else (LEFT, RIGHT)
    return (DOWN, UP) if to_y > y else (UP, DOWN)


def cells(edges: Iterable[Edge]) -> set[Point]:
    """The cells that some edges pass."""
    return {(x, y) for edge in edges for x, y, _ in strokes(edge)}
