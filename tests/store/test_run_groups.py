"""Groups of runs: counts, means, deviations and the best run, against the statistics module."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_store import metrics, runs
from mlops_store.run_columns import column
from mlops_store.run_conditions import every, plain
from mlops_store.run_groups import Measure, groups, member
from mlops_store.run_lists import values
from mlops_store.run_plans import ids
from mlops_store.store import Store

AUC = Measure(column("metrics.auc"))
LEAST = Measure(column("min(loss)"), "min")


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "store.db")) as opened:
        yield opened


def add(store: Store, run_id: str, at: float, *, params=None, losses=(), **scores: float) -> None:
    with store.write() as db:
        runs.create(db, run_id=run_id, name="n", experiment="e", started_at=at, status="FINISHED")
        runs.set_params(db, run_id, params or {})
        metrics.write(db, run_id, [(key, 0, at, value) for key, value in scores.items()])
        metrics.write(db, run_id, [("loss", step, at, value) for step, value in enumerate(losses)])


def names(store: Store, numbers: list[int | None]) -> list[str | None]:
    found = values(store.read(), [number for number in numbers if number], [column("run_id")])
    return [None if number is None else found.pop(0)[0] for number in numbers]


def test_runs_are_grouped_by_what_they_share_and_measured(store):
    add(store, "a", 1, params={"model": "forest"}, auc=0.8, losses=(3.0, 1.0, 2.0))
    add(store, "b", 2, params={"model": "forest"}, auc=0.9, losses=(0.5, 4.0))
    add(store, "c", 3, params={"model": "linear"}, auc=0.7)
    forest, linear = groups(store.read(), by=[column("params.model")], measures=[AUC, LEAST])
    assert (forest.keys, forest.count, forest.newest_at) == (("forest",), 2, 2)
    auc, loss = forest.statistics
    assert (auc.count, auc.min, auc.max) == (2, 0.8, 0.9)
    assert auc.mean == pytest.approx(0.85)
    assert auc.sd == pytest.approx(statistics.stdev([0.8, 0.9]))
    assert (loss.min, loss.max) == (0.5, 1.0)
    assert names(store, [auc.best, loss.best]) == ["b", "b"]
    assert linear.statistics[0].sd is None
    assert linear.statistics[1].count == 0
    assert math.isnan(linear.statistics[1].mean)
    assert linear.statistics[1].best is None


def test_runs_without_the_key_are_a_group_too_and_each_group_can_be_listed(store):
    add(store, "a", 1, params={"model": "forest", "depth": "3"})
    add(store, "b", 2, params={"model": "forest"})
    add(store, "c", 3)
    add(store, "d", 4)
    by = [column("params.model"), column("params.depth")]
    found = groups(store.read(), by=by)
    assert [(group.keys, group.count) for group in found] == [
        ((None, None), 2),
        (("forest", None), 1),
        (("forest", "3"), 1),
    ]
    listed = [names(store, list(ids(store.read(), condition=member(by, group.keys)))) for group in found]
    assert listed == [["d", "c"], ["b"], ["a"]]


def test_a_condition_narrows_what_is_grouped_and_deleted_runs_are_left_out(store):
    for place, name in enumerate("abcd"):
        add(store, name, place, params={"k": str(place % 2)})
    with store.write() as db:
        runs.delete(db, ["d"])
    (group, other) = groups(store.read(), by=[column("params.k")], condition=plain("r.started_at > ?", 0.5))
    assert (group.keys, group.count, other.keys, other.count) == (("0",), 1, ("1",), 1)


def test_attributes_group_and_their_groups_can_be_listed(store):
    add(store, "a", 1)
    add(store, "b", 2)
    with store.write() as db:
        runs.update(db, "b", status="FAILED", user="ann")
    by = [column("status"), column("user")]
    for group in groups(store.read(), by=by, measures=[Measure(column("duration"))]):
        wanted = every([member(by, group.keys)])
        assert len(ids(store.read(), condition=wanted)) == group.count == 1


def test_values_that_are_no_numbers_count_for_nothing(store):
    for place, value in enumerate([math.nan, math.inf, -math.inf, 1.0, 3.0]):
        add(store, f"r{place}", place, auc=value)
    ((found,),) = [group.statistics for group in groups(store.read(), by=[column("status")], measures=[AUC])]
    assert (found.count, found.mean, found.min, found.max) == (2, 2.0, 1.0, 3.0)
    assert names(store, [found.best]) == ["r4"]


def test_the_newest_of_equally_good_runs_is_the_best(store):
    for place, name in enumerate("abc"):
        add(store, name, place, auc=0.5)
    ((found,),) = [group.statistics for group in groups(store.read(), by=[column("status")], measures=[AUC])]
    assert names(store, [found.best]) == ["c"]


numbers = st.lists(st.floats(-1e3, 1e3) | st.floats(1e9, 1e9 + 1), min_size=2, max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers)
def test_means_and_deviations_are_those_of_the_statistics_module(tmp_path_factory, scores):
    with Store(str(tmp_path_factory.mktemp("groups") / "store.db")) as store:
        for place, value in enumerate(scores):
            add(store, f"r{place}", place, auc=value)
        ((found,),) = [group.statistics for group in groups(store.read(), by=[column("kind")], measures=[AUC])]
    spread = max(scores) - min(scores)
    assert found.mean == pytest.approx(statistics.fmean(scores), rel=1e-12, abs=1e-9 * (1 + spread))
    assert found.sd == pytest.approx(statistics.stdev(scores), rel=1e-6, abs=1e-6 * (1 + spread))
