import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlops_store.errors import NotFound, UsageError
from mlops_store.records import ColumnReport
from mlops_tui.drift.columns import Settings, compare, prepare
from mlops_tui.drift.kinds import infer


def against(reference: Any, current: Any, settings: Settings | None = None, kind: str = "") -> ColumnReport:
    before, now = pd.Series(reference, name="x"), pd.Series(current, name="x")
    report = compare(prepare(before, kind or infer(before), name="x"), now, settings or Settings())
    json.dumps(report.detail, allow_nan=False)
    return report


def normal(n: int, mean: float = 0.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1, n)


def finding(report: ColumnReport) -> str:
    return str(report.detail.get("finding", {}).get("kind", ""))


def test_a_shifted_column_drifts_with_score_effect_and_counts() -> None:
    report = against(normal(300), normal(200, 1.0, seed=1))
    assert (report.method, report.threshold, report.is_drifted) == ("ks", 0.05, True)
    assert (report.reference_count, report.current_count) == (300, 200)
    assert report.effect == pytest.approx(stats.ks_2samp(normal(300), normal(200, 1.0, seed=1)).statistic)
    assert report.detail["score_is"] == "p-value"
    assert report.detail["shift"]["std"] == pytest.approx(1.0, abs=0.2)


def test_both_sides_are_drawn_with_the_same_bins() -> None:
    detail = against(normal(300), normal(200, 5.0)).detail
    assert detail["reference"]["edges"] == detail["current"]["edges"]
    assert sum(detail["reference"]["counts"]) == 300
    assert sum(detail["current"]["counts"]) == 200
    labels = against(["a", "b"] * 100, ["b", "c"] * 50).detail
    assert labels["reference"]["labels"] == labels["current"]["labels"] == ["a", "b", "c"]
    assert (labels["reference"]["counts"], labels["current"]["counts"]) == ([100, 100, 0], [0, 50, 50])
    assert (labels["new_labels"], labels["lost_labels"]) == (1, 1)


def test_configured_methods_and_thresholds_win_over_the_defaults() -> None:
    reference, current = normal(300), normal(200, 0.5)
    assert against(reference, current, Settings({"x": "psi"})).method == "psi"
    assert against(reference, current, Settings(thresholds={"ks": 0.01})).threshold == 0.01
    assert against(reference, current, Settings(thresholds={"ks": 0.01, "x": 0.2})).threshold == 0.2
    assert not against(reference, current, Settings({"x": "wasserstein"}, {"x": 99.0})).is_drifted


def test_a_method_that_does_not_suit_the_column_is_refused_with_those_that_do() -> None:
    with pytest.raises(UsageError, match="cannot compare 'x', which is categorical") as caught:
        against(["a", "b"] * 50, ["a", "b"] * 50, Settings({"x": "ks"}))
    fitting = caught.value.hint.removeprefix("one of these can: ").split(", ")
    assert {"chisquare", "jensenshannon", "psi"} <= set(fitting)
    assert not {"ks", "wasserstein", "t_test"} & set(fitting)
    with pytest.raises(NotFound, match="ks"):
        against(normal(50), normal(50), Settings({"x": "kss"}))


def test_numbers_that_arrive_as_text_are_compared_as_numbers() -> None:
    report = against(normal(300), [str(value) for value in normal(200)])
    assert report.method == "ks"
    assert not report.is_drifted
    assert finding(report) == ""


def test_a_few_words_among_numbers_are_left_out_and_said() -> None:
    report = against(normal(300), [*normal(100).tolist(), "n/a", "broken"])
    assert finding(report) == "retyped"
    assert "2 of 102 values" in report.detail["finding"]["message"]
    assert (report.current_count, report.score is not None) == (100, True)


def test_mostly_words_instead_of_numbers_are_not_compared() -> None:
    report = against(normal(300), ["high", "low", "1.5"] * 30)
    assert (finding(report), report.score, report.method) == ("retyped", None, None)


def test_numbers_instead_of_labels_are_retyped_unless_they_are_the_same_labels() -> None:
    report = against(["a", "b"] * 100, [1.5, 2.5] * 50)
    assert finding(report) == "retyped"
    assert report.is_drifted
    same = against(["1", "2"] * 100, [1, 2] * 50)
    assert (finding(same), same.is_drifted) == ("", False)


@pytest.mark.parametrize(("reference", "current"), [([0, 1], [False, True]), ([False, True], [0, 1])])
def test_booleans_are_the_same_as_zero_and_one(reference: list[Any], current: list[Any]) -> None:
    report = against(reference * 100, current * 50)
    assert (report.score, finding(report)) == (1.0, "")


def test_whole_numbers_read_as_floats_are_the_same_labels() -> None:
    report = against([1, 2, 3] * 100, [1.0, 2.0, 3.0, None] * 50)
    assert report.score == pytest.approx(1.0)
    assert report.detail["current"]["missing"] == 50


def test_a_small_reference_is_said_not_computed() -> None:
    report = against(normal(29), normal(500))
    assert (finding(report), report.score) == ("unchecked", None)
    assert "29 values, at least 30" in report.detail["finding"]["message"]
    assert against(normal(30), normal(500)).score is not None


@pytest.mark.parametrize("current", [[None] * 40, [np.nan, np.inf, -np.inf] * 10, []])
def test_a_column_without_values_is_said(current: list[Any]) -> None:
    report = against(normal(100), pd.Series(current, dtype=object))
    assert (finding(report), report.score, report.current_count) == ("empty", None, 0)


def test_one_row_is_compared_but_proves_nothing() -> None:
    report = against(normal(2000), [0.7])
    assert report.is_drifted, "as Evidently says"
    assert report.detail["p_value"] > 0.05


@pytest.mark.parametrize("value", [0.0, 1e300, -5.0])
def test_equal_constants_do_not_drift(value: float) -> None:
    for rows in (100, 2000):
        report = against([value] * rows, [value] * 50)
        assert not report.is_drifted
        assert report.effect == 0.0


def test_different_constants_drift() -> None:
    for rows in (100, 2000):
        assert against([1.0] * rows, [2.0] * 50).is_drifted


def test_ten_thousand_categories_are_compared_and_the_drawing_stays_small() -> None:
    labels = [f"k{i}" for i in range(10_000)] * 3
    report = against(labels, labels[:15_000], kind="categorical")
    assert report.method == "jensenshannon"
    assert len(json.dumps(report.detail)) < 5000


def test_values_too_large_to_compute_with_are_said() -> None:
    huge = np.repeat([-1.7e308, -1.6e308, -1.5e308, 1.5e308, 1.6e308, 1.7e308], 300)
    report = against(huge, huge[:100])
    assert (finding(report), report.score) == ("incomparable", None)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.date_range("2024-01-01", periods=60)),
        pd.Series([f"word {i}" for i in range(60)]),
        pd.Series([[1]] * 60),
    ],
)
def test_columns_that_no_method_compares_are_listed_with_the_reason(column: pd.Series) -> None:
    report = against(column, column)
    assert (finding(report), report.method) == ("unchecked", None)
    assert "not checked" in report.detail["finding"]["message"]


def test_the_two_sample_p_value_of_labels_is_scipys() -> None:
    report = against(["a"] * 120 + ["b"] * 80 + ["c"] * 50, ["a"] * 30 + ["b"] * 50 + ["c"] * 20)
    expected = stats.chi2_contingency([[120, 80, 50], [30, 50, 20]], correction=False).pvalue
    assert report.detail["p_value"] == pytest.approx(expected)


values = st.lists(st.floats(-1e6, 1e6), min_size=30, max_size=60)


@given(values, st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_effects_and_p_values_are_probabilities(reference: list[float], current: list[float]) -> None:
    report = against(reference, current, kind="numerical")
    assert report.effect is not None
    assert 0 <= report.effect <= 1
    assert 0 <= report.detail["p_value"] <= 1


@given(values, st.randoms(use_true_random=False))
def test_a_shuffled_column_does_not_differ(reference: list[float], random: Any) -> None:
    current = list(reference)
    random.shuffle(current)
    report = against(reference, current, kind="numerical")
    assert (report.is_drifted, report.effect) == (False, 0.0)
