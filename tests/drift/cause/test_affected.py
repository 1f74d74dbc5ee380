"""How many predictions a drift has changed, by a model that predicts twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_store.errors import Refused
from mlops_tui.drift.cause.affected import affected
from mlops_tui.drift.predictions import Model, Predictor


class Threshold:
    """Says whether an amount is large."""

    columns: tuple[str, ...] = ("amount",)
    has_proba = False
    classes: Sequence[Any] = (False, True)

    def predict(self, frame: pd.DataFrame, /) -> Any:
        return (frame["amount"] > 100).to_numpy()

    def predict_proba(self, frame: pd.DataFrame, /) -> Any:
        raise NotImplementedError


class Regression(Threshold):
    """Twice the amount."""

    def predict(self, frame: pd.DataFrame, /) -> Any:
        return (frame["amount"] * 2.0).to_numpy()


class Failing(Threshold):
    """Cannot predict."""

    def predict(self, frame: pd.DataFrame, /) -> Any:
        raise ValueError("it does not know how")


def rows(mean: float, count: int = 4000, seed: int = 1) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    return pd.DataFrame({"amount": chance.normal(mean, 20, count), "other": chance.normal(size=count)})


def asked(model: Model, column: str = "amount", current: pd.DataFrame | None = None) -> Any:
    frame = rows(110, seed=2) if current is None else current
    return affected(Predictor(lambda: model, "churn version 3"), rows(90), frame, column)


def test_labels_that_would_be_others_are_counted() -> None:
    found = asked(Threshold())
    # P(amount > 100) is 0.69 now and was 0.31
    assert found.share == pytest.approx(0.38, abs=0.03)
    assert found.low < found.share < found.high
    assert (found.rows, found.step, found.why) == (4000, None, "")


def test_numbers_count_from_a_twentieth_of_their_spread_on() -> None:
    found = asked(Regression())
    assert found.share == pytest.approx(1.0, abs=0.01)
    assert found.step == pytest.approx(0.05 * 40, rel=0.1)


def test_a_column_that_the_model_does_not_read_changes_nothing() -> None:
    found = asked(Threshold(), "other")
    assert (found.share, found.why) == (0.0, "churn version 3 does not read other")


def test_why_there_is_no_share_is_said() -> None:
    assert asked(Failing()).why == "churn version 3 cannot predict: it does not know how"
    lacking = rows(110).drop(columns="amount").assign(other=1.0)
    assert "the window lacks 'amount'" in asked(Threshold(), current=lacking).why

    def refuse() -> Model:
        raise Refused("the file is gone")

    found = affected(Predictor(refuse, "churn version 3"), rows(90), rows(110), "amount")
    assert (found.share, found.why) == (None, "churn version 3 cannot be loaded: the file is gone")
