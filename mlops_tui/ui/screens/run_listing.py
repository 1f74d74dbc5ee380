"""What a list of runs shows."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_store.run_groups import RunGroup
from mlops_tui.compare.run_query import RunQuery
from mlops_tui.compare.run_rows import RunRow
from mlops_tui.compare.views import ViewColumn
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.rows import Row


@dataclass(frozen=True, slots=True)
class RunList:
    """What a list shows.

    Attributes:
        query: What was asked for.
        numbers: The store's numbers of all runs of the list, in order; of the first ones while it is not whole.
        loaded: The runs near the window.
        columns: The columns shown.
        made: The same as the list takes them, with those that are always there.
        read: The names of those of which ``loaded`` has the values.
        total: How many runs the store has.
        states: How many of the runs are RUNNING or FAILED.
        groups: Where groups are shown instead.
        is_whole: Whether all is there.
        foreign: What other tools have left here, where the store has no runs.
        drawn: ``loaded`` as rows of the list, made in the thread that has read them.
        readings: How often curves had been read by then.
    """

    query: RunQuery
    numbers: array[int] = field(default_factory=lambda: array("q"))
    loaded: tuple[RunRow, ...] = ()
    columns: tuple[ViewColumn, ...] = ()
    made: tuple[Column, ...] = ()
    read: frozenset[str] = frozenset()
    total: int = 0
    states: Mapping[str, int] = field(default_factory=dict)
    groups: tuple[RunGroup, ...] = ()
    is_whole: bool = True
    foreign: tuple[str, ...] = ()
    drawn: tuple[Row, ...] = field(default=(), compare=False)
    readings: int = field(default=0, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(one.name for one in self.columns)


__all__ = ["RunList"]
