from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_store.errors import Refused, UsageError
from mlops_store.records import ColumnReport
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import severity
from mlops_tui.drift.check import Prepared, check, prepared, totals
from mlops_tui.drift.predictions import Predictor
from mlops_tui.drift.severity import Findings
from mlops_tui.registry.formats import Loaded, ModelInfo, estimator


def a_frame(rows: int = 400, seed: int = 0, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.normal(40 + 10 * shift, 10, rows),
            "income": rng.lognormal(3, 1, rows),
            "plan": rng.choice(["free", "pro"], rows),
        }
    )


class ByAge:
    """A model: labels by a threshold, probabilities by a ramp."""

    feature_names_in_ = np.array(["age", "income"])
    classes_ = np.array([0, 1])

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return (frame["age"] > 40).to_numpy(int)

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        sure = frame["age"].clip(0, 100).to_numpy() / 100
        return np.column_stack([1 - sure, sure])


def loaded(model: type) -> Callable[[], Loaded]:
    return lambda: estimator.of_estimator(ModelInfo("sklearn", "", 0, {}), model())


def by_age() -> Predictor:
    return Predictor(loaded(ByAge), "churn version 3")


def column(findings: Findings, name: str) -> ColumnReport:
    return next(report for report in findings.columns if report.column == name)


def finding(report: ColumnReport) -> str:
    return str(report.detail.get("finding", {}).get("kind", ""))


def against(
    reference: pd.DataFrame, frame: pd.DataFrame, monitor: dict[str, Any] | None = None, **changes: Any
) -> Findings:
    return check(prepared(reference, MonitorConfig("churn", **(monitor or {})), **changes), frame)


def test_the_same_data_has_no_findings() -> None:
    findings = against(a_frame(), a_frame(seed=1))
    assert severity.alerts(findings) == ()
    assert [report.column for report in findings.columns] == ["age", "income", "plan"]


def test_a_shift_is_found_and_counted() -> None:
    findings = against(a_frame(), a_frame(seed=1, shift=2.0))
    assert totals(findings) == {
        "checked_columns": 3, "drifted_columns": 1, "drift_share": pytest.approx(1 / 3), "is_dataset_drift": False,
    }  # fmt: skip
    assert column(findings, "age").detail["notable"]


def test_the_share_from_which_a_data_set_drifts_is_the_monitors() -> None:
    findings = against(a_frame(), a_frame(seed=1, shift=2.0), {"drift_share": 0.3})
    assert findings.is_dataset_drift
    assert severity.alerts(findings)[0].severity == "critical"


def test_only_the_wanted_columns_are_checked_and_the_others_are_no_surprise() -> None:
    batch = a_frame(seed=1).assign(id=1, new=2)
    findings = against(a_frame(), batch, {"columns": ("age",), "ignore": ("id",)})
    assert [(report.column, finding(report)) for report in findings.columns] == [("age", ""), ("new", "extra")]
    findings = against(a_frame(), a_frame(seed=1).drop(columns="plan"), {"ignore": ("plan",)})
    assert [report.column for report in findings.columns] == ["age", "income"]


@pytest.mark.parametrize(
    ("monitor", "message", "hint"),
    [
        ({"columns": ("incme",)}, "no column 'incme'", "income"),
        ({"categorical": ("Age",)}, "no column 'Age'", "age"),
        ({"methods": {"plans": "psi"}}, "no column 'plans'", "plan"),
        ({"methods": {"plan": "chi2"}}, "no drift method 'chi2'", "chisquare"),
        ({"thresholds": {"kss": 0.1}}, "'kss' is neither a column nor a method", "ks"),
    ],
)
def test_settings_that_fit_nothing_are_errors_with_the_nearest_name(
    monitor: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        against(a_frame(), a_frame(), monitor)
    assert hint in caught.value.hint


def test_predictions_of_a_batch_without_any_in_the_reference_are_noted() -> None:
    findings = against(a_frame(), a_frame(seed=1).assign(score=0.5), {"prediction": "score"})
    assert findings.notes == ("the reference holds no predictions to compare 'score' with",)
    assert severity.alerts(findings) == ()


def test_numbers_can_be_declared_categories() -> None:
    reference = a_frame().assign(zone=np.arange(400) % 20)
    assert column(against(reference, reference), "zone").kind == "numerical"
    assert column(against(reference, reference, {"categorical": ("zone",)}), "zone").kind == "categorical"
    assert column(against(reference, reference, column_kinds={"zone": "categorical"}), "zone").kind == "categorical"


def test_methods_and_thresholds_of_the_monitor_are_used() -> None:
    report = column(against(a_frame(), a_frame(), {"methods": {"age": "psi"}, "thresholds": {"psi": 0.3}}), "age")
    assert (report.method, report.threshold) == ("psi", 0.3)


def test_missing_renamed_and_extra_columns_are_listed_beside_the_others() -> None:
    batch = a_frame(seed=1).rename(columns={"income": "Income"}).drop(columns="plan").assign(new="x")
    findings = against(a_frame(), batch)
    found = {report.column: finding(report) for report in findings.columns}
    assert found == {"age": "", "income": "missing", "plan": "missing", "Income": "extra", "new": "extra"}
    assert "perhaps it is 'Income' now" in column(findings, "income").detail["finding"]["message"]
    assert (len(findings.features), findings.share) == (1, 0.0)


def test_a_row_number_is_not_checked_unless_it_is_named() -> None:
    reference, batch = a_frame().assign(id=range(400)), a_frame(seed=1).assign(id=range(400, 800))
    report = column(against(reference, batch), "id")
    assert (finding(report), report.score) == ("unchecked", None)
    assert column(against(reference, batch, {"columns": ("id",)}), "id").is_drifted
    assert column(against(reference, batch.sample(frac=1, random_state=0)), "id").is_drifted


def test_predictions_of_the_batch_are_compared_with_those_of_the_reference() -> None:
    reference = a_frame().assign(prediction=[0, 1] * 200)
    batch = a_frame(seed=1).assign(prediction=[0, 1, 1, 1] * 100)
    findings = against(reference, batch, prediction="prediction")
    report = column(findings, "prediction")
    assert (report.role, report.method, report.is_drifted) == ("prediction", "z", True)
    assert "prediction_drift" in {alert.kind for alert in severity.alerts(findings)}
    assert len(findings.features) == 3


def test_labels_that_come_with_the_rows_are_compared_apart_from_the_features() -> None:
    reference = a_frame().assign(churned=[0, 1] * 200)
    findings = against(reference, a_frame(seed=1).assign(churned=[0, 1, 1, 1] * 100), {"target": "churned"})
    assert (column(findings, "churned").role, len(findings.features)) == ("target", 3)
    (alert,) = severity.alerts(findings)
    assert (alert.kind, alert.severity, alert.title) == ("target_drift", "critical", "labels drifted: '0' 50% → 25%")
    for later in (a_frame(seed=1), a_frame(seed=1).assign(churned=None)):
        findings = against(reference, later, {"target": "churned"})
        assert [each.column for each in findings.columns] == ["age", "income", "plan"]
        assert severity.alerts(findings) == ()


def test_labels_of_a_batch_without_any_in_the_reference_are_noted() -> None:
    findings = against(a_frame(), a_frame(seed=1).assign(churned=1), {"target": "churned"})
    assert findings.notes == ("the reference holds no labels to compare 'churned' with",)
    assert severity.alerts(findings) == ()


def test_a_batch_may_name_its_predictions_otherwise() -> None:
    reference = a_frame().assign(label=[0, 1] * 200)
    batch = a_frame(seed=1).assign(score=[0, 1] * 200)
    report = column(against(reference, batch, {"prediction": "score"}, prediction="label"), "score")
    assert (report.role, report.score) == ("prediction", 1.0)


def test_without_predictions_in_the_batch_the_model_predicts() -> None:
    reference = a_frame().assign(prediction=ByAge().predict(a_frame()))
    same = against(reference, a_frame(seed=1), prediction="prediction", predictor=by_age())
    assert not column(same, "prediction").is_drifted
    moved = against(reference, a_frame(seed=1, shift=2.0), prediction="prediction", predictor=by_age())
    assert column(moved, "prediction").is_drifted


def test_where_the_reference_holds_probabilities_the_model_gives_probabilities() -> None:
    reference = a_frame().assign(prediction=ByAge().predict_proba(a_frame())[:, 1])
    report = column(against(reference, a_frame(seed=1), prediction="prediction", predictor=by_age()), "prediction")
    assert (report.kind, report.method, report.is_drifted) == ("numerical", "ks", False)


def test_without_predictions_in_the_reference_the_model_predicts_on_both() -> None:
    findings = against(a_frame(), a_frame(seed=1, shift=2.0), predictor=by_age())
    assert column(findings, "prediction").is_drifted


def test_a_batch_that_lacks_a_column_of_the_model_has_one_alert_for_it() -> None:
    reference = a_frame().assign(prediction=[0, 1] * 200)
    batch = a_frame(seed=1).drop(columns=["income", "plan"])
    findings = against(reference, batch, prediction="prediction", predictor=by_age())
    assert finding(column(findings, "prediction")) == "unpredicted"
    (alert,) = severity.alerts(findings)
    assert (alert.kind, alert.title) == ("schema", "1 column missing: income")


def test_a_model_that_cannot_be_loaded_is_noted_and_does_not_stop_the_check() -> None:
    def fail() -> object:
        raise Refused("its file is gone")

    reference = a_frame().assign(prediction=[0, 1] * 200)
    for prediction in ("prediction", None):
        frame = reference if prediction else a_frame()
        findings = against(frame, a_frame(seed=1), prediction=prediction, predictor=Predictor(fail, "churn version 3"))
        assert findings.notes == ("churn version 3 cannot be loaded: its file is gone",)
        assert severity.alerts(findings) == ()
        assert len(findings.features) == 3


def test_a_model_that_fails_on_the_batch_is_a_finding() -> None:
    class Broken(ByAge):
        def predict(self, frame: pd.DataFrame) -> np.ndarray:
            raise ValueError("input contains NaN\nand a long story")

    reference = a_frame().assign(prediction=[0, 1] * 200)
    findings = against(
        reference, a_frame(seed=1), prediction="prediction", predictor=Predictor(loaded(Broken), "m version 1")
    )
    assert findings.problem == "m version 1 cannot predict: input contains NaN"


def test_a_model_without_column_names_reads_the_columns_of_its_training_data() -> None:
    class Nameless:
        def predict(self, frame: pd.DataFrame) -> np.ndarray:
            assert list(frame.columns) == ["age", "income", "plan"]
            return np.ones(len(frame), dtype=int)

    reference = a_frame().assign(prediction=1)
    batch = a_frame(seed=1)[["plan", "income", "age"]].assign(extra=1)
    findings = against(reference, batch, prediction="prediction", predictor=Predictor(loaded(Nameless), "m"))
    assert column(findings, "prediction").score == 1.0


HOSTILE = {
    "[bold]a[/]": np.random.default_rng(0).normal(size=100),
    "\x1b[31mred": ["x", "y"] * 50,
    "line\nbreak": [1.0] * 100,
    "": [None] * 100,
    "💥" * 500: list(range(100)),
}


@pytest.mark.parametrize(
    "batch",
    [
        pd.DataFrame(HOSTILE),
        pd.DataFrame(HOSTILE).iloc[:1],
        pd.DataFrame({name: [None] * 40 for name in HOSTILE}),
        pd.DataFrame({name: [np.inf, -np.inf] * 20 for name in HOSTILE}),
        pd.DataFrame({name: [1, "a", None, 2.5, True, b"x", [1]] * 5 for name in HOSTILE}, dtype=object),
        pd.DataFrame({name: pd.date_range("2024-01-01", periods=40) for name in HOSTILE}),
        pd.DataFrame({name: [7.0] * 40 for name in HOSTILE}),
        pd.DataFrame({name: [f"k{i}" for i in range(10_000)] for name in HOSTILE}),
        pd.DataFrame({"unheard of": [1]}),
    ],
    ids=["same", "one row", "missing", "infinite", "mixed", "dates", "constant", "10,000 categories", "other columns"],
)
def test_no_batch_ends_in_a_traceback(batch: pd.DataFrame) -> None:
    reference: Prepared = prepared(pd.DataFrame(HOSTILE), MonitorConfig("any"))
    findings = check(reference, batch)
    names = [report.column for report in findings.columns]
    assert names[: len(HOSTILE)] == list(HOSTILE)
    for alert in severity.alerts(findings):
        assert alert.title.isprintable()
        assert len(alert.title) < 600
