"""What waits for an approval, and what was asked for before."""

from __future__ import annotations

import time

from textual.app import ComposeResult

from mlops_tui.registry import approvals
from mlops_tui.registry.approvals import Round
from mlops_tui.ui import keymap, shown
from mlops_tui.ui.loading import reload_all
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens import approval_acts
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import state_sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.window_table import Row, WindowTable

_SIGNS = {"waiting": "waiting", "approved": "ok", "rejected": "error", "expired": "warning", "done": "ok"}
_TONES = {"approved": "good", "rejected": "bad", "expired": "warning", "done": "dim"}


class ApprovalsPane(Pane[tuple[Round, ...]]):
    """The requests, the oldest first."""

    def __init__(self) -> None:
        super().__init__("Approvals", 1)
        self._is_everything = False

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
            )
        )

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    @property
    def chosen(self) -> Round | None:
        """The request under the cursor."""
        key = self.table.cursor_key
        return next((one for one in self.records or () if _key(one) == key), None)

    def toggle(self) -> None:
        """Shows the answered ones too, or no more."""
        self._is_everything = not self._is_everything
        self.reload(restart=True)

    def load(self, session: Session) -> tuple[Round, ...]:
        """Reads the requests."""
        if session.store is None:
            return ()
        return tuple(approvals.queue(session.store.read(), session.config, everything=self._is_everything))

    def show(self, records: tuple[Round, ...]) -> None:
        """Draws them, or says how one is made."""
        waiting = sum(1 for one in records if one.state == "waiting")
        self.entitle("Approvals", f"{waiting} waiting" if waiting else "nothing waits" if records else "")
        if records:
            self.uncover()
        else:
            self.say(
                [
                    "Nothing waits for an approval.",
                    "",
                    Cell("Q on the models screen asks for one, o here shows the answered ones.", "dim"),
                ]
            )
        now = time.time()
        self.table.show([_row(one, now) for one in records])


def _key(one: Round) -> str:
    return f"{one.model}/{one.version} {one.stage}"


def _row(one: Round, now: float) -> Row:
    return Row(
        _key(one),
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

    def on_did(self, _: Did) -> None:
        """Shows at once what an act has changed."""
        reload_all(self, store=True, project=False)

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
