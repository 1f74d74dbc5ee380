from mlops_store.records import Severity
from mlops_tui.config.alerting import MuteRule
from mlops_tui.drift.incidents import causes
from mlops_tui.drift.incidents.causes import Cause, Sign


def a_sign(kind: str, *columns: str, severity: Severity = Severity.WARNING) -> Sign:
    return Sign(kind, severity, f"{kind} of {columns}", frozenset(columns))


def grouped(*signs: Sign) -> list[set[str]]:
    return [set(cause.kinds) for cause in causes.of_window(signs)]


def test_alerts_about_a_common_column_have_one_cause() -> None:
    assert grouped(a_sign("schema", "a"), a_sign("data_drift", "b", "c"), a_sign("quality", "c")) == [
        {"schema"},
        {"data_drift", "quality"},
    ]
    assert grouped(a_sign("schema", "a"), a_sign("quality", "b"), a_sign("data_drift", "a", "b")) == [
        {"schema", "quality", "data_drift"}
    ]


def test_what_follows_from_moved_columns_belongs_to_the_alert_about_most_of_them() -> None:
    found = grouped(
        a_sign("prediction_drift"), a_sign("schema", "x"), a_sign("data_drift", "a", "b"), a_sign("estimate")
    )
    assert found == [{"schema"}, {"prediction_drift", "data_drift", "estimate"}]
    assert grouped(a_sign("prediction_drift"), a_sign("estimate")) == [{"prediction_drift", "estimate"}]


def test_nothing_follows_from_columns_too_many() -> None:
    extra = a_sign("schema", "x", "y", "z", severity=Severity.INFO)
    assert grouped(extra, a_sign("prediction_drift"), a_sign("data_drift", "a")) == [
        {"schema"},
        {"prediction_drift", "data_drift"},
    ]
    assert grouped(extra, a_sign("prediction_drift")) == [{"schema"}, {"prediction_drift"}]


def test_a_cause_is_called_by_its_most_severe_alert() -> None:
    (cause,) = causes.of_window([a_sign("quality", "a"), a_sign("schema", "a", severity=Severity.CRITICAL)])
    assert (cause.severity, cause.title) == (Severity.CRITICAL, "schema of ('a',)")


def test_muted_columns_do_not_count_and_muted_alerts_stand_apart() -> None:
    rules = (MuteRule(column="session_*"), MuteRule(kind="quality"))
    signs = [a_sign("data_drift", "session_id", "age"), a_sign("schema", "session_id"), a_sign("quality", "age")]
    heard, *silent = causes.of_window(signs, rules)
    assert (heard.kinds, heard.columns, heard.muted_by) == ({"data_drift"}, {"age"}, "")
    assert {(*cause.kinds, cause.muted_by) for cause in silent} == {
        ("schema", "column session_*"),
        ("quality", "quality"),
    }


def test_a_cause_goes_on_where_columns_are_common_or_without_columns_the_kind_is() -> None:
    def likeness(one: Sign, other: Sign) -> float:
        return causes.likeness(one.columns, frozenset({one.kind}), Cause((other,)))

    assert likeness(a_sign("data_drift", "a", "b"), a_sign("data_drift", "b")) == 0.5
    assert likeness(a_sign("data_drift", "a"), a_sign("data_drift", "b")) == 0
    assert likeness(a_sign("unreadable"), a_sign("unreadable")) > 0
    assert likeness(a_sign("unreadable"), a_sign("prediction_drift")) == 0
