"""The JSON object of a comparison. Keys are added in later versions, never renamed or removed."""

from __future__ import annotations

import time
from typing import Any

from mlops_tui.compare.axes import Axis
from mlops_tui.compare.importance import Importance
from mlops_tui.compare.pooled import Pooled
from mlops_tui.compare.predictions import Pair, PredictionComparison
from mlops_tui.compare.report import TABLES, Report
from mlops_tui.compare.run_shape import run
from mlops_tui.compare.seeds import Groups


def comparison(report: Report) -> dict[str, Any]:
    """The runs, the baseline's id, and each part that was asked for under its name.

    Rows of tables have ``key``, ``values`` (one for each run, in the order of ``runs``) and ``is_same``; those of
    metrics also ``goal``, ``deltas`` and ``best`` (run ids). What a part cannot say stands in ``problems``, by part.
    """
    found, now = report.comparison, time.time()
    shape: dict[str, Any] = {"runs": [run(one, now) for one in found.runs], "baseline": found.run_ids[found.baseline]}
    for part in report.parts:
        if part == "metrics":
            shape[part] = [
                {
                    "key": row.key,
                    "goal": row.goal,
                    "values": row.values,
                    "deltas": row.deltas,
                    "best": [found.run_ids[column] for column in sorted(row.best)],
                    "is_same": row.is_same,
                }
                for row in found.metrics
            ]
        elif part in TABLES:
            shape[part] = getattr(found, part)
        elif part not in report.problems:
            shape[part] = _view(report, part)
    shape["problems"] = {part: error.message for part, error in report.problems.items()}
    return shape


def _view(report: Report, part: str) -> Any:
    if part == "seeds" and report.seeds is not None:
        return _groups(report.seeds)
    if part == "predictions" and report.predictions is not None:
        return _predictions(report.predictions, report.pooled)
    if part == "importance" and report.importance is not None:
        return _importance(report.importance)
    if part == "scatter" and report.scatter is not None:
        ids, plot = report.comparison.run_ids, report.scatter
        return {
            "x": _axis(plot.x),
            "y": _axis(plot.y),
            "front": [ids[column] for column in plot.front],
            "without": [ids[column] for column in plot.without],
            "correlation": plot.correlation,
        }
    if part == "parallel":
        return [_axis(axis) for axis in report.parallel]
    return getattr(report, part)  # curves and lines are records as they are


def _axis(axis: Axis) -> dict[str, Any]:
    return {"key": axis.key, "goal": axis.goal, "values": axis.values, "texts": axis.texts}


def _groups(groups: Groups) -> dict[str, Any]:
    return {
        "groups": groups.groups,
        "baseline": groups.baseline,
        "seeds": groups.seeds,
        "metrics": [
            {
                "key": row.key,
                "goal": row.goal,
                "spreads": row.spreads,
                "against_baseline": [
                    None if found is None else {"verdict": row.verdict(place), **_fields(found)}
                    for place, found in enumerate(row.against)
                ],
            }
            for row in groups.rows
        ],
    }


def _predictions(found: PredictionComparison, pooled: tuple[Pooled, ...]) -> dict[str, Any]:
    return {
        "name": found.name,
        "names": found.names,
        "baseline": found.baseline,
        "repeats": [{"verdict": one.verdict, "difference": one.difference, **_fields(one)} for one in pooled],
        "pairs": [_pair(pair) for pair in found.pairs],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "run_id": pair.run_id,
        "problem": pair.problem,
        "task": pair.task,
        "count": pair.count,
        "left_out": dict(pair.left_out),
        "remarks": dict(pair.remarks),
        "verdict": pair.verdict,
        "measures": [{**_fields(measure), "difference": measure.difference} for measure in pair.measures],
        "test": pair.test,
        "flips": pair.flips,
        "changes": pair.changes,
        "rows": pair.rows,
        "slices": None
        if pair.slices is None
        else {
            "looked_at": pair.slices.looked_at,
            "has_pairs": pair.slices.has_pairs,
            "found": [
                {**_fields(one), "conditions": dict(one.conditions), "difference": one.difference}
                for one in pair.slices.found
            ],
        },
    }


def _importance(found: Importance) -> dict[str, Any]:
    return {**_fields(found), "is_reliable": found.is_reliable, "caution": found.caution}


def _fields(record: Any) -> dict[str, Any]:
    """The fields of a record, one level deep."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


__all__ = ["comparison"]
