"""Profiles of tables that are in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_store.texts import storable
from mlops_tui.drift import kinds
from mlops_tui.drift.samples import labels, numbers
from mlops_tui.drift.sketches.column import ColumnSketch, of_numbers
from mlops_tui.drift.sketches.table import TableSketch
from mlops_tui.drift.sketches.tallies import Tally

if TYPE_CHECKING:
    import pandas as pd


def of_frame(frame: pd.DataFrame) -> TableSketch:
    """The profile of a frame's rows; its column names are distinct."""
    columns = {storable(str(name)): _column(storable(str(name)), frame[name]) for name in frame.columns}
    return TableSketch(len(frame), columns)


def _column(name: str, column: pd.Series[Any]) -> ColumnSketch:
    family = kinds.family(column)
    if family == "number":
        held = numbers(column)
        return of_numbers(
            name,
            held.values,
            missing=held.missing,
            infinite=held.infinite,
            unparsable=held.unparsable,
            is_integer=held.is_integer,
        )
    missing = int(column.isna().sum())
    if family not in ("text", "boolean"):
        return ColumnSketch(name, family, len(column), missing)
    if kinds.infer(column) != "categorical":  # free text, or dates as text
        is_text = kinds.infer(column) == "text"
        return ColumnSketch(name, family if is_text else "date", len(column), missing, tally=None, is_text=is_text)
    tally = Tally()
    found = labels(column)
    tally.add(zip(found.names, found.counts.tolist(), strict=True))
    return ColumnSketch(name, family, len(column), missing, tally=tally)
