"""Facts as a list that can be walked through: long values are broken, facts that lead somewhere can be opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual import events

from mlops_tui.ui.text import Cell, CellValue, pieces
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.table_lines import MARGIN
from mlops_tui.ui.widgets.text_view import wrapped
from mlops_tui.ui.widgets.window_table import Row, WindowTable

#: Cells that are left to a value however long its name.
_LEAST = 12


class Fact(NamedTuple):
    """A line, or more where it is long.

    Attributes:
        key: Tells it from the others, whatever it says.
        line: What it says.
        head: Cells before the value that has to be broken: further lines begin below it.
        place: Where it leads: the name of a screen, or "part" for another part of this one; "" for nowhere.
        argument: Of the place.
        copied: What ``y`` copies; "" for what the screen copies.
    """

    key: tuple[str, ...]
    line: tuple[Cell, ...] = ()
    head: int = 0
    place: str = ""
    argument: str = ""
    copied: str = ""


class FactList(WindowTable):
    """Facts from top to bottom."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__((Column("fact", "", 8, 10_000, grows=True),), has_header=False, id=id)
        self._facts: tuple[Fact, ...] = ()
        self._broken_at = -1

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Shows other facts, or the same with other values."""
        self._facts = tuple(facts)
        self._break()

    @property
    def fact(self) -> Fact | None:
        """The one under the cursor."""
        key = self.cursor_key
        return next((one for one in self._facts if isinstance(key, tuple) and one.key == key[:-1]), None)

    def on_resize(self, _: events.Resize) -> None:
        """Breaks lines anew."""
        if self._inner.width != self._broken_at:
            self._break()

    def _break(self) -> None:
        self._broken_at = self._inner.width
        width = max(_LEAST, self._inner.width - MARGIN)
        self.show([row for fact in self._facts for row in _rows(fact, width)])


def _rows(fact: Fact, width: int) -> Iterator[Row]:
    line = pieces(fact.line) if fact.line else (Cell(""),)
    if fact.place:
        line = (*line, Cell(f" {sign('right')}", "accent"))
    for number, one in enumerate(_broken(line, fact.head, width)):
        yield Row((*fact.key, number), (one,))


def _broken(line: tuple[Cell, ...], head: int, width: int) -> Iterator[CellValue]:
    """Lines of at most ``width`` cells; all but the first begin ``head`` cells further right."""
    if not head or head > width - _LEAST or cell_len(line[0].text) != head:
        yield from wrapped(line, width)
        return
    first, *others = wrapped(line[1:], width - head)
    yield (line[0], *first)
    for other in others:
        yield (Cell(" " * head), *other)
