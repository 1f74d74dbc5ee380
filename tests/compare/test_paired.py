import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of_statsmodels

from mlops_tui.compare.paired import EXACT_PAIRS, bootstrap, mcnemar, paired_t, welch

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@given(st.integers(0, EXACT_PAIRS // 2), st.integers(0, EXACT_PAIRS // 2))
def test_few_discordant_rows_are_tested_exactly_as_statsmodels_does(left, right):
    theirs = mcnemar_of_statsmodels([[0, left], [right, 0]], exact=True)
    ours = mcnemar(left, right)
    assert ours.method == "McNemar, exact"
    assert ours.statistic == theirs.statistic
    assert ours.p == pytest.approx(theirs.pvalue, abs=1e-10)


@given(st.integers(0, 10_000), st.integers(EXACT_PAIRS + 1, 10_000))
def test_many_discordant_rows_are_tested_by_chi_square_as_statsmodels_does(left, right):
    theirs = mcnemar_of_statsmodels([[0, left], [right, 0]], exact=False, correction=True)
    ours = mcnemar(left, right)
    assert "chi-square" in ours.method
    assert ours.statistic == pytest.approx(theirs.statistic)
    assert ours.p == pytest.approx(theirs.pvalue, abs=1e-12)


@given(st.lists(numbers, min_size=2, max_size=40), st.lists(numbers, min_size=2, max_size=40))
def test_welch_agrees_with_scipy(first, second):
    assume(np.var(first) + np.var(second) > 1e-3)
    theirs = stats.ttest_ind(second, first, equal_var=False)
    ours = welch(first, second)
    assert ours.test.statistic == pytest.approx(theirs.statistic, rel=1e-6, abs=1e-9)
    assert ours.test.p == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-9)
    expected = theirs.confidence_interval(0.95)
    assert (ours.interval.low, ours.interval.high) == pytest.approx((expected.low, expected.high), rel=1e-5, abs=1e-5)


def test_the_interval_and_the_test_of_welch_agree_on_zero():
    same = welch([0.1, 0.2, 0.3], [0.15, 0.2, 0.35])
    assert same.interval.has_zero
    assert same.test.p > 0.05
    other = welch([0.1, 0.11, 0.12], [0.5, 0.51, 0.52])
    assert not other.interval.has_zero
    assert other.effect > 3


def test_samples_in_which_nothing_varies_need_no_test():
    assert welch([1.0, 1.0], [1.0, 1.0]).test.p == 1
    moved = welch([1.0, 1.0], [2.0, 2.0])
    assert (moved.test.p, moved.difference) == (0, 1)
    assert math.isnan(moved.effect)


@given(st.lists(numbers, min_size=2, max_size=60))
def test_the_paired_test_agrees_with_scipy(differences):
    values = np.array(differences)
    assume(values.std() > 1e-3)
    theirs = stats.ttest_1samp(values, 0)
    ours = paired_t(values)
    assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-6, abs=1e-9)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("values", [[0.0], [0.0, 0.0, 0.0]])
def test_differences_of_nothing_are_no_evidence(values):
    assert paired_t(np.array(values)).p == 1


@pytest.mark.parametrize("make", ["counts", "skewed", "normal"])
def test_the_bootstrap_agrees_with_scipy_s(make):
    chance = np.random.default_rng(3)
    count = 400
    differences = {
        "counts": chance.choice([-1.0, 0.0, 1.0], count, p=[0.05, 0.8, 0.15]),
        "skewed": chance.exponential(1.0, count) - 0.9,
        "normal": chance.normal(0.05, 1.0, count),
    }[make]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = stats.bootstrap(
            (differences,), np.mean, n_resamples=5000, method="BCa", rng=np.random.default_rng(1)
        ).confidence_interval
    ours = bootstrap(differences)
    width = theirs.high - theirs.low
    assert abs(ours.low - theirs.low) < 0.06 * width
    assert abs(ours.high - theirs.high) < 0.06 * width
    assert "5,000 resamples" in ours.method


def test_the_same_rows_give_the_same_interval():
    differences = np.random.default_rng(0).normal(size=500)
    assert bootstrap(differences) == bootstrap(differences)


def test_equal_differences_need_no_resampling():
    assert bootstrap(np.zeros(5)).low == bootstrap(np.zeros(5)).high == 0
    assert not bootstrap(np.ones(3)).has_zero


@pytest.mark.parametrize("scale", [1e-290, 3e-147, 1e-90, 1e90])
def test_a_test_and_an_interval_do_not_depend_on_the_unit(scale):
    values = np.array([0.0, 1.0, 3.0, -2.0, 8.0, 1.0, 0.0])
    assert paired_t(values * scale).p == pytest.approx(paired_t(values).p)
    of_scaled = welch(list(values[:3] * scale), list(values[3:] * scale))
    assert of_scaled.test.p == pytest.approx(welch(list(values[:3]), list(values[3:])).test.p)
    assert of_scaled.interval.has_zero
    found, expected = bootstrap(values * scale), bootstrap(values)
    assert found.low / scale == pytest.approx(expected.low)
    assert found.high / scale == pytest.approx(expected.high)


@settings(max_examples=25, deadline=None)
@example([0.0, 3.0874393270261746e-147], 0.875)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30), st.floats(0.8, 0.999))
def test_an_interval_is_in_order_and_within_the_values(values, confidence):
    differences = np.array(values)
    found = bootstrap(differences, confidence)
    tolerance = 1e-9 * (1 + np.abs(differences).max())
    assert differences.min() - tolerance <= found.low <= found.high <= differences.max() + tolerance
