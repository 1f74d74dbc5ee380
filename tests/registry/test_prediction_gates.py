"""Gates that judge by logged predictions: against the holder, by slices, and between groups of people."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_builders import log_model, make_run, make_store

from mlops_store import artifacts
from mlops_store.gate_verdicts import GateVerdict
from mlops_store.store import Store
from mlops_tui import config, prediction_files
from mlops_tui.config import Config
from mlops_tui.registry import stages, versions
from mlops_tui.registry.gates import check

N = 600
CHANCE = np.random.default_rng(7)
TRUTH = CHANCE.integers(0, 2, N)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        yield store


def predict(accuracy: float, seed: int = 0) -> Any:
    """Predictions of which a share is right."""
    wrong = np.random.default_rng(seed).permutation(N) >= accuracy * N
    return np.where(wrong, 1 - TRUTH, TRUTH)


def version(store: Store, predicted: Any, *, truth: Any = TRUTH, name: str = "test", **columns: Any) -> None:
    """The next version of churn, whose run logged predictions."""
    run_id = make_run(store)
    if predicted is not None:
        data = prediction_files.encode(truth, predicted, range(len(truth)), **columns)
        digest, size = artifacts.put_bytes(store.objects_dir, data)
        with store.write() as db:
            artifacts.record(db, run_id, prediction_files.path_of(name), digest, size, time.time())
    log_model(store, run_id)
    versions.register(store, Config(), "churn", run_id=run_id)


def found(store: Store, text: str, number: int = 1) -> GateVerdict:
    (verdict,) = check.check(store, config.parse(f"[gates.it]\n{text}"), "churn", number, "production")
    return verdict


# against the holder


@pytest.mark.parametrize(
    ("ours", "theirs", "margin", "state"),
    [
        (0.95, 0.90, 0.0, "passed"),  # better for sure
        (0.90, 0.95, 0.0, "failed"),  # worse for sure
        (0.90, 0.90, 0.0, "failed"),  # 600 rows cannot tell it from a worse one
        (0.90, 0.90, 0.05, "passed"),  # but from one that is 0.05 worse
        (0.88, 0.90, 0.03, "failed"),
    ],
)
def test_a_version_passes_only_when_it_is_surely_not_worse_by_more_than_the_margin(
    store: Store, ours: float, theirs: float, margin: float, state: str
) -> None:
    version(store, predict(theirs, 1))
    version(store, predict(ours, 2))
    stages.promote(store, Config(), "churn", 1, "production")
    verdict = found(store, f'kind = "predictions"\nmargin = {margin}', 2)
    assert verdict.state == state
    assert f"accuracy {ours:.4g} against {theirs:.4g} of v1, n 600" in verdict.message
    assert verdict.facts["low"] <= verdict.facts["difference"] <= verdict.facts["high"]
    assert "paired bootstrap" in verdict.facts["method"]


def test_errors_of_a_regression_count_the_other_way(store: Store) -> None:
    truth = CHANCE.normal(size=N)
    for error in (0.5, 0.2):
        version(store, truth + CHANCE.normal(scale=error, size=N), truth=truth, task="regression")
    stages.promote(store, Config(), "churn", 1, "production")
    verdict = found(store, 'kind = "predictions"', 2)
    assert verdict.has_passed
    assert verdict.facts["measure"] == "mean absolute error"
    assert verdict.facts["difference"] < 0


def test_without_predictions_nothing_passes_and_without_a_holder_all_does(store: Store) -> None:
    version(store, None)
    version(store, predict(0.9))
    assert found(store, 'kind = "predictions"').message.startswith("no version is in production")
    stages.promote(store, Config(), "churn", 2, "production")
    verdict = found(store, 'kind = "predictions"')
    assert verdict.state == "error"
    assert "log_predictions" in verdict.message


def test_predictions_of_another_name_are_named(store: Store) -> None:
    version(store, predict(0.9), name="validation")
    verdict = found(store, 'kind = "slices"\ncolumn = "age"\nmin = 0.5\npredictions = "validatoin"')
    assert verdict.state == "error"
    assert "validation" in verdict.message


def test_a_damaged_file_is_an_error_and_no_pass(store: Store) -> None:
    run_id = make_run(store)
    digest, size = artifacts.put_bytes(store.objects_dir, b"PAR1 no parquet")
    with store.write() as db:
        artifacts.record(db, run_id, prediction_files.path_of("test"), digest, size, time.time())
    log_model(store, run_id)
    versions.register(store, Config(), "churn", run_id=run_id)
    assert found(store, 'kind = "fairness"\ncolumn = "sex"\nmax = 1').state == "error"


# slices


def test_a_floor_holds_for_each_group_however_good_the_whole_is(store: Store) -> None:
    region = np.array(["north"] * 500 + ["south"] * 80 + ["east"] * 20)
    predicted = TRUTH.copy()
    predicted[500:540] = 1 - predicted[500:540]  # half of the south is wrong
    version(store, predicted, slices={"region": region})
    verdict = found(store, 'kind = "slices"\ncolumn = "region"\nmin = 0.8')
    assert verdict.state == "failed"
    assert "accuracy 0.5 where region is south (n 80): under 0.8; 1 too small to judge" in verdict.message
    assert verdict.facts["too_small"] == ["east"]
    assert found(store, 'kind = "slices"\ncolumn = "region"\nmin = 0.4').message.startswith("2 groups, the worst south")
    assert found(store, 'kind = "slices"\ncolumn = "region"\nmin = 0.4\nleast = 10').message.startswith("3 groups")
    assert found(store, 'kind = "slices"\ncolumn = "region"\nmin = 0\nleast = 9999').state == "failed"


def test_a_column_that_was_not_logged_or_is_a_measurement_cannot_be_judged(store: Store) -> None:
    version(store, predict(0.9), slices={"income": CHANCE.normal(size=N)})
    assert "no column 'age'" in found(store, 'kind = "slices"\ncolumn = "age"\nmin = 0').message
    assert "has 600 values" in found(store, 'kind = "slices"\ncolumn = "income"\nmin = 0').message


# fairness


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_differences_between_groups_are_fairlearns(
    tmp_path_factory: pytest.TempPathFactory, seed: int, groups: int
) -> None:
    from fairlearn import metrics

    chance = np.random.default_rng(seed)
    truth, predicted, sex = chance.integers(0, 2, 400), chance.integers(0, 2, 400), chance.integers(0, groups, 400)
    names = np.array(["a", "b", "c", "d"])[sex]
    wanted: Mapping[str, float] = {
        "demographic_parity": metrics.demographic_parity_difference(truth, predicted, sensitive_features=names),
        "equal_opportunity": metrics.equal_opportunity_difference(truth, predicted, sensitive_features=names),
        "equalized_odds": metrics.equalized_odds_difference(truth, predicted, sensitive_features=names),
    }
    with make_store(tmp_path_factory.mktemp("store")) as store:
        version(store, predicted, truth=truth, slices={"sex": names})
        for measure, difference in wanted.items():
            text = f'kind = "fairness"\ncolumn = "sex"\nmeasure = "{measure}"\nmax = {difference + 1e-9}'
            verdict = found(store, text)
            assert verdict.facts["difference"] == pytest.approx(difference, abs=1e-12)
            assert verdict.has_passed
            assert difference == 0 or not found(store, text.replace(str(difference + 1e-9), "0")).has_passed


def test_which_label_counts_must_be_said_where_there_are_more_than_two(store: Store) -> None:
    labels = np.array(["bad", "fair", "good"])
    truth, predicted = labels[CHANCE.integers(0, 3, N)], labels[CHANCE.integers(0, 3, N)]
    version(store, predicted, truth=truth, slices={"sex": CHANCE.integers(0, 2, N)})
    gate = 'kind = "fairness"\ncolumn = "sex"\nmax = 1'
    assert "there are 3 labels" in found(store, gate).message
    assert found(store, gate + '\npositive = "good"').facts["positive"] == "good"
    assert "no row has the label 'great'" in found(store, gate + '\npositive = "great"').message


def test_numbers_and_a_single_group_do_not_pass(store: Store) -> None:
    truth = CHANCE.normal(size=N)
    version(store, truth + 0.1, truth=truth, slices={"sex": CHANCE.integers(0, 2, N)})
    version(store, predict(0.9), slices={"sex": np.zeros(N)})
    assert "these are numbers" in found(store, 'kind = "fairness"\ncolumn = "sex"\nmax = 1').message
    assert "no two groups" in found(store, 'kind = "fairness"\ncolumn = "sex"\nmax = 1', 2).message
