"""The difference of two versions as a page, for the terminal, Markdown and HTML alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlops_tui.cards.differences import PARTS, Difference
from mlops_tui.compare import wording
from mlops_tui.compare.export.document import (
    Block,
    Cell,
    Document,
    Heading,
    Lines,
    Sentence,
    Table,
    metric_cell,
    value_cell,
)
from mlops_tui.compare.runs import MetricRow, Row
from mlops_tui.registry.card_texts import SECTIONS

_TITLES = {
    "model": "Model",
    "metrics": "Metrics",
    "predictions": "Predictions",
    "params": "Params",
    "signature": "Signature",
    "datasets": "Data sets",
    "data": "Columns of the data",
    "importances": "What predictions hang on",
    "latency": "Latency",
    "code": "Code",
    "environment": "Environment",
    "hardware": "Hardware",
    "card": "Card",
}
#: Importances that differ by less are called equal.
_NOTHING = 0.005


def document(found: Difference, parts: Sequence[str] = PARTS, *, with_equal: bool = False) -> Document:
    """The page of a difference.

    Args:
        found: What differs.
        parts: Some of ``PARTS``.
        with_equal: Also what is equal in both.
    """
    first, second = found.first.version, found.second.version
    blocks: list[Block] = []
    same = []
    for part in PARTS:
        if part in parts:
            told = list(part_of(found, part, with_equal=with_equal))
            blocks += told
            if not told:
                same.append(_TITLES[part].lower())
    if same:
        blocks.append(Sentence("the same in both, or not known: " + ", ".join(same), "same"))
    stages = f"v{first.version} in {first.stage}, v{second.version} in {second.stage}"
    return Document(f"{first.model}: version {second.version} against version {first.version}", stages, tuple(blocks))


def title(part: str) -> str:
    """What a part is called."""
    return _TITLES[part]


def part_of(found: Difference, part: str, *, with_equal: bool = False) -> Iterator[Block]:
    """One part with its heading; nothing where nothing differs."""
    if part == "data":
        yield from _data(found, with_equal)
    elif part == "importances":
        yield from _importances(found, with_equal)
    elif part == "predictions":
        yield from _predictions(found)
    elif part == "card":
        yield from _card(found, with_equal)
    else:
        yield from _table(found, part, with_equal)


def _names(found: Difference) -> tuple[str, str]:
    return f"v{found.first.version.version}", f"v{found.second.version.version}"


def _table(found: Difference, part: str, with_equal: bool) -> Iterator[Block]:
    section: Sequence[MetricRow | Row] = found.metrics if part == "metrics" else found.tables[part]
    shown = [row for row in section if with_equal or not row.is_same]
    if not shown:
        return
    yield Heading(_TITLES[part], f"{sum(not row.is_same for row in section)} of {len(section)} differ")
    rows = [
        (
            Cell(row.key),
            *(metric_cell(row, at) if isinstance(row, MetricRow) else value_cell(row, at, 0) for at in (0, 1)),
        )
        for row in shown
    ]
    yield Table(("", *_names(found)), tuple(rows), frozenset({1, 2}) if part == "metrics" else frozenset())


def _predictions(found: Difference) -> Iterator[Block]:
    if found.predictions is not None and found.predictions.body.get("name"):
        body = found.predictions.body
        tone = body["verdict"] if body["verdict"] in ("better", "worse") else ""
        yield Heading(_TITLES["predictions"], body["name"])
        yield Sentence(body["said"], tone)


def _data(found: Difference, with_equal: bool) -> Iterator[Block]:
    if found.data is None:
        return
    body = found.data.body
    if body.get("problem"):
        yield Heading(_TITLES["data"])
        yield Sentence(body["problem"], "same")
        return
    columns = body["columns"]
    differing = sum(one["change"] != "same" for one in columns)
    shown = [one for one in columns if with_equal or one["change"] != "same"]
    if not shown:
        return
    counts = " and ".join(f"{count:,}" for count in body["rows"])
    yield Heading(_TITLES["data"], f"{differing} of {len(columns)} differ; {counts} rows")
    rows = tuple(
        (
            Cell(one["column"]),
            Cell(one["first"] or "–", "" if one["first"] else "missing"),
            Cell(one["second"] or "–", "" if one["second"] else "missing"),
            Cell(wording.number(one["effect"])),
            Cell("" if one["p"] is None else wording.p_value(one["p"])),
            Cell(one["change"], "same" if one["change"] in ("same", "unknown") else "changed"),
            Cell(one["finding"] or _by(one)),
        )
        for one in shown
    )
    yield Table(("column", *_names(found), "effect", "test", "", "by"), rows, frozenset({3}))


def _by(one: dict[str, object]) -> str:
    if one["score"] is None or one["threshold"] is None:
        return ""
    return f"{one['method']} {wording.number(float(str(one['score'])))}, threshold {one['threshold']}"


def _importances(found: Difference, with_equal: bool) -> Iterator[Block]:
    differing = [row for row in found.importances if abs((row[2] or 0.0) - (row[1] or 0.0)) >= _NOTHING]
    shown = found.importances if with_equal else differing
    if not shown:
        return
    measured = found.first.measured["importances"].body
    yield Heading(_TITLES["importances"], f"permutation: {measured['score']}; {len(differing)} differ by {_NOTHING}")
    rows = []
    for name, first, second in shown:
        delta = (second or 0.0) - (first or 0.0)
        cells = [Cell(wording.number(value), "" if value is not None else "missing") for value in (first, second)]
        rows.append((Cell(name), *cells, Cell(wording.signed(delta), "changed" if abs(delta) >= _NOTHING else "same")))
    yield Table(("column", *_names(found), "change"), tuple(rows), frozenset({1, 2, 3}))


def _card(found: Difference, with_equal: bool) -> Iterator[Block]:
    shown = [one for one in found.texts if with_equal or not one.is_same]
    if not shown:
        return
    yield Heading(
        _TITLES["card"], f"{sum(not one.is_same for one in found.texts)} of {len(found.texts)} sections differ"
    )
    for one in shown:
        yield Lines(SECTIONS[one.section][0], one.lines)


__all__ = ["document", "part_of", "title"]
