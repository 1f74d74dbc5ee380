"""A list whose names have parts, as a tree that can be folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlops_tui.ui import shown
from mlops_tui.ui.screens import path_tree
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row, WindowTable


class TreeTable(WindowTable):
    """Names in a tree, each with further cells. Keys of rows are names; those of folders end with the separator.

    Args:
        columns: The first is the name's.
        separator: Between the parts of a name.
        least: Names below which a folder is not worth a line of its own.
        empty: What to say when there is nothing.
    """

    def __init__(
        self, columns: Sequence[Column], separator: str, *, least: int = 1, empty: str = "", id: str | None = None
    ) -> None:
        super().__init__(columns, empty=empty, id=id)
        self._separator = separator
        self._least = least
        self._folded: frozenset[str] = frozenset()
        self._cells: Mapping[str, tuple[CellValue, ...]] = {}
        self._notes: Mapping[str, CellValue] = {}
        self._is_narrowed = False

    def show_names(
        self, cells: Mapping[str, tuple[CellValue, ...]], *, notes: Mapping[str, CellValue], is_narrowed: bool
    ) -> None:
        """Shows names.

        Args:
            cells: Name -> what stands in the other columns.
            notes: Folder -> what stands in its second column.
            is_narrowed: Whether these are what a filter has left: then no folder is closed.
        """
        self._cells, self._notes, self._is_narrowed = cells, notes, is_narrowed
        self._arrange()

    def action_open(self) -> None:
        """Opens or closes a folder; opens anything else as every list does."""
        key = self.cursor_key
        if isinstance(key, str) and key not in self._cells:
            if not self._is_narrowed:
                self._folded = path_tree.toggled(self._folded, key)
                self._arrange()
            return
        super().action_open()

    def fold(self) -> None:
        """Closes all folders, or opens them."""
        self._folded = path_tree.all_toggled(list(self._cells), self._separator, self._folded)
        self._arrange()

    def _arrange(self) -> None:
        closed = () if self._is_narrowed else self._folded
        found = path_tree.nodes(list(self._cells), self._separator, closed, least=self._least)
        self.show([self._row(node) for node in found])

    def _row(self, node: path_tree.Node) -> Row:
        if node.name in self._cells:
            return Row(node.name, (path_tree.cell(node), *self._cells[node.name]))
        note = self._notes.get(node.name) or Cell("" if node.is_open else shown.count(node.count, "name"), "dim")
        return Row(node.name, (path_tree.cell(node), note, *("" for _ in range(len(self.columns) - 2))))
