"""The columns of the board: a stage with its cards, wide or folded to a strip."""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip

from mlops_tui.registry import boards
from mlops_tui.registry.boards import BoardCard, Column
from mlops_tui.ui.screens import board_cards
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.text import clean
from mlops_tui.ui.theme import style_of
from mlops_tui.ui.widgets.card_list import CardList
from mlops_tui.ui.widgets.pane import FRAME, FRAME_IN_FOCUS, POOR_FRAME_IN_FOCUS, frame_title
from mlops_tui.ui.widgets.rows import Key, Row

#: Cells that a column needs to be read, and that a folded one takes.
LEAST, FOLDED = 25, 5


class BoardColumn(CardList):
    """A stage: a numbered frame with the cards of its versions; filled by the screen.

    Folded, it is a strip that says how many there are, and the stage from top to bottom. Frame and list are one widget:
    each one costs an opened screen about a millisecond.

    Args:
        number: The key that focuses it.
        stage: The stage.
    """

    DEFAULT_CSS = f"""
    BoardColumn {{ {FRAME} }}
    BoardColumn:focus {{ {FRAME_IN_FOCUS} }}
    .-poor BoardColumn:focus {{ {POOR_FRAME_IN_FOCUS} }}
    """

    def __init__(self, number: int, stage: str) -> None:
        super().__init__(load=self._brought, empty=" no version")
        self.number = number
        self.stage = stage
        self.is_folded = False
        self._letters = clean(stage, 60)
        self._numbers: array[int] = array("q")
        self._session: Session | None = None
        self._is_known = True
        self._read: dict[int, BoardCard] = {}
        self._entitle()

    @property
    def card(self) -> BoardCard | None:
        """The card under the cursor; None while it is not read, and where there is none."""
        key = self.cursor_key
        return self._read.get(key) if isinstance(key, int) else None

    @property
    def count(self) -> int:
        """How many versions are in the stage."""
        return len(self._numbers)

    def fold(self, is_folded: bool) -> None:
        """Makes it a strip, or wide again."""
        if is_folded != self.is_folded:
            self.is_folded = is_folded
            self.styles.width = FOLDED if is_folded else "1fr"
            self._resize()
            self._entitle()
            self.refresh()

    def show_column(self, column: Column, read: Sequence[BoardCard]) -> None:
        """Shows the versions of the stage, some of which are read."""
        self._numbers = column.numbers
        self._session = session_of(self)
        self.show_window(column.numbers, self._rows_of(self._session, read))
        self._is_known = column.is_known
        self._entitle()

    def _entitle(self) -> None:
        if self.is_folded:
            self.border_title = frame_title(self.number, "")
            self.border_subtitle = None
        else:
            self.border_title = frame_title(self.number, self.stage, f"{self.count:,}" if self.count else "")
            self.border_subtitle = None if self._is_known else "no longer configured"

    def _rows_of(self, session: Session, cards: Sequence[BoardCard]) -> list[Row]:
        now, is_single = time.time(), self.stage in session.config.registry.single
        self._read.update({card.number: card for card in cards})
        return [board_cards.row(card, now, is_single=is_single) for card in cards]

    def _brought(self, keys: Sequence[Key]) -> Sequence[Row]:
        """The cards of these numbers; runs in a thread."""
        session = self._session
        if session is None or session.store is None:
            return ()
        numbers = [key for key in keys if isinstance(key, int)]
        return self._rows_of(session, boards.read(session.store.read(), session.config, numbers))

    # drawing

    def _resize(self) -> None:
        if self.is_folded:
            self.virtual_size = Size(self._inner.width, 0)  # without a scroll bar
        else:
            super()._resize()

    def render_line(self, y: int) -> Strip:
        """A line of a card; or the count, then a letter a line."""
        if not self.is_folded:
            return super().render_line(y)
        width, base, count = self.size.width, self.rich_style, self.row_count
        if y == 0:
            text, tone = str(count) if count < 1000 else f"{count // 1000}k", "accent"
        else:
            text, tone = self._letters[y - 2 : y - 1] if y > 1 else "", "dim"
        return Strip([Segment(text[:width].center(width), base + style_of(self.app, tone))], width)

    def _position_at(self, y: int) -> int:
        return -1 if self.is_folded else super()._position_at(y)  # the board opens what is folded
