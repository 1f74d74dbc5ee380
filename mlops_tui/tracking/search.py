"""Runs in notebooks: ``runs_frame`` and MLflow's ``search_runs``, as a pandas DataFrame with a row a run.

Both take the filters of the runs table; see ``mlops_tui.compare.filter``. pandas is imported when they are called.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from mlops_store import runs
from mlops_store.errors import NotFound, UsageError, nearest
from mlops_store.run_columns import TABLES, column
from mlops_store.run_conditions import Condition, every, plain
from mlops_tui.tracking import session, starting, stored
from mlops_tui.tracking.run import Run

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.project import Project

#: MLflow's numbers of what is looked for: ViewType.ACTIVE_ONLY, DELETED_ONLY and ALL.
ACTIVE_ONLY, DELETED_ONLY, ALL = 1, 2, 3

_TIMES = ("start_time", "end_time")
_ATTRIBUTES = {
    "run_id": "run_id",
    "experiment_id": "experiment_id",
    "status": "status",
    "artifact_uri": "artifact_uri",
    "start_time": "started_at",
    "end_time": "ended_at",
    "run_name": "name",
    "experiment": "experiment",
    "kind": "kind",
    "user": "user",
    "duration_s": "duration",
}
_CHUNK = 5000


def runs_frame(
    filter: str = "",  # noqa: A002 — the word for it everywhere
    *,
    order_by: str | Sequence[str] = (),
    experiment: str | Sequence[str] | None = None,
    limit: int | None = None,
    keys: Iterable[str] | None = None,
) -> pd.DataFrame:
    """The runs of the project as a DataFrame, newest first.

    Args:
        filter: Which runs, as in ``best(auc) > 0.9 AND NOT params.model = 'svm'``; archived and deleted ones never.
        order_by: As in ``metrics.auc DESC`` or ``best(auc)``; several order one after the other.
        experiment: Only runs of this experiment, or of these.
        limit: At most so many; None for all.
        keys: The only ``metrics.KEY``, ``params.KEY``, ``tags.KEY`` or ``max(KEY)`` to be columns; None for every
            param and tag and the last value of every metric.

    Returns:
        A row a run. Columns as MLflow's ``search_runs`` has them: ``run_id``, ``experiment_id``, ``status``,
        ``artifact_uri``, ``start_time`` and ``end_time`` (UTC), ``metrics.KEY`` (float, NaN where there is none),
        ``params.KEY`` and ``tags.KEY`` (text, None where there is none); besides ``run_name``, ``experiment``,
        ``kind``, ``user`` and ``duration_s``.

    Raises:
        UsageError: The filter, the order or a key is not understood.
        NotFound: No such experiment.
        StoreError: The store cannot be read.
    """
    clauses = [order_by] if isinstance(order_by, str) else list(order_by)
    names = None if experiment is None else [experiment] if isinstance(experiment, str) else list(experiment)
    project = session.project()
    if not stored.exists(project):
        return _frame(None, [], keys)
    with stored.opened(project) as store, store.snapshot() as db:
        wanted = _of_experiments(db, names, "name") if names is not None else Condition()
        return _frame(db, _ids(project, db, filter, wanted, clauses, limit), keys)


@overload
def search_runs(
    experiment_ids: Sequence[str] | None = ...,
    filter_string: str = ...,
    run_view_type: int = ...,
    max_results: int = ...,
    order_by: Sequence[str] | None = ...,
    output_format: Literal["pandas"] = ...,
    search_all_experiments: bool = ...,
    experiment_names: Sequence[str] | None = ...,
) -> pd.DataFrame: ...


@overload
def search_runs(
    experiment_ids: Sequence[str] | None = ...,
    filter_string: str = ...,
    run_view_type: int = ...,
    max_results: int = ...,
    order_by: Sequence[str] | None = ...,
    *,
    output_format: Literal["list"],
    search_all_experiments: bool = ...,
    experiment_names: Sequence[str] | None = ...,
) -> list[Run]: ...


def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int = ACTIVE_ONLY,
    max_results: int = 100_000,
    order_by: Sequence[str] | None = None,
    output_format: str = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
) -> pd.DataFrame | list[Run]:
    """MLflow's ``search_runs``; filters and orders may also be those of ``runs_frame``.

    Args:
        experiment_ids: Numbers of experiments; the experiment that is set by default.
        filter_string: Which runs.
        run_view_type: 1 for runs that are not deleted, 2 for deleted ones, 3 for both.
        max_results: At most so many.
        order_by: As in ``metrics.auc DESC``.
        output_format: 'pandas' for a DataFrame, 'list' for a list of runs.
        search_all_experiments: Runs of all experiments, when none are named.
        experiment_names: Names of experiments, instead of their numbers.

    Raises:
        UsageError: The filter, the order, or an argument is not understood.
        NotFound: No such experiment.
        StoreError: The store cannot be read.
    """
    if output_format not in ("pandas", "list"):
        raise UsageError(f"no output format {output_format!r}", "'pandas' or 'list'")
    if experiment_ids and experiment_names:
        raise UsageError("experiments are named twice", "give experiment_ids or experiment_names, not both")
    project = session.project()
    if not stored.exists(project):
        return _frame(None, [], None) if output_format == "pandas" else []
    with stored.opened(project) as store, store.snapshot() as db:
        if experiment_ids:
            wanted = _of_experiments(db, [str(one) for one in experiment_ids], "id")
        elif experiment_names:
            wanted = _of_experiments(db, experiment_names, "name")
        elif search_all_experiments:
            wanted = Condition()
        else:
            wanted = plain(
                "r.experiment_id = (SELECT id FROM experiments WHERE name = ?)", starting.experiment_of(project, "")
            )
        if run_view_type == DELETED_ONLY:
            wanted = every([wanted, plain("r.deleted_at IS NOT NULL")])
        numbers = _ids(
            project,
            db,
            filter_string,
            wanted,
            order_by or (),
            max_results,
            include_deleted=run_view_type in (DELETED_ONLY, ALL),
        )
        if output_format == "pandas":
            return _frame(db, numbers, None)
        return [Run(project, run_id) for (run_id,) in runs.values(db, numbers, [column("run_id")])]


def _ids(
    project: Project,
    db: sqlite3.Connection,
    text: str,
    wanted: Condition,
    clauses: Sequence[str],
    limit: int | None,
    *,
    include_deleted: bool = False,
) -> Sequence[int]:
    from mlops_tui import config
    from mlops_tui.compare.condition import condition
    from mlops_tui.compare.order_by import orders

    goal = config.load(project).goal
    return runs.ids(
        db,
        condition=every([condition(text, goal=goal), wanted]),
        order=orders(clauses, goal),
        include_deleted=include_deleted,
        limit=limit,
    )


def _of_experiments(db: sqlite3.Connection, wanted: Sequence[str], by: str) -> Condition:
    """The condition that a run is of one of the experiments of these names or numbers."""
    known = {str(row[0]) for row in db.execute(f"SELECT {by} FROM experiments WHERE deleted_at IS NULL")}
    for one in wanted:
        if one not in known:
            raise NotFound(f"no experiment {one!r}", nearest(one, sorted(known)))
    marks = ", ".join("?" * len(wanted))
    chosen = f"SELECT id FROM experiments WHERE CAST({by} AS TEXT) IN ({marks})"
    return plain(f"r.experiment_id IN ({chosen})", *wanted)


def _frame(db: sqlite3.Connection | None, numbers: Sequence[int], keys: Iterable[str] | None) -> pd.DataFrame:
    import pandas as pd

    chosen = None if keys is None else [column(key) for key in keys]
    attributes = [column(name) for name in _ATTRIBUTES.values()]
    found = [] if db is None else runs.values(db, numbers, attributes)
    columns: dict[str, Any] = dict(zip(_ATTRIBUTES, zip(*found, strict=True) if found else [()] * 11, strict=True))
    for name in _TIMES:
        columns[name] = pd.to_datetime(pd.Series(columns[name], dtype="float64"), unit="s", utc=True).dt.round("ms")
    if chosen is not None:
        cells = [] if db is None else runs.values(db, numbers, chosen)
        rows = list(zip(*cells, strict=True)) if cells else [()] * len(chosen)
        for one, row in zip(chosen, rows, strict=True):
            columns[one.name] = pd.Series(row, dtype="float64" if one.table == "metrics" else "object")
    elif db is not None:
        for table in ("metrics", "params", "tags"):
            kind = "float64" if table == "metrics" else "object"
            columns |= {f"{table}.{key}": pd.Series(row, dtype=kind) for key, row in _pivot(db, table, numbers).items()}
    return pd.DataFrame(columns)


def _pivot(db: sqlite3.Connection, table: str, numbers: Sequence[int]) -> dict[str, list[Any]]:
    """What each key of a table holds for each of the runs, by name of the key; None where a run has none."""
    assert table in TABLES
    held = "last_value" if table == "metrics" else "value"
    places = {number: place for place, number in enumerate(numbers)}
    found: dict[int, list[Any]] = {}
    for start in range(0, len(numbers), _CHUNK):
        some = ",".join(map(str, numbers[start : start + _CHUNK]))
        for number, key, value in db.execute(f"SELECT run_id, key_id, {held} FROM {table} WHERE run_id IN ({some})"):
            if key not in found:
                found[key] = [None] * len(numbers)
            found[key][places[number]] = value
    names = dict(db.execute("SELECT id, name FROM keys").fetchall())
    return {names[key]: found[key] for key in sorted(found, key=lambda key: str(names[key]))}


__all__ = ["runs_frame", "search_runs"]
