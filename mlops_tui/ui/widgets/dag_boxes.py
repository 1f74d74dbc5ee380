"""What stands in the boxes of a graph: sign, name and time of a stage, or how many stages a fold holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from mlops_tui.ui.signs import is_unicode, state_sign, state_tone, state_word
from mlops_tui.ui.text import Cell, clean, cut

#: Columns of a name at most, and of the time beside it.
NAME_WIDTH = 24
TIME_WIDTH = 6
#: Rows of a box with a frame.
FRAMED = 4
_BAR = 6


@dataclass(frozen=True, slots=True)
class Node:
    """A stage as the graph shows it.

    Attributes:
        name: The stage.
        state: A word that the theme knows.
        time: How long it took or has been running.
        share: Of the usual time that has passed, 0 to 1 and more; None when it does not run or never ran before.
        attempt: Which attempt this is, from 1.
        rank: What is folded last: the lower, the sooner it is shown; below 0 it always is.
    """

    name: str
    state: str = ""
    time: str = ""
    share: float | None = None
    attempt: int = 1
    rank: int = 9


def label(nodes: Sequence[Node]) -> str:
    """The name in a box."""
    if len(nodes) > 1:
        return f"+{len(nodes)} more"
    return cut(clean(nodes[0].name, 200), NAME_WIDTH)


def width(nodes: Sequence[Node], height: int) -> int:
    """Columns of a box, which do not change while stages run."""
    name = 2 + cell_len(label(nodes))
    return max(name, _BAR + 6) + 4 if height == FRAMED else name + 1 + TIME_WIDTH


def lines(nodes: Sequence[Node], height: int) -> list[tuple[Cell, ...]]:
    """The lines inside a box, without its frame; not yet of the box's width."""
    first = min(nodes, key=lambda node: node.rank)
    sign = state_sign(first.state)
    name = Cell(label(nodes), "dim" if len(nodes) > 1 else "")
    if len(nodes) > 1:
        time: tuple[Cell, ...] = (Cell(_states(nodes), state_tone(first.state)),)
    else:
        time = _time(first, height)
    if height == FRAMED:
        return [(sign, Cell(" "), name), time]
    length = sum(cell_len(piece.text) for piece in time)
    return [(sign, Cell(" "), name, Cell(" " * max(1, 1 + TIME_WIDTH - length)), *time)]


def _time(node: Node, height: int) -> tuple[Cell, ...]:
    attempt = f"{'×' if is_unicode() else 'x'}{node.attempt} " if node.attempt > 1 else ""
    if node.share is None:
        text = node.time or ("" if height < FRAMED else state_word(node.state))
        tone = "running" if node.state == "running" else "dim"
        shown = f"{attempt}{text}"
        return (Cell(shown if height == FRAMED or len(shown) <= TIME_WIDTH else text, tone),)
    percent = f"{min(99, int(node.share * 100))}%"
    if height < FRAMED:
        return (Cell(f"{attempt}{percent}", "running"),)
    full, empty = ("█", "░") if is_unicode() else ("#", ".")
    bar = max(0, _BAR - len(attempt))
    filled = min(bar, int(node.share * bar))
    return (Cell(full * filled, "running"), Cell(empty * (bar - filled), "faint"), Cell(f" {attempt}{percent}", "dim"))


def _states(nodes: Sequence[Node]) -> str:
    """How many of a fold's stages are in the state that matters most: ``3 failed``."""
    counts = Counter(node.state for node in nodes)
    state = min(nodes, key=lambda node: node.rank).state
    if counts[state] == len(nodes):
        return cut(state_word(state), TIME_WIDTH)
    return cut(f"{counts[state]} {state_word(state)}", TIME_WIDTH)
