"""Repeated runs judged together by the rows that all of them predicted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_store import artifacts, runs
from mlops_store.store import Store
from mlops_tui.compare import pooled, seeds
from mlops_tui.compare.pooled import over_runs_and_rows
from mlops_tui.compare.runs import compare
from mlops_tui.config import Config
from mlops_tui.prediction_files import encode, path_of

ROWS = 300


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "store.db")) as opened:
        yield opened


def add(store, run_id, params, *predictions, **options):
    with store.write() as db:
        runs.create(db, run_id=run_id, name=run_id, experiment="e", started_at=1.0)
        runs.set_params(db, run_id, params)
        if predictions:
            digest, size = artifacts.put_bytes(store.objects_dir, encode(*predictions, **options))
            artifacts.record(db, run_id, path_of("test"), digest, size, 1.0)
    return run_id


def repeated(store, errors, count=3, **options):
    """Runs of a classifier for each share of errors, with ``count`` seeds."""
    chance = np.random.default_rng(0)
    truth, ids = chance.integers(0, 2, ROWS), np.arange(ROWS)
    found = []
    for depth, share in enumerate(errors):
        for seed in range(count):
            predicted = np.where(chance.random(ROWS) < share, 1 - truth, truth)
            order = chance.permutation(ROWS)
            params = {"depth": depth, "seed": seed}
            found.append(
                add(store, f"{depth}-{seed}", params, truth[order], predicted[order], ids=ids[order], **options)
            )
    return found


def pool(store, run_ids, baseline=None):
    found = seeds.group(compare(store.read(), run_ids, Config(), baseline))
    return pooled.compare(store.read(), store.objects_dir, found, "test")


def test_a_group_that_is_better_in_all_seeds_is_told_with_its_numbers(store):
    (found,) = pool(store, repeated(store, [0.3, 0.1]))
    assert (found.verdict, found.measure, found.count) == ("better", "accuracy", ROWS)
    assert (found.first.label, found.second.label) == ("depth=0", "depth=1")
    assert found.interval.low < found.difference < found.interval.high
    assert len(found.second.run_ids) == 3
    assert 0.85 < found.second.mean < 0.95
    assert 0 < found.second.deviation < 0.05


def test_groups_as_good_as_each_other_differ_within_noise(store):
    assert [one.verdict for one in pool(store, repeated(store, [0.2, 0.2, 0.2]))] == ["noise", "noise"]


def test_intervals_are_wider_the_more_groups_are_compared(store):
    assert [one.interval.confidence for one in pool(store, repeated(store, [0.2, 0.2, 0.2]))] == [0.975, 0.975]


def test_only_rows_that_every_run_has_count(store):
    ids = repeated(store, [0.2, 0.2])
    ids.append(add(store, "few", {"depth": 1, "seed": 9}, [0, 1] * 10, [0, 1] * 10, ids=np.arange(20)))
    (found,) = pool(store, ids)
    assert found.count <= 20
    assert len(found.second.run_ids) == 4


def test_runs_without_predictions_and_groups_of_one_are_left_out(store):
    ids = repeated(store, [0.2, 0.2], count=2)
    ids += [
        add(store, "none", {"depth": 0, "seed": 9}),
        add(store, "alone", {"depth": 7, "seed": 0}, [1], [1], ids=[1]),
    ]
    (found,) = pool(store, ids)
    assert len(found.first.run_ids) == 2
    assert pool(store, ids, baseline="alone") == ()


def test_a_group_of_another_task_is_not_compared(store):
    ids = repeated(store, [0.2], count=2)
    ids += [add(store, f"r{seed}", {"depth": 5, "seed": seed}, [0.5, 1.5], [1.0, 2.0], ids=[1, 2]) for seed in range(2)]
    assert pool(store, ids) == ()


def test_equal_predictions_do_not_differ():
    scores = np.array([[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]])
    interval, test = over_runs_and_rows(scores, scores, 0.95)
    assert (interval.low, interval.high, test.p) == (0.0, 0.0, 1.0)
    assert over_runs_and_rows(np.zeros((2, 3)), np.ones((2, 3)), 0.95)[1].p == 0.0


@given(st.integers(2, 4), st.integers(2, 4), st.integers(2, 30), st.integers(0, 1000))
def test_the_variance_is_that_of_runs_and_of_covariances_pair_by_pair(one, other, rows, seed):
    chance = np.random.default_rng(seed)
    groups = [chance.normal(size=(runs, rows)) + chance.normal(size=rows) for runs in (one, other)]
    covariance = np.cov(np.concatenate(groups)) / rows
    inner = [covariance[:one, :one], covariance[one:, one:]]
    second = sum((part.sum() - np.trace(part)) / (len(part) * (len(part) - 1)) for part in inner)
    third = covariance[:one, one:].mean()
    shares = [group.mean(axis=1).var(ddof=1) / len(group) for group in groups]
    variance = sum(shares) + max(0.0, second - 2 * third)
    _, test = over_runs_and_rows(*groups, 0.95)
    assert test.statistic == pytest.approx((groups[1].mean() - groups[0].mean()) / np.sqrt(variance))


@pytest.mark.slow
def test_groups_that_do_not_differ_are_told_apart_as_rarely_as_promised():
    chance = np.random.default_rng(3)
    wrong = 0
    for _ in range(1000):
        row = chance.normal(size=200)
        group = [row + chance.normal(0, 0.5, 200) for _ in range(2)]
        scores = [
            (part + chance.normal(size=(3, 200)) + chance.normal(0, 0.1, (3, 1)) > -0.8).astype(float) for part in group
        ]
        wrong += not over_runs_and_rows(*scores, 0.95)[0].has_zero
    assert wrong < 75


@pytest.mark.parametrize("power", [-500, 490])
def test_the_unit_of_the_scores_does_not_matter(power):
    rng = np.random.default_rng(0)
    first, second = rng.exponential(1.0, (3, 40)), rng.exponential(1.2, (2, 40))
    interval, test = over_runs_and_rows(first, second, 0.95)
    scaled, same = over_runs_and_rows(np.ldexp(first, power), np.ldexp(second, power), 0.95)
    assert (same.statistic, same.p) == pytest.approx((test.statistic, test.p))
    assert (scaled.low, scaled.high) == pytest.approx((np.ldexp(interval.low, power), np.ldexp(interval.high, power)))
