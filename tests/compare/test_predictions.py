import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, mean_squared_error
from statsmodels.stats.contingency_tables import mcnemar

from mlops_store import artifacts, runs
from mlops_store.errors import NotFound
from mlops_store.store import Store
from mlops_tui.compare.predictions import Flips, compare
from mlops_tui.prediction_files import encode, path_of


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "store.db")) as opened:
        yield opened


def add(store, run_id, *arguments, name="predictions", data=None, **options):
    with store.write() as db:
        if db.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone() is None:
            runs.create(db, run_id=run_id, name=run_id, experiment="e", started_at=1.0)
        if arguments or data is not None:
            digest, size = artifacts.put_bytes(store.objects_dir, data or encode(*arguments, **options))
            artifacts.record(db, run_id, path_of(name), digest, size, 1.0)


def compared(store, *run_ids, baseline=None, **options):
    return compare(store.read(), store.objects_dir, run_ids, baseline or run_ids[0], **options)


def pair(store, **options):
    (found,) = compared(store, "a", "b", **options).pairs
    return found


def test_classifiers_are_compared_row_by_row_by_id(store):
    add(store, "a", [1, 1, 0, 0], [1, 0, 0, 1], ids=[10, 11, 12, 13])
    add(store, "b", [0, 0, 1, 1], [0, 0, 1, 1], ids=[13, 12, 11, 10])
    found = pair(store)
    assert found.count == 4
    assert found.flips == Flips(both_right=2, only_first=0, only_second=2, both_wrong=0)
    assert found.test.p == mcnemar([[2, 0], [2, 0]], exact=True).pvalue
    assert [(one.name, one.truth, one.first, one.second) for one in found.rows] == [
        ("11", "1", "0", "1"),
        ("13", "0", "1", "0"),
    ]
    assert found.verdict == "noise"


@pytest.mark.parametrize(("is_better", "verdict"), [(True, "better"), (False, "worse")])
def test_many_flips_are_a_verdict_with_interval_and_test(store, is_better, verdict):
    chance = np.random.default_rng(0)
    truth = chance.choice(["cat", "dog", "eel"], 2000)
    good = np.where(chance.random(2000) < 0.9, truth, "cat")
    bad = np.where(chance.random(2000) < 0.8, truth, "dog")
    add(store, "a", truth, bad if is_better else good)
    add(store, "b", truth, good if is_better else bad)
    found = pair(store)
    accuracy = found.measures[0]
    assert accuracy.first == pytest.approx(accuracy_score(truth, bad if is_better else good))
    assert found.verdict == verdict
    assert not accuracy.interval.has_zero
    assert accuracy.interval.low < accuracy.difference < accuracy.interval.high
    assert found.changes[0].count >= found.changes[-1].count
    assert sum(change.count for change in found.changes) == (good != bad).sum()


def test_regressions_are_compared_by_their_errors(store):
    chance = np.random.default_rng(1)
    truth = chance.normal(size=500)
    first, second = truth + chance.normal(0, 1, 500), truth + chance.normal(0, 0.5, 500)
    add(store, "a", truth, first)
    add(store, "b", truth, second)
    found = pair(store)
    mae, mse = found.measures
    assert (mae.first, mae.second) == pytest.approx(
        (mean_absolute_error(truth, first), mean_absolute_error(truth, second))
    )
    assert mse.second == pytest.approx(mean_squared_error(truth, second))
    assert found.verdict == "better"
    assert found.flips.only_first + found.flips.only_second == 500
    assert found.flips.only_second == (abs(second - truth) < abs(first - truth)).sum()
    assert abs(found.rows[0].gain) >= abs(found.rows[-1].gain) > 0


@pytest.mark.parametrize("is_wide", [False, True])
def test_log_loss_is_that_of_scikit_learn(store, is_wide):
    chance = np.random.default_rng(2)
    truth = chance.integers(0, 2, 100)
    scores = chance.random((2, 100)).astype(np.float32)
    for run_id, score in zip("ab", scores, strict=True):
        given = np.stack([1 - score, score], axis=1) if is_wide else score
        add(store, run_id, truth, (score > 0.5).astype(int), scores=given)
    _, loss = pair(store).measures
    assert (loss.first, loss.second) == pytest.approx([log_loss(truth, score) for score in scores], rel=1e-5)


def test_scores_that_are_no_probabilities_have_no_log_loss(store):
    for run_id in "ab":
        add(store, run_id, [0, 1], [0, 1], scores=[-3.0, 2.0])
    assert len(pair(store).measures) == 1


def test_rows_that_do_not_belong_together_are_left_out_and_counted(store):
    add(store, "a", [1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1, 1], ids=["x", "y", "y", "z", None, "only", "t"])
    add(store, "b", [1, 1, 1, None, 1, 1], [0, 0, 0, 0, 0, 0], ids=["x", "y", "z", "only", "new", "t"])
    found = pair(store)
    assert found.count == 2
    assert dict(found.left_out) == {
        "without an id": 1,
        "with an id that occurs more than once": 2,
        "only in the other run": 2,
        "without a truth": 1,
        "with another truth in either run": 1,
    }


@pytest.mark.parametrize("ids", [[1, 2, None], [1.0, 2.0, float("nan")]])
def test_a_missing_id_leaves_out_its_row_alone(store, ids):
    add(store, "a", [1, 0, 1], [1, 1, 1], ids=[1, 2, 3])
    add(store, "b", [1, 0, 1], [1, 1, 1], ids=ids)
    found = pair(store)
    assert found.count == 2
    assert dict(found.left_out) == {"without an id": 1, "only in the baseline": 1}


def test_ids_and_labels_of_different_types_mean_the_same(store):
    add(store, "a", [1, 0, 1], [1, 1, 1], ids=[1, 2, 3])
    add(store, "b", ["1", "0", "1"], [1.0, 0.0, float("nan")], ids=["1", "2", "3"])
    found = pair(store)
    assert found.flips == Flips(1, 1, 1, 0)
    assert found.remarks == (("without a prediction in one run, which counts as wrong", 1),)


def test_predictions_of_a_regression_that_are_not_finite_are_left_out(store):
    add(store, "a", [0.5, 1.5, 2.5], [0.5, float("nan"), 1.0])
    add(store, "b", [0.5, 1.5, 2.5], [0.5, 1.5, float("inf")])
    found = pair(store)
    assert (found.count, found.left_out) == (1, (("without a finite prediction", 2),))
    assert found.verdict == "noise"


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        (([1, 0], [1, 1]), ([1, 0, 1], [1, 1, 1]), "2 and 3 rows, and no ids"),
        (([1, 0], [1, 1]), ([0, 0], [1, 1]), "no ids, and the truth of 1 of them differs"),
        ((["a", "b"], ["a", "a"]), ([1.5, 2.5], [1.0, 2.0]), "the baseline's are of a classification"),
        (([1, 0], [1, 1], [1, 2]), ([1, 0], [1, 1], [3, 4]), "2 only in the baseline, 2 only in the other run"),
        (([None, None], [1, 1]), ([1, 0], [1, 1]), "no row can be compared: 2 without a truth"),
        (([0.5, 1.5], [math.nan] * 2), ([0.5, 1.5], [math.nan] * 2), "compared: 2 without a finite prediction"),
        (([], []), ([], []), "no row can be compared: there are none"),
    ],
)
def test_what_cannot_be_compared_says_why(store, first, second, problem):
    add(store, "a", *first)
    add(store, "b", *second)
    found = pair(store)
    assert problem in found.problem
    assert (found.measures, found.verdict, found.flips) == ((), "", None)


def test_whole_predictions_of_a_regression_are_still_a_regression(store):
    add(store, "a", [0.5, 1.5], [0.5, 1.0], ids=[1, 2])
    add(store, "b", [0.5, 1.5], [0, 1], ids=[1, 2])
    assert pair(store).task == "regression"


def test_runs_without_predictions_are_told(store):
    add(store, "a", [1], [1])
    add(store, "b")
    add(store, "c", [1], [0])
    found = compared(store, "b", "a", "c")
    assert found.baseline == "a"
    assert [(one.run_id, bool(one.problem)) for one in found.pairs] == [("b", True), ("c", False)]
    assert compared(store, "b").names == ()


def test_predictions_of_a_name_can_be_chosen(store):
    for run_id in "ab":
        add(store, run_id, [1, 0], [1, 0], name="test")
    add(store, "a", [1], [1], name="validation")
    assert compared(store, "a", "b").name == "test"
    assert compared(store, "a", "b", name="validation").pairs[0].problem
    with pytest.raises(NotFound, match="named 'tset'"):
        compared(store, "a", "b", name="tset")


def test_damaged_and_lost_files_are_told(store):
    add(store, "a", [1, 0], [1, 0])
    add(store, "b", data=b"no parquet")
    assert "cannot be read" in pair(store).problem
    with store.write() as db:
        artifacts.record(db, "b", path_of("predictions"), "0" * 64, 1, 1.0)
    assert "is gone" in pair(store).problem
    assert "baseline" in compared(store, "b", "a").pairs[0].problem


def test_several_runs_share_the_risk(store):
    chance = np.random.default_rng(4)
    truth = chance.integers(0, 2, 300)
    for run_id in "abcde":
        add(store, run_id, truth, np.where(chance.random(300) < 0.8, truth, 1 - truth))
    found = compared(store, *"abcde", with_slices=["c"])
    assert {one.measures[0].interval.confidence for one in found.pairs} == {1 - 0.05 / 4}
    assert [one.run_id for one in found.pairs if one.slices is not None] == ["c"]


def test_a_slice_where_the_other_is_worse_is_found(store):
    chance = np.random.default_rng(5)
    truth, age = chance.integers(0, 2, 3000), chance.integers(20, 80, 3000)
    old = np.where((age > 70) & (chance.random(3000) < 0.5), 1 - truth, truth)
    add(store, "a", truth, truth, slices={"age": age})
    add(store, "b", truth, old, slices={"age": age})
    (worst,) = pair(store).slices.found
    assert worst.conditions[0][0] == "age"
    assert worst.difference < -0.2
