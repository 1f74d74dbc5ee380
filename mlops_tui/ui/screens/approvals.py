"""What waits for an approval, and what was asked for before."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from textual.app import ComposeResult

from mlops_store import approval_rounds
from mlops_tui.registry import approvals
from mlops_tui.registry.approvals import Round
from mlops_tui.ui import keymap, shown
from mlops_tui.ui.screens import approval_acts
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import state_sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.rows import Key
from mlops_tui.ui.widgets.window_table import Row, WindowTable

_SIGNS = {"waiting": "waiting", "approved": "ok", "rejected": "error", "expired": "warning", "done": "ok"}
_TONES = {"approved": "good", "rejected": "bad", "expired": "warning", "done": "dim"}


#: Rounds that are read with the list of all that ever were.
_FIRST = 100


class Queue(NamedTuple):
    """The numbers of the rounds, the oldest first, and those that are read already."""

    numbers: array[int] = array("q")
    read: tuple[tuple[int, Round], ...] = ()


class ApprovalsPane(Pane[Queue]):
    """The requests, the oldest first; of all that ever were only those in sight are read."""

    def __init__(self) -> None:
        super().__init__("Approvals", 1)
        self._is_everything = False
        self._read: dict[int, Round] = {}
        self._session: Session | None = None

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(
            (
                Column("sign", "", 1, 1),
                Column("what", "version", 10, 40),
                Column("stage", "for", 5, 16),
                Column("message", "where it stands", 16, 200, grows=True),
                Column("at", "since", 8, 12, 1),
                Column("comment", "why", 6, 80, 2, grows=True),
            ),
            load=self._bring,
        )

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    @property
    def chosen(self) -> Round | None:
        """The request under the cursor."""
        key = self.table.cursor_key
        return self._read.get(key) if isinstance(key, int) else None

    def toggle(self) -> None:
        """Shows the answered ones too, or no more."""
        self._is_everything = not self._is_everything
        self.reload(restart=True)

    def load(self, session: Session) -> Queue:
        """Which requests there are; reads the first, or all where only some of them wait."""
        if session.store is None:
            return Queue()
        with session.store.snapshot() as db:
            numbers = approval_rounds.numbers(db, everything=self._is_everything)
            if self._is_everything:
                return Queue(numbers, tuple(approvals.rounds(db, session.config, numbers[:_FIRST]).items()))
            found = approvals.rounds(db, session.config, numbers)
        waiting = tuple((number, one) for number, one in found.items() if one.is_open)
        return Queue(array("q", [number for number, _ in waiting]), waiting)

    def show(self, records: Queue) -> None:
        """Draws them, or says how one is made."""
        self._session = session_of(self)
        if self._is_everything:
            self.entitle("Approvals", f"{len(records.numbers):,} in all" if records.numbers else "")
        else:
            waiting = sum(1 for _, one in records.read if one.state == "waiting")
            self.entitle("Approvals", f"{waiting:,} waiting" if waiting else "nothing waits" if records.numbers else "")
        if records.numbers:
            self.uncover()
        else:
            self.say(
                [
                    "Nothing waits for an approval.",
                    "",
                    Cell("Q on the models screen asks for one, o here shows the answered ones.", "dim"),
                ]
            )
        self.table.show_window(records.numbers, self._rows(records.read))

    def _bring(self, keys: Sequence[Key]) -> Sequence[Row]:
        """The rounds of these numbers; runs in a thread."""
        session = self._session
        if session is None or session.store is None:
            return ()
        numbers = [key for key in keys if isinstance(key, int)]
        with session.store.snapshot() as db:
            return self._rows(approvals.rounds(db, session.config, numbers).items())

    def _rows(self, read: Iterable[tuple[int, Round]]) -> list[Row]:
        now, rows = time.time(), []
        for number, one in read:
            self._read[number] = one
            rows.append(_row(number, one, now))
        return rows


def _row(number: int, one: Round, now: float) -> Row:
    return Row(
        number,
        (
            state_sign(_SIGNS.get(one.state, "waiting")),
            f"{one.model} v{one.version}",
            one.stage,
            Cell(one.message, _TONES.get(one.state, "")),
            Cell(shown.moment(one.requested_at, now), "dim"),
            Cell(one.acts[0].reason if one.acts else "", "dim"),
        ),
    )


class ApprovalsScreen(ProjectScreen):
    """The queue."""

    NAME = "approvals"
    BINDINGS = keymap.bindings("approvals")

    def compose_body(self) -> ComposeResult:
        """One pane."""
        yield ApprovalsPane()

    @property
    def _pane(self) -> ApprovalsPane:
        return self.query_one(ApprovalsPane)

    def action_answer(self, what: str) -> None:
        """Approves or rejects the request under the cursor."""
        one = self._pane.chosen
        if one is None:
            self.remark("no request to answer", "dim")
        else:
            approval_acts.ask(self, one.model, one.version, "", what, to_stage=one.stage)

    def action_everything(self) -> None:
        """Shows the answered ones too, or no more."""
        self._pane.toggle()

    def on_window_table_row_selected(self, _: WindowTable.RowSelected) -> None:
        """Goes to the version."""
        one = self._pane.chosen
        if one is not None:
            self.go("models", f"{one.model}/{one.version}")

    def copy_text(self) -> tuple[str, str]:
        """The URI of the version under the cursor."""
        one = self._pane.chosen
        uri = f"models:/{one.model}/{one.version}" if one is not None else ""
        return uri, uri
