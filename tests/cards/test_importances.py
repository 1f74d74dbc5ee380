"""Permutation importances: scikit-learn's, on the data that were logged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from card_builders import make_data, make_described
from registry_builders import make_store, make_version
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression

from mlops_store.errors import MlopsError
from mlops_store.store import Store
from mlops_tui.cards import importances, measures


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        yield store


def by_name(body: Any) -> dict[str, float]:
    return {one["name"]: one["mean"] for one in body["features"]}


def test_logged_predictions_with_all_inputs_are_the_data_and_the_truth(store: Store) -> None:
    found = importances.measured(store, make_described(store))
    features, truth = make_data()
    model = LogisticRegression().fit(features, truth)
    wanted = permutation_importance(
        model, features, truth, scoring="roc_auc", n_repeats=importances.REPEATS, random_state=importances.SEED
    )
    assert by_name(found) == pytest.approx(dict(zip(features, wanted.importances_mean, strict=True)))
    assert (found["source"], found["score"], found["rows"]) == ("predictions test", "fall of ROC AUC", 200)


def test_one_further_column_of_the_reference_is_the_truth(store: Store) -> None:
    found = importances.measured(store, make_described(store, with_predictions=False, target="churned"))
    assert found["source"] == "training data, truth in churned"
    assert found["score"] == "fall of ROC AUC"
    assert by_name(found)["age"] > 0.2 > by_name(found)["noise"]


def test_without_a_truth_it_is_told_how_far_predictions_move(store: Store) -> None:
    found = importances.measured(store, make_described(store, with_predictions=False))
    assert (found["score"], found["base"]) == ("change of the predicted probability", None)
    assert by_name(found)["age"] > 0.2 > by_name(found)["noise"] >= 0


def test_it_is_measured_once_and_what_cannot_be_is_not_tried_again(store: Store) -> None:
    version, bare = make_described(store), make_version(store)
    asked: list[str] = []
    first = measures.measure(store, version, report=asked.append)
    again = measures.measure(store, version, report=asked.append)
    assert asked == list(measures.KINDS)
    assert [one.body for one in first.values()] == [one.body for one in again.values()]
    for _ in range(2):
        found = measures.measure(store, bare, ["importances", "latency"], report=asked.append)
        assert found["importances"].body["problem"]
        assert "hint" in found["latency"].body
    assert asked[3:] == ["importances", "latency"]
    measures.measure(store, version, ["latency"], is_fresh=True, report=asked.append)
    assert asked[-1] == "latency"


def test_a_version_without_data_says_how_to_log_some(store: Store) -> None:
    version = make_version(store)
    with pytest.raises(MlopsError):
        importances.measured(store, version)


@pytest.mark.slow
def test_shap_values_of_a_model_with_texts_agree_with_what_matters(store: Store) -> None:
    pytest.importorskip("shap")
    found = importances.measured(store, make_described(store))
    values = {one["name"]: one["shap"] for one in found["features"]}
    assert found["shap_problem"] == ""
    assert values["age"] > 5 * values["noise"]
