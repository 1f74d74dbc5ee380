"""A graph of stages as lines with tones, for a widget or for print: folded, arranged, drawn. Knows no widget."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rich.cells import cell_len

from mlops_tui.ui.signs import is_unicode
from mlops_tui.ui.text import Cell, cut
from mlops_tui.ui.widgets import dag_boxes, dag_canvas, dag_folding, dag_layout
from mlops_tui.ui.widgets.dag_boxes import FRAMED, Node
from mlops_tui.ui.widgets.dag_canvas import Canvas
from mlops_tui.ui.widgets.dag_folding import Folded
from mlops_tui.ui.widgets.dag_layout import GAP, Box, Layout


class Piece(NamedTuple):
    """A piece of a line: text, tone, and whether it belongs to the box under the cursor."""

    text: str
    tone: str = ""
    is_cursor: bool = False


Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """An arranged graph, and the lines of its frames and edges."""

    layout: Layout = field(default_factory=Layout)
    canvas: Canvas = field(default_factory=lambda: Canvas([]))

    def at(self, x: int, y: int) -> str:
        """The box in a cell, "" where there is none."""
        return next(
            (
                name
                for name, box in self.layout.boxes.items()
                if box.x <= x < box.x + box.width and box.y <= y <= box.bottom
            ),
            "",
        )

    def lines(self, nodes: Mapping[str, Node], graph: Folded, cursor: str = "") -> list[Line]:
        """The whole drawing, line by line, each of the layout's width.

        Args:
            nodes: The stages.
            graph: What was arranged.
            cursor: The box whose edges and contents stand out.
        """
        layout = self.layout
        near = dag_canvas.cells(edge for edge in layout.edges if cursor in (edge.source, edge.target))
        if cursor in layout.boxes and layout.boxes[cursor].height == FRAMED:
            near |= _frame(layout.boxes[cursor])
        inside: dict[int, list[tuple[int, Line]]] = {}
        for name, box in layout.boxes.items():
            held = [nodes[one] for one in graph.folds.get(name, (name,))]
            margin = 2 if box.height == FRAMED else 0
            for row, cells in enumerate(dag_boxes.lines(held, box.height)):
                y = box.y + row + (1 if margin else 0)
                line = _exactly(cells, box.width - 2 * margin, is_cursor=name == cursor)
                inside.setdefault(y, []).append((box.x + margin, line))
        bright: dict[int, set[int]] = {}
        for x, y in near:
            bright.setdefault(y, set()).add(x)
        return [
            _woven(
                self.canvas.line(y, layout.width, is_unicode=is_unicode()),
                bright.get(y, set()),
                sorted(inside.get(y, ())),
            )
            for y in range(layout.height)
        ]


def fitted(
    nodes: Mapping[str, Node],
    needs: Mapping[str, Sequence[str]],
    room: tuple[int, int],
    *,
    alone: str = "",
    opened: Collection[str] | None = (),
) -> tuple[Folded, Drawn]:
    """The graph in the richest form that fits: boxes with frames, without, or folded ones.

    Args:
        nodes: The stages.
        needs: Stage -> stages that it needs.
        room: Columns and rows that there are.
        alone: A stage that is never folded.
        opened: Stages that are not to be folded either; None to fold nothing.
    """
    width, height = room
    whole = Folded({name: tuple(needed) for name, needed in needs.items()})
    for rows in (FRAMED, 1):
        if _may_fit(nodes, whole, rows, width, height):
            drawn = _drawn(nodes, whole, rows, room)
            if drawn.layout.width <= width and drawn.layout.height <= height:
                return whole, drawn
    if opened is None:
        return whole, _drawn(nodes, whole, 1, room)

    def size(names: Sequence[str]) -> int:
        return dag_boxes.width([nodes[name] for name in names], 1)

    def rank(name: str) -> int:
        return -1 if name == alone or name in opened else nodes[name].rank

    for share in (1.0, 0.7, 0.45):  # edges that pass a layer need columns, too
        layers = (int(width * share), _layers(height, 1))
        folded = dag_folding.fold(needs, room=layers, size=size, rank=rank)
        drawn = _drawn(nodes, folded, 1, room)
        if drawn.layout.width <= width:
            break
    return folded, drawn


def _may_fit(nodes: Mapping[str, Node], graph: Folded, rows: int, width: int, height: int) -> bool:
    """Whether it is worth trying: the boxes alone would fit."""
    used: dict[int, int] = {}
    widths = {name: dag_boxes.width([nodes[name]], rows) for name in graph.needs}
    for name, layer in dag_layout.spread(graph.needs, widths, (width, _layers(height, rows))).items():
        used[layer] = used.get(layer, -GAP) + widths[name] + GAP
    return max(used.values(), default=0) <= width and len(used) * (rows + 1) - 1 <= height


def _layers(height: int, rows: int) -> int:
    """How many layers of boxes there is room for, each but the last with a row below it for edges."""
    return max(1, (height + 1) // (rows + 1))


def _drawn(nodes: Mapping[str, Node], graph: Folded, rows: int, room: tuple[int, int]) -> Drawn:
    widths = {box: dag_boxes.width([nodes[name] for name in graph.folds.get(box, (box,))], rows) for box in graph.needs}
    layout = dag_layout.arrange(graph.needs, widths, height=rows, room=(room[0], _layers(room[1], rows)))
    return Drawn(layout, dag_canvas.draw(layout))


def _frame(box: Box) -> set[tuple[int, int]]:
    right = box.x + box.width - 1
    across = {(x, y) for x in range(box.x, right + 1) for y in (box.y, box.bottom)}
    return across | {(x, y) for y in range(box.y, box.bottom) for x in (box.x, right)}


def _exactly(cells: Sequence[Cell], width: int, *, is_cursor: bool) -> Line:
    """Pieces cut and padded to a width."""
    pieces, left = [], width
    for text, tone in cells:
        text = cut(text, left)
        left -= cell_len(text)
        if text:
            pieces.append(Piece(text, tone, is_cursor))
    if left:
        pieces.append(Piece(" " * left, "", is_cursor))
    return tuple(pieces)


def _woven(line: str, bright: set[int], inside: Sequence[tuple[int, Line]]) -> Line:
    """A line of frames and edges with the contents of boxes laid into it."""
    pieces: list[Piece] = []
    x = 0

    def draw(stop: int) -> None:
        nonlocal x
        while x < stop:
            is_bright, end = x in bright, x + 1
            while end < stop and (end in bright) == is_bright:
                end += 1
            pieces.append(Piece(line[x:end], "accent" if is_bright else "dim"))
            x = end

    for start, contents in inside:
        draw(start)
        pieces += contents
        x += sum(cell_len(piece.text) for piece in contents)
    draw(len(line))
    return tuple(pieces)
