"""A page on the terminal: tables and sentences, and the pictures of a comparison drawn with characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_tui.cli import output, text
from mlops_tui.cli.table import write_table
from mlops_tui.compare.export import document
from mlops_tui.compare.export.document import Cell, Heading, Lines, Points, Sentence, Table
from mlops_tui.compare.export.safe import PARAGRAPH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlops_tui.compare.export.document import Block, Picture
    from mlops_tui.compare.report import Report

_WIDTH, _HEIGHT = 76, 16


def write(report: Report, with_equal: bool) -> None:
    """Prints a comparison.

    Args:
        report: What to print.
        with_equal: Also what is equal in all runs.
    """
    blocks = document.document(report, with_equal=with_equal).blocks[1:]
    if not any(isinstance(block, Heading) for block in blocks):
        output.remark("no differences")
    write_blocks(blocks)


def write_blocks(blocks: Iterable[Block]) -> None:
    """Prints the blocks of a page."""
    for number, block in enumerate(blocks):
        _write(block, is_first=number == 0)


def _write(block: Block, *, is_first: bool) -> None:
    if isinstance(block, Heading):
        note = f" ({text.clean(block.note, 400)})" if block.note else ""
        output.say(("" if is_first else "\n") + text.clean(block.text) + note)
    elif isinstance(block, Sentence):
        output.say(text.clean(block.text, PARAGRAPH))
    elif isinstance(block, Points):
        for item in block.items:
            output.say(f"- {text.clean(item, PARAGRAPH)}")
    elif isinstance(block, Lines):
        output.say(text.clean(block.title, 400))
        for line in block.lines:
            output.say("  " + text.clean_line(line, 2000))
    elif isinstance(block, Table):
        if block.caption:
            output.say(text.clean(block.caption))
        if not any(block.columns):
            output.write_fields(((row[0].text, _cell(row[1])) for row in block.rows), indent="  ")
            return
        columns = _distinct(block.columns)
        write_table(
            columns, [[_cell(cell) for cell in row] for row in block.rows], right=[columns[i] for i in block.right]
        )
    else:
        _draw(block)


def _distinct(columns: tuple[str, ...]) -> list[str]:
    """Titles that can be told apart: a run may be called like another column."""
    found: list[str] = []
    for column in columns:
        found.append(column if column not in found else f"{column} ({len(found)})")
    return found


def _cell(cell: Cell) -> str:
    note = f" ({cell.note})" if cell.note else ""
    return f"{cell.text}{note}{' *' if cell.tone == 'best' else ''}"


def _draw(picture: Picture) -> None:
    from mlops_tui.ui import comparison_pictures

    for line in comparison_pictures.lines(
        picture.subject, picture.names, picture.run_ids, picture.baseline, _WIDTH, _HEIGHT
    ):
        output.say(line.rstrip())
