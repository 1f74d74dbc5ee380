"""The audit log: who did what, when, from where and why, and whether the log is as it was written."""

from __future__ import annotations

import time
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult

from mlops_store import audit, audit_chain
from mlops_store.audit_chain import Verdict
from mlops_store.records import AuditEntry
from mlops_tui.ui import keymap
from mlops_tui.ui.screens import history_rows
from mlops_tui.ui.screens.filtering import WordFilterScreen, matches
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.window_table import Row, WindowTable

#: Entries looked at; ``mlops-tui audit list`` has all.
NEWEST = 5000


class Log(NamedTuple):
    """The newest entries, and what the last verification found."""

    entries: tuple[AuditEntry, ...] = ()
    verdict: Verdict | None = None


class AuditPane(Pane[Log]):
    """The newest entries that have every word of a filter in them."""

    def __init__(self) -> None:
        super().__init__("Audit log", 1)
        self.words: tuple[str, ...] = ()
        self._verdict: Verdict | None = None

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(
            (Column("id", "#", 1, 7, 3, right=True), Column("on", "on", 6, 28, 1), *history_rows.COLUMNS),
            empty="no entry matches the filter",
        )

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def entry(self, number: object) -> AuditEntry | None:
        """The entry of that number, None when it is not among the newest."""
        entries = self.records.entries if self.records else ()
        return next((entry for entry in entries if entry.id == number), None)

    def verify(self) -> None:
        """Verifies the whole log again."""
        self._verdict = None
        self.reload()

    def load(self, session: Session) -> Log:
        """Reads the newest entries; verifies the log the first time, and when asked to."""
        if session.store is None:
            return Log()
        db = session.store.read()
        if self._verdict is None:
            self._verdict = audit_chain.verify(db)
        return Log(tuple(audit.entries(db, limit=NEWEST)), self._verdict)

    def show(self, records: Log) -> None:
        """Draws them, or says what would be here."""
        found = [entry for entry in records.entries if matches(self.words, *_texts(entry))]
        total = f"{len(records.entries):,}" + ("+" if len(records.entries) == NEWEST else "")
        words = " ".join(self.words)
        self.entitle(
            "Audit log", f"{len(found):,} of {total} · /{words}" if words else total if records.entries else ""
        )
        self.subtitle(_said(records.verdict) if records.verdict is not None else "")
        if records.entries:
            self.uncover()
        else:
            self.say(["Nothing is recorded yet.", "", Cell("Promotions, rollbacks and aliases show here.", "dim")])
        now = time.time()
        self.table.show([_row(entry, now) for entry in found])


def _said(verdict: Verdict) -> str:
    if verdict.broken is not None:
        return f"BROKEN: {verdict.broken}"
    return f"intact up to entry {verdict.entries:,}, head {verdict.head[:12]}" if verdict.entries else ""


def _texts(entry: AuditEntry) -> tuple[str, ...]:
    return entry.action, entry.subject, entry.actor, entry.origin, entry.reason, history_rows.sentence(entry)


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
        if self._pane.records is not None:
            self._pane.show(self._pane.records)

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
