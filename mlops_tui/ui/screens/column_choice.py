"""Columns to choose, put in order, pin and make wider or narrower."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mlops_tui.compare.views import WIDEST, ViewColumn
from mlops_tui.ui import keymap
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.list_dialog import ListDialog
from mlops_tui.ui.widgets.window_table import Row, WindowTable

#: Cells that a column without a width begins with when it is made wider or narrower.
_BEGIN = 12


class ChooseColumns(ListDialog[tuple[ViewColumn, ...]]):
    """A list of columns to mark; the marked ones stand first, in their order.

    Args:
        title: What they are for.
        columns: Name, title and kind of each.
        chosen: Those that are marked at the beginning.
        lines: A text above the list.
        has_widths: Whether they can be pinned and have widths.
    """

    BINDINGS = keymap.bindings("columns")

    def __init__(
        self,
        title: str,
        columns: Sequence[tuple[str, str, str]],
        chosen: Sequence[ViewColumn],
        lines: Sequence[CellValue] = (),
        *,
        has_widths: bool = True,
    ) -> None:
        shown = (Column("key", "", 8, 60, grows=True), Column("kind", "", 6, 12, 1), Column("how", "", 10, 16, 1))
        super().__init__(title, shown, lines, can_mark=True)
        self._all = {name: (title, kind) for name, title, kind in columns}
        self._chosen = {one.name: one for one in chosen}
        self._known = dict(self._chosen)
        self._has_widths = has_widths

    def rows(self) -> list[Row]:
        """The chosen ones in their order, then the others."""
        names = [*self._chosen, *(name for name in self._all if name not in self._chosen)]
        return [Row(name, (self._all[name][0], Cell(self._all[name][1], "dim"), self._how(name))) for name in names]

    def _how(self, name: str) -> Cell:
        one = self._known.get(name)
        if one is None or not self._has_widths:
            return Cell("")
        words = ["pinned"] * one.is_pinned + [f"{one.width} wide"] * (one.width > 0)
        return Cell(" · ".join(words), "accent")

    def begin(self) -> None:
        """Marks what is chosen."""
        self.table.set_marks(self._chosen)
        keys = "space mark   J K move   / find   enter accept"
        self.foot("space mark  J K move  p pin  + - 0 width  / find  enter accept" if self._has_widths else keys)

    def on_window_table_marks_changed(self, message: WindowTable.MarksChanged) -> None:
        """Puts what was marked behind the others that are."""
        message.stop()
        marks = message.marks
        for name in [name for name in self._chosen if name not in marks]:
            del self._chosen[name]
        for name in self._all:
            if name in marks and name not in self._chosen:
                self._chosen[name] = self._known.setdefault(name, ViewColumn(name))
        self.draw()

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Answers with the marked ones."""
        message.stop()
        self.dismiss(tuple(self._known[name] for name in self._chosen))

    def action_shift(self, by: int) -> None:
        """Moves a chosen column among the others."""
        names, name = list(self._chosen), self._under
        if name not in self._chosen:
            return
        place = names.index(name)
        other = min(max(0, place + by), len(names) - 1)
        names.insert(other, names.pop(place))
        self._chosen = {name: self._chosen[name] for name in names}
        self.draw()

    def action_pin(self) -> None:
        """Pins a column, or lets it scroll again."""
        self._change(lambda one: replace(one, is_pinned=not one.is_pinned))

    def action_width(self, by: int) -> None:
        """Makes a column wider or narrower; by 0, as wide as its values."""

        def wider(one: ViewColumn) -> ViewColumn:
            return replace(one, width=min(WIDEST, max(3, (one.width or _BEGIN) + by)) if by else 0)

        self._change(wider)

    def _change(self, change: Callable[[ViewColumn], ViewColumn]) -> None:
        name = self._under
        if not self._has_widths or not name:
            return
        self._known[name] = change(self._known.get(name, ViewColumn(name)))
        self._chosen[name] = self._known[name]
        self.table.set_marks(self._chosen)
        self.draw()

    @property
    def _under(self) -> str:
        key = self.table.cursor_key
        return key if isinstance(key, str) else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Widths and pins only where columns have them."""
        return self._has_widths if action in ("pin", "width") else True


__all__ = ["ChooseColumns"]
