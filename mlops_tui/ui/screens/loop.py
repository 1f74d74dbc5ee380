"""The loop: alert, retraining, candidate, gates, approval, promotion, in one list whose entries lead to the things."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

from textual.app import ComposeResult
from textual.message import Message

from mlops_store.errors import MlopsError
from mlops_tui.registry import loops
from mlops_tui.registry.loops import Loop
from mlops_tui.ui import keymap
from mlops_tui.ui.screens import loop_rows
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.window_table import WindowTable

#: What a subject's first word stands for -> the screen that shows it.
_SCREENS = {
    "alert": "drift",
    "report": "drift",
    "run": "pipeline",
    "model": "version",
    "trigger": "pipeline",
    "traffic": "serving",
}


class LoopsPane(Pane[tuple[Loop, ...]]):
    """The newest loops."""

    def __init__(self) -> None:
        super().__init__("Loops", 1)

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(loop_rows.LOOPS)

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def load(self, session: Session) -> tuple[Loop, ...]:
        """Reads them."""
        if session.store is None:
            return ()
        with session.store.snapshot() as db:
            return tuple(loops.newest(db, session.config))

    def show(self, records: tuple[Loop, ...]) -> None:
        """Draws them, or says how there come to be any."""
        self.entitle("Loops", f"{len(records)}" if records else "")
        self.screen.set_class(not records, "-none")
        if records:
            self.uncover()
        else:
            self.say(
                [
                    "No trigger has fired yet.",
                    "",
                    Cell("What answers alerts stands in mlops.toml:", "dim"),
                    Cell("[triggers.retrain] with drift = MONITOR and propose = STAGE.", "dim"),
                    Cell("It retrains, has the gates look at the version, and asks you.", "dim"),
                ]
            )
        now = time.time()
        self.table.show([loop_rows.loop(found, now) for found in records])


class Steps(NamedTuple):
    """A loop, or why there is none to show."""

    loop: Loop | None = None
    problem: str = ""


class StepsPane(Pane[Steps]):
    """The steps of one loop, as they happened.

    Args:
        subject: What the loop is found by; see ``loops.find``.
    """

    @dataclass(repr=False, eq=False)
    class Found(Message):
        """The steps of a loop are shown."""

        number: int

    def __init__(self, subject: str) -> None:
        super().__init__("Steps", 2)
        self.subject = subject

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(loop_rows.STEPS)

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def choose(self, subject: str) -> None:
        """Shows another loop."""
        if subject != self.subject:
            self.subject = subject
            self.reload(restart=True)

    def load(self, session: Session) -> Steps:
        """Reads the loop."""
        if session.store is None or not self.subject:
            return Steps()
        try:
            with session.store.snapshot() as db:
                return Steps(loops.find(db, session.config, self.subject))
        except MlopsError as error:
            return Steps(None, error.message)

    def show(self, records: Steps) -> None:
        """Draws it."""
        loop = records.loop
        self.entitle("Steps", f"loop {loop.firing.id} · {loop.stage}" if loop else "")
        self.subtitle(loop.firing.note if loop and loop.stage in ("failed", "refused", "no version") else "")
        if loop is not None:
            self.uncover()
            self.table.show(loop_rows.steps(loop.steps, time.time()))
            self.post_message(self.Found(loop.firing.id))
        else:
            self.say([records.problem or "No loop is chosen."])


class LoopScreen(ProjectScreen):
    """Loops and the steps of one.

    Args:
        argument: The number of a loop, or what belongs to it: ``alert:5``, ``report:3``, ``run:…``, ``model:churn/4``.
    """

    NAME = "loop"
    BINDINGS = keymap.bindings("loop")

    DEFAULT_CSS = """
    LoopScreen #body { layout: vertical; }
    LoopScreen LoopsPane { height: 1fr; }
    LoopScreen StepsPane { height: 2fr; }
    LoopScreen.-short LoopsPane, LoopScreen.-low LoopsPane { height: 5; }
    LoopScreen.-short StepsPane, LoopScreen.-low StepsPane { height: 1fr; }
    LoopScreen.-none LoopsPane { height: 1fr; }
    LoopScreen.-none StepsPane { display: none; }
    """

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self._subject = f"loop:{argument}" if argument.isdecimal() else argument
        self._is_wanted = bool(argument)
        self._wanted: int | None = None

    def compose_body(self) -> ComposeResult:
        """Two lists."""
        yield LoopsPane()
        yield StepsPane(self._subject)

    @property
    def _loops(self) -> LoopsPane:
        return self.query_one(LoopsPane)

    @property
    def _steps(self) -> StepsPane:
        return self.query_one(StepsPane)

    @property
    def _shown(self) -> Loop | None:
        """The loop whose steps are shown."""
        records = self._steps.records
        return records.loop if records is not None else None

    def on_steps_pane_found(self, message: StepsPane.Found) -> None:
        """Puts the cursor on the loop that the screen was opened for."""
        message.stop()
        self._wanted = message.number
        self._go_to_wanted()

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Shows the steps of the loop under the cursor."""
        message.stop()
        if message.table is not self._loops.table or not isinstance(message.key, int):
            return
        if self._is_wanted:
            self._go_to_wanted()
        else:
            self._choose(message.key)

    def _go_to_wanted(self) -> None:
        """Moves the cursor there once both are known; until then it stands where nobody has put it."""
        if self._is_wanted and self._wanted is not None and self._loops.table.keys:
            self._is_wanted = False
            self._loops.table.move_to(self._wanted)

    def _choose(self, number: int) -> None:
        self.argument = str(number)
        self._steps.choose(f"loop:{number}")
        self.retitle()

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """From a loop to its steps, from a step to what it is about."""
        message.stop()
        if message.table is self._loops.table:
            if isinstance(message.key, int):
                self._choose(message.key)
            self._steps.table.focus()
            return
        if self._shown is None or not isinstance(message.key, int):
            return
        subject = self._shown.steps[message.key].subject
        kind, _, name = subject.partition(":")
        self.go(_SCREENS[kind], subject if kind == "alert" else name if kind in ("model", "traffic") else "")

    def action_step(self, by: int) -> None:
        """Goes to the loop after this one, or to the one before."""
        table = self._loops.table
        keys = [key for key in table.keys if isinstance(key, int)]
        shown = self._shown.firing.id if self._shown else None
        if not keys:
            return
        place = keys.index(shown) - by if shown in keys else 0
        if 0 <= place < len(keys):
            self._is_wanted = False
            table.move_to(keys[place])
            self._choose(keys[place])
        else:
            self.remark("this is the newest loop" if by > 0 else "this is the oldest loop", "dim")

    def copy_text(self) -> tuple[str, str]:
        """The command that shows the loop."""
        return (f"mlops-tui loop show {self._shown.firing.id}", "") if self._shown else ("", "")
