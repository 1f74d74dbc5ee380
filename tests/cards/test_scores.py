"""Intervals of logged predictions: scikit-learn's values, scipy's and statsmodels' intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from mlops_tui import prediction_files
from mlops_tui.cards import scores
from mlops_tui.prediction_files import Predictions


def logged(*columns: Any, **more: Any) -> Predictions:
    return prediction_files.decode(prediction_files.encode(*columns, **more))


def by_name(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {measure["name"].partition(" of ")[0]: measure for measure in found["measures"]}


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 300), st.integers(1, 9))
def test_values_are_scikit_learns_and_lie_within_their_intervals(seed: int, count: int, ties: int) -> None:
    chance = np.random.default_rng(seed)
    truth = chance.integers(0, 2, count)
    truth[:2] = 0, 1
    score = np.round(np.clip(0.3 * truth + chance.random(count) * 0.7, 0, 1) * ties) / ties
    predicted = (score > 0.5).astype(int)
    found = by_name(scores.measured(logged(truth, predicted, None, score)))
    assert found["accuracy"]["value"] == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert found["ROC AUC"]["value"] == pytest.approx(metrics.roc_auc_score(truth, score))
    assert found["recall"]["value"] == pytest.approx(metrics.recall_score(truth, predicted))
    if "F1" in found:
        assert found["F1"]["value"] == pytest.approx(metrics.f1_score(truth, predicted))
    for measure in found.values():
        assert measure["low"] - 1e-9 <= measure["value"] <= measure["high"] + 1e-9


def test_an_area_has_the_interval_of_a_plain_bootstrap() -> None:
    chance = np.random.default_rng(3)
    truth = chance.integers(0, 2, 400)
    score = np.clip(0.3 * truth + chance.normal(0.3, 0.2, 400), 0, 1)
    found = by_name(scores.measured(logged(truth, score > 0.5, None, score)))["ROC AUC"]
    drawn = []
    for _ in range(250):
        rows = chance.integers(0, 400, 400)
        drawn.append(metrics.roc_auc_score(truth[rows], score[rows]))
    assert [found["low"], found["high"]] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.015)


def test_when_every_row_is_right_the_interval_is_wilsons() -> None:
    found = scores.measured(logged([1, 0] * 20, [1, 0] * 20))["measures"][0]
    assert (found["value"], found["method"]) == (1.0, "Wilson")
    assert (found["low"], found["high"]) == pytest.approx(proportion_confint(40, 40, method="wilson"))


def test_errors_of_a_regression_and_its_slices() -> None:
    chance = np.random.default_rng(1)
    truth, size = chance.normal(size=300), chance.normal(size=300)
    predicted = truth + chance.normal(scale=np.where(size > 0, 1.0, 0.1))
    data = logged(truth, predicted, slices={"size": size, "one": ["x"] * 300, "few": [1] * 295 + [2] * 5})
    found = scores.measured(data)
    named = by_name(found)
    assert named["mean absolute error"]["value"] == pytest.approx(metrics.mean_absolute_error(truth, predicted))
    assert named["root mean squared error"]["value"] == pytest.approx(metrics.root_mean_squared_error(truth, predicted))
    by_size, few = found["slices"]  # a column with a single value makes no slices
    assert by_size["column"] == "size"
    assert [group["rows"] for group in by_size["groups"]] == [60] * 5
    assert by_size["groups"][0]["high"] < by_size["groups"][-1]["low"]
    assert few["groups"][1] == {"label": "2", "rows": 5, "value": None, "low": None, "high": None}


def test_rows_without_a_truth_are_not_judged() -> None:
    found = scores.measured(logged(["a", None, "b"] * 10, ["a", "b", "b"] * 10))
    assert found["rows"] == 20
    assert scores.measured(logged([1, float("nan"), 0] * 10, [1, 1, 0] * 10))["rows"] == 20
    assert scores.measured(logged([None, None], ["a", "b"], task="classification"))["measures"] == []
