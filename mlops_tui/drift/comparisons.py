"""Two files against each other, without a project: a reference and what is current, column by column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_store.errors import UsageError, nearest
from mlops_store.records import ColumnReport
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import batches, kinds, methods, titles
from mlops_tui.drift.check import check, prepared
from mlops_tui.drift.severity import Findings

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.batches import Batch


@dataclass(frozen=True, slots=True)
class Side:
    """One of the files that were compared, as it was named, and how many rows it holds."""

    path: str
    row_count: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the comparison of two files found.

    Attributes:
        reference: What was compared with.
        current: What was compared.
        findings: The columns and the schema; extra columns stand in the schema only.
        notes: What had to be guessed or left out, one sentence each.
    """

    reference: Side
    current: Side
    findings: Findings
    notes: tuple[str, ...] = ()

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
        reference: Path of a CSV, Parquet or JSON lines file, compressed or not.
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
    before, now = _read(reference), _read(current)
    given = schema if schema is not None else _inferred(before.frame)
    for name in given:
        if name not in before.frame.columns:
            raise UsageError(f"{reference} has no column {name!r}", nearest(name, map(str, before.frame.columns)))
    chosen, kept = _methods(given, method)
    monitor = MonitorConfig("compare", columns=tuple(schema or ()), methods=chosen)
    findings = check(prepared(before.frame, monitor, column_kinds=given), now.frame, repeated=now.repeated)
    notes = [f"{path}: {note}" for path, batch in ((reference, before), (current, now)) for note in batch.notes]
    if before.repeated:
        twice = titles.listed(map(titles.name, before.repeated))
        notes.append(f"{reference}: of columns with one name the first is used: {twice}")
    if kept:
        notes.append(f"{method} does not compare {titles.listed(map(titles.name, kept))}: by the default method")
    return Comparison(Side(reference, len(before.frame)), Side(current, len(now.frame)), findings, tuple(notes))


def _read(path: str) -> Batch:
    try:
        with open(path, "rb") as file:
            return batches.parse(file.read())
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})", "check the path") from error
    except batches.Unreadable as error:
        raise UsageError(f"{path} {error.message}", error.hint) from error


def _inferred(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): kinds.infer(frame[name]) for name in frame.columns}


def _methods(given: Mapping[str, str], method: str | None) -> tuple[dict[str, str], list[str]]:
    """The method of each column that the wanted one can compare, and the comparable columns that it cannot."""
    if method is None:
        return {}, []
    fitting = methods.get(method).kinds
    chosen = {name: method for name, kind in given.items() if kind in fitting}
    if not chosen:
        raise UsageError(f"the method {method!r} compares {' and '.join(fitting)} columns: there are none")
    return chosen, [name for name, kind in given.items() if kind in kinds.COMPARABLE and kind not in fitting]
