"""The command log: the command line of each act done here, newest first."""

from __future__ import annotations

from textual.app import ComposeResult

from mlops_tui.ui import keymap, shown
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Command, Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.window_table import Row, WindowTable


class CommandsPane(Pane[tuple[Command, ...]]):
    """The commands."""

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable((Column("at", "when", max_width=12), Column("line", "command", grows=True, max_width=400)))

    def load(self, session: Session) -> tuple[Command, ...]:
        """The commands kept in memory."""
        return tuple(reversed(session.commands))

    def show(self, records: tuple[Command, ...]) -> None:
        """Draws them, or says what would be here."""
        if not records:
            self.say(
                ["Nothing was done yet.", "", Cell("Each act shows here as the command that does the same.", "dim")]
            )
            return
        self.uncover()
        rows = [
            Row(len(records) - i, (Cell(shown.moment(command.at), "dim"), command.line))
            for i, command in enumerate(records)
        ]
        self.query_one(WindowTable).show(rows)


class CommandsScreen(ProjectScreen):
    """What was done here, as command lines."""

    NAME = "commands"
    BINDINGS = keymap.bindings("commands")

    def compose_body(self) -> ComposeResult:
        """One pane."""
        yield CommandsPane("Command log")

    def copy_text(self) -> tuple[str, str]:
        """The command under the cursor."""
        row = self.query_one(WindowTable).cursor_row
        return (str(row.cells[1]), "the command") if row else ("", "")
