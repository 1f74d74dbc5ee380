"""Runs of other tools as ``imports`` takes them, and what the store lacks of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_store.curves import Point
from mlops_store.data_records import DatasetUse
from mlops_store.run_records import RunStatus

#: Points of each metric.
Series = Mapping[str, Sequence[Point]]


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """A run of another tool.

    Attributes:
        run_id: The same for the same run, each time it is read.
        name: What people call it.
        experiment: Made when it is new.
        status: In MLflow's words.
        started_at: Unix seconds.
        ended_at: Unix seconds; None while it is live, or where nobody knows.
        parent_run_id: Another run of the same source.
        deleted_at: When it was deleted there.
        attributes: Columns of ``runs``; see ``runs.create``.
        params: Texts.
        tags: Texts.
        note: A description by a person.
        series: Points of each metric in the order of arrival; none is empty.
        datasets: What it read.
        has_times: Whether the times of points are the source's own; else they count for nothing when points are
            compared, because they are new each time.
    """

    run_id: str
    name: str
    experiment: str
    status: RunStatus
    started_at: float
    ended_at: float | None = None
    parent_run_id: str | None = None
    deleted_at: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    series: Series = field(default_factory=dict)
    datasets: tuple[DatasetUse, ...] = ()
    has_times: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """What the store lacks of a run.

    Attributes:
        run: The run.
        number: ``runs.id``; None for a run that the store does not have.
        columns: Columns of ``runs`` that differ.
        params: Params that are new or differ.
        tags: Tags that are new or differ.
        series: Points that are new.
        is_rewritten: Whether the store has points that the source does not have (any more).
    """

    run: ImportedRun
    number: int | None
    columns: Mapping[str, Any]
    params: Mapping[str, str]
    tags: Mapping[str, str]
    series: Series
    is_rewritten: bool = False

    @property
    def values(self) -> int:
        """How many params, tags and points it brings."""
        return len(self.params) + len(self.tags) + sum(map(len, self.series.values()))

    @property
    def is_nothing(self) -> bool:
        """Whether the store has it all."""
        return self.number is not None and not (self.columns or self.values)
