"""Everything that a comparison says, part by part: what the command line prints, exports write and the screen shows.

A part that has nothing to say for these runs has a problem instead, one sentence why.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_store.errors import MlopsError, NotFound, UsageError, nearest
from mlops_store.records import Run
from mlops_tui.compare import axes, code, curves, importance, pooled, predictions, seeds
from mlops_tui.compare.axes import Axis, Scatter
from mlops_tui.compare.columns import is_scheduled, ranked
from mlops_tui.compare.curves import Overlay
from mlops_tui.compare.importance import Importance
from mlops_tui.compare.pooled import Pooled
from mlops_tui.compare.predictions import PredictionComparison
from mlops_tui.compare.runs import Comparison
from mlops_tui.compare.seeds import Groups

#: Parts with a row for each key and a column for each run.
TABLES = ("metrics", "params", "tags", "code", "environment", "data", "hardware")
#: Parts of other shapes.
VIEWS = ("lines", "curves", "seeds", "predictions", "scatter", "parallel", "importance")
PARTS = (*TABLES, *VIEWS)
#: Runs up to which slices are looked for in the predictions of all of them.
MOST_SLICED = 10
#: Pictures of curves in a report.
MOST_OVERLAYS = 6


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is to say.

    Attributes:
        parts: Of ``PARTS``.
        metric: What importance explains and curves show; the most telling one by default.
        x: The lower axis of the scatter plot.
        y: Its left axis.
        axes: Of the parallel coordinates.
        align: By what curves are laid over each other, one of ``curves.ALIGNMENTS``.
        predictions: The name of the predictions.
    """

    parts: tuple[str, ...] = TABLES
    metric: str | None = None
    x: str | None = None
    y: str | None = None
    axes: tuple[str, ...] = ()
    align: str = "step"
    predictions: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A comparison with the views that were asked for; what was not, or has a problem, is empty.

    ``pooled`` belongs to the predictions: those of repeated runs taken together.
    """

    comparison: Comparison
    parts: tuple[str, ...]
    lines: tuple[code.CodeDifference, ...] = ()
    curves: tuple[Overlay, ...] = ()
    seeds: Groups | None = None
    predictions: PredictionComparison | None = None
    pooled: tuple[Pooled, ...] = ()
    scatter: Scatter | None = None
    parallel: tuple[Axis, ...] = ()
    importance: Importance | None = None
    problems: dict[str, MlopsError] = field(default_factory=dict)


def build(db: sqlite3.Connection, comparison: Comparison, wanted: Wanted, *, root: str, objects_dir: str) -> Report:
    """The parts that are wanted.

    Args:
        db: A connection, in the snapshot that the comparison was read from.
        comparison: The runs side by side.
        wanted: Which parts, and of what.
        root: The project's directory, whose repository is asked for commits.
        objects_dir: Where the bytes of artifacts lie.

    Raises:
        UsageError: There is no such part, or no such way of aligning curves.
    """
    for part in wanted.parts:
        if part not in PARTS:
            raise UsageError(f"a comparison has no part {part!r}", nearest(part, PARTS))
    if wanted.align not in curves.ALIGNMENTS:
        raise UsageError(f"curves cannot be aligned by {wanted.align!r}", nearest(wanted.align, curves.ALIGNMENTS))
    makers: dict[str, Callable[[], Any]] = {
        "lines": lambda: code_differences(comparison, root),
        "curves": lambda: _curves(db, comparison, wanted),
        "seeds": lambda: _repeats(comparison),
        "predictions": lambda: _predictions(db, comparison, wanted, objects_dir),
        "scatter": lambda: axes.scatter(comparison, wanted.x, wanted.y),
        "parallel": lambda: _parallel(comparison, wanted.axes),
        "importance": lambda: importance.importance(comparison, wanted.metric),
    }
    made: dict[str, Any] = {}
    problems: dict[str, MlopsError] = {}
    for part in wanted.parts:
        if part in makers:
            try:
                made[part] = makers[part]()
            except MlopsError as error:
                problems[part] = error
    if "predictions" in made:
        made["pooled"] = pooled.compare(db, objects_dir, seeds.group(comparison), made["predictions"].name)
    return Report(comparison=comparison, parts=wanted.parts, problems=problems, **made)


def without_problems(report: Report) -> Report:
    """The report without the parts that have nothing to say."""
    return replace(report, parts=tuple(part for part in report.parts if part not in report.problems), problems={})


def code_differences(comparison: Comparison, root: str) -> tuple[code.CodeDifference, ...]:
    """The code of every run against the baseline's, without runs whose code is the same."""
    sides = list(zip(comparison.runs, comparison.origins, strict=True))
    base = sides[comparison.baseline]
    found = [code.difference(root, base, side) for column, side in enumerate(sides) if column != comparison.baseline]
    return tuple(one for one in found if not one.is_same)


def curve_keys(db: sqlite3.Connection, compared: Sequence[Run]) -> list[str]:
    """The metrics of which any run has more than one value, the most telling first."""
    marks = ",".join("?" * len(compared))
    found = {
        row[0]
        for row in db.execute(
            "SELECT DISTINCT k.name FROM metrics m JOIN keys k ON k.id = m.key_id JOIN runs r ON r.id = m.run_id "
            f"WHERE m.count > 1 AND r.run_id IN ({marks})",
            [run.run_id for run in compared],
        )
    }
    first = [key.partition(".")[2] for key in ranked(compared) if key.startswith("metrics.")]
    measured = [*(key for key in first if key in found), *sorted(found - set(first))]
    return sorted(measured, key=is_scheduled)


def _curves(db: sqlite3.Connection, comparison: Comparison, wanted: Wanted) -> tuple[Overlay, ...]:
    goals = {row.key: row.goal for row in comparison.metrics}
    if wanted.metric is not None:
        if wanted.metric not in goals:
            raise NotFound(f"none of the runs has the metric {wanted.metric!r}", nearest(wanted.metric, goals))
        keys: Sequence[str] = [wanted.metric]
    else:
        known = curve_keys(db, comparison.runs)
        keys = [key for key in known if not is_scheduled(key)][:MOST_OVERLAYS] or known[:1]
    if not keys:
        raise NotFound("no metric has more than one value", "log metrics with step=")
    return tuple(curves.overlay(db, comparison.runs, key, goals[key], x=wanted.align) for key in keys)


def _repeats(comparison: Comparison) -> Groups:
    found = seeds.group(comparison)
    if not found.has_repeats:
        raise NotFound("no two runs have the same params but for a seed", "repeat runs with another seed")
    return found


def _predictions(
    db: sqlite3.Connection, comparison: Comparison, wanted: Wanted, objects_dir: str
) -> PredictionComparison:
    base = comparison.run_ids[comparison.baseline]
    sliced = None if len(comparison.runs) <= MOST_SLICED else ()
    found = predictions.compare(db, objects_dir, comparison.run_ids, base, wanted.predictions, with_slices=sliced)
    if not found.names:
        raise NotFound("none of the runs logged predictions", "mlops.log_predictions(y_true, y_pred, ids)")
    return found


def _parallel(comparison: Comparison, chosen: tuple[str, ...]) -> tuple[Axis, ...]:
    found = axes.parallel(comparison, chosen)
    if not found:
        raise NotFound("nothing that could be an axis differs between the runs", "name keys with --axis")
    return found


__all__ = [
    "MOST_OVERLAYS",
    "PARTS",
    "TABLES",
    "VIEWS",
    "Report",
    "Wanted",
    "build",
    "code_differences",
    "curve_keys",
    "without_problems",
]
