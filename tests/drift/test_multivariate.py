import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drift_windows import examined, measure, outcome
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score

from mlops_store.errors import SpecError
from mlops_tui import config
from mlops_tui.drift.checks.examined import Outcome
from mlops_tui.drift.columns import prepare
from mlops_tui.drift.multivariate.auc import area
from mlops_tui.drift.multivariate.reconstruction import reconstruct
from mlops_tui.drift.multivariate.table import table

REFERENCE = Path(__file__).parent / "reference"
NANNYML: dict[str, Any] = json.loads((REFERENCE / "nannyml.json").read_text())
BOTH = ("domain_classifier", "pca")


@pytest.fixture
def cases(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(REFERENCE))
    yield import_module("nannyml_cases")
    for name in ("nannyml_cases", "cases"):
        sys.modules.pop(name, None)


def a_frame(rows: int = 600, seed: int = 0, sign: float = 1.0) -> pd.DataFrame:
    """Two columns that belong together, two that belong to nothing; ``sign`` turns the first two against each other."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "a": base,
            "b": sign * base + rng.normal(0, 0.3, rows),
            "c": rng.lognormal(0, 1, rows),
            "plan": rng.choice(["free", "pro", "team"], rows),
        }
    )
    frame.loc[rng.random(rows) < 0.05, "c"] = np.nan
    return frame


def multivariate(frame: pd.DataFrame, reference: pd.DataFrame | None = None, **options: Any) -> Outcome:
    options.setdefault("multivariate", BOTH)
    return outcome("multivariate", examined(a_frame() if reference is None else reference, frame, **options))


def test_the_reconstruction_error_is_nannymls(cases: Any) -> None:
    def frame(rows: int, seed: int, flip: bool) -> pd.DataFrame:
        made: pd.DataFrame = cases.frame(rows, seed, flip=flip)
        return made

    reference = frame(*cases.REFERENCE)
    known = [
        prepare(reference[name], "categorical" if name in cases.CATEGORICAL else "numerical", name=name)
        for name in reference.columns
    ]
    for name, window in cases.WINDOWS.items():
        found = reconstruct(table(known, reference, frame(*window)))
        assert found is not None
        assert found.error == pytest.approx(NANNYML["reconstruction_error"][name], rel=1e-9), name
        assert found.reference == pytest.approx(NANNYML["reconstruction_error"]["reference"], rel=1e-9)


def test_columns_that_belong_together_otherwise_are_told_although_none_moved() -> None:
    found = multivariate(a_frame(seed=1, sign=-1.0))
    (alert,) = found.alerts
    assert (alert.kind, alert.severity) == ("multivariate", "warning")
    assert alert.title.startswith("columns moved together, none by itself: a classifier tells them apart (AUC 0.")
    assert ", mostly by " in alert.title
    assert "reconstruction error" in alert.title
    auc, error = measure(found, "domain_classifier_auc"), measure(found, "reconstruction_error")
    assert auc.is_breach
    assert error.is_breach
    assert set(auc.detail["columns"]) == {"a", "b"}
    assert auc.low is not None
    assert auc.value is not None
    assert 0.65 < auc.low < auc.value
    assert error.count == auc.count == 600


def test_rows_of_one_source_are_not_told_apart() -> None:
    found = multivariate(a_frame(seed=1))
    assert found.alerts == ()
    auc = measure(found, "domain_classifier_auc")
    assert auc.value == pytest.approx(0.5, abs=0.06)
    assert not any(each.is_breach for each in found.measures)


def test_a_column_that_drifted_by_itself_says_it_already() -> None:
    frame = a_frame(seed=1)
    frame["c"] += 5
    found = multivariate(frame)
    assert measure(found, "domain_classifier_auc").is_breach
    assert found.alerts == ()


def test_the_threshold_is_the_monitors() -> None:
    found = multivariate(
        a_frame(seed=1, sign=-1.0), multivariate=("domain_classifier",), thresholds={"domain_classifier": 0.99}
    )
    assert measure(found, "domain_classifier_auc").threshold == 0.99
    assert found.alerts == ()


@pytest.mark.parametrize(
    ("reference", "frame", "why"),
    [
        (a_frame(), a_frame(49, seed=1), "49 rows, 600 of the reference, at least 50 are needed"),
        (a_frame(), a_frame(seed=1)[["a"]], "only 1 column can be compared"),
        (a_frame(), pd.DataFrame({"x": [1]}), "only 0 columns can be compared"),
    ],
)
def test_what_cannot_be_computed_is_said(reference: pd.DataFrame, frame: pd.DataFrame, why: str) -> None:
    found = multivariate(frame, reference)
    assert found.notes == (f"columns not compared together: {why}",)
    assert [each.value for each in found.measures] == [None, None]
    assert measure(found, "reconstruction_error").detail["why"] == why


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1.0] * 80, "b": [2.0] * 80}),
        pd.DataFrame({"a": [1e308, -1e308] * 40, "b": [np.inf, 1.0] * 40}),
        pd.DataFrame({"a": ["x", None] * 40, "b": [np.nan] * 80, "plan": ["new"] * 80}),
        pd.DataFrame({"a": [1, "a", None, True] * 20, "b": range(80), "plan": [1, "a", None, [1]] * 20}),
    ],
    ids=["constants", "huge", "missing", "mixed"],
)
def test_no_window_ends_in_a_traceback(frame: pd.DataFrame) -> None:
    for reference in (a_frame(100), frame):
        for each in multivariate(frame, reference).measures:
            assert each.value is None or np.isfinite(each.value)


def test_the_area_and_its_variance_under_no_difference_are_those_of_scipy_and_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    scores, is_window = rng.integers(0, 30, 200).astype(float), rng.random(200) < 0.3
    found = area(scores, is_window)
    assert found.value == pytest.approx(roc_auc_score(is_window, scores))
    p_value = mannwhitneyu(
        scores[is_window], scores[~is_window], use_continuity=False, method="asymptotic", alternative="greater"
    ).pvalue
    z = (found.value - 0.5) / found.null_variance**0.5
    from scipy.stats import norm

    assert norm.sf(z) == pytest.approx(p_value)


def test_delongs_variance_is_that_of_repeated_samples() -> None:
    rng = np.random.default_rng(0)
    is_window = np.arange(150) >= 100
    found = [area(rng.normal(is_window * 1.0), is_window) for _ in range(800)]
    spread = np.var([each.value for each in found])
    assert np.mean([each.variance for each in found]) == pytest.approx(spread, rel=0.15)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("true", BOTH), ("false", ()), ('["pca"]', ("pca",)), ('"domain_classifier"', ("domain_classifier",))],
)
def test_what_is_taken_of_all_columns_is_the_monitors(text: str, wanted: tuple[str, ...]) -> None:
    assert config.parse(f"[monitors.p]\nmultivariate = {text}").monitors["p"].multivariate == wanted


def test_an_unknown_measure_is_refused_with_the_nearest() -> None:
    with pytest.raises(SpecError) as caught:
        config.parse('[monitors.p]\nmultivariate = ["pka"]')
    assert (caught.value.line, "pca" in caught.value.hint) == (2, True)


@pytest.mark.slow
def test_windows_in_which_nothing_happened_hardly_ever_have_an_alert() -> None:
    told, p_values, windows = [], [], 100
    for number in range(windows):
        rows = (60, 150, 400, 900)[number % 4]
        found = multivariate(a_frame(rows, 2 * number + 1), a_frame(600, 2 * number))
        told += [alert.title for alert in found.alerts]
        p_values.append(measure(found, "domain_classifier_auc").detail["p_value"])
    below = sum(p_value < 0.05 for p_value in p_values)
    print(f"{len(told)} of {windows} windows without change have an alert; {below} have p < 0.05: {told}")
    assert len(told) <= 5
    assert below <= 10
