"""What is behind a drift, searched for when it is asked: in a process of its own, because that needs pandas."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from textual.app import ComposeResult

from mlops_tui.ui import spawn
from mlops_tui.ui.screens import cause_words
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.text_view import TextView


@dataclass(frozen=True, slots=True)
class Found:
    """What ``drift cause`` answered for a column of a report; nothing while nobody has asked."""

    wanted: tuple[int, str] | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)


class CausePane(Pane[Found]):
    """Rows, predictions, data, commits and models behind the drift of a column."""

    DEFAULT_CSS = "CausePane TextView { padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__("Cause", 3, id="cause")
        self._wanted: tuple[int, str] | None = None
        self._known: dict[tuple[int, str], Found] = {}

    def compose(self) -> ComposeResult:
        """Lines that scroll."""
        yield TextView(wrap=True)

    def point_at(self, report_id: int, column: str) -> None:
        """Shows what is known of a column already, without asking."""
        known = self._known.get((report_id, column))
        self._wanted = (report_id, column) if known is not None else None
        self.reload(restart=True)

    def ask(self, report_id: int, column: str) -> None:
        """Searches for the cause of a column's drift."""
        self._wanted = (report_id, column)
        if self._wanted not in self._known:
            self.say([Cell("searching …", "dim")])
        self.reload(restart=True)

    def load(self, session: Session) -> Found:
        """Asks ``drift cause``, once for each column of a report.

        Raises:
            MlopsError: It could not be found out.
        """
        wanted = self._wanted
        if wanted is None:
            return Found()
        if wanted not in self._known:
            answer = spawn.verb(session.project, "drift", "cause", str(wanted[0]), "--", wanted[1])
            self._known[wanted] = Found(wanted, answer)
        return self._known[wanted]

    def show(self, records: Found) -> None:
        """Draws it, or how to ask."""
        if records.wanted is None:
            asked = "looks for what is behind it: rows, predictions, where the data came from, what was trained on it."
            self.say([(Cell("w", "key"), Cell(f" {asked}", "dim"))])
            return
        self.uncover()
        self.entitle("Cause", records.wanted[1])
        self.query_one(TextView).show(cause_words.lines(records.answer, time.time()))
