"""The audit log: who did what, when, from where and why, and whether the log is as it was written."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult

from mlops_store import audit_chain, timeline
from mlops_store.audit_chain import Verdict
from mlops_store.records import AuditEntry
from mlops_tui.ui import keymap
from mlops_tui.ui.screens import history_rows
from mlops_tui.ui.screens.filtering import WordFilterScreen
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.rows import Key
from mlops_tui.ui.widgets.window_table import Row, WindowTable

#: Entries that are read with the list, and how many stand there until all are known and verified.
_FIRST, _EARLY = 100, 200


class Log(NamedTuple):
    """The numbers of the entries, newest first, those that are read already, and what verifying found."""

    numbers: array[int] = array("q")
    read: tuple[AuditEntry, ...] = ()
    verdict: Verdict | None = None


class AuditPane(Pane[Log]):
    """The entries that have every word of a filter in them; however many there are, only those in sight are read."""

    def __init__(self) -> None:
        super().__init__("Audit log", 1)
        self.words: tuple[str, ...] = ()
        self._verdict: Verdict | None = None
        self._read: dict[int, AuditEntry] = {}
        self._session: Session | None = None

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(
            (Column("id", "#", 1, 7, 3, right=True), Column("on", "on", 6, 28, 1), *history_rows.COLUMNS),
            load=self._bring,
            empty="no entry matches the filter",
        )

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def entry(self, number: object) -> AuditEntry | None:
        """The entry of that number, None while it is not read."""
        return self._read.get(number) if isinstance(number, int) else None

    def verify(self) -> None:
        """Verifies the whole log again."""
        self._verdict = None
        self.reload()

    def reload(self, *, restart: bool = False) -> None:
        """Reads it again."""
        self._session = session_of(self)
        super().reload(restart=restart)

    def early(self, session: Session) -> Log | None:
        """The newest entries, while all are still being looked for and verified."""
        if session.store is None or (self.records is not None and self._verdict is not None):
            return None
        return self._log(session, _EARLY)

    def load(self, session: Session) -> Log:
        """Which entries there are; verifies the log the first time, and when asked to."""
        if session.store is None:
            return Log()
        if self._verdict is None:
            self._verdict = audit_chain.verify(session.store.read())
        return self._log(session, -1)

    def _log(self, session: Session, limit: int) -> Log:
        assert session.store is not None
        with session.store.snapshot() as db:
            numbers = timeline.numbers(db, nouns=(), words=self.words, limit=limit)
            return Log(numbers, tuple(timeline.read(db, numbers[:_FIRST])), self._verdict)

    def show(self, records: Log) -> None:
        """Draws them, or says what would be here."""
        count = f"{len(records.numbers):,}" + ("+" if len(records.numbers) == _EARLY else "")
        words = " ".join(self.words)
        self.entitle("Audit log", f"{count} · /{words}" if words else count if records.numbers else "")
        self.subtitle(_said(records.verdict) if records.verdict is not None else "being verified")
        if records.numbers or words:
            self.uncover()
        else:
            self.say(["Nothing is recorded yet.", "", Cell("Promotions, rollbacks and aliases show here.", "dim")])
        self.table.show_window(records.numbers, self._rows(records.read))

    def _bring(self, keys: Sequence[Key]) -> Sequence[Row]:
        """The entries of these numbers; runs in a thread."""
        session = self._session
        if session is None or session.store is None:
            return ()
        return self._rows(timeline.read(session.store.read(), [key for key in keys if isinstance(key, int)]))

    def _rows(self, entries: Iterable[AuditEntry]) -> list[Row]:
        now, rows = time.time(), []
        for entry in entries:
            self._read[entry.id] = entry
            rows.append(_row(entry, now))
        return rows


def _said(verdict: Verdict) -> str:
    if verdict.broken is not None:
        return f"BROKEN: {verdict.broken}"
    return f"intact up to entry {verdict.entries:,}, head {verdict.head[:12]}" if verdict.entries else ""


def _row(entry: AuditEntry, now: float) -> Row:
    row = history_rows.row(entry, now)
    return Row(row.key, (Cell(str(entry.id), "dim"), entry.subject.partition(":")[2] or entry.subject, *row.cells))


class AuditScreen(WordFilterScreen):
    """The log.

    Args:
        argument: Words to filter by.
    """

    NAME = "audit"
    BINDINGS = keymap.bindings("audit")
    FILTER_HINT: ClassVar[str] = "words of a model, a person, an act or a reason"

    def compose_body(self) -> ComposeResult:
        """One pane."""
        yield AuditPane()

    def on_mount(self) -> None:
        """Filters by what the screen was opened with."""
        self.filter_by(self.argument)

    @property
    def _pane(self) -> AuditPane:
        return self.query_one(AuditPane)

    def filtered_table(self) -> WindowTable:
        """The list of entries."""
        return self._pane.table

    def narrow(self, words: tuple[str, ...]) -> None:
        """Shows the entries that match."""
        self.argument = " ".join(words)
        self._pane.words = words
        self._pane.table.start_over()
        self._pane.reload(restart=True)

    def action_verify(self) -> None:
        """Verifies the whole log."""
        self._pane.verify()
        self.session.record("mlops-tui audit verify")

    def action_past(self) -> None:
        """Goes to where everything stood after the entry under the cursor."""
        key = self._pane.table.cursor_key
        if key is not None:
            self.go("past", f"#{key}")

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Goes to what the entry is about."""
        entry = self._pane.entry(message.key)
        if entry is None:
            return
        kind, _, name = entry.subject.partition(":")
        if kind == "model":
            self.go("models", name)
        elif kind in ("alert", "report", "incident"):
            self.go("drift", {"alert": entry.subject, "incident": name}.get(kind, ""))

    def copy_text(self) -> tuple[str, str]:
        """The hash of the entry under the cursor: noted elsewhere, it shows whether the log was rewritten since."""
        entry = self._pane.entry(self._pane.table.cursor_key)
        return (entry.hash, f"the hash of entry {entry.id}") if entry else ("", "")
