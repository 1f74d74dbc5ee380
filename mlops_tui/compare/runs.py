"""Differences between runs as plain, frozen data: what each run has, what differs, which metric value is best.

Owns no drawing: the compare screen, ``runs compare --json`` and exports show the same ``Comparison``.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mlops_store import origins, runs
from mlops_store.errors import UsageError
from mlops_store.origins import Origin
from mlops_store.records import Run
from mlops_tui.compare.columns import is_judged
from mlops_tui.config import Config

FEWEST, MOST = 2, 200


@dataclass(frozen=True, slots=True)
class Row:
    """One thing as each run has it; None where a run does not have it.

    ``is_same`` is true when no two runs differ.
    """

    key: str
    values: tuple[str | None, ...]
    is_same: bool

    def change(self, column: int, baseline: int) -> str:
        """How a run differs from the baseline: '', 'added', 'removed' or 'changed'."""
        value, base = self.values[column], self.values[baseline]
        if value == base:
            return ""
        if base is None:
            return "added"
        return "removed" if value is None else "changed"


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric as each run has it.

    Attributes:
        key: The metric's name.
        goal: 'max' or 'min', the better direction.
        values: The last value of each run; None where it has none. May be NaN or infinite.
        deltas: Value minus the baseline's value; None without two finite values. Positive is not always better.
        best: Columns that hold the best finite value; empty when all are equal, fewer than two runs have one, or runs
            are not judged by the metric (a learning rate, the machine's load).
        is_same: Whether no two runs differ (NaN equals NaN).
    """

    key: str
    goal: str
    values: tuple[float | None, ...]
    deltas: tuple[float | None, ...]
    best: frozenset[int]
    is_same: bool

    def is_better(self, column: int) -> bool | None:
        """Whether a run improves on the baseline; None when it neither improves nor gets worse."""
        delta = self.deltas[column]
        return None if not delta else (delta > 0) == (self.goal == "max")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side. Rows of every part are in order of their keys; ``baseline`` is a column.

    ``code`` has rows for the commit, the branch, uncommitted changes, the command and the source; ``environment`` for
    Python and each package; ``data`` for each data set by how it was used, with the start of its digest; ``hardware``
    for the host and what is in it.
    """

    runs: tuple[Run, ...]
    baseline: int
    metrics: tuple[MetricRow, ...]
    params: tuple[Row, ...]
    tags: tuple[Row, ...]
    code: tuple[Row, ...]
    environment: tuple[Row, ...]
    data: tuple[Row, ...]
    hardware: tuple[Row, ...]
    origins: tuple[Origin, ...]

    @property
    def run_ids(self) -> tuple[str, ...]:
        """The ids of the runs, in order."""
        return tuple(run.run_id for run in self.runs)


def compare(db: sqlite3.Connection, run_ids: Sequence[str], config: Config, baseline: str | None = None) -> Comparison:
    """The differences between 2 to 200 runs.

    Args:
        db: A connection; give one inside ``Store.snapshot`` while runs are live.
        run_ids: Full ids in the order they are to be shown; repeated ones count once.
        config: Decides which direction of a metric is better.
        baseline: The run that the others are measured against; the first by default.

    Raises:
        NotFound: One of the runs does not exist.
        UsageError: Too few or too many runs, or the baseline is none of them.
    """
    chosen = list(dict.fromkeys(run_ids))
    if not FEWEST <= len(chosen) <= MOST:
        raise UsageError(f"{len(chosen)} runs cannot be compared", f"give {FEWEST} to {MOST} different runs")
    if baseline is not None and baseline not in chosen:
        raise UsageError(f"the baseline {baseline!r} is none of the compared runs", "name one of them")
    numbers = [runs.number(db, run_id) for run_id in chosen]
    found = runs.by_ids(db, numbers)
    made = origins.of_runs(db, numbers)
    base = chosen.index(baseline) if baseline is not None else 0
    return Comparison(
        runs=tuple(found),
        baseline=base,
        metrics=metric_rows([run.metrics for run in found], base, config),
        params=rows([run.params for run in found]),
        tags=rows([run.tags for run in found]),
        code=rows([code(run, origin) for run, origin in zip(found, made, strict=True)], is_sorted=False),
        environment=rows([environment(origin) for origin in made]),
        data=rows([_data(origin) for origin in made]),
        hardware=rows(
            [
                {"host": run.host, **origin.hardware} if run.host else dict(origin.hardware)
                for run, origin in zip(found, made, strict=True)
            ],
            is_sorted=False,
        ),
        origins=tuple(made),
    )


def metric_rows(columns: Sequence[Mapping[str, float]], base: int, config: Config) -> tuple[MetricRow, ...]:
    """A row for each metric that any column has; ``base`` is the column that the others are measured against."""
    return tuple(
        _metric(key, tuple(column.get(key) for column in columns), base, config.goal(key)) for key in _keys(columns)
    )


def _metric(key: str, values: tuple[float | None, ...], base: int, goal: str) -> MetricRow:
    finite = {column: value for column, value in enumerate(values) if value is not None and math.isfinite(value)}
    best: frozenset[int] = frozenset()
    if finite:
        low, high = min(finite.values()), max(finite.values())
        if low != high and is_judged(key):
            target = high if goal == "max" else low
            best = frozenset(column for column, value in finite.items() if value == target)
    deltas: list[float | None] = [None] * len(values)
    start = finite.get(base)
    if start is not None:
        for column, value in finite.items():
            deltas[column] = value - start
        deltas[base] = None
    is_same = len({"nan" if value is not None and value != value else value for value in values}) == 1
    return MetricRow(key, goal, values, tuple(deltas), best, is_same)


def _keys(columns: Sequence[Mapping[str, object]]) -> list[str]:
    found: set[str] = set()
    for column in columns:
        found.update(column)
    return sorted(found)


def rows(columns: Sequence[Mapping[str, str]], *, is_sorted: bool = True) -> tuple[Row, ...]:
    """A row for each key that any column has, in order of the keys, or as they come."""
    keys: Iterable[str] = _keys(columns) if is_sorted else dict.fromkeys(key for column in columns for key in column)
    rows = []
    for key in keys:
        values = tuple([column.get(key) for column in columns])
        first = values[0]
        rows.append(Row(key, values, all(value == first for value in values)))
    return tuple(rows)


def code(run: Run, origin: Origin) -> dict[str, str]:
    """What is compared of a run's code: commit, branch, uncommitted changes, command and source."""
    found = {
        "commit": run.git_commit,
        "branch": origin.git_branch,
        "uncommitted": _uncommitted(run, origin.git_diff),
        "command": " ".join(origin.command),
        "source": run.source,
    }
    return {key: value for key, value in found.items() if value}


@lru_cache(maxsize=256)
def _counted(diff: str) -> str:
    lines = diff.splitlines()
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    return f"+{added} -{removed} ({hashlib.sha256(diff.encode('utf-8', 'replace')).hexdigest()[:6]})"


def _uncommitted(run: Run, diff: str) -> str:
    """Lines added and removed since the commit, and a digest so that two different changes never look equal."""
    if not diff:
        return "changes" if run.git_dirty else "none" if run.git_commit else ""
    return _counted(diff)


def environment(origin: Origin) -> dict[str, str]:
    """What is compared of a run's environment: Python and each package."""
    python = {"python": origin.python_version} if origin.python_version else {}
    return python | dict(origin.packages)


def _data(origin: Origin) -> dict[str, str]:
    found: dict[str, str] = {}
    for use in origin.datasets:
        key = f"{use.context} {use.dataset.name}"
        short = use.dataset.digest[:12]
        found[key] = f"{found[key]}, {short}" if key in found else short
    return found


__all__ = ["Comparison", "MetricRow", "Row", "code", "compare", "environment", "metric_rows", "rows"]
