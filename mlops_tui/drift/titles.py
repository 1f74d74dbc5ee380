"""Titles of alerts: the columns that moved most, and how, in one short line.

Names and labels come from files: they are bounded and their control characters written out.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlops_store.records import ColumnReport
from mlops_store.texts import printable

#: With a shift of the mean below this many standard deviations a change of the spread says more.
_SMALL_SHIFT = 0.3
#: A smaller shift of the mean is not what has changed.
_NO_SHIFT = 0.1
#: From this factor on the spread counts as changed.
_SAME_SPREAD = 1.25
#: Columns that a title names.
NAMED = 3
_NAME_LENGTH = 40


def change(column: ColumnReport) -> str:
    """A column and how it moved, for a title: "mean radius (+1.9 sd)", "weather ('rain' 8% → 21%)"."""
    how = moved(column)
    return f"{name(column.column)} ({how})" if how else name(column.column)


def moved_from(column: ColumnReport) -> str:
    """How a column moved, with the means themselves: "mean 144 → 98 (-0.3 sd)", "'rain' 8% → 21%"."""
    shift = column.detail.get("shift", {})
    if "label" in shift or shift.get("std") is None:
        return moved(column)
    return f"mean {shift['from']:.3g} → {shift['to']:.3g} ({moved(column)})"


def name(text: str) -> str:
    """A column's name or a label, bounded, on one line, its control characters written out."""
    return plain(text, _NAME_LENGTH)


def plain(text: str, length: int) -> str:
    """A text of at most so many characters, on one line, its control characters written out."""
    shown = printable(text[: 2 * length])
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def moved(column: ColumnReport) -> str:
    """How a column moved: its mean in standard deviations, or the label whose share changed most."""
    shift = column.detail.get("shift", {})
    before, after = shift.get("from"), shift.get("to")
    if before is None or after is None:
        return ""
    if "label" in shift:
        return f"'{name(shift['label'])}' {before:.0%} → {after:.0%}"
    if shift.get("std") is None:
        return f"mean {before:.3g} → {after:.3g}"
    if abs(shift["std"]) < _SMALL_SHIFT:
        if not 1 / _SAME_SPREAD < shift["spread"] < _SAME_SPREAD:
            return f"spread ×{shift['spread']:.1f}"
        if abs(shift["std"]) < _NO_SHIFT:
            return "other shape"
    return f"{shift['std']:+.1f} sd"


def listed(names: Iterable[str]) -> str:
    """The first three, and how many more there are."""
    every = list(names)
    rest = f" and {len(every) - NAMED} more" if len(every) > NAMED else ""
    return ", ".join(every[:NAMED]) + rest


def columns(count: int) -> str:
    """``1 column``, ``2 columns``."""
    return f"{count} column{'s' if count != 1 else ''}"
