"""The runs that an act applies to, be they one or a hundred thousand."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_store import runs
from mlops_store.records import Run
from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell, CellValue, clean

#: Names listed in a question before the rest is counted.
LISTED = 8


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some runs.

    Attributes:
        run_ids: Of all of them, in order.
        first: The records of the first ones.
        live: How many of them still run.
    """

    run_ids: tuple[str, ...] = ()
    first: tuple[Run, ...] = ()
    live: int = 0

    def __len__(self) -> int:
        """How many."""
        return len(self.run_ids)

    @property
    def words(self) -> str:
        """The name of the only one, else how many there are."""
        return clean(self.first[0].name, 60) if len(self) == 1 else shown.count(len(self), "run")

    def lines(self) -> list[CellValue]:
        """The first ones by name, and how many more."""
        lines: list[CellValue] = [
            (Cell(clean(run.name, 50)), Cell(f"  {shown.short_id(run.run_id)}", "dim")) for run in self.first
        ]
        if len(self) > len(self.first):
            lines.append(Cell(f"and {len(self) - len(self.first):,} more", "dim"))
        return lines


def only(run: Run) -> Chosen:
    """One run."""
    return Chosen((run.run_id,), (run,), int(run.status.is_live))


def chosen(db: sqlite3.Connection, numbers: Sequence[int]) -> Chosen:
    """The runs of these numbers; numbers of no run are left out."""
    if not numbers:
        return Chosen()
    live = runs.count_states(
        db, ("RUNNING", "SCHEDULED"), condition=runs.among(numbers), include_deleted=True, include_archived=True
    )
    first = runs.by_ids(db, numbers[:LISTED], keys=())
    return Chosen(tuple(runs.run_ids(db, numbers)), tuple(first), sum(live.values()))


__all__ = ["LISTED", "Chosen", "chosen", "only"]
