import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from mlops_tui.compare import slices
from mlops_tui.prediction_files import Texts

ROWS = 4000


def texts(values):
    names = sorted(set(values))
    return Texts(np.array([names.index(value) for value in values], dtype=np.int32), tuple(names))


@pytest.fixture
def chance():
    return np.random.default_rng(0)


@settings(max_examples=10)  # statsmodels collects garbage in each call, which takes a fifth of a second
@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_holm_s_correction_is_that_of_statsmodels(p):
    assert slices.holm(np.array(p)) == pytest.approx(multipletests(p, method="holm")[1])


def test_noise_tells_no_slice(chance):
    columns = {f"c{number}": chance.integers(0, 6, ROWS) for number in range(12)}
    first, second = (chance.random(ROWS) < 0.8).astype(float), (chance.random(ROWS) < 0.8).astype(float)
    found = slices.find(columns, first, second, is_counted=True)
    assert found.found == ()
    assert found.looked_at > 1000
    assert found.has_pairs


def test_a_slice_that_is_worse_is_told_with_its_numbers(chance):
    region = chance.choice(["north", "south", "west"], ROWS)
    first = (chance.random(ROWS) < 0.9).astype(float)
    second = np.where((region == "west") & (chance.random(ROWS) < 0.3), 0.0, first)
    found = slices.find({"region": texts(region), "noise": chance.normal(size=ROWS)}, first, second, is_counted=True)
    worst = found.found[0]
    assert worst.conditions == (("region", "west"),)
    assert worst.count == (region == "west").sum()
    assert worst.difference == pytest.approx(second[region == "west"].mean() - first[region == "west"].mean())
    lost = int(((first > second) & (region == "west")).sum())
    assert worst.test.p == pytest.approx(mcnemar([[0, lost], [0, 0]], exact=True).pvalue)
    assert worst.adjusted_p >= worst.test.p
    assert [one.conditions for one in found.found] == [worst.conditions]


def test_a_pair_of_columns_is_told_where_neither_alone_says_it(chance):
    left, right = chance.choice(["a", "b"], ROWS), chance.choice(["x", "y"], ROWS)
    first = np.ones(ROWS)
    second = np.where((left == "a") & (right == "x") & (chance.random(ROWS) < 0.5), 0.0, 1.0)
    found = slices.find({"left": texts(left), "right": texts(right)}, first, second, is_counted=True)
    assert (("left", "a"), ("right", "x")) in [one.conditions for one in found.found]
    assert (("left", "a"), ("right", "y")) not in [one.conditions for one in found.found]


def test_numbers_are_cut_into_bins(chance):
    age = chance.uniform(20, 80, ROWS)
    error = chance.exponential(1, ROWS)
    found = slices.find(
        {"age": age}, error, error + np.where(age > 68, 1.0, 0.0) * chance.random(ROWS), is_counted=False
    )
    ((column, value),) = found.found[0].conditions
    assert column == "age"
    assert value.startswith("> 6")
    assert found.found[0].test.method == "paired t"


def test_rows_without_a_value_and_small_slices_are_left_out(chance):
    column = chance.choice([0.0, 1.0, np.nan], ROWS)
    rare = texts(["rare"] * 10 + ["common"] * (ROWS - 10))
    first, second = np.ones(ROWS), np.where(column == 1, 0.0, 1.0)
    second[:10] = 0
    found = slices.find({"column": column, "rare": rare}, first, second, is_counted=True)
    assert [one.conditions for one in found.found] == [(("column", "1"),)]


def test_what_is_worse_everywhere_stands_out_nowhere(chance):
    columns = {"a": chance.integers(0, 5, ROWS), "b": chance.normal(size=ROWS)}
    first = np.ones(ROWS)
    second = (chance.random(ROWS) > 0.2).astype(float)
    assert slices.find(columns, first, second, is_counted=True).found == ()


def test_columns_that_are_all_one_value_make_no_slices():
    found = slices.find(
        {"one": np.ones(100), "none": np.full(100, np.nan)}, np.ones(100), np.zeros(100), is_counted=True
    )
    assert (found.found, found.looked_at, found.columns) == ((), 0, 0)


def test_equal_errors_everywhere_are_no_difference():
    column = np.arange(100) % 2
    same = np.full(100, 0.25)
    assert slices.find({"c": column}, same, same, is_counted=False).found == ()
    shifted = slices.find({"c": column}, same, same + column, is_counted=False)
    assert [(one.conditions, one.difference) for one in shifted.found] == [((("c", "1"),), 1.0)]


@pytest.mark.parametrize("power", [-900, -40, 480])
def test_the_unit_of_errors_does_not_matter(chance, power):
    column = chance.integers(0, 3, 300).astype(float)
    first = chance.exponential(1.0, 300)
    second = first + chance.normal(0, 0.3, 300) ** 2 + (column == 1)
    found, *_ = slices.find({"c": column}, first, second, is_counted=False).found
    scaled, *_ = slices.find({"c": column}, np.ldexp(first, power), np.ldexp(second, power), is_counted=False).found
    assert (scaled.conditions, scaled.test) == (found.conditions, found.test)
    assert scaled.second == np.ldexp(found.second, power)
