"""Where every version of every model stood at another time, walked through act by act."""

from __future__ import annotations

import math
import sqlite3
import time
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
from mlops_tui.ui.widgets.window_table import Row, WindowTable


class Scene(NamedTuple):
    """Where everything stood after an entry of the audit log.

    Attributes:
        number: The entry; 0 for before the first.
        entry: The entry itself, None when there is none.
        standings: Where every version stood.
        changed: (Model, version) of those that the entry moved or named.
        last: The number of the last entry of the log.
    """

    number: int
    entry: AuditEntry | None
    standings: tuple[Standing, ...]
    changed: frozenset[tuple[str, int]]
    last: int


class PastPane(Pane[Scene]):
    """The versions, and where each stood.

    Args:
        at: A time as ``moments.parse`` reads it, ``#12`` for after an entry, "" for now.
    """

    def __init__(self, at: str) -> None:
        super().__init__("Registry", 1)
        self._at = at
        self._number: int | None = None
        self._steps = 0

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
            )
        )

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def go_to(self, at: str) -> None:
        """Shows another time."""
        self._at, self._number, self._steps = at, None, 0
        self.reload(restart=True)

    def step(self, by: int) -> None:
        """Goes to the next act (1), or to the one before (-1)."""
        self._steps += by  # of keys that come faster than loads end none is lost
        self.reload(restart=True)

    def on_loaded(self, message: Loaded) -> None:
        """Steps from here on; also when nothing is to be drawn because it stood at an end already."""
        if message.ticket == self._ticket and isinstance(message.records, Scene):
            self._number, self._steps = message.records.number, 0
        super().on_loaded(message)

    def load(self, session: Session) -> Scene:
        """Reads where everything stood.

        Raises:
            UsageError: The time is none.
        """
        if session.store is None:
            return Scene(0, None, (), frozenset(), 0)
        db = session.store.read()
        last = standings.entry_at(db, math.inf)
        number = min(_entry_number(db, self._at) if self._number is None else self._number, last)
        by = 1 if self._steps > 0 else -1
        for _ in range(abs(self._steps)):
            found = standings.step(db, number, by)
            if found is None and by > 0:
                break
            number = found or 0
        stood = standings.after(db, number)
        entry = audit.find(db, number)
        model = acts.about(entry)[0] if entry is not None else ""
        # an act changes versions of its own model only
        before = {one.version: one for one in standings.after(db, number - 1, model=model)} if model else {}
        changed = {(model, one.version) for one in stood if one.model == model and before.get(one.version) != one}
        return Scene(number, entry, tuple(stood), frozenset(changed), last)

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
        if records.standings:
            self.uncover()
        else:
            self.say(["Nothing was registered yet." if records.last else "Nothing is registered yet."])
        top = session_of(self).config.registry.stages[-2:-1]
        self.table.show([_row(one, records, top, now) for one in records.standings])


def _entry_number(db: sqlite3.Connection, at: str) -> int:
    word = at.removeprefix("#")
    if at.startswith("#") and word.isdecimal():
        return int(word)
    try:
        return standings.entry_at(db, moments.parse(at or "now", is_end=True))
    except ValueError as error:
        raise UsageError(f"{at!r} is no point in time", moments.FORMS) from error


def _row(one: Standing, scene: Scene, top: tuple[str, ...], now: float) -> Row:
    is_changed = (one.model, one.version) in scene.changed
    tone = "good" if one.stage in top else ""
    return Row(
        f"{one.model}/{one.version}",
        (
            Cell(sign("arrow") if is_changed else "", "accent"),
            one.model,
            f"v{one.version}",
            Cell(one.stage, tone),
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

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Goes to the version as it stands now."""
        self.go("models", str(message.key))
