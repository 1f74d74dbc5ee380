"""``stream`` of a monitor: a detector that follows the rows of a window one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_tui.config.reader import Reader

#: Detectors, by river's names in our spelling.
METHODS = ("adwin", "page_hinkley", "kswin")


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """Which detector follows which columns.

    Attributes:
        method: One of ``METHODS``; '' for none.
        columns: The columns of numbers that it follows; empty means all of them.
    """

    method: str = ""
    columns: tuple[str, ...] = ()


def read(reader: Reader, value: object, place: str) -> StreamConfig:
    """A method, or a table with ``method`` and ``columns``.

    Args:
        reader: Makes the errors.
        value: What the file holds.
        place: Its dotted path.

    Raises:
        SpecError: A key or value is not understood.
    """
    if not isinstance(value, dict):
        return StreamConfig(reader.choice(value, place, METHODS))
    table = reader.table(value, place, ("method", "columns"))
    columns = reader.texts(table["columns"], f"{place}.columns") if "columns" in table else ()
    return StreamConfig(reader.choice(table.get("method", METHODS[0]), f"{place}.method", METHODS), columns)
