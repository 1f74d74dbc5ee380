"""Two files against each other, without a project: a reference and what is current, column by column.

Files that fit into memory are compared row by row. Where one does not, or is a profile that was kept, both are compared
by their profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_store.errors import UsageError, nearest
from mlops_store.records import ColumnReport
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import batches, kinds, methods, titles
from mlops_tui.drift.check import Prepared, check, prepared
from mlops_tui.drift.columns import Settings
from mlops_tui.drift.severity import Findings
from mlops_tui.drift.sketches import checking, tables

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.sketches.table import TableSketch


@dataclass(frozen=True, slots=True)
class Side:
    """One of the files that were compared, as it was named, and how many rows it holds."""

    path: str
    row_count: int


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as it was read: its rows, or their profile."""

    path: str
    row_count: int
    repeated: tuple[str, ...]
    notes: tuple[str, ...]
    frame: pd.DataFrame | None = None
    sketch: TableSketch | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the comparison of two files found.

    Attributes:
        reference: What was compared with.
        current: What was compared.
        findings: The columns and the schema; extra columns stand in the schema only.
        notes: What had to be guessed or left out, one sentence each.
        by_profile: Whether profiles were compared rather than rows.
    """

    reference: Side
    current: Side
    findings: Findings
    notes: tuple[str, ...] = ()
    by_profile: bool = False

    @property
    def columns(self) -> list[ColumnReport]:
        """The reference's columns that were wanted, compared or not."""
        extra = set(self.findings.schema.extra)
        return [column for column in self.findings.columns if column.column not in extra]


def compare(
    reference: str, current: str, *, schema: Mapping[str, str] | None = None, method: str | None = None
) -> Comparison:
    """Compares the columns of two files.

    Args:
        reference: Path of a CSV, Parquet or JSON lines file, compressed or not, or of a kept profile.
        current: Path of another.
        schema: Column -> 'numerical' or 'categorical': only these are compared. None takes every column of the
            reference as what it holds.
        method: The id of a method for all columns of the kinds that it compares; others keep their default.

    Raises:
        UsageError: A file cannot be read, the reference lacks a column of the schema, or the method is unknown or
            can compare none of the columns.
    """
    if method is not None and method not in methods.IDS:
        raise UsageError(f"no drift method {method!r}", nearest(method, methods.IDS))
    by_profile = any(tables.is_large(path) for path in (reference, current))
    read = _profile if by_profile else _rows
    before, now = (read(path, schema or {}) for path in (reference, current))
    held = _kinds(before)
    for name in schema or {}:
        if name not in held:
            raise UsageError(f"{reference} has no column {name!r}", nearest(name, held))
    given = {name: kind for name in held if (kind := (schema or held).get(name)) is not None}
    chosen, kept = _methods(given, method)
    settings = Settings(methods=chosen)
    if before.sketch is not None and now.sketch is not None:
        columns = before.sketch.columns
        features = tuple(checking.known(columns[name], kind) for name, kind in given.items())
        # what the schema names is compared whatever it looks like
        counters = frozenset(name for name in given if not schema and checking.counts_up(columns[name]))
        findings = checking.findings(
            Prepared(features, counters, ignored=frozenset(held), settings=settings), now.sketch
        )
    else:
        assert before.frame is not None
        assert now.frame is not None
        monitor = MonitorConfig("compare", columns=tuple(schema or ()), methods=chosen)
        findings = check(prepared(before.frame, monitor, column_kinds=given), now.frame, repeated=now.repeated)
    notes = [f"{side.path}: {note}" for side in (before, now) for note in side.notes]
    if before.repeated:
        twice = titles.listed(map(titles.name, before.repeated))
        notes.append(f"{reference}: of columns with one name the first is used: {twice}")
    if kept:
        notes.append(f"{method} does not compare {titles.listed(map(titles.name, kept))}: by the default method")
    if by_profile:
        notes.append("compared by profiles, in bounded memory; score_error and effect_error say how exact that is")
    return Comparison(
        Side(reference, before.row_count), Side(current, now.row_count), findings, tuple(notes), by_profile
    )


def _rows(path: str, _: Mapping[str, str]) -> _Read:
    batch = batches.read(path, path)
    return _Read(path, len(batch.frame), batch.repeated, batch.notes, frame=batch.frame)


def _profile(path: str, schema: Mapping[str, str]) -> _Read:
    sketch = tables.load([path], schema)
    return _Read(path, sketch.rows, sketch.repeated, sketch.notes, sketch=sketch)


def _kinds(side: _Read) -> dict[str, str]:
    """What each column holds."""
    if side.sketch is not None:
        return {name: sketch.kind for name, sketch in side.sketch.columns.items()}
    assert side.frame is not None
    return {str(name): kinds.infer(column) for name, column in side.frame.items()}


def _methods(given: Mapping[str, str], method: str | None) -> tuple[dict[str, str], list[str]]:
    """The method of each column that the wanted one can compare, and the comparable columns that it cannot."""
    if method is None:
        return {}, []
    fitting = methods.get(method).kinds
    chosen = {name: method for name, kind in given.items() if kind in fitting}
    if not chosen:
        raise UsageError(f"the method {method!r} compares {' and '.join(fitting)} columns: there are none")
    return chosen, [name for name, kind in given.items() if kind in kinds.COMPARABLE and kind not in fitting]
