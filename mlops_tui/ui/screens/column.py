"""One column in one window: its distribution against the reference."""

from __future__ import annotations

from textual.app import ComposeResult

from mlops_store import drift, heat
from mlops_store.errors import NotFound
from mlops_store.records import ColumnReport
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session
from mlops_tui.ui.widgets.distribution import Distribution
from mlops_tui.ui.widgets.pane import Pane


class DistributionPane(Pane[ColumnReport]):
    """Reference against current.

    Args:
        wanted: The report's number and the column's name, or the name alone: then of the newest report that has it.
    """

    DEFAULT_CSS = "DistributionPane Distribution { padding: 0 1; }"

    def __init__(self, wanted: str) -> None:
        super().__init__("Column", 1, id="distribution")
        self._wanted = wanted

    def compose(self) -> ComposeResult:
        """The drawing."""
        yield Distribution()

    def load(self, session: Session) -> ColumnReport:
        """Reads the column's report.

        Raises:
            NotFound: There is no such report, or no such column in it.
        """
        if session.store is None:
            raise NotFound("no batch has been checked yet", "'mlops-tui drift check' checks new ones")
        with session.store.snapshot() as db:
            return drift.column(db, *heat.place(db, self._wanted))

    def show(self, records: ColumnReport) -> None:
        """Draws it."""
        self.uncover()
        self.entitle(records.column)
        self.query_one(Distribution).show(records)


class ColumnScreen(ProjectScreen):
    """A column of a report in full.

    Args:
        argument: The report's number and the column's name, ``41 income``, or the name alone.
    """

    NAME = "column"

    def compose_body(self) -> ComposeResult:
        """One pane."""
        yield DistributionPane(self.argument)
