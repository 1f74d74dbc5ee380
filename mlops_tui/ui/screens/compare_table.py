"""The table of a comparison, row by row."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from mlops_store import runs
from mlops_store.errors import NotFound
from mlops_store.records import Run
from mlops_tui.compare import report
from mlops_tui.compare.runs import Comparison, compare
from mlops_tui.ui import shown
from mlops_tui.ui.screens import compare_rows
from mlops_tui.ui.session import Session
from mlops_tui.ui.widgets.chart import chart_options
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.window_table import WindowTable


class ComparePane(Pane[Comparison]):
    """The differences, row by row.

    Args:
        names: The runs: ids, digits of ids, or names.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__("Compare", 1)
        self._names = names
        self._baseline: str | None = None
        self._with_equal = False
        self._section = ""

    def compose(self) -> ComposeResult:
        """A table; its columns come with the runs."""
        yield WindowTable((Column("key", "", 12, 30),))

    def load(self, session: Session) -> Comparison:
        """Reads the runs and compares them."""
        if session.store is None:
            raise NotFound("nothing has been recorded here yet")
        with session.store.snapshot() as db:
            return compare(db, [runs.resolve(db, name) for name in self._names], session.config, self._baseline)

    def show(self, records: Comparison) -> None:
        """Draws the rows."""
        self.uncover()
        table = self.query_one(WindowTable)
        columns = tuple(compare_rows.columns(records, self.size.width - 3, chart_options(self.app)))
        if columns != table.columns:
            table.set_columns(columns)
        self._names = records.run_ids  # a name may mean another run later
        found = compare_rows.rows(records, with_equal=self._with_equal, section=self._section)
        table.show(found)
        if table.cursor_key is not None and not table.cursor_key[1]:  # type: ignore[index]
            first = next((row.key for row in found if row.key[1]), None)  # type: ignore[index]
            if first is not None and table.cursor == 0:
                table.move_to(first)
        base = records.runs[records.baseline].name
        only = f" · only {compare_rows.SECTIONS[self._section].lower()}" if self._section else ""
        self.entitle("Compare", f"{shown.count(len(records.runs), 'run')} · measured from {base}{only}")
        self.subtitle("" if self._with_equal else "only differences: = shows the rest")

    def on_resize(self) -> None:
        """Gives the columns another width."""
        if self.records is not None:
            self.show(self.records)

    def turn_equal(self) -> None:
        """Shows equal rows too, or only differences."""
        self._with_equal = not self._with_equal
        if self.records is not None:
            self.show(self.records)

    def next_section(self) -> None:
        """Shows one section after the other alone, then all of them again."""
        if self.records is None:
            return
        names = ["", *(name for name in compare_rows.SECTIONS if getattr(self.records, name))]
        place = names.index(self._section) if self._section in names else 0
        self._section = names[(place + 1) % len(names)]
        self.show(self.records)

    def measure_from(self, run_id: str) -> None:
        """Takes another baseline."""
        self._baseline = run_id
        self.reload(restart=True)


def curve_keys(session: Session, compared: Sequence[Run]) -> list[str]:
    """The metrics that have curves, the most telling first."""
    return report.curve_keys(session.store.read(), compared) if session.store is not None else []


__all__ = ["ComparePane", "curve_keys"]
