"""What a list of runs is sorted by and which columns it shows: the two questions and their answers."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from mlops_store import runs
from mlops_tui.compare.columns import ranked
from mlops_tui.ui.screens import run_cells
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.run_list import RunsPane
from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.dialog import Choose, Dialog, Option
from mlops_tui.ui.widgets.window_table import Row, WindowTable

#: Attributes that are looked at from the greatest down.
_DESCENDING = ("started_at", "duration")


def choose_order(screen: ProjectScreen, pane: RunsPane) -> None:
    """Asks what to sort by; the present order chosen again is turned round."""
    view = pane.view
    options = [
        Option(key, run_cells.title(key), _remark(key, view.sort, view.is_descending))
        for key in [*run_cells.ATTRIBUTES, *_keys(screen, pane)]
    ]

    def answered(key: str | None) -> None:
        if key is None:
            return
        is_descending = not view.is_descending if key == view.sort else _natural(screen, key)
        pane.change(sort=key, is_descending=is_descending)

    screen.app.push_screen(Choose("Sort by", options, chosen=view.sort), answered)


def _natural(screen: ProjectScreen, key: str) -> bool:
    """Whether the best or newest comes first in descending order."""
    if key.startswith("metrics."):
        return screen.session.config.goal(key.partition(".")[2]) == "max"
    return key in _DESCENDING


def _remark(key: str, sort: str, is_descending: bool) -> Cell:
    table = key.partition(".")[0] if "." in key else ""
    if key == sort:
        return Cell(f"{sign('down' if is_descending else 'up')} now; again turns it round", "accent")
    return Cell({"metrics": "metric", "params": "param"}.get(table, ""), "dim")


def _keys(screen: ProjectScreen, pane: RunsPane) -> list[str]:
    """All metrics and params: those shown first, then the most telling, then by name."""
    store = screen.session.store
    if store is None:
        return []
    db = store.read()
    everything = [f"{table}.{key}" for table in ("metrics", "params") for key in runs.keys(db, table)]
    numbers = pane.records.numbers if pane.records is not None else ()
    telling = ranked(pane.records_of(list(numbers[:100])))
    known = set(everything)
    first = [key for key in (*pane.view.columns, *telling) if key in known]
    return list(dict.fromkeys([*first, *everything]))


def choose_columns(screen: ProjectScreen, pane: RunsPane) -> None:
    """Asks which metrics and params to show; none chosen means the most telling ones."""
    shown_now = pane.records.columns if pane.records is not None else ()
    chosen = pane.view.columns or shown_now

    def answered(columns: tuple[str, ...] | None) -> None:
        if columns is not None:
            pane.change(columns=columns)

    screen.app.push_screen(ChooseColumns(_keys(screen, pane), chosen), answered)


class ChooseColumns(Dialog[tuple[str, ...]]):
    """A list of metrics and params to mark.

    Args:
        keys: ``metrics.KEY`` and ``params.KEY``.
        chosen: Those that are shown now.
    """

    def __init__(self, keys: Sequence[str], chosen: Sequence[str]) -> None:
        super().__init__("Columns", [Cell("Marked ones are shown, in this order. None marked: chosen for you.", "dim")])
        self._keys = tuple(keys)
        self._begin = tuple(chosen)

    def compose_answer(self) -> ComposeResult:
        """The list."""
        yield WindowTable(
            (Column("key", "", 8, 60, grows=True), Column("table", "", 6, 8, 1)), can_mark=True, has_header=False
        )

    def on_mount(self) -> None:
        """Marks what is shown now."""
        table = self.query_one(WindowTable)
        table.styles.height = min(16, max(1, len(self._keys)))
        kinds = {"metrics": "metric", "params": "param"}
        table.show([Row(key, (run_cells.title(key), Cell(kinds[key.partition(".")[0]], "dim"))) for key in self._keys])
        table.set_marks(self._begin)
        table.focus()
        self.foot("space mark   V unmark all   enter accept   esc cancel")

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Answers with the marked ones."""
        message.stop()
        marks = message.table.marks
        self.dismiss(tuple(key for key in self._keys if key in marks))
