import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_store import datasets, metrics, runs
from mlops_store.errors import NotFound, UsageError
from mlops_store.records import Dataset
from mlops_store.store import Store
from mlops_tui.compare.runs import _metric, compare
from mlops_tui.config import Config


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "store.db")) as opened:
        yield opened


def add(store, run_id, *, params=None, values=None, tags=None, data=(), **attributes):
    with store.write() as db:
        runs.create(
            db, run_id=run_id, name=f"run {run_id}", experiment="e", status="FINISHED", started_at=1.0, **attributes
        )
        runs.set_params(db, run_id, params or {})
        runs.set_tags(db, run_id, tags or {})
        metrics.write(db, run_id, [(key, 0, 1.0, value) for key, value in (values or {}).items()])
        for name, digest in data:
            datasets.use(db, run_id, Dataset(name, digest), "input")


def compared(store, *run_ids, baseline=None, config=None):
    return compare(store.read(), run_ids, config or Config(), baseline)


def row(rows, key):
    (found,) = [one for one in rows if one.key == key]
    return found


def test_runs_stand_in_the_order_asked_for_and_once(store):
    for run_id in "abc":
        add(store, run_id)
    assert compared(store, "c", "a", "c", "b").run_ids == ("c", "a", "b")


def test_equal_params_are_told_from_different_ones(store):
    add(store, "a", params={"lr": "0.1", "depth": "3"})
    add(store, "b", params={"lr": "0.1"})
    comparison = compared(store, "a", "b")
    assert row(comparison.params, "lr").is_same
    depth = row(comparison.params, "depth")
    assert (depth.values, depth.is_same) == (("3", None), False)
    assert depth.change(1, 0) == "removed"
    assert depth.change(0, 1) == "added"


@pytest.mark.parametrize(("key", "best"), [("auc", {1}), ("val_loss", {0})])
def test_the_best_value_follows_the_direction_of_the_metric(store, key, best):
    add(store, "a", values={key: 0.1})
    add(store, "b", values={key: 0.9})
    assert row(compared(store, "a", "b").metrics, key).best == best


@pytest.mark.parametrize("key", ["lr", "train/epoch", "system/disk_usage_megabytes"])
def test_no_run_is_best_by_what_was_decided_or_by_its_machine(store, key):
    add(store, "a", values={key: 0.1})
    add(store, "b", values={key: 0.9})
    metric = row(compared(store, "a", "b").metrics, key)
    assert (metric.best, metric.is_same) == (set(), False)


def test_the_configuration_decides_the_direction(store):
    add(store, "a", values={"score": 0.1})
    add(store, "b", values={"score": 0.9})
    metric = row(compared(store, "a", "b", config=Config(goals={"score": "min"})).metrics, "score")
    assert (metric.goal, metric.best) == ("min", {0})
    assert metric.is_better(1) is False


def test_ties_are_all_best_and_equal_runs_have_none(store):
    add(store, "a", values={"auc": 0.9, "f1": 0.5, "only": 1.0})
    add(store, "b", values={"auc": 0.9, "f1": 0.5})
    add(store, "c", values={"auc": 0.1, "f1": 0.5})
    comparison = compared(store, "a", "b", "c")
    assert row(comparison.metrics, "auc").best == {0, 1}
    assert row(comparison.metrics, "f1").best == row(comparison.metrics, "only").best == set()
    assert row(comparison.metrics, "f1").is_same


def test_deltas_are_measured_from_the_baseline(store):
    add(store, "a", values={"auc": 0.5})
    add(store, "b", values={"auc": 0.75})
    add(store, "c")
    comparison = compared(store, "a", "b", "c", baseline="b")
    assert comparison.baseline == 1
    assert row(comparison.metrics, "auc").deltas == (-0.25, None, None)
    assert row(comparison.metrics, "auc").is_better(0) is False


def test_nan_and_infinity_are_never_best(store):
    add(store, "a", values={"auc": math.nan, "x": math.nan})
    add(store, "b", values={"auc": math.inf, "x": math.nan})
    add(store, "c", values={"auc": 0.2, "x": math.nan})
    add(store, "d", values={"auc": 0.1, "x": math.nan})
    comparison = compared(store, "a", "b", "c", "d")
    assert row(comparison.metrics, "auc").best == {2}
    assert row(comparison.metrics, "auc").deltas == (None, None, None, None)
    assert row(comparison.metrics, "x").is_same


def test_different_uncommitted_changes_of_one_size_differ(store):
    diff = "--- a/t.py\n+++ b/t.py\n-lr = 1\n+lr = {}\n"
    add(store, "a", git_commit="c0ffee", git_dirty=1, git_diff=diff.format(2))
    add(store, "b", git_commit="c0ffee", git_dirty=1, git_diff=diff.format(3))
    add(store, "c", git_commit="c0ffee", git_dirty=0)
    code = row(compared(store, "a", "b", "c").code, "uncommitted")
    assert code.values[0].startswith("+1 -1")
    assert len(set(code.values)) == 3
    assert row(compared(store, "a", "b", "c").code, "commit").is_same


def test_packages_added_removed_and_changed_are_told(store):
    add(store, "a", python_version="3.11.2", packages={"numpy": "2.0", "six": "1"})
    add(store, "b", python_version="3.11.2", packages={"numpy": "2.1", "rich": "14"})
    environment = compared(store, "a", "b").environment
    assert {one.key: one.change(1, 0) for one in environment} == {
        "numpy": "changed",
        "python": "",
        "rich": "added",
        "six": "removed",
    }


def test_another_version_of_the_data_is_a_difference(store):
    add(store, "a", data=[("train.csv", "1" * 64)])
    add(store, "b", data=[("train.csv", "2" * 64), ("extra.csv", "3" * 64)])
    data = compared(store, "a", "b").data
    assert row(data, "input train.csv").values == ("1" * 12, "2" * 12)
    assert row(data, "input extra.csv").change(1, 0) == "added"


def test_unknown_runs_and_baselines_are_refused(store):
    add(store, "a")
    add(store, "b")
    with pytest.raises(NotFound):
        compared(store, "a", "zzz")
    with pytest.raises(UsageError):
        compared(store, "a", "b", baseline="zzz")
    with pytest.raises(UsageError):
        compared(store, "a", "a")


@given(st.lists(st.none() | st.floats(), min_size=2, max_size=8), st.sampled_from(["max", "min"]))
def test_the_best_values_are_finite_equal_and_no_value_beats_them(values, goal):
    metric = _metric("m", tuple(values), 0, goal)
    best = {values[column] for column in metric.best}
    assert len(best) <= 1
    for value in best:
        others = [other for other in values if other is not None and math.isfinite(other)]
        assert math.isfinite(value)
        assert value == (max(others) if goal == "max" else min(others))
        assert len(set(others)) > 1


def test_another_machine_is_a_difference(store):
    add(store, "a", host="one", hardware={"cpu": "x", "memory": "16.0 GB"})
    add(store, "b", host="two", hardware={"cpu": "x", "memory": "64.0 GB", "gpu": "NVIDIA H100"})
    hardware = compared(store, "a", "b").hardware
    assert [one.key for one in hardware] == ["host", "cpu", "memory", "gpu"]
    assert row(hardware, "cpu").is_same
    assert row(hardware, "gpu").change(1, 0) == "added"


def test_200_runs_are_compared_and_201_are_refused(store):
    for number in range(201):
        add(store, f"{number:03}", params={"n": str(number)})
    found = compared(store, *(f"{number:03}" for number in range(200)))
    assert row(found.params, "n").values[199] == "199"
    with pytest.raises(UsageError, match="201 runs"):
        compared(store, *(f"{number:03}" for number in range(201)))
