"""A report as a page: headings, tables, sentences and pictures, before anything is said about how they look."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mlops_tui.compare import wording
from mlops_tui.compare.axes import Axis, Scatter
from mlops_tui.compare.curves import Overlay
from mlops_tui.compare.predictions import Pair
from mlops_tui.compare.report import TABLES, Report
from mlops_tui.compare.runs import MetricRow, Row

TITLES = {
    "metrics": "Metrics",
    "params": "Params",
    "tags": "Tags",
    "code": "Code",
    "environment": "Environment",
    "data": "Data",
    "hardware": "Hardware",
    "lines": "Lines of code",
    "curves": "Curves",
    "seeds": "Repeated runs",
    "predictions": "Predictions",
    "scatter": "Scatter plot",
    "parallel": "Parallel coordinates",
    "importance": "Which params matter",
}
#: Rows of predictions and kinds of changes that a page shows.
_ROWS, _CHANGES = 20, 15
#: Runs whose predictions are shown in full; with more of them the others are lines of a table.
_DETAILED = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What stands in it.
        tone: '' or 'best', 'better', 'worse', 'changed', 'missing', 'same'.
        note: A smaller remark after the text.
        share: 0 to 1 for a bar behind the text; None for no bar.
    """

    text: str
    tone: str = ""
    note: str = ""
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """The name of a part, with a remark."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence; ``tone`` as of cells."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; the first column names the row, ``right`` are columns of numbers; columns may have no titles."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: frozenset[int] = frozenset()
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of code: each begins with '<' (only the baseline), '>' (only the other) or ' ' (both)."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Something drawn: curves, a scatter plot or parallel coordinates; ``names`` and ``runs`` are those of the runs."""

    subject: Overlay | Scatter | tuple[Axis, ...]
    names: tuple[str, ...]
    run_ids: tuple[str, ...]
    baseline: int


Block: TypeAlias = Heading | Sentence | Points | Table | Lines | Picture


@dataclass(frozen=True, slots=True)
class Document:
    """A page."""

    title: str
    subtitle: str
    blocks: tuple[Block, ...]


def document(report: Report, *, with_equal: bool = False) -> Document:
    """The page of a report.

    Args:
        report: What to say.
        with_equal: Also what is equal in all runs.
    """
    found = report.comparison
    names = tuple(wording.label(run, found.runs) for run in found.runs)
    return Document(
        f"Comparison of {len(names)} runs",
        f"measured from {names[found.baseline]} · {time.strftime('%Y-%m-%d %H:%M')}",
        (_runs(report, names), *_blocks(report, names, with_equal)),
    )


def _blocks(report: Report, names: tuple[str, ...], with_equal: bool) -> Iterator[Block]:
    makers = {
        "lines": _lines,
        "curves": _curves,
        "seeds": _seeds,
        "predictions": _predictions,
        "scatter": _scatter,
        "parallel": _parallel,
        "importance": _importance,
    }
    same: list[str] = []
    tables = [part for part in report.parts if part in TABLES]
    for part in report.parts:
        if part in report.problems:
            yield Heading(TITLES[part])
            yield Sentence(report.problems[part].message, "same")
        elif part in TABLES:
            yield from _table(report, part, names, with_equal)
            if not with_equal and is_same(report, part):
                same.append(TITLES[part].lower())
            if same and part == tables[-1]:
                yield Sentence("The same in all runs: " + ", ".join(same), "same")
        else:
            yield from makers[part](report, names)


def _runs(report: Report, names: Sequence[str]) -> Table:
    now = time.time()
    rows = [
        (
            Cell(name, note="baseline" if column == report.comparison.baseline else ""),
            Cell(run.run_id),
            Cell(run.experiment),
            Cell(run.status.lower(), "worse" if run.status in ("FAILED", "KILLED") else ""),
            Cell(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started_at))),
            Cell(f"{run.duration_s(now):,.0f} s"),
        )
        for column, (run, name) in enumerate(zip(report.comparison.runs, names, strict=True))
    ]
    return Table(("run", "id", "experiment", "status", "started", "took"), tuple(rows), frozenset({5}))


def _table(report: Report, part: str, names: tuple[str, ...], with_equal: bool) -> Iterator[Block]:
    found = report.comparison
    section: Sequence[MetricRow | Row] = getattr(found, part)
    shown = [row for row in section if with_equal or not row.is_same]
    if not shown:
        return
    yield Heading(TITLES[part], f"{sum(not row.is_same for row in section)} of {len(section)} differ")
    rows = [
        (
            Cell(row.key),
            *(
                metric_cell(row, column) if isinstance(row, MetricRow) else value_cell(row, column, found.baseline)
                for column in range(len(names))
            ),
        )
        for row in shown
    ]
    right = frozenset(range(1, len(names) + 1)) if part == "metrics" else frozenset()
    yield Table(("metric" if part == "metrics" else "", *names), tuple(rows), right)


def is_same(report: Report, part: str) -> bool:
    """Whether a table has rows, all of which are the same in all runs."""
    section: Sequence[MetricRow | Row] = getattr(report.comparison, part)
    return bool(section) and all(row.is_same for row in section)


def metric_cell(row: MetricRow, column: int) -> Cell:
    """A metric of one column, with how it differs from the baseline."""
    delta, better = row.deltas[column], row.is_better(column)
    if row.values[column] is None:
        return Cell("–", "missing")
    tone = "same" if row.is_same else "best" if column in row.best else ""
    if not tone and better is not None:
        tone = "better" if better else "worse"
    return Cell(wording.number(row.values[column]), tone, wording.signed(delta) if delta else "")


def value_cell(row: Row, column: int, baseline: int) -> Cell:
    """What one column has of a row."""
    value = row.values[column]
    if value is None:
        return Cell("–", "missing")
    return Cell(value, "changed" if row.change(column, baseline) else "same" if row.is_same else "")


def _lines(report: Report, names: tuple[str, ...]) -> Iterator[Block]:
    found = report.comparison
    yield Heading(TITLES["lines"], f"each run against {names[found.baseline]}")
    if not report.lines:
        yield Sentence("commits and uncommitted lines are the same", "same")
    for one in report.lines:
        name = names[found.run_ids.index(one.run_id)]
        if one.problem:
            yield Sentence(f"{name}: {one.problem}", "same")
        sides = (("<", one.only_first, names[found.baseline]), (">", one.only_second, name))
        commits = [(sign, commit, owner) for sign, mine, owner in sides for commit in mine]
        if commits:
            rows = [(Cell(commit.commit[:12]), Cell(commit.subject), Cell(owner)) for _, commit, owner in commits]
            yield Table(("commit", "subject", "only in"), tuple(rows), caption=name)
        for file in one.files:
            yield Lines(f"{file.path}: < {names[found.baseline]}, > {name}", file.lines)
        if one.is_cut:
            yield Sentence("further lines are left out", "same")


def _curves(report: Report, names: tuple[str, ...]) -> Iterator[Block]:
    yield Heading(TITLES["curves"], f"by {report.curves[0].x}")
    for overlay in report.curves:
        yield _picture(report, overlay, names)


def _seeds(report: Report, names: tuple[str, ...]) -> Iterator[Block]:
    groups = report.seeds
    assert groups is not None
    base = groups.groups[groups.baseline].label
    yield Heading(TITLES["seeds"], f"runs that differ in {', '.join(groups.seeds) or 'nothing'}; against {base}")
    rows = []
    for row in groups.rows:
        for place, (one, spread) in enumerate(zip(groups.groups, row.spreads, strict=True)):
            verdict = row.verdict(place)
            note = f"± {wording.deviation(spread.deviation)}" if spread.count > 1 else ""
            mean = Cell(wording.number(spread.mean if spread.count else None), note=note)
            rows.append(
                (
                    Cell(row.key if place == 0 else ""),
                    Cell(one.label),
                    Cell(str(spread.count)),
                    mean,
                    Cell(
                        "baseline" if place == groups.baseline else wording.group_verdict(row, place) or "too few runs",
                        verdict if verdict in ("better", "worse") else "same",
                    ),
                )
            )
    yield Table(("metric", "group", "n", "mean ± sd", "against the baseline"), tuple(rows), frozenset({2, 3}))


def _predictions(report: Report, names: tuple[str, ...]) -> Iterator[Block]:
    found = report.predictions
    assert found is not None
    place = dict(zip(report.comparison.run_ids, names, strict=True))
    first = place[found.baseline]
    yield Heading(TITLES["predictions"], f"{found.name}, against {first}")
    for together in report.pooled:
        yield Sentence(wording.pooled(together), "" if together.verdict == "noise" else together.verdict)
    # those that differ for sure come first: there is least to say about the others
    telling = sorted(found.pairs, key=lambda pair: (bool(pair.problem), pair.verdict == "noise"))[:_DETAILED]
    if len(found.pairs) > _DETAILED:
        yield _verdicts(found.pairs, place)
        yield Sentence(f"{_DETAILED} of {len(found.pairs)} in full; compare two runs to see others so", "same")
    for pair in telling:
        second = place[pair.run_id]
        tone = pair.verdict if pair.verdict in ("better", "worse") else "same" if pair.problem else ""
        yield Sentence(wording.verdict(pair, first, second), tone)
        if not pair.problem:
            yield from _pair(pair, first, second)


def _verdicts(pairs: Sequence[Pair], place: Mapping[str, str]) -> Table:
    rows = []
    for pair in pairs:
        if pair.problem or pair.test is None:
            rows.append((Cell(place[pair.run_id]), *[Cell("–", "missing")] * 4, Cell(pair.problem, "same")))
            continue
        measure = pair.measures[0]
        tone = pair.verdict if pair.verdict in ("better", "worse") else "same"
        rows.append(
            (
                Cell(place[pair.run_id]),
                Cell(wording.number(measure.second)),
                Cell(wording.signed(measure.difference), tone),
                Cell(f"{wording.signed(measure.interval.low)} to {wording.signed(measure.interval.high)}"),
                Cell(wording.p_value(pair.test.p)),
                Cell("within noise" if pair.verdict == "noise" else pair.verdict, tone),
            )
        )
    known = next((pair.measures[0] for pair in pairs if pair.measures), None)
    name, confidence = (known.name, f"{100 * known.interval.confidence:.4g} % ") if known else ("", "")
    return Table(("run", name, "difference", f"{confidence}interval", "test", ""), tuple(rows), frozenset({1, 2}))


def _pair(pair: Pair, first: str, second: str) -> Iterator[Block]:
    for measure in pair.measures[1:]:
        yield Sentence(wording.measure(measure))
    yield Sentence(wording.flips(pair, first, second))
    if said := wording.left_out(pair):
        yield Sentence(said, "same")
    if pair.task == "classification" and pair.flips is not None:
        flips = pair.flips
        rows = (
            (Cell(f"{first} right"), Cell(f"{flips.both_right:,}"), Cell(f"{flips.only_first:,}", "worse")),
            (Cell(f"{first} wrong"), Cell(f"{flips.only_second:,}", "better"), Cell(f"{flips.both_wrong:,}")),
        )
        yield Table(("rows", f"{second} right", f"{second} wrong"), rows, frozenset({1, 2}))
    if pair.changes:
        changed = tuple(
            (
                Cell(change.truth),
                Cell(change.first, "better" if change.first == change.truth else ""),
                Cell(change.second, "better" if change.second == change.truth else ""),
                Cell(f"{change.count:,}"),
            )
            for change in pair.changes[:_CHANGES]
        )
        yield Table(("truth", first, second, "rows"), changed, frozenset({3}), caption="changed predictions")
    if pair.slices is not None:
        yield Sentence(wording.slices(pair.slices, is_counted=pair.task == "classification"), "same")
        if pair.slices.found:
            better_is_more = pair.measures[0].goal == "max"
            told = tuple(
                (
                    Cell(wording.slice_name(one)),
                    Cell(f"{one.count:,}"),
                    Cell(wording.number(one.first)),
                    Cell(wording.number(one.second)),
                    Cell(
                        wording.signed(one.difference),
                        "better" if (one.difference > 0) == better_is_more else "worse",
                    ),
                    Cell(wording.p_value(one.adjusted_p)),
                )
                for one in pair.slices.found
            )
            yield Table(("slice", "rows", first, second, "difference", "after Holm"), told, frozenset(range(1, 6)))
    if pair.rows:
        shown = tuple(
            (Cell(row.name), Cell(row.truth), Cell(row.first), Cell(row.second), _gain(row.gain))
            for row in pair.rows[:_ROWS]
        )
        caption = f"the first {_ROWS} of the rows that changed most" if len(pair.rows) > _ROWS else "changed rows"
        yield Table(("id", "truth", first, second, "gain"), shown, frozenset({4}), caption=caption)


def _gain(gain: float) -> Cell:
    return Cell(wording.signed(gain), "better" if gain > 0 else "worse" if gain < 0 else "same")


def _scatter(report: Report, names: tuple[str, ...]) -> Iterator[Block]:
    plot = report.scatter
    assert plot is not None
    note = f"{plot.count} runs"
    if plot.correlation == plot.correlation:
        note += f", rank correlation {plot.correlation:+.2f}"
    yield Heading(TITLES["scatter"], f"{plot.y.key} by {plot.x.key}; {note}")
    yield _picture(report, plot, names)
    if plot.front:
        yield Sentence("no other run beats these in both metrics: " + ", ".join(names[column] for column in plot.front))


def _parallel(report: Report, names: tuple[str, ...]) -> Iterator[Block]:
    yield Heading(TITLES["parallel"])
    yield _picture(report, report.parallel, names)


def _importance(report: Report, names: tuple[str, ...]) -> Iterator[Block]:
    found = report.importance
    assert found is not None
    yield Heading(TITLES["importance"], f"for {found.metric}")
    yield Sentence(wording.importance(found), "worse" if found.caution else "")
    rows = tuple(
        (
            Cell(one.key),
            Cell(f"{one.impurity:.3f}", share=one.impurity),
            Cell(f"{one.permutation:.3f}", note=f"± {one.permutation_deviation:.3f}"),
            Cell("–" if one.correlation != one.correlation else f"{one.correlation:+.2f}"),
            Cell(str(one.count)),
        )
        for one in found.params
    )
    columns = ("param", "importance", "fall of R² when shuffled", "rank correlation", "runs")
    yield Table(columns, rows, frozenset(range(1, 5)))
    if found.left_out:
        yield Sentence("left out (seeds, constants, too many texts): " + ", ".join(found.left_out), "same")


def _picture(report: Report, subject: Overlay | Scatter | tuple[Axis, ...], names: tuple[str, ...]) -> Picture:
    return Picture(subject, names, report.comparison.run_ids, report.comparison.baseline)


__all__ = [
    "TITLES",
    "Block",
    "Cell",
    "Document",
    "Heading",
    "Lines",
    "Picture",
    "Points",
    "Sentence",
    "Table",
    "document",
    "is_same",
    "metric_cell",
    "value_cell",
]
