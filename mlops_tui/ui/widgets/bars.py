"""A reference and a current sample drawn over each other: histograms for numbers, bars for categories.

What both samples have in common is one colour, what only one of them has above that is its own: a shift is what stands
out. Where there are no colours the two stand side by side in different shapes. Pure: knows no Textual and no terminal.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from rich.cells import cell_len

from mlops_tui.ui.text import clean, cut, fit
from mlops_tui.ui.widgets import ticks
from mlops_tui.ui.widgets.samples import Categories, Numbers, merged

#: A piece of a row: text, tone, and the tone that its background has ("" for none).
Piece: TypeAlias = tuple[str, str, str]
Rows: TypeAlias = tuple[tuple[Piece, ...], ...]

#: Tones beside those of the theme.
REFERENCE, CURRENT, BOTH = "reference", "current", "both"

#: Upright blocks from none to a whole one, in eighths and in halves of a cell.
UP, UP_COARSE = " ▁▂▃▄▅▆▇█", " ▄█"
_ALONG, _ALONG_COARSE = " ▏▎▍▌▋▊▉█", " ▌█"
#: What marks the means of the reference and of the current sample.
_MEANS, _MEANS_COARSE = "△▲", "^▲"
_WIDEST_BIN = 8
_WIDEST_LABEL = 28
#: Cells that the labels of the upright axis and the axis itself take at most.
_GUTTER = 7
#: Cells that both shares of a label take, with the remark after them.
_SHARES = 19


@dataclass(frozen=True, slots=True)
class Shapes:
    """What the terminal can draw.

    Attributes:
        has_eighths: Blocks in eighths of a cell; otherwise halves, which every console has.
        has_colours: Whether tones can be told apart; otherwise shapes tell the samples apart.
    """

    has_eighths: bool = True
    has_colours: bool = True


def draw(samples: Numbers | Categories, width: int, height: int, shapes: Shapes | None = None) -> Rows:
    """The samples in an area of at most ``width`` × ``height`` cells."""
    if width < 4 or height < 1:
        return ()
    shapes = shapes or Shapes()
    if isinstance(samples, Numbers):
        return histogram(samples, width, height, shapes)
    return tuple(bounded(row, width) for row in categories(samples, width, height, shapes))


def bounded(row: Sequence[Piece], width: int) -> tuple[Piece, ...]:
    """The row cut to at most ``width`` cells."""
    pieces, left = [], width
    for text, *look in row:
        text = cut(text, left)
        left -= cell_len(text)
        pieces.append((text, look[0], look[1]))
    return tuple(pieces)


def histogram(samples: Numbers, width: int, height: int, shapes: Shapes) -> Rows:
    """Upright bars over an axis of values, with the means marked on the axis; small areas go without axes."""
    has_axes = height >= 4 and width >= 24
    rows = height - 2 if has_axes else height
    room = width - (_GUTTER if has_axes else 0)
    samples = merged(samples, max(1, room // (1 if shapes.has_colours else 3)))
    top = max(*samples.reference, *samples.current)
    levels = _levels(top, rows) if has_axes else {}
    gutter = max((len(text) for text in levels.values()), default=0) + 1 if has_axes else 0
    bin_width = min(_WIDEST_BIN, room // len(samples.reference))
    heights = [
        (share * rows / top, other * rows / top)
        for share, other in zip(samples.reference, samples.current, strict=True)
    ]
    drawn: list[tuple[Piece, ...]] = []
    for row in range(rows):
        base = rows - 1 - row
        cells = [_column(before - base, now - base, bin_width, shapes) for before, now in heights]
        pieces = joined([piece for group in cells for piece in group])
        if has_axes:
            label = levels.get(row, "")
            sign = "┤" if label else "│"
            pieces = ((label.rjust(gutter - 1) + " ", "dim", ""), (sign, "faint", ""), *pieces)
        drawn.append(pieces)
    return (*drawn, *_axis(samples, gutter, bin_width, shapes)) if has_axes else tuple(drawn)


def categories(samples: Categories, width: int, height: int, shapes: Shapes) -> Rows:
    """A bar for each label with its shares; where not all have room, those whose share changed most come first."""
    lines = list(zip(map(_label, samples.labels), samples.reference, samples.current, strict=True))
    rest: list[tuple[str, float, float]] = []
    if len(lines) + (1 if any(samples.others) else 0) > height:
        lines.sort(key=lambda line: -abs(line[2] - line[1]))
        lines, rest = lines[: max(1, height - 1)], lines[max(1, height - 1) :]
    label_width = min(_WIDEST_LABEL, max(6, width // 3), max(6, *(cell_len(label) for label, _, _ in lines)))
    has_shares = width - label_width >= 30
    bar_width = max(1, width - label_width - 1 - (_SHARES if has_shares else 0))
    scale = bar_width / (max(max(before, now) for _, before, now in lines) or 1.0)
    drawn = []
    for label, before, now in lines:
        pieces = [(fit(label, label_width) + " ", "", ""), *_along(before * scale, now * scale, bar_width, shapes)]
        drawn.append(joined(pieces + (_share_pieces(before, now, shapes) if has_shares else [])))
    if (rest or any(samples.others)) and len(lines) < height:
        before = samples.others[0] + sum(line[1] for line in rest)
        now = samples.others[1] + sum(line[2] for line in rest)
        # no bar: all others together would make the scale of the bars useless
        pieces = [(fit("others", label_width) + " " * (bar_width + 1), "dim", "")]
        drawn.append(joined(pieces + (_share_pieces(before, now, shapes) if has_shares else [])))
    return tuple(drawn)


def legend(samples: Numbers | Categories | None, shapes: Shapes) -> tuple[Piece, ...]:
    """What the colours or shapes stand for."""
    if shapes.has_colours:
        return (
            *(("█", REFERENCE, ""), (" reference  ", "", "")),
            *(("█", CURRENT, ""), (" current  ", "", "")),
            *(("█", BOTH, ""), (" both", "", "")),
        )
    before, now = ("│", "█") if isinstance(samples, Numbers) else ("▀", "▄")
    return ((before, REFERENCE, ""), (" reference  ", "", ""), (now, CURRENT, ""), (" current", "", ""))


# bars


def _column(before: float, now: float, width: int, shapes: Shapes) -> list[Piece]:
    """One bin in one row: heights are in rows above the row's lower edge."""
    blocks = UP if shapes.has_eighths else UP_COARSE
    if shapes.has_colours:
        return [_overlaid(before, now, blocks, width)]
    thin = "│" if before >= 0.75 else "╷" if before >= 0.25 and shapes.has_eighths else " "
    return [
        (thin, REFERENCE, ""),
        (blocks[_level(now, blocks)] * max(1, width - 2), CURRENT, ""),
        (" " * (1 if width > 2 else 0), "", ""),
    ]


def _overlaid(before: float, now: float, blocks: str, repeat: int = 1) -> Piece:
    """What both have in one tone, and above that what only one has in its own."""
    shared, longer = _level(min(before, now), blocks), _level(max(before, now), blocks)
    own, full = REFERENCE if before > now else CURRENT, len(blocks) - 1
    if shared == longer:
        return (blocks[shared] * repeat, BOTH if shared else "", "")
    if shared == 0:
        return (blocks[longer] * repeat, own, "")
    if longer == full:
        return (blocks[shared] * repeat, BOTH, own)
    # three colours in one cell cannot be: the larger part is drawn
    return (blocks[longer] * repeat, own if longer - shared >= shared else BOTH, "")


def _along(before: float, now: float, width: int, shapes: Shapes) -> list[Piece]:
    """One lying bar; lengths are in cells."""
    pieces: list[Piece] = []
    blocks = _ALONG if shapes.has_eighths else _ALONG_COARSE
    # the least that there is gets the least that can be drawn, so that it is not mistaken for nothing
    least = 1 / (len(blocks) - 1) if shapes.has_colours else 1.0
    before, now = (max(length, least) if length > 0 else 0.0 for length in (before, now))
    for cell in range(width):
        if shapes.has_colours:
            pieces.append(_overlaid(before - cell, now - cell, blocks))
        else:
            has = (before - cell >= 0.5, now - cell >= 0.5)
            sign = {(True, True): "█", (True, False): "▀", (False, True): "▄"}.get(has, " ")
            pieces.append((sign, "", ""))
    return pieces


def _level(height: float, blocks: str) -> int:
    return min(len(blocks) - 1, max(0, round(height * (len(blocks) - 1))))


def _share_pieces(before: float, now: float, shapes: Shapes) -> list[Piece]:
    mark = "new" if not before and now else "gone" if before and not now else ""
    return [
        (f" {_percent(before):>5}", REFERENCE, ""),
        (" → " if shapes.has_eighths else " > ", "dim", ""),
        (f"{_percent(now):>5}", CURRENT, ""),
        (f" {mark:<4}", "strong", ""),
    ]


def _percent(share: float) -> str:
    if share and share < 0.001:
        return "<0.1%"
    return f"{share:.1%}" if share < 0.9995 else "100%"


def _label(label: str) -> str:
    return clean(label, 100).strip() or clean(ascii(label), 100)


# axes


def _levels(top: float, rows: int) -> dict[int, str]:
    """Row -> the share at its upper edge."""
    positions = [share for share in ticks.linear(0.0, top * 100, max(2, rows // 3)) if share > 0]
    texts = ticks.labels(positions) if positions else []
    found: dict[int, str] = {}
    for share, text in zip(positions, texts, strict=True):
        found[min(rows - 1, max(0, rows - math.ceil(share / 100 / top * rows - 1e-9)))] = text + "%"
    return found


def _axis(samples: Numbers, gutter: int, bin_width: int, shapes: Shapes) -> Rows:
    """The line of values with both means on it, and round values under it."""
    columns = bin_width * len(samples.reference)
    low, high = samples.edges[0], samples.edges[-1]
    line = [("─", "faint", "")] * columns
    under, free_from = [" "] * (gutter + 1 + columns), 0
    positions = ticks.linear(low, high, max(1, columns // 10))
    for value, text in zip(positions, ticks.labels(positions), strict=True):
        column = _place(samples.edges, value, columns)
        start = min(max(0, gutter + 1 + column - len(text) // 2), max(0, len(under) - len(text)))
        if start < free_from:
            continue
        line[column] = ("┬", "faint", "")
        under[start : start + len(text)] = text
        free_from = start + len(text) + 2
    signs = _MEANS if shapes.has_eighths else _MEANS_COARSE
    for mean, tone in ((samples.reference_mean, REFERENCE), (samples.current_mean, CURRENT)):
        if mean is not None and low <= mean <= high:
            column = _place(samples.edges, mean, columns)
            is_shared = line[column][0] in signs
            line[column] = (signs[tone == CURRENT or is_shared], BOTH if is_shared else tone, "")
    return (
        joined([(" " * gutter, "", ""), ("└", "faint", ""), *line]),
        (("".join(under), "dim", ""),),
    )


def _place(edges: Sequence[float], value: float, columns: int) -> int:
    """The column of cells that holds a value."""
    place = min(len(edges) - 2, max(0, bisect_right(edges, value) - 1))
    span = edges[place + 1] - edges[place]
    share = (value - edges[place]) / span if span > 0 else 0.0
    return min(columns - 1, int((place + share) * columns / (len(edges) - 1)))


def joined(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Neighbours of one look as one piece."""
    return tuple(
        ("".join(piece[0] for piece in group), *look) for look, group in groupby(pieces, key=lambda piece: piece[1:])
    )
