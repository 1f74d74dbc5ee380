"""Attribution drift: whether predictions hang on other inputs than on the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from drift_windows import examined, measure, outcome
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ndcg_score

from mlops_tui.drift.attribution import ndcg
from mlops_tui.drift.checks.examined import Outcome
from mlops_tui.drift.predictions import Predictor

GAINS = npst.arrays(np.float64, st.integers(2, 12), elements=st.floats(0, 100, width=32))


class Model:
    """A fitted estimator as the registry opens it."""

    def __init__(self, estimator: Any, columns: tuple[str, ...]) -> None:
        self.estimator = estimator
        self.columns = columns
        self.has_proba = hasattr(estimator, "predict_proba")
        self.classes = list(getattr(estimator, "classes_", ()))

    def predict(self, frame: pd.DataFrame, /) -> Any:
        return self.estimator.predict(frame)

    def predict_proba(self, frame: pd.DataFrame, /) -> Any:
        return self.estimator.predict_proba(frame)


def a_frame(rows: int = 600, seed: int = 0, **scales: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.normal(0, scales.get(name, 1.0), rows) for name in "abcd"})


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    frame = a_frame(2000, 9)
    label = (3 * frame.a + 1.5 * frame.b + 0.5 * frame.c > 0).astype(int)
    model = Model(LogisticRegression().fit(frame, label), tuple(frame.columns))
    return Predictor(lambda: model, "churn version 1")


def attribution(frame: pd.DataFrame, predictor: Predictor | None, **options: Any) -> Outcome:
    return outcome("attribution", examined(a_frame(), frame, predictor=predictor, attribution=True, **options))


@given(st.data())
def test_the_gain_is_scikit_learns(data: st.DataObject) -> None:
    reference = data.draw(GAINS)
    current = np.array(data.draw(st.permutations(range(len(reference)))), dtype=float)
    expected = ndcg_score([reference], [current]) if reference.sum() > 0 else 1.0
    assert ndcg(reference, current) == pytest.approx(expected)


def test_rows_like_the_reference_keep_the_order(predictor: Predictor) -> None:
    found = attribution(a_frame(seed=1), predictor)
    figure = measure(found, "ndcg")
    assert figure.value == pytest.approx(1.0, abs=0.01)
    assert not found.alerts
    shares = figure.detail["shares"]
    assert shares["a"][0] > shares["b"][0] > shares["c"][0] > shares["d"][0]


def test_an_input_that_hardly_varies_any_more_leaves_the_others_in_charge(predictor: Predictor) -> None:
    found = attribution(a_frame(seed=1, a=0.01, b=0.02, d=30), predictor)
    figure = measure(found, "ndcg")
    assert figure.high is not None
    assert figure.high < 0.9
    (alert,) = found.alerts
    assert "a 6" in alert.title or "a 5" in alert.title
    assert alert.title.startswith("predictions hang on other inputs (NDCG ")
    assert "a" in alert.columns


def test_it_is_looked_at_where_the_monitor_wants_it_only(predictor: Predictor) -> None:
    window = examined(a_frame(), a_frame(seed=1), predictor=predictor)
    assert outcome("attribution", window) == Outcome()


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (a_frame(20), "at least 50 are needed"),
        (a_frame().drop(columns="b"), "reads 'b', which the window lacks"),
        (a_frame().assign(b="text"), "cannot predict"),
    ],
)
def test_what_cannot_be_compared_says_why(predictor: Predictor, frame: pd.DataFrame, why: str) -> None:
    found = attribution(frame, predictor)
    assert measure(found, "ndcg").value is None
    assert why in measure(found, "ndcg").detail["why"]
    assert why in found.notes[0]


def test_without_a_model_there_is_nothing_to_attribute() -> None:
    assert "no model" in measure(attribution(a_frame(), None), "ndcg").detail["why"]
