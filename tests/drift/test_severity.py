from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_store.drift import NewAlert
from mlops_store.records import ColumnReport, Severity
from mlops_tui.drift import severity, titles
from mlops_tui.drift.schemas import Schema
from mlops_tui.drift.severity import Findings


def a_column(
    name: str = "x", *, p: float = 1e-9, effect: float = 0.5, drifted: bool = True, **changes: Any
) -> ColumnReport:
    side = {"count": 100, "missing": 0}
    detail = {
        "reference": side,
        "current": side,
        "p_value": p,
        "shift": {"from": 1.0, "to": 2.0, "std": 1.5, "spread": 1},
    }
    detail |= changes.pop("detail", {})
    values = {"role": "feature", "kind": "numerical", "method": "ks", "score": p, "threshold": 0.05} | changes
    return ColumnReport(
        name, is_drifted=drifted, effect=effect, reference_count=100, current_count=100, detail=detail, **values
    )


def same(name: str) -> ColumnReport:
    return a_column(name, p=0.6, effect=0.05, drifted=False)


def found(name: str, kind: str, message: str = "why") -> ColumnReport:
    return a_column(
        name, score=None, method=None, drifted=False, detail={"finding": {"kind": kind, "message": message}}
    )


def raised(*columns: ColumnReport, schema: Schema | None = None, **changes: Any) -> dict[str, NewAlert]:
    findings = Findings(severity.mark_notable(columns), schema or Schema(), 0.5, **changes)
    alerts = severity.alerts(findings)
    assert len({alert.kind for alert in alerts}) == len(alerts)
    return {alert.kind: alert for alert in alerts}


def notable(*columns: ColumnReport) -> list[str]:
    return [column.column for column in severity.mark_notable(columns) if column.detail["notable"]]


def test_nothing_found_raises_nothing() -> None:
    assert raised(same("a"), same("b")) == {}
    assert raised() == {}


def test_a_single_drifted_column_is_a_warning_that_names_it() -> None:
    alert = raised(a_column("age"), same("b"), same("c"))["data_drift"]
    assert (alert.severity, alert.title) == (Severity.WARNING, "1 of 3 columns drifted: age (+1.5 sd)")


def test_drift_of_the_data_set_is_critical_and_names_the_largest_effects() -> None:
    columns = [a_column(f"c{i}", effect=0.2 + i / 10) for i in range(5)]
    alert = raised(*columns, same("b"))["data_drift"]
    assert alert.severity is Severity.CRITICAL
    assert alert.title == "5 of 6 columns drifted: c4 (+1.5 sd), c3 (+1.5 sd), c2 (+1.5 sd) and 2 more"


def test_a_significant_but_tiny_change_raises_nothing() -> None:
    assert notable(a_column(effect=0.09)) == []
    assert notable(a_column(effect=0.1)) == ["x"]


def test_a_large_change_that_may_be_chance_raises_nothing() -> None:
    assert notable(a_column(p=0.2)) == []


def test_a_change_below_its_threshold_raises_nothing() -> None:
    assert notable(a_column(drifted=False)) == []


def test_the_more_columns_the_surer_each_must_be() -> None:
    assert notable(a_column(p=0.03)) == ["x"]
    assert notable(a_column(p=0.03), *(same(f"c{i}") for i in range(9))) == []


def test_of_several_sure_columns_the_less_sure_one_counts_as_benjamini_and_hochberg_say() -> None:
    # ranks 1..4 of 4 have the levels 0.0125, 0.025, 0.0375, 0.05
    p_values = {"a": 0.001, "b": 0.026, "c": 0.037, "d": 0.9}
    assert notable(*(a_column(name, p=p) for name, p in p_values.items())) == ["a", "b", "c"]


def test_predictions_that_drifted_much_are_critical() -> None:
    shift = {"label": "malignant", "from": 0.37, "to": 0.955}
    alert = raised(same("a"), a_column("prediction", role="prediction", detail={"shift": shift}))["prediction_drift"]
    assert alert.severity is Severity.CRITICAL
    assert alert.title == "predictions drifted: 'malignant' 37% → 96%"


def test_predictions_that_drifted_a_little_are_a_warning() -> None:
    shift = {"from": 143.8, "to": 98.2, "std": -0.34, "spread": 0.9}
    column = a_column("prediction", role="prediction", effect=0.15, detail={"shift": shift})
    alert = raised(same("a"), column)["prediction_drift"]
    assert alert.severity is Severity.WARNING
    assert alert.title == "predictions drifted: mean 144 → 98.2 (-0.3 sd)"


def test_predictions_do_not_count_among_the_features() -> None:
    assert "data_drift" not in raised(same("a"), a_column("prediction", role="prediction"))


def test_missing_columns_are_critical_and_may_be_renamed() -> None:
    schema = Schema(missing=("age", "plan"), extra=("Age", "new"), renamed={"age": "Age"})
    alert = raised(found("age", "missing"), found("plan", "missing"), schema=schema)["schema"]
    assert alert.severity is Severity.CRITICAL
    assert alert.title == "2 columns missing: age (renamed Age?), plan; 1 column not in the reference: new"


def test_a_missing_column_that_the_model_does_not_read_is_no_alert() -> None:
    assert raised(found("note", "missing"), schema=Schema(missing=("note",)), needed=frozenset({"age"})) == {}


def test_what_is_broken_is_not_tied_to_columns_too_many() -> None:
    assert raised(same("a"), schema=Schema(missing=("b",), extra=("new",)))["schema"].columns == ("b",)
    assert raised(same("a"), schema=Schema(extra=("new",)))["schema"].columns == ("new",)


def test_extra_columns_alone_are_only_information() -> None:
    alert = raised(same("a"), schema=Schema(extra=("new",)))["schema"]
    assert (alert.severity, alert.title) == (Severity.INFO, "1 column not in the reference: new")


def test_a_retyped_column_is_critical_only_where_it_cannot_be_compared() -> None:
    broken = raised(found("age", "retyped", "90 of 100 values are no numbers"))["schema"]
    assert broken.severity is Severity.CRITICAL
    assert broken.title == "1 column of another type: age (90 of 100 values are no numbers)"
    partly = {"finding": {"kind": "retyped", "message": "2 of 100 values are no numbers and were left out"}}
    assert raised(a_column("age", p=0.5, drifted=False, detail=partly))["schema"].severity is Severity.WARNING


def test_repeated_names_are_a_warning() -> None:
    alert = raised(same("a"), schema=Schema(repeated=("a",)))["schema"]
    assert (alert.severity, alert.title) == (Severity.WARNING, "1 column more than once: a")


def test_the_most_severe_alert_comes_first() -> None:
    columns = (a_column("a"), same("b"), same("c"), a_column("prediction", role="prediction"))
    alerts = severity.alerts(Findings(severity.mark_notable(columns), Schema(extra=("x",)), 0.9))
    assert [alert.severity for alert in alerts] == [Severity.CRITICAL, Severity.WARNING, Severity.INFO]
    assert severity.status(alerts) == "drift"
    assert severity.status(alerts[2:]) == "ok"
    assert severity.status([]) == "ok"


@pytest.mark.parametrize(
    ("shift", "title"),
    [
        ({"from": 1.0, "to": 3.0, "std": 2.04, "spread": 1.0}, "+2.0 sd"),
        ({"from": 1.0, "to": 0.5, "std": -0.5, "spread": 9.0}, "-0.5 sd"),
        ({"from": 1.0, "to": 1.2, "std": 0.2, "spread": 0.5}, "spread ×0.5"),
        ({"from": 1.0, "to": 1.2, "std": 0.2, "spread": 1.1}, "+0.2 sd"),
        ({"from": 1.0, "to": 1.0, "std": 0.01, "spread": 1.0}, "other shape"),
        ({"from": 2.0, "to": 3.5, "std": None, "spread": None}, "mean 2 → 3.5"),
        ({"from": None, "to": None, "std": None, "spread": None}, ""),
        ({"label": "rain", "from": 0.08, "to": 0.21}, "'rain' 8% → 21%"),
        ({}, ""),
    ],
)
def test_a_title_says_how_a_column_moved(shift: dict[str, Any], title: str) -> None:
    assert titles.moved(a_column(detail={"shift": shift})) == title


@given(st.text(max_size=200))
def test_names_in_titles_are_short_and_printable(name: str) -> None:
    shown = titles.name(name)
    assert shown.isprintable()
    assert len(shown) <= 40
    if name.isprintable() and len(name) <= 40:
        assert shown == name
