"""The profile of a table: its rows and the profile of each column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_store.texts import storable
from mlops_tui.drift.sketches.column import ColumnGatherer, ColumnSketch, merged

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class TableSketch:
    """What is known of a table.

    Attributes:
        rows: How many rows it has.
        columns: By their names, in the table's order.
        repeated: Names that stood in the table more than once; the first column of each was taken.
        notes: What had to be guessed, one sentence each.
    """

    rows: int
    columns: Mapping[str, ColumnSketch] = field(default_factory=dict)
    repeated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class TableGatherer:
    """Makes the profile of a table.

    Args:
        kinds: Column -> kind, where it is not to be told by the values; see ``ColumnGatherer``.
    """

    def __init__(self, kinds: Mapping[str, str] | None = None) -> None:
        self._kinds = kinds or {}
        self._rows = 0
        self._columns: dict[str, ColumnGatherer] = {}
        self._repeated: dict[str, None] = {}

    def add(self, batch: pa.RecordBatch[Any]) -> None:
        """Takes rows."""
        self._rows += batch.num_rows
        taken: set[str] = set()
        for place, given in enumerate(batch.schema.names):
            name = storable(given)
            if name in taken:
                self._repeated[name] = None
                continue
            taken.add(name)
            gatherer = self._columns.get(name)
            if gatherer is None:
                gatherer = self._columns[name] = ColumnGatherer(name, self._kinds.get(name, ""))
            gatherer.add(batch.column(place))

    def result(self, notes: Iterable[str] = ()) -> TableSketch:
        """The profile of all rows that were added."""
        columns = {name: gatherer.result() for name, gatherer in self._columns.items()}
        return TableSketch(self._rows, columns, tuple(self._repeated), tuple(notes))


def joined(parts: Sequence[TableSketch]) -> TableSketch:
    """The profile of the rows of several tables together; columns that one of them lacks have fewer rows."""
    if len(parts) == 1:
        return parts[0]
    names = dict.fromkeys(name for part in parts for name in part.columns)
    columns = {name: merged([part.columns[name] for part in parts if name in part.columns]) for name in names}
    return TableSketch(
        sum(part.rows for part in parts),
        columns,
        tuple(dict.fromkeys(name for part in parts for name in part.repeated)),
        tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )
