"""The pane with the difference of two versions: files, columns with their statistics, or lines.

Made by ``mlops-tui data diff`` in a process of its own, because tables need pandas.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from textual.app import ComposeResult

from mlops_tui.ui import spawn
from mlops_tui.ui.screens import difference_rows
from mlops_tui.ui.screens.data_rows import DIGITS
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import Key, WindowTable


class Pair(NamedTuple):
    """Two versions of a path, or of a file in a tracked directory."""

    path: str
    before: str
    after: str


class DifferencePane(Pane[Mapping[str, Any]]):
    """How two versions differ."""

    DEFAULT_CSS = "DifferencePane TextView { height: auto; max-height: 8; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__("Difference", 4, id="difference")
        self.pair: Pair | None = None
        self._whole: Pair | None = None
        self._with_equal = False

    def compose(self) -> ComposeResult:
        """Lines about both versions above a list."""
        yield TextView(can_focus=False, wrap=True, id="difference-lines")
        yield WindowTable((Column("what", ""),), id="difference-table")

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def compare(self, pair: Pair) -> None:
        """Compares other versions."""
        self._whole = pair
        self._show_pair(pair)

    def look_into(self, key: Key) -> None:
        """Compares a file of the directory that is compared."""
        if self.records is not None and self.records["kind"] == "directory" and self._whole is not None:
            self._show_pair(self._whole._replace(path=f"{self._whole.path}/{key}"))

    def look_back(self) -> bool:
        """Goes back from a file to its directory; False when the whole is shown."""
        if self._whole is None or self.pair == self._whole:
            return False
        self._show_pair(self._whole)
        return True

    def turn_equal(self) -> None:
        """Shows columns that are the same too, or only what differs."""
        self._with_equal = not self._with_equal
        if self.records is not None:
            self.show(self.records)

    def on_resize(self) -> None:
        """Gives statistics columns of their own where there is room."""
        if self.records:
            self.show(self.records)

    def _show_pair(self, pair: Pair) -> None:
        if pair != self.pair:
            self.pair = pair
            self.entitle("Difference", _title(pair))
            self.say([Cell("comparing", "dim")])
            self.reload(restart=True)

    def load(self, session: Session) -> Mapping[str, Any]:
        """Has the versions compared; an empty mapping while none are chosen."""
        pair = self.pair
        if pair is None:
            return {}
        # a path that begins with a dash must not be taken for an option
        path = f"./{pair.path}" if pair.path.startswith("-") else pair.path
        found = spawn.verb(session.project, "data", "diff", path, pair.before, pair.after)
        return {**found, "asked": pair}

    def show(self, records: Mapping[str, Any]) -> None:
        """Draws the difference."""
        if not records:
            return
        had_focus = self.has_focus_within
        self.uncover()
        self.entitle("Difference", _title(records["asked"]))
        self.query_one("#difference-lines", TextView).show(difference_rows.head(records))
        columns = difference_rows.columns(records["kind"], self.size.width)
        if columns != self.table.columns:
            self.table.set_columns(columns)
        rows = difference_rows.rows(records, self.size.width, with_equal=self._with_equal)
        self.table.show(rows)
        self.subtitle(difference_rows.foot(records, with_equal=self._with_equal))
        if had_focus:
            self.table.focus()


def _title(pair: Pair) -> str:
    return f"{pair.path}  {pair.before[:DIGITS]} {sign('arrow')} {pair.after[:DIGITS]}"
