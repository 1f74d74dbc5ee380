import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from scipy.spatial import distance

from mlops_store.errors import NotFound
from mlops_tui.drift import methods
from mlops_tui.drift.methods.anderson import anderson
from mlops_tui.drift.methods.chisquare import chisquare
from mlops_tui.drift.methods.cramer_von_mises import cramer_von_mises
from mlops_tui.drift.methods.ed import ed
from mlops_tui.drift.methods.empirical_mmd import empirical_mmd
from mlops_tui.drift.methods.es import es
from mlops_tui.drift.methods.fisher_exact import fisher_exact
from mlops_tui.drift.methods.g_test import g_test
from mlops_tui.drift.methods.hellinger import hellinger
from mlops_tui.drift.methods.jensenshannon import jensenshannon
from mlops_tui.drift.methods.kl_div import kl_div
from mlops_tui.drift.methods.ks import ks
from mlops_tui.drift.methods.mannw import mannw
from mlops_tui.drift.methods.psi import psi
from mlops_tui.drift.methods.t_test import t_test
from mlops_tui.drift.methods.tvd import tvd
from mlops_tui.drift.methods.wasserstein import wasserstein
from mlops_tui.drift.methods.z import z
from mlops_tui.drift.samples import FloatArray, Numbers

finite = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda value: round(value, 3))
samples = hnp.arrays(np.float64, st.integers(1, 80), elements=finite).map(np.sort)
counts = st.integers(2, 12).flatmap(
    lambda k: st.tuples(*[hnp.arrays(np.float64, k, elements=st.integers(0, 500).map(float)) for _ in range(2)])
)


def filled(pair: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    reference, current = pair
    assume(reference.sum() > 0)
    assume(current.sum() > 0)
    return reference, current


def test_every_id_names_a_method_of_that_id() -> None:
    for method_id in methods.IDS:
        method = methods.get(method_id)
        assert method.id == method_id
        assert method.source
        assert set(method.kinds) <= {"numerical", "categorical"}


def test_an_unknown_method_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(NotFound, match="wasserstein"):
        methods.get("waserstein")


@pytest.mark.parametrize(
    ("method_id", "at_threshold"),
    [
        ("ks", True),
        ("chisquare", False),
        ("z", False),
        ("jensenshannon", True),
        ("psi", True),
        ("wasserstein", True),
        ("anderson", False),
        ("cramer_von_mises", True),
        ("ed", False),
        ("empirical_mmd", False),
        ("es", False),
        ("fisher_exact", False),
        ("g_test", False),
        ("hellinger", True),
        ("kl_div", True),
        ("mannw", False),
        ("t_test", False),
        ("tvd", True),
    ],
)
def test_a_score_at_its_threshold_is_drift_where_evidently_says_so(method_id: str, at_threshold: bool) -> None:
    method = methods.get(method_id)
    assert method.is_drift(method.threshold, method.threshold) is at_threshold
    worse = 0.0 if method.is_p_value else 1.0
    assert method.is_drift(worse, method.threshold)
    assert not method.is_drift(1.0 - worse, method.threshold)
    assert not method.is_drift(float("nan"), method.threshold)


@given(samples, samples)
@settings(deadline=None)
def test_wasserstein_is_scipys_distance_over_the_standard_deviation(reference: FloatArray, current: FloatArray) -> None:
    expected = stats.wasserstein_distance(reference, current) / max(np.std(reference), 0.001)
    assert wasserstein(reference, current) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.filterwarnings("ignore:ks_2samp")
@given(samples, samples)
@settings(deadline=None)
def test_ks_is_scipys_p_value(reference: FloatArray, current: FloatArray) -> None:
    assert ks(reference, current) == pytest.approx(stats.ks_2samp(reference, current).pvalue, rel=1e-12)


def test_the_maximum_mean_discrepancy_sees_a_change_of_spread_and_nothing_in_one_source() -> None:
    rng = np.random.default_rng(0)
    reference, wide, same = (np.sort(rng.normal(0, scale, 2000)) for scale in (1, 1.5, 1))
    assert empirical_mmd(reference, wide) == 0.0
    assert empirical_mmd(reference, same) > 0.1
    assert empirical_mmd(np.array([1.0]), np.array([2.0])) == empirical_mmd(np.ones(9), np.ones(9)) == 1.0


@given(samples, samples)
@settings(deadline=None, max_examples=50)
def test_es_is_scipys_p_value_where_scipy_has_one(reference: FloatArray, current: FloatArray) -> None:
    assume(min(len(reference), len(current)) >= 5)
    assume(stats.iqr(np.concatenate([reference, current])) > 0)
    try:
        expected = stats.epps_singleton_2samp(reference, current).pvalue
    except np.linalg.LinAlgError:
        assume(False)
    assert es(reference, current) == pytest.approx(expected, rel=1e-12, nan_ok=True)


@given(counts.map(filled))
def test_jensenshannon_is_scipys_distance(pair: tuple[FloatArray, FloatArray]) -> None:
    # the root makes 1e-8 of the last bit of a divergence near 0
    assert jensenshannon(*pair) == pytest.approx(distance.jensenshannon(*pair), rel=1e-9, abs=1e-7)


@given(counts.map(filled))
def test_chisquare_is_scipys_test_with_scaled_expectations(pair: tuple[FloatArray, FloatArray]) -> None:
    reference, current = pair
    is_known = reference + current > 0
    reference, current = reference[is_known], current[is_known]
    assume(len(reference) > 1)
    with np.errstate(divide="ignore"):
        expected = stats.chisquare(current, reference * (current.sum() / reference.sum())).pvalue
    assert chisquare(reference, current) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_a_value_that_the_reference_never_had_makes_chisquare_certain() -> None:
    assert chisquare(np.array([50.0, 50.0, 0.0]), np.array([50.0, 49.0, 1.0])) == 0.0


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 300), st.integers(1, 300))
def test_z_squared_is_the_chi_square_of_the_two_by_two_table(a: int, b: int, c: int, d: int) -> None:
    table = np.array([[a, b], [c, d]], dtype=np.float64)
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert z(table[0], table[1]) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_psi_of_a_textbook_table() -> None:
    # Siddiqi's index by hand: sum of (p - q) ln(p / q)
    reference, current = np.array([20.0, 30.0, 50.0]), np.array([30.0, 30.0, 40.0])
    assert psi(reference, current) == pytest.approx(0.1 * np.log(1.5) + 0.1 * np.log(1.25))


@pytest.mark.parametrize(("shares", "fill"), [([0.5, 0.5, 0.0], 0.0001), ([0.9999, 0.0001, 0.0], 1e-10)])
def test_psi_fills_empty_bins_as_evidently_does(shares: list[float], fill: float) -> None:
    from mlops_tui.drift.methods.psi import filled as fill_in

    assert fill_in(np.array(shares)).tolist() == [*shares[:2], pytest.approx(fill)]


@given(samples)
def test_a_sample_compared_with_itself_never_drifts_by_distance(sample: FloatArray) -> None:
    assert wasserstein(sample, sample) == 0.0


@given(counts.map(filled))
def test_counts_compared_with_themselves_never_drift(pair: tuple[FloatArray, FloatArray]) -> None:
    reference, _ = pair
    assert jensenshannon(reference, reference) == 0.0
    assert psi(reference, reference) == 0.0
    known = reference[reference > 0]
    assert chisquare(known, known) == pytest.approx(1.0)


@given(counts.map(filled))
def test_distances_of_counts_stay_within_their_bounds(pair: tuple[FloatArray, FloatArray]) -> None:
    assert 0.0 <= jensenshannon(*pair) <= np.sqrt(np.log(2)) + 1e-9
    assert psi(*pair) >= 0.0
    assert 0.0 <= chisquare(*[side[sum(pair) > 0] for side in pair]) <= 1.0


@given(counts.map(filled), st.randoms())
def test_the_order_of_the_values_does_not_matter(pair: tuple[FloatArray, FloatArray], random: object) -> None:
    order = np.random.default_rng(random.randrange(2**32)).permutation(len(pair[0]))  # type: ignore[attr-defined]
    shuffled = tuple(side[order] for side in pair)
    assert jensenshannon(*shuffled) == pytest.approx(jensenshannon(*pair), abs=1e-7)
    assert psi(*shuffled) == pytest.approx(psi(*pair), rel=1e-9)


@given(samples, samples, st.floats(-1e3, 1e3))
def test_wasserstein_does_not_change_when_both_samples_move(
    reference: FloatArray, current: FloatArray, by: float
) -> None:
    assume(np.std(reference) > 0.01)
    assert wasserstein(reference + by, current + by) == pytest.approx(wasserstein(reference, current), abs=1e-6)


def test_scores_of_one_value_a_side_are_numbers() -> None:
    assert wasserstein(np.array([1.0]), np.array([2.0])) == pytest.approx(1000.0)
    assert ks(np.array([1.0]), np.array([2.0])) == 1.0
    assert z(np.array([3.0]), np.array([1.0])) == 1.0
    assert chisquare(np.array([3.0]), np.array([1.0])) == 1.0
    assert cramer_von_mises(np.array([1.0]), np.array([2.0])) == 1.0
    assert t_test(np.array([1.0]), np.array([2.0])) == 1.0
    assert anderson(np.array([1.0]), np.array([1.0])) == 1.0
    assert g_test(np.array([3.0]), np.array([1.0])) == 1.0
    assert fisher_exact(np.array([3.0]), np.array([1.0])) == 1.0


@given(samples, samples)
@settings(deadline=None)
def test_tests_of_numbers_are_scipys(reference: FloatArray, current: FloatArray) -> None:
    assume(min(len(reference), len(current)) > 1)
    assume(min(reference[0], current[0]) < max(reference[-1], current[-1]))
    with np.errstate(all="ignore"):
        assert mannw(reference, current) == pytest.approx(stats.mannwhitneyu(reference, current).pvalue, rel=1e-9)
        expected = stats.cramervonmises_2samp(reference, current).pvalue
        assert cramer_von_mises(reference, current) == pytest.approx(expected, rel=1e-9)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            student = stats.ttest_ind(reference, current).pvalue
            darling = stats.anderson_ksamp([reference, current]).pvalue
    assert t_test(reference, current) == pytest.approx(1.0 if np.isnan(student) else student, rel=1e-9, abs=1e-300)
    assert anderson(reference, current) == pytest.approx(darling, rel=1e-9)


@pytest.mark.parametrize("power", [-1000, -600, 600, 980])
def test_the_unit_of_the_values_does_not_matter_however_small_or_large_they_are(power: int) -> None:
    rng = np.random.default_rng(0)
    reference, current = np.sort(rng.normal(0, 1, 60)), np.sort(rng.normal(0.5, 1.3, 50))
    small, large = (np.ldexp(sample, power) for sample in (reference, current))
    for method in (t_test, es, empirical_mmd, anderson, cramer_von_mises, mannw, ks):
        assert method(small, large) == pytest.approx(method(reference, current), rel=1e-9)
    numbers = Numbers(small)
    assert (numbers.mean, numbers.std) == (np.ldexp(reference.mean(), power), np.ldexp(reference.std(), power))


@given(samples, samples)
def test_energy_distance_is_scipys(reference: FloatArray, current: FloatArray) -> None:
    assert ed(reference, current) == pytest.approx(stats.energy_distance(reference, current), rel=1e-9, abs=1e-9)


def test_values_that_have_sunk_are_seen_by_mann_and_whitney() -> None:
    low, high = np.arange(50.0), np.arange(30.0, 80.0)
    assert mannw(low, high) == pytest.approx(mannw(high, low))
    assert mannw(high, low) < 1e-6


@given(counts.map(filled))
def test_the_g_test_is_scipys_with_scaled_expectations(pair: tuple[FloatArray, FloatArray]) -> None:
    reference, current = (side[sum(pair) > 0] for side in pair)
    assume(len(reference) > 1)
    assume((reference > 0).all())
    expected = stats.power_divergence(current, reference * (current.sum() / reference.sum()), lambda_="log-likelihood")
    assert g_test(reference, current) == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)


def test_a_value_that_the_reference_never_had_makes_the_g_test_certain() -> None:
    assert g_test(np.array([50.0, 50.0, 0.0]), np.array([50.0, 49.0, 1.0])) == 0.0


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_fishers_test_is_scipys_of_the_two_by_two_table(a: int, b: int, c: int, d: int) -> None:
    expected = stats.fisher_exact([[a, b], [c, d]]).pvalue
    assert fisher_exact(np.array([a, b], float), np.array([c, d], float)) == pytest.approx(expected, rel=1e-9)


@given(counts.map(filled))
def test_divergences_of_counts_are_those_of_the_books(pair: tuple[FloatArray, FloatArray]) -> None:
    p, q = (side / side.sum() for side in pair)
    assert tvd(*pair) == pytest.approx(distance.cityblock(p, q) / 2, abs=1e-12)
    assert hellinger(*pair) == pytest.approx(distance.euclidean(np.sqrt(p), np.sqrt(q)) / np.sqrt(2), abs=1e-7)
    assert kl_div(*pair) >= 0.0
    if (p > 0).all() and (q > 0).all():
        assert kl_div(*pair) == pytest.approx(stats.entropy(p, q), rel=1e-9, abs=1e-12)


@given(counts.map(filled))
def test_the_same_counts_are_at_no_distance(pair: tuple[FloatArray, FloatArray]) -> None:
    reference, _ = pair
    for method in (tvd, hellinger, kl_div):
        assert method(reference, reference) == pytest.approx(0.0, abs=1e-7)
