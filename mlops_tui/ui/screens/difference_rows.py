"""The difference of two versions, as ``data diff --json`` tells it, as rows and lines. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlops_tui.data import contents
from mlops_tui.ui import shown
from mlops_tui.ui.screens.data_acts import SIGNS, TONES
from mlops_tui.ui.screens.data_rows import DIGITS
from mlops_tui.ui.text import Cell, CellValue, pieces
from mlops_tui.ui.theme import is_unicode, sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.text_view import wrapped
from mlops_tui.ui.widgets.window_table import Row

_FILE_COLUMNS = (
    Column("path", "file", 16, 200, grows=True),
    Column("how", "change", 7, 8),
    Column("before", "before", 7, 8, right=True),
    Column("after", "after", 7, 8, right=True),
)
_STATISTICS = ("mean", "sd", "min", "0.25", "0.5", "0.75", "max")
_COLUMN_COLUMNS = (
    Column("name", "column", 12, 40),
    Column("how", "change", 7, 8),
    Column("type", "type", 6, 18, 1),
    Column("missing", "missing", 7, 9, 3, right=True),
    Column("mean", "mean", 6, 11, 2, right=True),
    Column("sd", "sd", 6, 11, 4, right=True),
    Column("min", "min", 6, 19, 5, right=True),
    Column("0.25", "25 %", 6, 11, 7, right=True),
    Column("0.5", "median", 6, 11, 5, right=True),
    Column("0.75", "75 %", 6, 11, 7, right=True),
    Column("max", "max", 6, 19, 5, right=True),
    Column("distinct", "distinct", 8, 9, 8, right=True),
    Column("top", "commonest", 10, 80, 6, grows=True),
)
_NARROW_COLUMNS = (*_COLUMN_COLUMNS[:4], Column("values", "mean, sd; min, median, max", 20, 120, grows=True))
#: Cells from which on each statistic has a column of its own.
_WIDE = 130
_LINE_COLUMNS = (Column("line", "", 20, 1000, grows=True),)
_LINE_TONES = {"+": "good", "-": "bad", "@": "accent"}

Difference = Mapping[str, Any]


def columns(kind: str, width: int) -> tuple[Column, ...]:
    """The columns for a kind of difference in a width of so many cells."""
    if kind == "table":
        return _COLUMN_COLUMNS if width >= _WIDE else _NARROW_COLUMNS
    return _FILE_COLUMNS if kind == "directory" else _LINE_COLUMNS


def head(found: Difference) -> list[CellValue]:
    """Both versions in a line each, and what limits the comparison."""
    lines: list[CellValue] = [_side("before", found["before"]), _side("after", found["after"])]
    return [*lines, *(Cell(note, "warning") for note in found["notes"])]


def _side(label: str, side: Mapping[str, Any]) -> tuple[Cell, ...]:
    if not side["digest"]:
        return (Cell(label.ljust(8), "dim"), Cell("no such file", "dim"))
    parts = [shown.size(side["size_bytes"])]
    parts += [shown.count(side["files"], "file")] if side["files"] is not None else []
    parts += [shown.count(side["row_count"], "row")] if side["row_count"] is not None else []
    about = f"{sign('dot')} ".join(f"{part} " for part in parts if part)
    digest = Cell(f"{side['digest'][:DIGITS]}  ", "strong")
    return (Cell(label.ljust(8), "dim"), digest, Cell(about), Cell(f" from {contents.WORDS[side['where']]}", "dim"))


def rows(found: Difference, width: int, *, with_equal: bool) -> list[Row]:
    """The rows, with a cell for each of the columns for the difference's kind and the width."""
    if found["kind"] == "directory":
        return [_file(file) for file in found["files"]]
    if found["kind"] == "table":
        wanted = [column for column in found["columns"] if with_equal or column["how"] != "same"]
        return [row for column in wanted for row in _column(column, is_wide=width >= _WIDE)]
    if found["kind"] == "same":
        return [Row(0, (Cell("Both are the same.", "dim"),))]
    if not found["lines"]:
        return [Row(0, (Cell("The content differs.", "dim"),))]
    return [
        Row((place, part), (cells,))
        for place, line in enumerate(found["lines"])
        for part, cells in enumerate(wrapped(pieces(Cell(line, _LINE_TONES.get(line[:1], ""))), max(20, width - 5)))
    ]


def foot(found: Difference, *, with_equal: bool) -> str:
    """What the list holds and leaves out, in a few words."""
    if found["kind"] == "directory":
        counts = Counter(file["how"] for file in found["files"])
        told = ", ".join(f"{counts[how]:,} {how}" for how in ("added", "removed", "changed") if counts[how])
        return f"{told}: enter compares a file" if told else ""
    if found["kind"] == "table":
        same = sum(column["how"] == "same" for column in found["columns"])
        return f"{shown.count(same, 'column')} the same: = shows them" if same and not with_equal else ""
    return ""


def _file(file: Mapping[str, Any]) -> Row:
    how = file["how"]
    return Row(
        file["path"],
        (
            (Cell(f"{SIGNS[how]} ", TONES[how]), Cell(file["path"])),
            Cell(how, TONES[how]),
            shown.size(file["before_bytes"]),
            shown.size(file["after_bytes"]),
        ),
    )


def _column(column: Mapping[str, Any], *, is_wide: bool) -> Iterator[Row]:
    """A column's row before and after; one alone where the other version has no such column, or both are equal."""
    how, before, after = column["how"], column["before"], column["after"]
    cells = _cells if is_wide else _narrow_cells
    name = (Cell(f"{SIGNS[how]} ", TONES[how]), Cell(column["name"], "dim" if how == "same" else ""))
    first = before or after
    tone = "dim" if how == "same" or (before and after) else ""
    yield Row((column["name"], 0), (name, Cell(how, TONES[how]), *cells(first, None, tone)))
    if before and after and how != "same":
        yield Row((column["name"], 1), ("", Cell(f"  {sign('arrow')}", "dim"), *cells(after, before, "")))


def _cells(column: Mapping[str, Any], before: Mapping[str, Any] | None, tone: str) -> Iterator[CellValue]:
    """Type, missing, statistics, distinct values and labels; what is as it was before is dim."""
    for key in ("type", "missing", *_STATISTICS, "distinct", "top"):
        value = _value(column, key)
        is_same = before is not None and value == _value(before, key)
        yield Cell(value, "dim" if is_same else tone)


def _narrow_cells(column: Mapping[str, Any], before: Mapping[str, Any] | None, tone: str) -> Iterator[CellValue]:
    """Type, missing, and all else that tells the column in one text."""
    yield from list(_cells(column, before, tone))[:2]
    if column["mean"] is None:
        ends = " to ".join(filter(None, (_value(column, "min"), _value(column, "max"))))
        yield Cell(_value(column, "top") or ends, tone)
        return
    low, middle, high = (_value(column, key) for key in ("min", "0.5", "max"))
    spread = f" {'±' if is_unicode() else '+-'} {_value(column, 'sd')}" if column["sd"] is not None else ""
    yield Cell(f"{_value(column, 'mean')}{spread}", tone), Cell(f";  {low}, {middle}, {high}", "dim")


def _value(column: Mapping[str, Any], key: str) -> str:
    value = column["quantiles"].get(key) if key.startswith("0.") else column[key]
    if value is None:
        return ""
    if key == "top":
        return _labels(value)
    if isinstance(value, str):
        return value
    return f"{value:,}" if key in ("missing", "distinct") else shown.number(float(value))


def _labels(top: Sequence[Sequence[Any]]) -> str:
    return ", ".join(f"{label} ({count:,})" for label, count in top)
