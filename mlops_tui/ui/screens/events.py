"""What happened in the project, newest first: runs that ended, stages that failed, promotions, checks."""

from __future__ import annotations

import time

from textual.app import ComposeResult

from mlops_store.records import Event
from mlops_tui.ui import keymap, shown
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.prompt import Prompt
from mlops_tui.ui.widgets.window_table import Row, WindowTable

#: Events looked at; ``mlops-tui events`` has all.
NEWEST = 5000

#: What a subject's first word stands for -> the screen that shows it.
SCREENS = {
    "run": "run",
    "model": "models",
    "data": "data",
    "alert": "drift",
    "incident": "drift",
    "report": "drift",
    "pipeline": "pipeline",
    "stage": "pipeline",
    "trigger": "pipeline",
}


class EventsPane(Pane[tuple[Event, ...]]):
    """The events that have every word of a filter in them."""

    def __init__(self, words: str = "") -> None:
        super().__init__("Events", 1)
        self._words = words.lower().split()

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(
            (
                Column("at", "when", 8, 12),
                Column("kind", "kind", 8, 24, 2),
                Column("message", "what happened", 16, 300, grows=True),
                Column("subject", "of", 8, 44, 1),
            )
        )

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def narrow(self, words: str) -> None:
        """Shows the events that have every one of these words in them."""
        self._words = words.lower().split()
        if self.records is not None:
            self.show(self.records)

    def load(self, session: Session) -> tuple[Event, ...]:
        """Reads the newest events."""
        if session.store is None:
            return ()
        from mlops_store import events

        return tuple(events.newest(session.store.read(), NEWEST))

    def show(self, records: tuple[Event, ...]) -> None:
        """Draws them, or says why there are none."""
        found = [event for event in records if self._has_words(event)]
        words = " ".join(self._words)
        total = f"{len(records):,}" + ("+" if len(records) == NEWEST else "")
        self.entitle("Events", f"{len(found):,} of {total} · /{words}" if words else total if records else "")
        if found:
            self.uncover()
        elif records:
            self.say([f"No event has all of: {words}", "", Cell("esc shows all, / changes the words.", "dim")])
        else:
            self.say(["Nothing has happened yet.", "", Cell("Runs, stages, promotions and checks show here.", "dim")])
        now = time.time()
        self.table.show([_row(event, now) for event in found])

    def _has_words(self, event: Event) -> bool:
        text = f"{event.kind} {event.message} {event.subject}".lower()
        return all(word in text for word in self._words)


def _row(event: Event, now: float) -> Row:
    return Row(
        event.id,
        (
            Cell(shown.moment(event.at, now), "dim"),
            Cell(event.kind, "accent"),
            event.message,
            Cell(event.subject, "dim"),
        ),
    )


class EventsScreen(ProjectScreen):
    """The events, narrowed by words."""

    NAME = "events"
    BINDINGS = keymap.bindings("events")
    HAS_FILTER = True

    def compose_body(self) -> ComposeResult:
        """One pane."""
        yield EventsPane(self.argument)

    @property
    def _pane(self) -> EventsPane:
        return self.query_one(EventsPane)

    def filter(self) -> None:
        """Opens the line for the words."""
        if not self.query(Prompt):
            self.mount(Prompt("/", self.argument, "words that the event must have"))

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        """Narrows as one types."""
        self._pane.narrow(message.value)

    def on_prompt_submitted(self, message: Prompt.Submitted) -> None:
        """Keeps the words."""
        self._close(message.prompt, message.value)

    def on_prompt_cancelled(self, message: Prompt.Cancelled) -> None:
        """Brings back the words of before."""
        self._close(message.prompt, self.argument)

    def _close(self, prompt: Prompt, words: str) -> None:
        self.argument = words.strip()
        self._pane.narrow(self.argument)
        prompt.remove()
        self._pane.focus_inside()
        self.retitle()

    def retreat(self) -> bool:
        """Shows all events again."""
        if not self.argument:
            return False
        self.argument = ""
        self._pane.narrow("")
        self.retitle()
        return True

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Goes to what the event is about."""
        event = next((event for event in self._pane.records or () if event.id == message.key), None)
        if event is None:
            return
        kind, _, name = event.subject.partition(":")
        if kind in SCREENS:
            argument = {
                "model": name.partition("/")[0], "run": name, "data": name, "incident": name, "alert": event.subject,
            }.get(kind, "")  # fmt: skip
            self.go(SCREENS[kind], argument)
