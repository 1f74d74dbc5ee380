"""The rows of a list: the keys of all of them, and the cells of those that are loaded."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len

from mlops_tui.ui.text import CellValue, width
from mlops_tui.ui.widgets.columns import Column

Key: TypeAlias = Hashable

#: Rows kept beyond the window; the rest is loaded when it comes in sight.
KEPT = 2000


class Row(NamedTuple):
    """A row of a list: a key that stays the same while the row changes, and one value a column."""

    key: Key
    cells: tuple[CellValue, ...]


RowLoader: TypeAlias = "Callable[[Sequence[Key]], Sequence[Row]]"


class Rows:
    """Keys in order, and the rows known by key."""

    def __init__(self) -> None:
        self.keys: Sequence[Key] = ()
        self._known: dict[Key, Row] = {}
        self._fresh: set[Key] = set()

    def get(self, key: Key | None) -> Row | None:
        """The row of a key, None while it is not loaded."""
        return self._known.get(key)

    def position(self, key: Key | None, otherwise: int) -> int:
        """Where a key stands now; when it is gone, the place where it stood before, as far as there is one."""
        if key is not None:
            if otherwise < len(self.keys) and self.keys[otherwise] == key:
                return otherwise
            try:
                return self.keys.index(key)
            except ValueError:
                pass  # its row was deleted or filtered away
        return min(otherwise, max(0, len(self.keys) - 1))

    def replace(self, keys: Sequence[Key], rows: Iterable[Row], *, is_all: bool) -> tuple[bool, set[Key]]:
        """Takes a new list.

        Args:
            keys: Of all rows, in order.
            rows: Those that are loaded.
            is_all: Whether these are all; otherwise the others are kept as they were until they are loaded again.

        Returns:
            Whether the keys or their order changed, and the keys of the rows whose cells did.
        """
        loaded = {row.key: row for row in rows}
        changed = {key for key, row in loaded.items() if self._known.get(key) != row}
        is_other = len(keys) != len(self.keys) or keys != self.keys
        self.keys = keys
        self._fresh = set(loaded)
        if is_all:
            self._known = loaded
        else:
            self._known.update(loaded)
        return is_other, changed

    def add(self, rows: Iterable[Row], kept: Iterable[Key]) -> set[Key]:
        """Takes rows that were loaded; forgets others than ``kept`` when there are too many.

        Returns:
            The keys of the rows whose cells changed.
        """
        if len(self._known) > KEPT:
            wanted = set(kept)
            self._known = {key: row for key, row in self._known.items() if key in wanted}
        loaded = {row.key: row for row in rows}
        changed = {key for key, row in loaded.items() if self._known.get(key) != row}
        self._known.update(loaded)
        self._fresh.update(loaded)
        return changed

    def forget(self) -> None:
        """Forgets the cells, because the columns are other ones now."""
        self._known.clear()
        self._fresh.clear()

    def missing(self, part: slice) -> tuple[Key, ...]:
        """The keys of a part of the list that are to be loaded, for the first time or again."""
        return tuple(key for key in self.keys[part] if key not in self._fresh)

    def knows(self, part: slice) -> bool:
        """Whether there is something to show of each row in a part of the list."""
        return all(key in self._known for key in self.keys[part])


class Widths:
    """How wide each column's header and values want to be; they never shrink, so that nothing jumps.

    Args:
        columns: The columns.
        values: How wide the values of columns were found to be before, by key.
    """

    def __init__(self, columns: Sequence[Column], values: Mapping[str, int] | None = None) -> None:
        self._columns = tuple(columns)
        known = values or {}
        self.natural = [max(cell_len(column.label), known.get(column.key, 0)) for column in columns]
        self.values = dict(known)

    def grow(self, rows: Sequence[Row]) -> bool:
        """Looks at some rows; True when a column wants more now."""
        has_grown = False
        by_column = zip(*(row.cells for row in rows), strict=True)
        for i, (column, values) in enumerate(zip(self._columns, by_column, strict=False)):
            if self.natural[i] >= column.max_width or not any(values):
                continue
            longest = max(map(width, values))
            if longest > self.natural[i]:
                self.natural[i] = self.values[column.key] = longest
                has_grown = True
        return has_grown
