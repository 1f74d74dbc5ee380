"""Lists of runs: order, filters, windows, and that indexes are used."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mlops_store import metrics, run_drivers, run_outlooks, run_plans, runs
from mlops_store.errors import UsageError
from mlops_store.run_columns import column, order
from mlops_store.run_conditions import OF_KEY, Condition, either, every, key_condition, of_runs, plain
from mlops_store.store import Store

COUNT = 12


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Twelve runs, ``r00`` the oldest; every third lacks the metric, every fourth the param."""
    with Store(str(tmp_path_factory.mktemp("lists") / "store.db")) as store:
        with store.write() as db:
            for number in range(COUNT):
                run_id = f"r{number:02}"
                runs.create(
                    db,
                    run_id=run_id,
                    name=f"name {(number * 7) % COUNT:02}",
                    experiment=f"e{number % 2}",
                    kind=("run", "pipeline", "stage")[number % 3],
                    started_at=float(number),
                    ended_at=float(number) + (number * 5) % COUNT,
                    status="FINISHED",
                )
                if number % 3:
                    metrics.write(db, run_id, [("auc", 0, 1.0, ((number * 5) % COUNT) / 10)])
                if number % 4:
                    runs.set_params(db, run_id, {"lr": 10.0 ** -(number % 4)})
            metrics.write(db, "r00", [("auc", 0, 1.0, float("nan"))])
            metrics.write(db, "r03", [("auc", 0, 1.0, float("inf"))])
            runs.set_params(db, "r00", {"lr": "auto"})
            runs.set_tags(db, "r05", {"team": "b"})
            runs.set_tags(db, "r06", {"team": "a"})
            runs.delete(db, ["r10"])
            runs.archive(db, ["r11"])
        yield store


def listed(store: Store, *sorts: str, **options: object) -> list[str]:
    db = store.read()
    if sorts:
        options["order"] = [order(name) for name in sorts]
    return [run.run_id for run in runs.by_ids(db, runs.ids(db, **options))]  # type: ignore[arg-type]


def test_the_newest_come_first_without_deleted_and_archived_ones(store: Store) -> None:
    assert listed(store) == [f"r{number:02}" for number in reversed(range(10))]
    assert listed(store, "started_at") == [f"r{number:02}" for number in range(10)]


def test_deleted_and_archived_runs_are_listed_when_they_are_asked_for(store: Store) -> None:
    assert listed(store, include_deleted=True, limit=1) == ["r10"]
    assert listed(store, include_archived=True, limit=1) == ["r11"]


def test_kinds_and_a_condition_narrow_the_list(store: Store) -> None:
    assert listed(store, kinds=("run",)) == ["r09", "r06", "r03", "r00"]
    assert listed(store, condition=plain("r.name = ?", "name 07")) == ["r01"]
    assert listed(store, kinds=("run",), condition=plain("r.started_at > ?", 3.0)) == ["r09", "r06"]


def test_a_metric_sorts_by_its_last_value_and_runs_without_one_come_last_newest_first(store: Store) -> None:
    values = {"r03": "inf", "r07": 1.1, "r02": 1.0, "r04": 0.8, "r01": 0.5, "r08": 0.4, "r05": 0.1}
    without = ["r00", "r09", "r06"]  # NaN before those that have none
    assert listed(store, "-metrics.auc") == [*values, *without]
    assert listed(store, "metrics.auc") == [*reversed(values), *without]


def test_params_sort_as_numbers_then_as_text(store: Store) -> None:
    found = listed(store, "params.lr")
    assert found == ["r03", "r07", "r02", "r06", "r01", "r05", "r09", "r00", "r08", "r04"]


def test_tags_and_attributes_sort(store: Store) -> None:
    assert listed(store, "tags.team")[:2] == ["r06", "r05"]
    assert listed(store, "name", limit=3) == ["r00", "r07", "r02"]
    assert listed(store, "-duration", limit=3) == ["r07", "r02", "r09"]
    assert listed(store, "experiment", limit=2) == ["r08", "r06"]


@pytest.mark.parametrize("sort", ["-started_at", "metrics.auc", "max(auc)", "params.lr", "-tags.team", "name"])
@pytest.mark.parametrize("limit", [0, 1, 4, 7, 9, 100])
def test_a_limit_gives_the_beginning_of_the_whole_list(store: Store, sort: str, limit: int) -> None:
    assert listed(store, sort, limit=limit) == listed(store, sort)[:limit]


def test_a_sort_that_is_not_understood_is_an_error(store: Store) -> None:
    with pytest.raises(UsageError, match="started_at"):
        order("started")


def test_names_in_use_are_listed(store: Store) -> None:
    db = store.read()
    assert (runs.keys(db, "metrics"), runs.keys(db, "params"), runs.keys(db, "tags")) == (["auc"], ["lr"], ["team"])


def test_a_window_keeps_the_given_order_and_leaves_out_what_is_gone(store: Store) -> None:
    db = store.read()
    ids = runs.ids(db)
    assert [run.run_id for run in runs.by_ids(db, [ids[3], 999, ids[0]])] == ["r06", "r09"]
    assert runs.by_ids(db, []) == []


def test_a_window_takes_four_statements(store: Store) -> None:
    statements: list[str] = []
    db = store.read()
    ids = runs.ids(db)
    db.set_trace_callback(statements.append)
    try:
        runs.by_ids(db, ids)
    finally:
        db.set_trace_callback(None)
    assert len(statements) == 4


def plan(store: Store, *sorts: str, **options: object) -> list[str]:
    """How SQLite runs each statement of a list, as ``EXPLAIN QUERY PLAN`` tells it."""
    statements: list[str] = []
    db = store.read()
    if sorts:
        options["order"] = [order(name) for name in sorts]
    db.set_trace_callback(statements.append)
    try:
        runs.ids(db, **options)  # type: ignore[arg-type]
    finally:
        db.set_trace_callback(None)
    return [row[3] for statement in statements for row in db.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()]


def test_the_newest_runs_are_read_from_one_covering_index(store: Store) -> None:
    assert "SCAN r USING COVERING INDEX runs_newest" in plan(store)
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan(store)
    assert plan(store, kinds=("run",), limit=50) == ["SCAN r USING COVERING INDEX runs_newest"]


@pytest.mark.parametrize("sort", ["metrics.auc", "params.lr", "tags.team"])
def test_sorting_by_a_key_walks_an_index_and_sorts_nothing(store: Store, sort: str) -> None:
    steps = plan(store, sort, limit=2)
    assert any("SEARCH s USING" in step and "COVERING INDEX" in step for step in steps)
    assert not any("TEMP B-TREE" in step or "SCAN s" in step for step in steps)


def test_what_is_kept_of_a_metric_sorts_and_is_read(tmp_path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        with store.write() as db:
            for run_id, points in {"a": [3.0, 1.0], "b": [2.0, 2.5], "c": [float("nan")], "d": []}.items():
                runs.create(db, run_id=run_id, name=run_id, experiment="e", started_at=1.0, status="FINISHED")
                metrics.write(db, run_id, [("m)", step * 5, 1.0, value) for step, value in enumerate(points)])
        assert listed(store, "-max(m))") == ["a", "b", "c", "d"]
        assert listed(store, "-min(m))") == ["b", "a", "c", "d"]
        assert listed(store, "mean(metrics.m))", limit=1) == ["a"]
        assert listed(store, "-last(m))", limit=2) == ["b", "a"]
        assert listed(store, "-step(m))", "-metrics.m)") == ["b", "a", "c", "d"]
        db = store.read()
        names = ["max(m))", "mean(m))", "step(m))", "count(m))", "name", "params.x"]
        found = runs.values(db, runs.ids(db, order=[order("name")]), [column(name) for name in names])
        assert found[:2] == [(3.0, 2.0, 5, 2, "a", None), (2.5, 2.25, 5, 2, "b", None)]
        assert found[2][0] != found[2][0]
        assert found[3] == (None, None, None, None, "d", None)


@pytest.fixture(scope="module")
def curves(tmp_path_factory) -> Iterator[Store]:
    """Runs with curves that end at, above and below other values, with ties, NaN, infinities, and some hidden."""
    chance = random.Random(0)
    with Store(str(tmp_path_factory.mktemp("curves") / "store.db")) as store:
        with store.write() as db:
            _fill_with_curves(db, chance)
        yield store


def _fill_with_curves(db, chance: random.Random) -> None:
    for place in range(60):
        run_id = f"r{place:02}"
        ended_at = None if place % 9 == 0 else place + chance.randrange(4)
        status = "RUNNING" if ended_at is None else chance.choice(["FINISHED", "FAILED"])
        runs.create(
            db,
            run_id=run_id,
            name=chance.choice("abc"),
            experiment="e",
            started_at=float(place // 3),
            ended_at=ended_at,
            status=status,
        )
        values = [chance.choice([-1.0, 0.0, 0.5, 2.0, math.nan, math.inf]) for _ in range(chance.randrange(4))]
        metrics.write(db, run_id, [("m", step, 1.0, value) for step, value in enumerate(values)])
        runs.set_params(db, run_id, {"p": str(place % 3)})
    runs.archive(db, ["r05", "r11", "r40"])


_SORTS = ("started_at", "name", "status", "duration", "user", "metrics.m", "max(m)", "min(m)", "mean(m)", "params.p")


@pytest.mark.parametrize("sort", [f"{way}{sort}" for sort in _SORTS for way in ("", "-")])
@pytest.mark.parametrize("is_asked_by_row", [False, True])
def test_the_first_runs_found_along_an_index_begin_the_list_that_is_sorted_as_a_whole(
    curves: Store, sort: str, is_asked_by_row: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_outlooks, "_PEEK", 10)
    monkeypatch.setattr(run_outlooks, "_SAMPLE", 20)
    monkeypatch.setattr(run_plans, "_FEW", 5)
    monkeypatch.setattr(run_drivers, "FEW", 3)
    of_param = key_condition("params v", f"{OF_KEY} AND v.value <> '1'", ("p",))
    found = key_condition("params v", f"{OF_KEY} AND v.value = '1'", ("p",), is_indexed=True)
    looked_at = replace(plain("r.name = 'a'"), drivers=(of_runs("r.name = 'a'", is_scan=True),))
    conditions = [Condition(), of_param, every([of_param, plain("r.status <> 'FAILED'")]), found]
    conditions += [looked_at, every([looked_at, of_param]), either([looked_at, found]), every([found, looked_at])]
    for condition in conditions:
        for options in ({}, {"include_archived": True}, {"kinds": ("run",)} if is_asked_by_row else {}):
            whole = listed(curves, sort, condition=condition, **options)
            for limit in (1, 7, 30, 100):
                assert listed(curves, sort, condition=condition, limit=limit, **options) == whole[:limit]


def test_several_keys_order_one_after_the_other(store: Store) -> None:
    assert listed(store, "kind", "-metrics.auc")[:4] == ["r07", "r04", "r01", "r03"]
    assert listed(store, "params.lr", "-started_at", limit=4) == ["r07", "r03", "r06", "r02"]
    assert listed(store, "experiment", "name", limit=5) == listed(store, "experiment", "name")[:5]
    assert listed(store, "tags.team", "name", limit=3) == ["r06", "r05", "r00"]


def test_only_the_keys_that_are_asked_for_are_read(store: Store) -> None:
    db = store.read()
    (run,) = runs.by_ids(db, runs.ids(db, condition=plain("r.run_id = 'r05'")), keys=("metrics.auc", "tags.team"))
    assert (dict(run.metrics), dict(run.params), dict(run.tags)) == ({"auc": 0.1}, {}, {"team": "b"})


@pytest.mark.parametrize("sort", ["-started_at", "name", "metrics.auc", "-max(auc)", "params.lr", "tags.team"])
@pytest.mark.parametrize("limit", [None, 2, 600])
def test_both_forms_of_a_condition_give_the_same_list(store: Store, monkeypatch, sort: str, limit: int | None) -> None:
    wanted = key_condition("metrics v", "v.last_value > ?", (0.3,))
    expected = [run for run in listed(store, sort) if run in ("r07", "r02", "r04", "r01", "r08", "r03")]
    driven = key_condition("metrics v", "v.last_value > ?", (0.3,), is_indexed=True)
    assert listed(store, sort, condition=wanted, limit=limit) == expected[:limit]
    assert listed(store, sort, condition=driven, limit=limit) == expected[:limit]
    monkeypatch.setattr(run_plans, "_STEPS", 1)
    monkeypatch.setattr(run_outlooks, "_PATIENCE_S", -1.0)
    assert listed(store, sort, condition=wanted, limit=limit) == expected[:limit]


def test_a_key_without_a_name_is_a_column_like_any_other(store: Store) -> None:
    """A script may log one, and then the list must stay readable."""
    assert [column(f"{table}.").key for table in ("metrics", "params", "tags")] == ["", "", ""]
