"""A comparison as one table of comma-separated values (RFC 4180), for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from mlops_store.errors import UsageError
from mlops_tui.compare import wording
from mlops_tui.compare.axes import Axis
from mlops_tui.compare.report import TABLES, VIEWS, Report

#: What spreadsheets take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(report: Report) -> str:
    """The tables of a report with a column for each run, or one view of another shape.

    A text that a spreadsheet would run as a formula gets an apostrophe before it.

    Raises:
        UsageError: Views of different shapes were asked for, which are no one table.
    """
    views = [part for part in report.parts if part in VIEWS]
    if views and len(report.parts) > 1:
        raise UsageError(
            f"CSV holds one table: {views[0]} has another shape than {next(p for p in report.parts if p != views[0])}",
            "ask for each with its own --part",
        )
    if views and views[0] in report.problems:
        raise report.problems[views[0]]
    found = {
        "lines": _lines,
        "curves": _curves,
        "seeds": _seeds,
        "predictions": _predictions,
        "scatter": _scatter,
        "parallel": _parallel,
        "importance": _importance,
    }
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    for row in found[views[0]](report) if views else _tables(report):
        writer.writerow([_cell(value) for value in row])
    return sink.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, float):
        return repr(value)
    if not isinstance(value, str):
        return "" if value is None else value
    text = value.encode("utf-8", "replace").decode("utf-8").replace("\0", "␀")
    return "'" + text if text.startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _names(report: Report) -> list[str]:
    return [wording.label(run, report.comparison.runs) for run in report.comparison.runs]


def _tables(report: Report) -> Iterator[Sequence[object]]:
    found = report.comparison
    yield ["part", "key", *_names(report)]
    yield ["run", "run_id", *found.run_ids]
    for part in report.parts:
        if part in TABLES:
            yield from ([part, row.key, *row.values] for row in getattr(found, part))


def _lines(report: Report) -> Iterator[Sequence[object]]:
    yield ["run_id", "what", "where", "sign", "text"]
    for one in report.lines:
        for sign, commits in (("<", one.only_first), (">", one.only_second)):
            yield from ([one.run_id, "commit", commit.commit, sign, commit.subject] for commit in commits)
        for file in one.files:
            yield from ([one.run_id, "line", file.path, line[:1], line[1:]] for line in file.lines)


def _curves(report: Report) -> Iterator[Sequence[object]]:
    yield ["metric", "run_id", report.curves[0].x, "low", "high", "last"]
    for overlay in report.curves:
        for curve in overlay.curves:
            yield from ([overlay.key, curve.run_id, *point] for point in curve.points)


def _seeds(report: Report) -> Iterator[Sequence[object]]:
    assert report.seeds is not None
    yield [
        *("metric", "group", "runs", "mean", "deviation", "min", "max"),
        *("verdict", "difference", "low", "high", "p", "effect"),
    ]
    for row in report.seeds.rows:
        for place, spread in enumerate(row.spreads):
            against = row.against[place]
            numbers: Iterable[object] = [None] * 5
            if against is not None:
                numbers = [
                    *(against.difference, against.interval.low, against.interval.high),
                    *(against.test.p, against.effect),
                ]
            yield [
                *(row.key, report.seeds.groups[place].label, spread.count),
                *(spread.mean, spread.deviation, spread.low, spread.high),
                *(row.verdict(place), *numbers),
            ]


def _predictions(report: Report) -> Iterator[Sequence[object]]:
    assert report.predictions is not None
    yield ["run_id", "id", "y_true", "y_pred_baseline", "y_pred", "gain"]
    for pair in report.predictions.pairs:
        yield from ([pair.run_id, row.name, row.truth, row.first, row.second, row.gain] for row in pair.rows)


def _scatter(report: Report) -> Iterator[Sequence[object]]:
    assert report.scatter is not None
    plot = report.scatter
    yield ["run_id", plot.x.key, plot.y.key, "is_on_front"]
    for column, run_id in enumerate(report.comparison.run_ids):
        yield [run_id, _value(plot.x, column), _value(plot.y, column), int(column in plot.front)]


def _parallel(report: Report) -> Iterator[Sequence[object]]:
    yield ["run_id", *(axis.key for axis in report.parallel)]
    for column, run_id in enumerate(report.comparison.run_ids):
        yield [run_id, *(_value(axis, column) for axis in report.parallel)]


def _value(axis: Axis, column: int) -> object:
    value = axis.values[column]
    return axis.texts[int(value)] if axis.texts and value is not None else value


def _importance(report: Report) -> Iterator[Sequence[object]]:
    assert report.importance is not None
    yield ["metric", "param", "importance", "permutation", "permutation_deviation", "correlation", "runs"]
    for one in report.importance.params:
        yield [
            *(report.importance.metric, one.key, one.impurity, one.permutation),
            *(one.permutation_deviation, one.correlation, one.count),
        ]


__all__ = ["render"]
