from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drift_windows import DELIVERED_AT, examined, measure, outcome
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from mlops_tui.config.monitor_quality import QualityConfig
from mlops_tui.drift.checks.examined import Outcome
from mlops_tui.drift.predictions import Predictor
from mlops_tui.drift.quality import rows
from mlops_tui.drift.quality.finding import chance, threshold


def a_frame(count: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.normal(40, 10, count),
            "visits": rng.poisson(20, count),
            "plan": rng.choice(["free", "pro", "team"], count, p=[0.6, 0.3, 0.1]),
            "order": rng.permutation(10**6)[:count] * 7,
            "note": [f"note {number}" for number in rng.permutation(10**6)[:count]],
        }
    )


def quality(frame: pd.DataFrame, reference: pd.DataFrame | None = None, **options: Any) -> Outcome:
    return outcome("quality", examined(a_frame() if reference is None else reference, frame, **options))


def title(found: Outcome) -> str:
    return "; ".join(alert.title for alert in found.alerts)


def with_(column: str, share: float, value: object, count: int = 400, seed: int = 1) -> pd.DataFrame:
    frame = a_frame(count, seed)
    frame[column] = frame[column].astype(object)
    frame.loc[: int(share * count) - 1, column] = value
    return frame.infer_objects()


def test_nothing_is_said_of_rows_like_those_of_the_reference() -> None:
    found = quality(a_frame(seed=1))
    assert found.alerts == ()
    assert measure(found, "row_count").value == 400
    assert not any(each.is_breach for each in found.measures)


@pytest.mark.parametrize(
    ("frame", "expected", "subject"),
    [
        (with_("age", 0.1, None), "more missing values: age 0% → 10%", "age"),
        (with_("age", 0.1, np.inf), "more missing values: age 0% → 10% (40 are infinite)", "age"),
        (with_("note", 0.1, None), "more missing values: note 0% → 10%", "note"),
        (with_("age", 1.0, None), "without values: age", "age"),
        (with_("plan", 0.05, "gold"), "new labels: plan 5% ('gold')", "plan"),
        (with_("age", 0.05, 400.0), "out of range: age 5% of the rows outside of 2.277 to 70.66", "age"),
        (a_frame(seed=1).iloc[list(range(200)) + list(range(200))], "repeated rows: 0% → 50% of the rows; ", ""),
        (with_("order", 0.1, 3_500_000), "repeated ids: order 10% of the rows", "order"),
        (with_("note", 0.1, "x"), "repeated ids: note 10% of the rows", "note"),
    ],
)  # fmt: skip
def test_what_is_large_and_sure_is_told(frame: pd.DataFrame, expected: str, subject: str) -> None:
    (alert,) = quality(frame.reset_index(drop=True)).alerts
    assert alert.title.startswith(expected)
    assert (alert.kind, alert.severity, alert.subject) == ("quality", "warning", subject)


@pytest.mark.parametrize(
    "frame",
    [
        with_("age", 0.015, None),
        with_("age", 0.1, None, count=20),
        with_("age", 1.0, None, count=1),
        with_("plan", 0.015, "gold"),
        with_("age", 0.015, 400.0),
        with_("order", 0.006, 7),
        with_("plan", 1.0, "pro", count=3),
    ],
)
def test_what_is_small_or_may_be_chance_is_not(frame: pd.DataFrame) -> None:
    assert title(quality(frame)) == ""


def test_a_column_with_one_value_left_is_told_unless_its_drift_is() -> None:
    reference = pd.DataFrame({"x": [0] * 340 + [1] * 60})
    found = quality(pd.DataFrame({"x": [0] * 400}), reference, thresholds={"x": -1.0})
    assert title(found) == "one value only: x"
    stuck = quality(with_("plan", 1.0, "pro"))
    assert measure(stuck, "distinct", "plan").is_breach
    assert title(stuck) == ""


def test_that_the_few_other_values_are_gone_is_a_small_change() -> None:
    found = quality(pd.DataFrame({"x": [0] * 400}), pd.DataFrame({"x": [0] * 380 + [1] * 20}))
    assert not measure(found, "distinct", "x").is_breach
    assert title(found) == ""


def test_a_column_that_was_constant_before_stays_so_in_peace() -> None:
    reference = pd.DataFrame({"x": [1.0] * 50, "y": ["a"] * 50})
    assert title(quality(reference, reference)) == ""


def test_many_labels_that_stand_once_let_expect_new_ones() -> None:
    rng = np.random.default_rng(0)
    cities = pd.DataFrame({"city": [f"c{number}" for number in rng.zipf(1.5, 2000) % 10_000]})
    found = quality(cities.iloc[1000:], cities.iloc[:1000], categorical=("city",))
    share = measure(found, "new_label_share", "city")
    assert share.value is not None
    assert share.value > 0.05
    assert title(found) == ""


def test_few_columns_repeat_rows_as_often_as_in_the_reference_and_more_rows_more_often() -> None:
    rng = np.random.default_rng(0)
    both = pd.DataFrame({"a": rng.integers(0, 60, 3000), "b": rng.integers(0, 60, 3000)})
    assert title(quality(both.iloc[300:], both.iloc[:300])) == ""
    assert measure(quality(both.iloc[300:], both.iloc[:300]), "duplicate_share").value > 0.25  # type: ignore[operator]


def test_rows_are_few_or_many_beside_earlier_windows() -> None:
    usual = [5000, 5200, 4900, 5100, 4800, 5050, 4950, 5010]
    bounds = QualityConfig()
    assert not rows.row_count(10, usual[:7], bounds).measure.is_breach
    assert not rows.row_count(3500, usual, bounds).measure.is_breach
    assert rows.row_count(120, usual, bounds).told == "120, usually about 5,005"
    assert rows.row_count(20_000, usual, bounds).heading == "many rows"
    weekends = [5000, 5200, 4900, 5100, 4800, 600, 700] * 2
    assert not rows.row_count(620, weekends, bounds).measure.is_breach
    own = QualityConfig(min_rows=100)
    assert rows.row_count(99, usual, own).told == "99, at least 100 wanted"
    assert not rows.row_count(120, usual, own).measure.is_breach


def test_bounds_of_the_project_need_no_statistics_and_stand_in_for_the_reference() -> None:
    frame = a_frame(50, seed=1)
    frame.loc[0, "age"] = 130.0
    frame.loc[1, "plan"] = "gold"
    frame.loc[2, "visits"] = frame.loc[3, "visits"] = 12
    frame.loc[4, "note"] = None
    bounds = QualityConfig(
        min_rows=60,
        max_missing={"note": 0.01, "": 0.5},
        ranges={"age": (0.0, 120.0)},
        values={"plan": ("free", "pro", "team")},
        unique=("visits",),
    )
    (alert,) = quality(frame, quality=bounds).alerts
    assert "few rows: 50, at least 60 wanted" in alert.title
    assert "out of range: age 2% of the rows outside of 0 to 120" in alert.title
    assert "new labels: plan 2% ('gold')" in alert.title
    assert "repeated ids: visits" in alert.title
    assert "more missing values: note 0% → 2%" in alert.title
    wide = QualityConfig(ranges={"age": (-1e9, 1e9)}, max_missing={"": 1.0})
    assert title(quality(with_("age", 0.05, 400.0), quality=wide)) == ""


def test_a_bound_of_a_column_that_is_not_there_is_said() -> None:
    found = quality(a_frame(seed=1), quality=QualityConfig(unique=("id",)))
    assert found.notes == ("quality of id not checked: the batch has no such column",)
    assert measure(found, "bounds", "id").value is None


@pytest.mark.parametrize(
    ("times", "told"),
    [
        (["2023-11-14 20:00", "2023-11-13"], ""),
        (["2023-11-10T22:13:20Z", "junk"], "not fresh: the newest at was 4d old"),
        ([1_699_900_000, 1_699_913_600], "not fresh: the newest at was 1d old"),
        (["junk", None], "not fresh: at holds no times"),
    ],
)
def test_rows_that_are_too_old_when_they_come_are_told(times: list[Any], told: str) -> None:
    assert pd.Timestamp("2023-11-14T22:13:20Z").timestamp() == DELIVERED_AT
    frame = a_frame(2, seed=1).assign(at=times)
    assert title(quality(frame, quality=QualityConfig(fresh={"at": 6 * 3600.0}))) == told


def test_what_the_model_could_not_do_is_told_as_quality() -> None:
    def fail() -> Any:
        raise RuntimeError("bad input")

    class Broken:
        columns = ("age",)
        has_proba = False
        classes: tuple[int, ...] = ()

        def predict(self, frame: pd.DataFrame) -> Any:
            return fail()

    predictor = Predictor(Broken, "churn version 3")  # type: ignore[arg-type]
    found = quality(a_frame(seed=1), a_frame().assign(prediction=1), prediction="prediction", predictor=predictor)
    assert title(found) == "churn version 3 cannot predict: bad input"


@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.DataFrame({"age": [[1], [2]] * 20, "plan": [{}] * 40}),
        lambda: pd.DataFrame({"age": [np.inf, -np.inf] * 20, "visits": ["x", None] * 20, "order": [1.5] * 40}),
        lambda: pd.DataFrame({"age": [1e308, -1e308] * 20, "plan": [1, "a"] * 20, "note": [b"x", 1] * 20}),
        lambda: a_frame(1),
        lambda: pd.DataFrame({"unheard of": [1]}),
    ],
)
def test_no_window_ends_in_a_traceback(make: Callable[[], pd.DataFrame]) -> None:
    bounds = QualityConfig(
        ranges={"age": (0, 1), "plan": (0, 1)}, values={"age": ("1",)}, unique=("age", "plan"), fresh={"age": 1.0}
    )
    for alert in (*quality(make(), quality=bounds).alerts, *quality(make()).alerts):
        assert alert.title.isprintable()


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_expectation_has_a_larger_threshold(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert low <= threshold(low) <= threshold(high) <= 1


@settings(max_examples=50)
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_the_chance_is_never_smaller_than_fishers(rows_now: int, rows_before: int, data: st.DataObject) -> None:
    now = data.draw(st.integers(0, rows_now))
    before = data.draw(st.integers(0, rows_before))
    exact = hypergeom.sf(now - 1, rows_now + rows_before, now + before, rows_now)
    assert chance(now, rows_now, before, rows_before) >= exact - 1e-9


def test_the_chance_in_a_window_of_any_size_takes_bounded_memory() -> None:
    assert chance(25 * 10**9, 10**11, 100, 1000) == chance(250_000, 10**6, 100, 1000)


def test_rows_beyond_the_extremes_of_a_sample_are_as_likely_as_simulation_says() -> None:
    rng = np.random.default_rng(0)
    samples = rng.random((20_000, 60))
    reference, window = samples[:, :30], samples[:, 30:]
    out = (window < reference.min(axis=1)[:, None]) | (window > reference.max(axis=1)[:, None])
    often = float((out.sum(axis=1) >= 6).mean())
    assert chance(6, 30, 1, 30) == pytest.approx(often, abs=0.01)


@pytest.mark.slow
def test_of_windows_in_which_nothing_happened_at_most_one_in_a_hundred_has_an_alert() -> None:
    told, windows = [], 400
    rng = np.random.default_rng(7)
    for number in range(windows):
        counts = np.maximum(1, rng.lognormal(5.5, 0.7, 32).astype(int)).tolist()
        reference, frame = a_frame(int(rng.integers(30, 800)), 2 * number), a_frame(counts[0], 2 * number + 1)
        for each in (reference, frame):
            each.loc[rng.random(len(each)) < 0.1, "age"] = np.nan
        told += [alert.title for alert in quality(frame, reference, earlier_rows=counts[1:]).alerts]
    print(f"{len(told)} of {windows} windows without change have an alert of their quality: {told}")
    assert len(told) <= 9  # were it 1 of 100, then more than 9 of 400 in fewer than 1 of 100 runs
