"""What a list of runs is sorted by, grouped by and shows: the questions and what follows from the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from mlops_store import runs
from mlops_tui.compare.columns import order
from mlops_tui.compare.views import Goal, ViewColumn, curve_key
from mlops_tui.ui.screens import run_cells
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.column_choice import ChooseColumns
from mlops_tui.ui.screens.run_list import RunsPane
from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.list_dialog import ListDialog
from mlops_tui.ui.widgets.window_table import Row, WindowTable

#: Attributes that are looked at from the greatest down.
_DESCENDING = ("started_at", "ended_at", "duration")
#: So many attributes are offered before anything else.
_USUAL = 4
#: What is kept of a metric besides its last value.
_PARTS = ("best", "max", "min", "mean", "step", "count")
#: Attributes that runs are grouped by.
_COMMON = ("experiment", "name", "status", "kind", "user", "host", "source", "git_commit")


def choose_order(screen: ProjectScreen, pane: RunsPane) -> None:
    """Asks what to sort by; the present order chosen again is turned round."""
    view, goal = pane.view, screen.session.config.goal
    keys = _keys(screen, pane)
    first = [name for name in _shown(pane) if not curve_key(name)]
    attributes = list(run_cells.ATTRIBUTES)
    names = list(dict.fromkeys([*attributes[:_USUAL], *first, *keys, *attributes, *_parts(keys)]))

    def sort(name: str) -> tuple[str, ...]:
        if name == view.first_sort:
            return (name if view.sort[0].startswith("-") else f"-{name}",)
        return (_natural(name, goal),)

    def answered(name: str | None) -> None:
        if name is None:
            pane.expect_nothing()
        else:
            pane.change(sort=sort(name))

    is_descending = order(view.sort[0], goal).is_descending
    app = screen.app
    if not app.is_screen_installed(ChooseOrder.NAME):  # asked for again and again: it is made only once
        app.install_screen(ChooseOrder(), ChooseOrder.NAME)
    dialog = app.get_screen(ChooseOrder.NAME, ChooseOrder)
    assert isinstance(dialog, ChooseOrder)
    dialog.offer(names, view.first_sort, is_descending, lambda name: pane.expect(sort=sort(name)))
    app.push_screen(dialog, answered)


def _natural(name: str, goal: Goal) -> str:
    """The order of a column that begins with the best or newest."""
    if name.startswith(("metrics.", "max(", "min(", "mean(")):
        key = name.partition(".")[2] if name.startswith("metrics.") else name.partition("(")[2][:-1]
        return f"-{name}" if goal(key) == "max" else name
    return f"-{name}" if name in _DESCENDING or name.startswith(("step(", "count(")) else name


class ChooseOrder(ListDialog[str]):
    """Asks for the column to sort by; ``offer`` says which there are."""

    NAME = "order"

    def __init__(self) -> None:
        super().__init__("Sort by", (Column("key", "", 8, 60, grows=True), Column("what", "", 6, 40, 1)))
        self._names: tuple[str, ...] = ()
        self._chosen = ""
        self._is_descending = False
        self._look_at: Callable[[str], None] = lambda _: None

    def offer(self, names: Sequence[str], chosen: str, is_descending: bool, look_at: Callable[[str], None]) -> None:
        """To be called before it is opened.

        Args:
            names: The columns.
            chosen: The one that is sorted by now.
            is_descending: In which direction.
            look_at: Is told which one is under the cursor.
        """
        self._names, self._chosen, self._is_descending = tuple(names), chosen, is_descending
        self._look_at = look_at
        if self.is_mounted:
            self.start()

    def rows(self) -> list[Row]:
        """The columns."""
        return [self._row_now() if name == self._chosen else _row(name) for name in self._names]

    def _row_now(self) -> Row:
        arrow = sign("down" if self._is_descending else "up")
        return Row(self._chosen, (run_cells.title(self._chosen), Cell(f"{arrow} now; again turns it round", "accent")))

    def begin(self) -> None:
        """Begins on what is sorted by now."""
        self.table.move_to(self._chosen)
        self.foot("enter choose   / find   esc cancel")

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Says which column may be chosen."""
        message.stop()
        if message.key is not None and self.is_current:
            self._look_at(str(message.key))

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Answers with the column."""
        message.stop()
        self.dismiss(str(message.key))


@lru_cache(maxsize=4096)
def _row(name: str) -> Row:
    """A column that may be sorted by; the same ones are offered again and again."""
    return Row(name, (run_cells.title(name), Cell(what(name), "dim")))


def choose_columns(screen: ProjectScreen, pane: RunsPane) -> None:
    """Asks which columns to show; none chosen means the most telling ones."""
    keys = _keys(screen, pane)
    known = {one.name: one for one in (pane.records.columns if pane.records is not None else ())}
    chosen = pane.view.columns or tuple(known.values())
    curves = [f"curve({key.partition('.')[2]})" for key in keys if key.startswith("metrics.")]
    names = [*(one.name for one in chosen), *keys, *run_cells.ATTRIBUTES, *_parts(keys), *curves]

    def answered(columns: tuple[ViewColumn, ...] | None) -> None:
        if columns is not None:
            pane.change(columns=columns)

    rows = [(name, run_cells.title(name), what(name)) for name in dict.fromkeys(names)]
    lines = [Cell("Marked ones are shown, in this order. None marked: chosen for you.", "dim")]
    screen.app.push_screen(ChooseColumns("Columns", rows, chosen, lines), answered)


def choose_groups(screen: ProjectScreen, pane: RunsPane) -> None:
    """Asks what the runs of a group have in common; none chosen means single runs."""
    keys = [name for name in (*_shown(pane), *_keys(screen, pane)) if name.startswith(("params.", "tags."))]
    names = [*pane.view.group_by, *keys, *_COMMON]

    def answered(columns: tuple[ViewColumn, ...] | None) -> None:
        if columns is not None:
            pane.change(group_by=tuple(one.name for one in columns))

    rows = [(name, run_cells.title(name), what(name)) for name in dict.fromkeys(names)]
    lines = [Cell("Runs with the same values in all marked ones are one row. None marked: each run.", "dim")]
    chosen = [ViewColumn(name) for name in pane.view.group_by]
    screen.app.push_screen(ChooseColumns("Group by", rows, chosen, lines, has_widths=False), answered)


def what(name: str) -> str:
    """What kind of column it is, in words."""
    table, dot, _ = name.partition(".")
    words = {"metrics": "metric", "params": "param", "tags": "tag"}
    if dot and table in words:
        return words[table]
    part = name.partition("(")[0]
    return "of a metric" if part != name else ""


def _shown(pane: RunsPane) -> tuple[str, ...]:
    return pane.records.names if pane.records is not None else ()


def _parts(keys: Sequence[str]) -> list[str]:
    metrics = [key.partition(".")[2] for key in keys if key.startswith("metrics.")]
    return [f"{part}({key})" for key in metrics for part in _PARTS]


def _keys(screen: ProjectScreen, pane: RunsPane) -> list[str]:
    """All metrics, params and tags: those shown first, then the most telling, then by name."""
    store = screen.session.store
    if store is None:
        return []
    db = store.read()
    everything = [f"{table}.{key}" for table in ("metrics", "params", "tags") for key in runs.keys(db, table)]
    telling = [one.name for one in pane.usual]
    known = set(everything)
    first = [key for key in (*_shown(pane), *telling) if key in known]
    return list(dict.fromkeys([*first, *everything]))


__all__ = ["ChooseOrder", "choose_columns", "choose_groups", "choose_order", "what"]
