"""The figures of one checked column: its verdict in a line, and both samples in a small table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_store.records import ColumnReport
from mlops_tui.ui import shown
from mlops_tui.ui.text import clean
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.bars import CURRENT, REFERENCE, Piece, Rows
from mlops_tui.ui.widgets.samples import is_number

_GAP = 2
_LEAST_WIDTH = 24
#: A smaller shift of a mean, in standard deviations, would read as +0.0.
_SMALLEST_SHIFT = 0.05
#: Figure -> its heading, in the order of the table.
_OF_NUMBERS = {
    "count": "n", "missing": "missing", "mean": "mean", "std": "std", "min": "min", "0.05": "5%", "0.25": "25%",
    "0.5": "median", "0.75": "75%", "0.95": "95%", "max": "max",
}  # fmt: skip
_OF_LABELS = {"count": "n", "missing": "missing", "distinct": "categories", "new": "new", "lost": "gone"}
#: What is left out first where the width does not suffice.
_DISPENSABLE = (
    "0.25",
    "0.75",
    "min",
    "max",
    "std",
    "0.05",
    "0.95",
    "lost",
    "new",
    "0.5",
    "missing",
    "distinct",
    "mean",
)


def score(column: ColumnReport) -> str:
    """The score in relation to its threshold: ``2e-29 < 0.05``; "" where nothing was compared."""
    if column.score is None or column.threshold is None:
        return ""
    relation = "<" if column.score < column.threshold else ">" if column.score > column.threshold else "="
    is_tiny = column.detail.get("score_is") == "p-value" and column.score < 1e-3
    value = ("≈ 0" if not column.score else f"{column.score:.0e}") if is_tiny else f"{column.score:.3g}"
    return f"{value} {relation} {column.threshold:.3g}"


def verdict(column: ColumnReport) -> str:
    """How the verdict was reached: ``ks p 3e-10 < 0.05, effect 0.71 of 1``; why not where nothing was compared."""
    if not (text := score(column)):
        finding = column.detail.get("finding")
        message = finding.get("message") if isinstance(finding, Mapping) else ""
        return clean(str(message or "nothing could be computed"), 300)
    effect = "" if column.effect is None else f", effect {column.effect:.2f} of 1"
    return f"{column.method} {'p' if column.detail.get('score_is') == 'p-value' else 'distance'} {text}{effect}"


def remark(column: ColumnReport) -> str:
    """What else has to be known to judge the verdict; "" where there is nothing."""
    finding = column.detail.get("finding")
    if column.score is None:
        return ""
    if isinstance(finding, Mapping) and finding.get("message"):
        return clean(str(finding["message"]), 300)
    if column.state == "slight":
        return "beyond its limit, but too small or unsure for an alert"
    return ""


def moved(column: ColumnReport) -> str:
    """How the column moved: ``mean 14.1 → 17.9 (+1.1 sd)`` or ``'rain' 8% → 21%``; "" where that is not known."""
    shift = column.detail.get("shift")
    if not isinstance(shift, Mapping):
        return ""
    before, now = shift.get("from"), shift.get("to")
    if not is_number(before) or not is_number(now):
        return ""
    if "label" in shift:
        return f"'{clean(str(shift['label']), 30)}' {before:.0%} {sign('arrow')} {now:.0%}"
    text = f"mean {shown.number(before)} {sign('arrow')} {shown.number(now)}"
    std = shift.get("std")
    return f"{text} ({std:+.1f} sd)" if is_number(std) and abs(std) >= _SMALLEST_SHIFT else text


def table(column: ColumnReport, width: int) -> Rows:
    """A heading and a row for each sample, as many figures as there is room for; empty where nothing is known."""
    reference, current = column.detail.get("reference"), column.detail.get("current")
    if not isinstance(reference, Mapping) or not isinstance(current, Mapping) or width < _LEAST_WIDTH:
        return ()
    headings = dict(_OF_NUMBERS if "edges" in reference else _OF_LABELS)
    values = [
        {key: _value(column, sample, key, place) for key in headings}
        for place, sample in enumerate((reference, current))
    ]
    for key in list(headings):
        if not any(row[key] for row in values):
            del headings[key]
    widths = {key: max(len(label), *(len(row[key]) for row in values)) for key, label in headings.items()}
    names = ("reference", "current")
    room = width - max(map(len, names))
    for key in _DISPENSABLE:
        if sum(widths.values()) + _GAP * len(widths) <= room:
            break
        widths.pop(key, None)
    rows: list[tuple[Piece, ...]] = [_row("", {key: headings[key] for key in widths}, widths, "dim", "dim")]
    for name, row, tone in zip(names, values, (REFERENCE, CURRENT), strict=True):
        rows.append(_row(name, row, widths, tone, ""))
    return tuple(rows)


def _row(name: str, cells: Mapping[str, str], widths: Mapping[str, int], head: str, tone: str) -> tuple[Piece, ...]:
    text = "".join(" " * _GAP + cells[key].rjust(width) for key, width in widths.items())
    return ((name.ljust(len("reference")), head, ""), (text, tone, ""))


def _value(column: ColumnReport, sample: Mapping[str, Any], key: str, place: int) -> str:
    if key == "missing":
        return _missing(sample)
    if key in ("new", "lost"):
        number = column.detail.get(f"{key}_labels")
        return str(number) if place == 1 and isinstance(number, int) else "" if place else "-"
    value = sample.get(key)
    quantiles = sample.get("quantiles")
    if value is None and isinstance(quantiles, Mapping):
        value = quantiles.get(key)
    if key in ("count", "distinct"):
        return f"{value:,}" if isinstance(value, int) else ""
    return shown.number(float(value)) if is_number(value) else ""


def _missing(sample: Mapping[str, Any]) -> str:
    """The share of rows without a usable value."""
    lost = sum(int(sample[key]) for key in ("missing", "infinite", "unparsable") if is_number(sample.get(key)))
    total = lost + (int(sample["count"]) if is_number(sample.get("count")) else 0)
    if not lost:
        return "0"
    return f"{lost / total:.1%}" if lost / total >= 0.001 else "<0.1%"
