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
        found = numbers(column)
        return of_numbers(
            name,
            found.values,
            missing=found.missing,
            infinite=found.infinite,
            unparsable=found.unparsable,
            is_integer=found.is_integer,
        )
    missing = int(column.isna().sum())
    if family not in ("text", "boolean"):
        return ColumnSketch(name, family, len(column), missing)
    if (kind := kinds.infer(column)) != "categorical":  # free text, or dates as text
        held = family if kind == "text" else "date"
        return ColumnSketch(name, held, len(column), missing, is_text=kind == "text")
    tally = Tally()
    counted = labels(column)
    tally.add(zip(counted.names, counted.counts.tolist(), strict=True))
    return ColumnSketch(name, family, len(column), missing, tally=tally)
