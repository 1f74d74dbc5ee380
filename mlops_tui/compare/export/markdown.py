"""A page as GitHub-flavoured Markdown; pictures become tables of what they show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mlops_tui.compare import wording
from mlops_tui.compare.axes import Scatter
from mlops_tui.compare.curves import Overlay
from mlops_tui.compare.export.document import Block, Cell, Document, Heading, Lines, Picture, Points, Sentence, Table
from mlops_tui.compare.export.safe import LIMIT, PARAGRAPH, visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~&@:$^=-])")
_PLAIN = re.compile(r"[+-]?[\w.,:/ %±–-]*")


def render(page: Document) -> str:
    """The page as Markdown."""
    parts = [f"# {escape(page.title)}", escape(page.subtitle)]
    for block in page.blocks:
        parts += _block(block)
    return "\n\n".join(parts) + "\n"


def escape(text: str, limit: int = LIMIT) -> str:
    """Text that no reader of Markdown takes for anything else; ``limit`` as of ``visible``."""
    shown = visible(text, limit)
    if _PLAIN.fullmatch(shown) and "://" not in shown and "www." not in shown and "__" not in shown:
        return shown.replace("_", "\\_")
    return _SPECIAL.sub(lambda match: {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(match[1], "\\" + match[1]), shown)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"## {escape(block.text)}"
        if block.note:
            yield escape(block.note)
    elif isinstance(block, Sentence):
        yield escape(block.text, PARAGRAPH)
    elif isinstance(block, Points):
        yield "\n".join(f"- {escape(item, PARAGRAPH)}" for item in block.items)
    elif isinstance(block, Lines):
        fence = "`" * (3 + max((len(run) for line in block.lines for run in re.findall("`+", line)), default=0))
        yield escape(block.title)
        yield "\n".join([f"{fence}diff", *map(visible, block.lines), fence])
    elif isinstance(block, Table):
        if block.caption:
            yield escape(block.caption)
        yield _table(block.columns, block.rows, block.right)
    else:
        yield from _picture(block)


def _table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], right: frozenset[int]) -> str:
    lines = [
        "| " + " | ".join(map(escape, columns)) + " |",
        "|" + "|".join("---:" if column in right else "---" for column in range(len(columns))) + "|",
    ]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return "\n".join(lines)


def _cell(cell: Cell) -> str:
    text = escape(cell.text)
    if cell.tone in ("best", "changed") and text.strip():
        text = f"**{text}**"
    return f"{text} ({escape(cell.note)})" if cell.note else text


def _picture(picture: Picture) -> Iterator[str]:
    subject = picture.subject
    if isinstance(subject, Overlay):
        place = dict(zip(picture.run_ids, picture.names, strict=True))
        yield escape(subject.key)
        yield _table(
            ("run", "first", "lowest", "highest", "last", f"last {subject.x}"),
            [
                tuple(
                    Cell(text)
                    for text in (
                        place[curve.run_id],
                        wording.number(curve.points[0][3]),
                        wording.number(min((point[1] for point in curve.points), default=None)),
                        wording.number(max((point[2] for point in curve.points), default=None)),
                        wording.number(curve.points[-1][3]),
                        wording.number(curve.points[-1][0]),
                    )
                )
                for curve in subject.curves
                if curve.points
            ],
            frozenset(range(1, 6)),
        )
        return
    axes = (subject.x, subject.y) if isinstance(subject, Scatter) else subject
    rows = [
        (Cell(name), *(Cell(wording.axis_value(axis, column)) for axis in axes))
        for column, name in enumerate(picture.names)
    ]
    yield _table(("run", *(axis.key for axis in axes)), rows, frozenset(range(1, len(axes) + 1)))


__all__ = ["escape", "render"]
