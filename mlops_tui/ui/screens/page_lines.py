"""A page of a comparison as lines of text: sentences, tables fitted to the width, lines of code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from mlops_tui.compare.export.document import Block, Heading, Lines, Points, Sentence, Table
from mlops_tui.compare.export.document import Cell as PageCell
from mlops_tui.compare.export.safe import PARAGRAPH
from mlops_tui.ui.text import Cell, CellValue, clean, cut
from mlops_tui.ui.theme import is_unicode, sign
from mlops_tui.ui.widgets.text_view import wrapped

_TONES = {"best": "good", "better": "good", "worse": "bad", "changed": "accent", "missing": "faint", "same": "dim"}
_GAP = 2
#: Cells of a column at most, and those it keeps where there is little room.
_WIDEST, _LEAST = 44, 8
#: A last column of sentences is broken into lines of at least so many cells, or goes below the row.
_ROOM_FOR_TEXT, _WIDE = 30, 100
#: A name and the value that the text is compared with make room for it on a narrow screen too.
_PAIR = 2
_BAR = 12


def lines(blocks: Iterable[Block], width: int) -> list[CellValue]:
    """The lines of one part of a page, without its heading, which stands in the frame.

    Args:
        blocks: Of the part; pictures are left out.
        width: Cells that there are.
    """
    found: list[CellValue] = []
    for block in blocks:
        if isinstance(block, Heading):
            found += wrapped([Cell(clean(block.note, 400), "dim")], width) if block.note else []
        elif isinstance(block, Sentence):
            found += wrapped([Cell(clean(block.text, PARAGRAPH), _TONES.get(block.tone, ""))], width)
        elif isinstance(block, Points):
            for item in block.items:
                first, *rest = wrapped([Cell(clean(item, PARAGRAPH))], max(10, width - _GAP))
                found.append((Cell(f"{sign('dot')} ", "dim"), *first))
                found += [(Cell(" " * _GAP), *line) for line in rest]
        elif isinstance(block, Lines):
            found += ["", Cell(clean(block.title, 400), "strong"), *map(_code, block.lines)]
        elif isinstance(block, Table):
            if found and found[-1] != "":
                found.append("")
            if block.caption:
                found.append(Cell(clean(block.caption), "dim"))
            found += _table(block, width)
            found.append("")
    return found


def _code(line: str) -> CellValue:
    tone = {"<": "bad", ">": "good"}.get(line[:1], "dim")
    return Cell(clean(line, 500), tone)


def _table(table: Table, width: int) -> Iterator[CellValue]:
    rows = [[_parts(cell) for cell in row] for row in table.rows]
    heads: list[tuple[Cell, ...]] = [(Cell(clean(name, 60), "strong"),) for name in table.columns]
    widths = [min(_WIDEST, max(_size(row[column]) for row in [heads, *rows])) for column in range(len(table.columns))]
    longest = max((_size(row[-1]) for row in rows), default=0)
    is_text = longest > _WIDEST and len(table.columns) - 1 not in table.right
    kept = widths[:-1] if is_text else widths
    has_room = width >= _WIDE or len(kept) == _PAIR
    _squeeze(kept, width - (_ROOM_FOR_TEXT + _GAP if is_text and has_room else 0), table.right)
    start = sum(kept) + _GAP * len(kept)
    room = width - start
    if any(table.columns):
        beside = (Cell(" " * _GAP), *heads[-1]) if is_text else ()
        yield (*_row(heads[: len(kept)], kept, table.right), *beside)
    for row in rows:
        line = _row(row[: len(kept)], kept, table.right)
        if not is_text:
            yield line
            continue
        at, space = (start, room) if room >= _ROOM_FOR_TEXT else (4, width - 4)
        pieces = wrapped(row[-1], max(10, space))
        if room >= _ROOM_FOR_TEXT:
            yield (*line, Cell(" " * _GAP), *pieces[0])
            pieces = pieces[1:]
        else:
            yield line
        for piece in pieces:
            yield (Cell(" " * at), *piece)


def _squeeze(widths: list[int], room: int, right: frozenset[int]) -> None:
    """Takes from the widest columns, those of numbers last; what is too much even then is cut at the edge."""
    for numbers_too in (False, True):
        while sum(widths) + _GAP * (len(widths) - 1) > room:
            able = [i for i, size in enumerate(widths) if size > _LEAST and (numbers_too or i not in right)]
            if not able:
                break
            widths[max(able, key=widths.__getitem__)] -= 1


def _row(cells: Sequence[tuple[Cell, ...]], widths: Sequence[int], right: frozenset[int]) -> tuple[Cell, ...]:
    line: list[Cell] = []
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        parts, left = [], width
        for part in cell:
            text = cut(part.text, left)
            left -= cell_len(text)
            parts.append(Cell(text, part.tone))
        gap = Cell(" " * left)
        line += [*([gap, *parts] if column in right else [*parts, gap]), Cell(" " * _GAP)]
    return tuple(line[:-1])


def _parts(cell: PageCell) -> tuple[Cell, ...]:
    parts = [Cell(clean(cell.text, 400), _TONES.get(cell.tone, ""))]
    if cell.share is not None:
        full = round(min(1.0, max(0.0, cell.share)) * _BAR)
        parts.insert(0, Cell(sign("bar") * full + " " * (_BAR - full + 1), "accent"))
    if cell.tone == "best":
        parts.append(Cell(" ★" if is_unicode() else " *", "good"))
    if cell.note:
        parts.append(Cell(" " + clean(cell.note, 60), "dim"))
    return tuple(parts)


def _size(parts: Sequence[Cell]) -> int:
    return sum(cell_len(part.text) for part in parts)


__all__ = ["lines"]
