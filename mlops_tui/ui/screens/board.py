"""The board: a column for each stage, its versions as cards, which keys move through the gates to the next stage."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

from textual import events
from textual.app import ComposeResult

from mlops_tui.registry import boards
from mlops_tui.registry.boards import BoardCard, Column
from mlops_tui.ui import keymap
from mlops_tui.ui.loading import Loader
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens import model_rows
from mlops_tui.ui.screens.board_columns import FOLDED, LEAST, BoardColumn
from mlops_tui.ui.screens.filtering import WordFilterScreen
from mlops_tui.ui.screens.moves import Promote
from mlops_tui.ui.screens.version_acts import VersionActs
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import WindowTable

#: Cards of each column that are read with it.
_FIRST = 16


@dataclass(frozen=True, slots=True)
class BoardRecords:
    """The columns, and the cards that were read of them."""

    columns: tuple[Column, ...] = ()
    cards: tuple[tuple[BoardCard, ...], ...] = ()


class Board(Loader[BoardRecords]):
    """The columns side by side; those that there is no room for are folded, never the one with the focus."""

    DEFAULT_CSS = """
    Board { layout: horizontal; height: 1fr; width: 1fr; }
    Board > #board-empty { display: none; padding: 1 2; }
    Board.-empty > BoardColumn { display: none; }
    Board.-empty > #board-empty { display: block; }
    """

    BLANK = True
    LOADS_FIRST = True

    def __init__(self) -> None:
        super().__init__()
        self.words: tuple[str, ...] = ()
        self._place = 0
        self._first = 0
        self._sight: tuple[int, ...] = ()
        self._followed: BoardCard | None = None

    def compose(self) -> ComposeResult:
        """A column for each stage that is configured."""
        for number, stage in enumerate(session_of(self).config.registry.stages, 1):
            yield BoardColumn(number, stage)
        yield TextView(model_rows.NOTHING, can_focus=False, id="board-empty")

    def on_mount(self) -> None:
        """Puts the focus into the first column."""
        self._arrange()
        self.columns[0].focus()

    # columns

    @property
    def columns(self) -> tuple[BoardColumn, ...]:
        """All of them, from left to right."""
        return tuple(self.query(BoardColumn))

    @property
    def column(self) -> BoardColumn:
        """The one with the focus."""
        columns = self.columns
        return columns[min(self._place, len(columns) - 1)]

    @property
    def card(self) -> BoardCard | None:
        """The card under the cursor."""
        return self.column.card

    def go_to(self, place: int) -> bool:
        """Focuses a column; False when there is none at that place."""
        if not 0 <= place < len(self.columns):
            return False
        self._place, self._followed = place, None
        self._arrange()
        self.column.focus()
        return True

    def step(self, by: int) -> None:
        """Focuses the column to the right (1) or to the left (-1)."""
        self.go_to(self._place + by)

    def follow(self, card: BoardCard) -> None:
        """Keeps the cursor on a card that was moved to another column, be that shown by now or not yet."""
        self._followed = card
        if self.records is not None:
            self._find(card, self.records)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A column that was clicked has the focus."""
        for place, column in enumerate(self.columns):
            if column is event.widget and place != self._place:
                self._place = place
                self._arrange()

    def on_click(self, event: events.Click) -> None:
        """A folded column that was clicked opens."""
        for place, column in enumerate(self.columns):
            if column.is_folded and column.region.contains(event.screen_x, event.screen_y):
                self.go_to(place)

    def on_resize(self, _: events.Resize) -> None:
        """Folds what there is no room for."""
        self._arrange()

    def _arrange(self) -> None:
        columns = self.columns
        width = self.size.width or self.app.size.width  # before the first layout: nothing is to jump then
        room = (width - FOLDED * len(columns)) // (LEAST - FOLDED)
        wide = min(max(1, room), len(columns))
        # as little as possible moves
        self._first = min(max(self._first, self._place - wide + 1, 0), self._place, len(columns) - wide)
        for place, column in enumerate(columns):
            column.fold(not self._first <= place < self._first + wide)

    # records

    def reload(self, *, restart: bool = False) -> None:
        """Reads it again, with the cards in sight."""
        self._sight = tuple(key for column in self.columns for key in column.window_keys if isinstance(key, int))
        super().reload(restart=restart)

    def load(self, session: Session) -> BoardRecords:
        """Which versions are where, and those cards that can be seen."""
        if session.store is None:
            return BoardRecords()
        sight = set(self._sight)
        with session.store.snapshot() as db:
            columns = boards.columns(db, session.config, self.words)
            wanted = [
                [number for place, number in enumerate(one.numbers) if place < _FIRST or number in sight]
                for one in columns
            ]
            # at once: each query's rows wait for the threads that draw
            read = {card.number: card for card in boards.read(db, session.config, [*chain(*wanted)])}
        return BoardRecords(columns, tuple(tuple(read[one] for one in some if one in read) for some in wanted))

    def show(self, records: BoardRecords) -> None:
        """Hands each column its cards."""
        known = {column.stage: column for column in self.columns}
        gone = [column for stage, column in known.items() if stage not in {one.stage for one in records.columns}]
        for left in gone if records.columns else ():
            left.remove()
        is_empty = not any(column.numbers for column in records.columns) and not self.words
        self.set_class(is_empty, "-empty")
        for place, (column, cards) in enumerate(zip(records.columns, records.cards, strict=True)):
            shown = known.get(column.stage)
            if shown is None:
                shown = BoardColumn(place + 1, column.stage)
                self.mount(shown, before="#board-empty")
                self.call_after_refresh(shown.show_column, column, cards)
            else:
                shown.show_column(column, cards)
        self._arrange()
        if self._followed is not None:
            self._find(self._followed, records)

    def _find(self, card: BoardCard, records: BoardRecords) -> None:
        for place, column in enumerate(records.columns):
            if card.number in column.numbers and column.stage != card.stage and place < len(self.columns):
                self.go_to(place)
                self.column.move_to(card.number)


class BoardScreen(VersionActs, WordFilterScreen):
    """All versions by stage.

    Args:
        argument: Words to filter by.
    """

    NAME = "board"
    BINDINGS = keymap.bindings("board")
    FILTER_HINT: ClassVar[str] = "words of a model's name or an alias"

    _acted_on: BoardCard | None = None

    def compose_body(self) -> ComposeResult:
        """The board."""
        yield Board()

    def on_mount(self) -> None:
        """Filters by what the screen was opened with."""
        self.filter_by(self.argument)

    @property
    def board(self) -> Board:
        """The columns."""
        return self.query_one(Board)

    def focus_pane(self, number: int) -> bool:
        """Focuses a column."""
        return self.board.go_to(number - 1)

    # filter

    def filtered_table(self) -> WindowTable:
        """The cards of the column with the focus."""
        return self.board.column

    def narrow(self, words: tuple[str, ...]) -> None:
        """Shows the models that match."""
        self.argument = " ".join(words)
        self.retitle()
        self.board.words = words
        self.board.reload(restart=True)

    # walking

    def action_column(self, by: int) -> None:
        """Goes to the next column."""
        self.board.step(by)

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Opens the version."""
        card = self.chosen()
        if card is not None:
            self.go("version", f"{card.model}/{card.version}")

    def copy_text(self) -> tuple[str, str]:
        """The URI of the version under the cursor."""
        card = self.board.card
        uri = f"models:/{card.model}/{card.version}" if card else ""
        return uri, uri

    # acts

    def chosen(self) -> BoardCard | None:
        """The version under the cursor."""
        card = self._acted_on = self.board.card
        if card is None:
            self.remark("no version is chosen", "dim")
        return card

    def action_move(self, by: int) -> None:
        """Asks whether the version is to go to the column beside its own; gates look meanwhile."""
        card = self.chosen()
        if card is None:
            return
        target = boards.neighbour(self.session.config.registry, card.stage, by)
        if target:
            self.ask(Promote(self.session, card.model, card.version, card.stage, target))
        else:
            self.remark(f"no stage is {'after' if by > 0 else 'before'} {card.stage}", "dim")

    def on_did(self, _: Did) -> None:
        """Has the cursor stay on the card, wherever that is when what an act has changed is shown."""
        if self._acted_on is not None:
            self.board.follow(self._acted_on)
