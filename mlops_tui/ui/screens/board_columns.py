"""The columns of the board: a stage with its cards, wide or folded to a strip."""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence

from rich.segment import Segment
from textual.app import ComposeResult
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.registry import boards
from mlops_tui.registry.boards import BoardCard, Column
from mlops_tui.ui.screens import board_cards
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.text import clean
from mlops_tui.ui.theme import style_of
from mlops_tui.ui.widgets.card_list import CardList
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.rows import Key, Row

#: Cells that a column needs to be read, and that a folded one takes.
LEAST, FOLDED = 25, 5


class Strips(Widget):
    """What a folded column says: how many cards there are, and its stage from top to bottom."""

    DEFAULT_CSS = "Strips { width: 1fr; height: 1fr; }"

    def __init__(self, stage: str) -> None:
        super().__init__()
        self._stage = clean(stage, 60)
        self._count = 0

    def show(self, count: int) -> None:
        """Shows another number of cards."""
        if count != self._count:
            self._count = count
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The count, then a letter a line."""
        width, base = self.size.width, self.rich_style
        if y == 0:
            count = str(self._count) if self._count < 1000 else f"{self._count // 1000}k"
            return Strip([Segment(count[:width].center(width), base + style_of(self.app, "accent"))], width)
        letter = self._stage[y - 2] if 2 <= y < len(self._stage) + 2 else ""
        return Strip([Segment(letter.center(width)[:width].ljust(width), base + style_of(self.app, "dim"))], width)


class BoardColumn(Pane[object]):
    """A stage; filled by the screen.

    Args:
        number: The key that focuses it.
        stage: The stage.
    """

    DEFAULT_CSS = """
    BoardColumn Strips { display: none; }
    BoardColumn.-folded Strips { display: block; }
    BoardColumn.-folded CardList { display: none; }
    """

    def __init__(self, number: int, stage: str) -> None:
        super().__init__(stage, number)
        self.stage = stage
        self._numbers: array[int] = array("q")
        self._session: Session | None = None
        self._is_known = True
        self._read: dict[int, BoardCard] = {}

    def compose(self) -> ComposeResult:
        """The cards, and what stands there while they are folded."""
        yield CardList(load=self._bring, empty=" no version")
        yield Strips(self.stage)

    @property
    def cards(self) -> CardList:
        """The cards."""
        return self.query_one(CardList)

    @property
    def card(self) -> BoardCard | None:
        """The card under the cursor; None while it is not read, and where there is none."""
        key = self.cards.cursor_key
        return self._read.get(key) if isinstance(key, int) else None

    @property
    def count(self) -> int:
        """How many versions are in the stage."""
        return len(self._numbers)

    def fold(self, is_folded: bool) -> None:
        """Makes it a strip, or wide again."""
        self.set_class(is_folded, "-folded")
        self.styles.width = FOLDED if is_folded else "1fr"
        self._entitle()

    def show_column(self, column: Column, read: Sequence[BoardCard]) -> None:
        """Shows the versions of the stage, some of which are read."""
        self._numbers = column.numbers
        self._session = session_of(self)
        self.cards.show_window(column.numbers, self._rows(self._session, read))
        self.query_one(Strips).show(len(column.numbers))
        self._is_known = column.is_known
        self._entitle()

    def _entitle(self) -> None:
        if self.has_class("-folded"):
            self.entitle("")
            self.subtitle("")
        else:
            self.entitle(self.stage, f"{self.count:,}" if self.count else "")
            self.subtitle("" if self._is_known else "no longer configured")

    def _rows(self, session: Session, cards: Sequence[BoardCard]) -> list[Row]:
        now, is_single = time.time(), self.stage in session.config.registry.single
        self._read.update({card.number: card for card in cards})
        return [board_cards.row(card, now, is_single=is_single) for card in cards]

    def _bring(self, keys: Sequence[Key]) -> Sequence[Row]:
        """The cards of these numbers; runs in a thread."""
        session = self._session
        if session is None or session.store is None:
            return ()
        numbers = [key for key in keys if isinstance(key, int)]
        return self._rows(session, boards.read(session.store.read(), session.config, numbers))
