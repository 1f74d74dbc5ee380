"""Figures that several processes count together: a table in shared memory, a row a process.

Each cell is written by one process and read by all, so nothing is locked, and what a killed process has counted stays.
Knows no meaning of a cell.
"""

from __future__ import annotations

import mmap
import tempfile

_CELL_BYTES = 8


class Table:
    """Rows of numbers, all 0 at first.

    Args:
        rows: How many processes count.
        width: How many cells each has.
        descriptor: Of the file that another process made for it; None makes one.
    """

    def __init__(self, rows: int, width: int, descriptor: int | None = None) -> None:
        self._width = width
        size = rows * width * _CELL_BYTES
        if descriptor is None:
            self._file = tempfile.TemporaryFile(prefix="mlops-serve-")  # noqa: SIM115 — open as long as the table
            self._file.truncate(size)
            descriptor = self._file.fileno()
        #: The open file, for a process that is started to use the same table.
        self.descriptor = descriptor
        cells = memoryview(mmap.mmap(descriptor, size)).cast("d")
        #: One view a process.
        self.rows = [cells[row * width : (row + 1) * width] for row in range(rows)]

    def totals(self) -> list[float]:
        """Of each cell the sum over all rows."""
        return [sum(cells) for cells in zip(*self.rows, strict=True)]
