import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics
from statsmodels.stats.proportion import proportion_confint

from mlops_tui.drift.performance import classification, intervals, regression
from mlops_tui.drift.performance.classification import Scored


def scored(rows: int = 400, classes: int = 2, seed: int = 0) -> Scored:
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(classes), rows)
    truth = np.array([rng.choice(classes, p=row) for row in proba])
    return Scored(truth, proba.argmax(axis=1), proba, tuple("abcde"[:classes]))


def test_two_classes_agree_with_scikit_learn() -> None:
    rows = scored()
    assert rows.proba is not None
    found = classification.figures(rows, tuple(classification.METRICS))
    expected = {
        "roc_auc": sklearn_metrics.roc_auc_score(rows.truth, rows.proba[:, 1]),
        "average_precision": sklearn_metrics.average_precision_score(rows.truth, rows.proba[:, 1]),
        "f1": sklearn_metrics.f1_score(rows.truth, rows.predicted),
        "precision": sklearn_metrics.precision_score(rows.truth, rows.predicted),
        "recall": sklearn_metrics.recall_score(rows.truth, rows.predicted),
        "specificity": sklearn_metrics.recall_score(rows.truth, rows.predicted, pos_label=0),
        "accuracy": sklearn_metrics.accuracy_score(rows.truth, rows.predicted),
        "log_loss": sklearn_metrics.log_loss(rows.truth, rows.proba),
        "brier": sklearn_metrics.brier_score_loss(rows.truth, rows.proba[:, 1]),
    }
    assert {name: figure.value for name, figure in found.items()} == pytest.approx(expected)
    assert all(figure.low < figure.value < figure.high for figure in found.values())  # type: ignore[operator]


def test_several_classes_agree_with_scikit_learn_means() -> None:
    rows = scored(classes=4)
    found = classification.figures(rows, tuple(classification.METRICS))
    wanted = {
        "roc_auc": sklearn_metrics.roc_auc_score(rows.truth, rows.proba, multi_class="ovr"),
        "average_precision": sklearn_metrics.average_precision_score(np.eye(4)[rows.truth], rows.proba),
        "f1": sklearn_metrics.f1_score(rows.truth, rows.predicted, average="macro"),
        "precision": sklearn_metrics.precision_score(rows.truth, rows.predicted, average="macro"),
        "recall": sklearn_metrics.recall_score(rows.truth, rows.predicted, average="macro"),
        "accuracy": sklearn_metrics.accuracy_score(rows.truth, rows.predicted),
        "log_loss": sklearn_metrics.log_loss(rows.truth, rows.proba),
    }
    assert {name: found[name].value for name in wanted} == pytest.approx(wanted)
    assert all(figure.low < figure.value < figure.high for figure in found.values())  # type: ignore[operator]


def test_regressions_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    truth = rng.lognormal(1, 0.5, 500)
    predicted = truth + rng.normal(0, 0.3, 500).clip(-0.1, None)
    found = regression.figures(truth, predicted, tuple(regression.METRICS))
    wanted = {
        "mae": sklearn_metrics.mean_absolute_error(truth, predicted),
        "rmse": sklearn_metrics.root_mean_squared_error(truth, predicted),
        "mse": sklearn_metrics.mean_squared_error(truth, predicted),
        "mape": sklearn_metrics.mean_absolute_percentage_error(truth, predicted),
        "msle": sklearn_metrics.mean_squared_log_error(truth, predicted),
        "rmsle": sklearn_metrics.root_mean_squared_log_error(truth, predicted),
        "r2": sklearn_metrics.r2_score(truth, predicted),
    }
    assert {name: figure.value for name, figure in found.items()} == pytest.approx(wanted)
    assert all(figure.low < figure.value < figure.high for figure in found.values())  # type: ignore[operator]


@given(st.integers(0, 200), st.integers(1, 200))
def test_a_shares_interval_is_that_of_statsmodels(part: int, more: int) -> None:
    whole = part + more
    assert intervals.wilson(part / whole, whole) == pytest.approx(
        proportion_confint(part, whole, method="wilson"), abs=1e-12
    )


def test_intervals_hold_the_true_figure_about_95_times_of_100() -> None:
    rng = np.random.default_rng(0)
    names = ("roc_auc", "average_precision", "f1", "accuracy", "log_loss")

    def draw(rows: int) -> Scored:
        score = rng.normal(size=rows)
        proba = 1 / (1 + np.exp(-1.5 * score))
        truth = (rng.random(rows) < proba).astype(np.intp)
        return Scored(truth, (proba > 0.4).astype(np.intp), np.column_stack([1 - proba, proba]), ("no", "yes"))

    true = {name: figure.value for name, figure in classification.figures(draw(200_000), names).items()}
    held = dict.fromkeys(names, 0)
    for _ in range(300):
        for name, figure in classification.figures(draw(300), names).items():
            held[name] += figure.low <= true[name] <= figure.high  # type: ignore[operator]
    assert {name: 0.91 < count / 300 < 0.99 for name, count in held.items()} == dict.fromkeys(names, True)


def test_an_area_under_the_curve_has_the_variance_of_delong() -> None:
    rows = scored(60)
    assert rows.proba is not None
    scores, is_positive = rows.proba[:, 1], rows.truth == 1
    wins = scores[is_positive][:, None] - scores[~is_positive][None, :]
    psi = (wins > 0) + 0.5 * (wins == 0)
    variance = psi.mean(axis=1).var(ddof=1) / len(psi) + psi.mean(axis=0).var(ddof=1) / psi.shape[1]
    area, influence = intervals.area_by_rows(scores, is_positive)
    assert area == pytest.approx(psi.mean())
    assert influence.var(ddof=1) / len(influence) == pytest.approx(variance, rel=0.03)


def test_a_perfect_window_is_not_told_to_be_surely_perfect() -> None:
    truth = np.array([0, 1] * 10)
    proba = np.column_stack([1 - truth, truth]).astype(float)
    found = classification.figures(Scored(truth, truth, proba, ("0", "1")), ("roc_auc", "f1", "average_precision"))
    assert [figure.value for figure in found.values()] == [1.0, 1.0, 1.0]
    assert [figure.high for figure in found.values()] == pytest.approx([1.0, 1.0, 1.0])
    assert all(figure.low < 0.95 for figure in found.values())  # type: ignore[operator]


def test_what_is_not_defined_says_why() -> None:
    truth = np.zeros(5, dtype=np.intp)
    rows = Scored(truth, truth, None, ("no", "yes"), "the rows bring no probabilities")
    found = classification.figures(rows, ("roc_auc", "precision", "recall", "f1", "accuracy"))
    assert [figure.why for figure in found.values()] == [
        "the rows bring no probabilities",
        "no row was predicted 'yes'",
        "no row is 'yes'",
        "no row is 'yes' or was predicted so",
        "",
    ]
    with_proba = Scored(truth, truth, np.full((5, 2), 0.5), ("no", "yes"))
    assert classification.figures(with_proba, ("roc_auc",))["roc_auc"].why == "no row is 'yes'"
    numbers = regression.figures(np.array([0.0, 2.0]), np.array([-1.0, 2.0]), ("mape", "msle"))
    assert numbers["mape"].why == "a true value is 0, and nothing is a share of that"
    assert numbers["msle"].why == "a value is negative, and has no logarithm"
    assert regression.figures(np.ones(3), np.ones(3), ("r2",))["r2"].why == "all true values are the same"


def test_one_positive_row_at_the_end_of_a_million_has_an_interval() -> None:
    found = intervals.logit(1e-6, 1)
    assert (found.low, found.high) == (0.0, 1.0)


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([5e-324, 1e-170, 1e77, 1e160, -1.7e308])


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=9))
def test_any_numbers_have_figures_or_a_reason_for_none(rows: list[tuple[float, float]]) -> None:
    truth, predicted = np.array(rows).T
    for figure in regression.figures(truth, predicted, tuple(regression.METRICS)).values():
        ends = [end for end in (figure.value, figure.low, figure.high) if end is not None]
        assert np.isfinite(ends).all()
        assert bool(figure.why) == (figure.value is None)


@pytest.mark.parametrize("power", [-600, 240])
def test_how_much_is_explained_does_not_hang_on_the_unit(power: int) -> None:
    truth = np.arange(30.0)
    predicted = truth + np.cos(truth)
    small = regression.figures(np.ldexp(truth, power), np.ldexp(predicted, power), ("r2",))
    assert small == regression.figures(truth, predicted, ("r2",))
