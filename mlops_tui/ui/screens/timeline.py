"""What was done to a model, or to all of them, along time: day by day, walked by keys, narrowed by kind and words."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult

from mlops_store import audit, timeline
from mlops_store.records import AuditEntry
from mlops_tui.registry import acts
from mlops_tui.ui import keymap
from mlops_tui.ui.screens import timeline_rows
from mlops_tui.ui.screens.filtering import WordFilterScreen
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.rows import Key, Row
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import WindowTable

_KINDS = ("", *timeline.KINDS)
#: Entries that are read with the list, and how many stand there until all are known.
_FIRST, _EARLY = 100, 200


class Times(NamedTuple):
    """The numbers of the entries, newest first, and the first ones as they are."""

    numbers: array[int] = array("q")
    first: tuple[AuditEntry, ...] = ()


class TimelinePane(Pane[Times]):
    """The acts; however many there are, only those in sight are read.

    Args:
        model: Of which model; "" for all.
    """

    LOADS_FIRST = True

    def __init__(self, model: str) -> None:
        super().__init__("Timeline", 1)
        self.model = model
        self.kind = ""
        self.words: tuple[str, ...] = ()
        self._session: Session | None = None

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(timeline_rows.COLUMNS, load=self._bring, empty="nothing that matches was done")

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def reload(self, *, restart: bool = False) -> None:
        """Reads it again."""
        self._session = session_of(self)
        super().reload(restart=restart)

    def early(self, session: Session) -> Times | None:
        """The newest acts, while all are still being looked for."""
        if session.store is None or self.records is not None:
            return None
        return self._times(session, _EARLY)

    def load(self, session: Session) -> Times:
        """Which acts there are; reads the first."""
        return Times() if session.store is None else self._times(session, -1)

    def _times(self, session: Session, limit: int) -> Times:
        assert session.store is not None
        with session.store.snapshot() as db:
            numbers = timeline.numbers(db, model=self.model, kind=self.kind, words=self.words, limit=limit)
            # what an entry says never changes: those in sight are read because the day is said where it changes
            return Times(numbers, tuple(timeline.read(db, numbers[:_FIRST])))

    def _bring(self, keys: Sequence[Key]) -> Sequence[Row]:
        """The entries of these numbers, which follow each other; runs in a thread."""
        session = self._session
        if session is None or session.store is None or not keys:
            return ()
        numbers = [key for key in keys if isinstance(key, int)]
        known = self.table.keys
        place = known.index(numbers[0])
        above = [known[place - 1]] if place else []
        return _rows(
            list(timeline.read(session.store.read(), [*(key for key in above if isinstance(key, int)), *numbers])),
            skipped=len(above),
            has_model=not self.model,
        )

    def show(self, records: Times) -> None:
        """Draws them, or says what would be here."""
        count = f"{len(records.numbers):,}" + ("+" if len(records.numbers) == _EARLY else "")
        noted = [self.model or "all models", *([self.kind] if self.kind else [])]
        noted += [f"/{' '.join(self.words)}"] if self.words else []
        self.entitle("Timeline", " · ".join([*noted, count]))
        if records.numbers or self.kind or self.words:
            self.uncover()
        else:
            self.say(
                [
                    f"Nothing was done to {self.model!r} yet." if self.model else "Nothing was done to any model yet.",
                    "",
                    Cell("Registrations, promotions, approvals, gates and aliases show here.", "dim"),
                ]
            )
        self.table.show_window(records.numbers, _rows(records.first, has_model=not self.model))

    def day(self, by: int) -> None:
        """Goes to the last act of the day before (1), or to the day after (-1)."""
        session, key = self._session, self.table.cursor_key
        if session is None or session.store is None or not isinstance(key, int):
            return
        db, keys = session.store.read(), self.table.keys
        entry = audit.find(db, key)
        if entry is None:
            return
        year, month, date = timeline_rows.day_of(entry.at)
        start = time.mktime((year, month, date + (by < 0), 0, 0, 0, 0, 0, -1))
        found = timeline.across(db, key, start, by)
        if found is None:
            self.table.action_bottom() if by > 0 else self.table.action_top()
            return
        # the list runs backwards, and what was found may be filtered out of it
        place = bisect_left(keys, -found, key=lambda number: -number if isinstance(number, int) else 0)
        is_passed = by < 0 and (place == len(keys) or keys[place] != found)
        self.table.move_to(keys[min(max(0, place - is_passed), len(keys) - 1)])


def _rows(entries: Sequence[AuditEntry], *, has_model: bool, skipped: int = 0) -> list[Row]:
    now = time.time()
    before = [None, *(entry.at for entry in entries)]
    rows = [
        timeline_rows.row(entry, above, now, has_model=has_model) for entry, above in zip(entries, before, strict=False)
    ]
    return rows[skipped:]


class EntryPane(Pane[AuditEntry | None]):
    """The act under the cursor in full."""

    def __init__(self) -> None:
        super().__init__("Entry", 2)
        self._number: int | None = None

    def compose(self) -> ComposeResult:
        """Lines."""
        yield TextView(wrap=True)

    def choose(self, number: int | None) -> None:
        """Shows another entry."""
        if number != self._number:
            self._number = number
            self.reload(restart=True)

    def load(self, session: Session) -> AuditEntry | None:
        """Reads the entry."""
        if session.store is None or self._number is None:
            return None
        return audit.find(session.store.read(), self._number)

    def show(self, records: AuditEntry | None) -> None:
        """Draws it."""
        self.query_one(TextView).show(timeline_rows.lines(records) if records is not None else [])


class TimelineScreen(WordFilterScreen):
    """The timeline.

    Args:
        argument: The model; "" for all; ``#12`` for all with the cursor on entry 12 of the audit log.
    """

    NAME = "timeline"
    BINDINGS = keymap.bindings("timeline")
    FILTER_HINT: ClassVar[str] = "words of a version, a stage, a person or a reason"

    DEFAULT_CSS = """
    TimelineScreen #body { layout: vertical; }
    TimelineScreen EntryPane { height: 11; }
    TimelineScreen EntryPane TextView { padding: 0 1; }
    TimelineScreen.-short EntryPane, TimelineScreen.-low EntryPane { display: none; }
    TimelineScreen.-entry EntryPane { display: block; height: 1fr; }
    TimelineScreen.-short.-entry TimelinePane, TimelineScreen.-low.-entry TimelinePane { display: none; }
    """

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        word = argument.removeprefix("#")
        self._wanted = int(word) if argument.startswith("#") and word.isdecimal() else None
        self._model = "" if self._wanted is not None else argument
        self._last_model = self._model

    def compose_body(self) -> ComposeResult:
        """The list, and the entry under the cursor."""
        yield TimelinePane(self._model)
        yield EntryPane()

    @property
    def _pane(self) -> TimelinePane:
        return self.query_one(TimelinePane)

    def filtered_table(self) -> WindowTable:
        """The list of acts."""
        return self._pane.table

    def narrow(self, words: tuple[str, ...]) -> None:
        """Shows the acts that match."""
        self._pane.words = words
        self._pane.table.start_over()
        self._pane.reload(restart=True)

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Shows the act under the cursor in full."""
        if self._wanted is not None and message.key is not None:
            wanted = self._wanted
            if self._pane.table.move_to(wanted):
                self._wanted = None
                if message.key != wanted:
                    return
        self.query_one(EntryPane).choose(message.key if isinstance(message.key, int) else None)

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Opens the version."""
        entry = self.query_one(EntryPane).records
        if entry is None or entry.id != message.key:
            return
        model, version = acts.about(entry)
        if version is not None:
            self.go("version", f"{model}/{version}")

    def focus_pane(self, number: int) -> bool:
        """Focuses a pane, after making room for it."""
        self.set_class(number == 2, "-entry")
        return super().focus_pane(number)

    def retreat(self) -> bool:
        """Leaves the entry, then the filter, then the kind."""
        if self.has_class("-entry"):
            self.focus_pane(1)
            return True
        if super().retreat():
            return True
        if self._pane.kind:
            self._show_kind("")
            return True
        return False

    def action_entry(self) -> None:
        """Shows all of the entry, or less of it."""
        self.focus_pane(1 if self.has_class("-entry") else 2)

    def action_kind(self, by: int) -> None:
        """Shows only acts of the next kind; all again at last."""
        self._show_kind(_KINDS[(_KINDS.index(self._pane.kind) + by) % len(_KINDS)])

    def _show_kind(self, kind: str) -> None:
        self._pane.kind = kind
        self._pane.table.start_over()
        self._pane.reload(restart=True)

    def action_day(self, by: int) -> None:
        """Goes to the day before (1) or after (-1)."""
        self._pane.day(by)

    def action_everything(self) -> None:
        """Shows what was done to all models, or to the one that the entry under the cursor is about."""
        if self._pane.model:
            self._last_model, self._pane.model = self._pane.model, ""
        else:
            entry = self.query_one(EntryPane).records
            self._pane.model = self._last_model or (acts.about(entry)[0] if entry is not None else "")
        self.argument = self._pane.model
        self.retitle()
        self._pane.reload(restart=True)

    def action_past(self) -> None:
        """Goes to where everything stood after the act."""
        key = self._pane.table.cursor_key
        if key is not None:
            self.go("past", f"#{key}")

    def copy_text(self) -> tuple[str, str]:
        """The hash of the entry under the cursor."""
        entry = self.query_one(EntryPane).records
        return (entry.hash, f"the hash of entry {entry.id}") if entry else ("", "")
