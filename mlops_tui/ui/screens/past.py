"""Where every version of every model stood at another time, walked through act by act."""

from __future__ import annotations

import math
import sqlite3
import time
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from textual.app import ComposeResult

from mlops_store import audit, standings
from mlops_store.errors import UsageError
from mlops_store.records import AuditEntry
from mlops_store.standings import Standing
from mlops_tui import moments
from mlops_tui.registry import acts
from mlops_tui.ui import keymap, shown
from mlops_tui.ui.loading import Loaded
from mlops_tui.ui.messages import Notice
from mlops_tui.ui.screens import history_rows
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.prompt import Prompt
from mlops_tui.ui.widgets.rows import Key
from mlops_tui.ui.widgets.window_table import Row, WindowTable

#: Versions that are read with the list of all.
_FIRST = 80


class Scene(NamedTuple):
    """Where everything stood after an entry of the audit log.

    Attributes:
        number: The entry; 0 for before the first.
        entry: The entry itself, None when there is none.
        versions: The store's own numbers of the versions that there were.
        read: Where those stood that are read already, by number.
        changed: The numbers of those that the entry moved or named.
        last: The number of the last entry of the log.
    """

    number: int = 0
    entry: AuditEntry | None = None
    versions: array[int] = array("q")
    read: Mapping[int, Standing] = {}
    changed: frozenset[int] = frozenset()
    last: int = 0


class PastPane(Pane[Scene]):
    """The versions, and where each stood; however many there are, only those in sight are read.

    Args:
        at: A time as ``moments.parse`` reads it, ``#12`` for after an entry, "" for now.
    """

    def __init__(self, at: str) -> None:
        super().__init__("Registry", 1)
        self._at = at
        self._number: int | None = None
        self._steps = 0
        self._sight: tuple[int, ...] = ()
        self._read: dict[int, Standing] = {}
        self._session: Session | None = None

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(
            (
                Column("mark", "", 1, 1),
                Column("model", "model", 10, 40, grows=True),
                Column("version", "version", 3, 8, right=True),
                Column("stage", "stage", 5, 16),
                Column("aliases", "aliases", 7, 30, 2),
                Column("since", "since", 8, 12, 1),
                Column("by", "by", 3, 20, 3),
                Column("reason", "why", 6, 60, 4, grows=True),
            ),
            load=self._bring,
        )

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    @property
    def chosen(self) -> Standing | None:
        """The version under the cursor, and where it stood."""
        key = self.table.cursor_key
        return self._read.get(key) if isinstance(key, int) else None

    def go_to(self, at: str) -> None:
        """Shows another time."""
        self._at, self._number, self._steps = at, None, 0
        self.reload(restart=True)

    def step(self, by: int) -> None:
        """Goes to the next act (1), or to the one before (-1)."""
        self._steps += by  # of keys that come faster than loads end none is lost
        self.reload(restart=True)

    def on_loaded(self, message: Loaded) -> None:
        """Steps from here on, before it is drawn; also when nothing is to be, because it stood at an end already."""
        if message.reading.is_wanted() and isinstance(message.records, Scene):
            self._number, self._steps = message.records.number, 0

    def reload(self, *, restart: bool = False) -> None:
        """Reads it again, with the versions in sight."""
        self._session = session_of(self)
        self._sight = tuple(
            key for table in self.query(WindowTable) for key in table.window_keys if isinstance(key, int)
        )
        super().reload(restart=restart)

    def load(self, session: Session) -> Scene:
        """Which versions there were; reads where the first stood, and those in sight.

        Raises:
            UsageError: The time is none.
        """
        if session.store is None:
            return Scene()
        db = session.store.read()
        last = standings.entry_at(db, math.inf)
        number = min(_entry_number(db, self._at) if self._number is None else self._number, last)
        by = 1 if self._steps > 0 else -1
        for _ in range(abs(self._steps)):
            found = standings.step(db, number, by)
            if found is None and by > 0:
                break
            number = found or 0
        entry = audit.find(db, number)
        model = acts.about(entry)[0] if entry is not None else ""
        # an act changes versions of its own model only
        now, before = (
            standings.read(db, at, standings.numbers(db, at, model=model)) if model else {}
            for at in (number, number - 1)
        )
        changed = frozenset(one for one, stood in now.items() if before.get(one) != stood)
        versions = standings.numbers(db, number)
        wanted = dict.fromkeys((*versions[:_FIRST], *self._sight))
        return Scene(number, entry, versions, standings.read(db, number, [*wanted]), changed, last)

    def show(self, records: Scene) -> None:
        """Draws them."""
        now = time.time()
        entry = records.entry
        if entry is None:
            self.entitle("Registry", "before the first act" if records.last else "")
            self.subtitle("")
        else:
            self.entitle(
                "Registry", f"as of {shown.moment(entry.at, now)} · act {records.number:,} of {records.last:,}"
            )
            name = entry.subject.partition(":")[2].rpartition("/")[0]
            why = f" — {entry.reason}" if entry.reason else ""
            self.subtitle(f"{entry.actor}: {name} {history_rows.sentence(entry)}{why}")
        if records.versions:
            self.uncover()
        else:
            self.say(["Nothing was registered yet." if records.last else "Nothing is registered yet."])
        self.table.show_window(records.versions, self._rows(session_of(self), records, records.read.items()))

    def _bring(self, keys: Sequence[Key]) -> Sequence[Row]:
        """Where the versions of these numbers stood; runs in a thread."""
        session, scene = self._session, self.records
        if session is None or session.store is None or scene is None:
            return ()
        numbers = [key for key in keys if isinstance(key, int)]
        return self._rows(session, scene, standings.read(session.store.read(), scene.number, numbers).items())

    def _rows(self, session: Session, scene: Scene, read: Iterable[tuple[int, Standing]]) -> list[Row]:
        now, rows = time.time(), []
        top = session.config.registry.stages[-2:-1]
        for number, one in read:
            self._read[number] = one
            rows.append(_row(number, one, now, is_changed=number in scene.changed, is_top=one.stage in top))
        return rows


def _entry_number(db: sqlite3.Connection, at: str) -> int:
    word = at.removeprefix("#")
    if at.startswith("#") and word.isdecimal():
        return int(word)
    try:
        return standings.entry_at(db, moments.parse(at or "now", is_end=True))
    except ValueError as error:
        raise UsageError(f"{at!r} is no point in time", moments.FORMS) from error


def _row(number: int, one: Standing, now: float, *, is_changed: bool, is_top: bool) -> Row:
    return Row(
        number,
        (
            Cell(sign("arrow") if is_changed else "", "accent"),
            one.model,
            f"v{one.version}",
            Cell(one.stage, "good" if is_top else ""),
            ", ".join(f"@{name}" for name in one.aliases),
            Cell(shown.moment(one.since, now), "dim"),
            Cell(one.actor, "dim"),
            Cell(one.reason, "dim"),
        ),
    )


class PastScreen(ProjectScreen):
    """Time travel through the registry.

    Args:
        argument: The time to begin at: a date, ``-7d``, ``#12`` for after entry 12 of the audit log; "" for now.
    """

    NAME = "past"
    BINDINGS = keymap.bindings("past")

    def compose_body(self) -> ComposeResult:
        """One pane."""
        yield PastPane(self.argument)

    @property
    def _pane(self) -> PastPane:
        return self.query_one(PastPane)

    def action_step(self, by: int) -> None:
        """Goes to the next act, or to the one before."""
        self._pane.step(by)

    def action_when(self) -> None:
        """Opens the line for a time."""
        if not self.query(Prompt):
            self.mount(Prompt("as of", "", "2026-11-03, 14:05, -7d, 2h ago"))

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        """Says what is wrong with it."""
        try:
            at = moments.parse(message.value or "now", is_end=True)
        except ValueError:
            message.prompt.say(moments.FORMS if len(message.value) > 3 else "")
        else:
            message.prompt.say(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) if message.value else "")

    def on_prompt_submitted(self, message: Prompt.Submitted) -> None:
        """Goes there."""
        try:
            moments.parse(message.value or "now")
        except ValueError as error:
            self.post_message(Notice(str(error), "error"))
            return
        self._close(message.prompt)
        self.argument = message.value.strip()
        self._pane.go_to(self.argument)

    def on_prompt_cancelled(self, message: Prompt.Cancelled) -> None:
        """Stays where it is."""
        self._close(message.prompt)

    def _close(self, prompt: Prompt) -> None:
        prompt.remove()
        self._pane.focus_inside()

    def on_window_table_row_selected(self, _: WindowTable.RowSelected) -> None:
        """Goes to the version as it stands now."""
        one = self._pane.chosen
        if one is not None:
            self.go("models", f"{one.model}/{one.version}")

    def copy_text(self) -> tuple[str, str]:
        """The URI of the version under the cursor."""
        one = self._pane.chosen
        uri = f"models:/{one.model}/{one.version}" if one is not None else ""
        return uri, uri
