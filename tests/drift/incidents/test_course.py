from hypothesis import given
from hypothesis import strategies as st

from mlops_store.records import IncidentState, Severity
from mlops_tui.config.alerting import AlertRule, rule_of
from mlops_tui.drift.incidents import course
from mlops_tui.drift.incidents.causes import Cause, Sign
from mlops_tui.drift.incidents.course import Course

CRITICAL = Severity.CRITICAL


def a_cause(column: str = "age", severity: Severity = Severity.WARNING, muted_by: str = "") -> Cause:
    return Cause((Sign("data_drift", severity, "moved", frozenset({column})),), muted_by)


def played(windows: str, rule: str = "1 of 1", **unread: object) -> list[str]:
    """What each window did: of 'x' with the cause, 'X' critical, 'm' muted, '.' without, '?' unreadable."""
    known: list[Course] = []
    told = []
    unreadable = {number for number, letter in enumerate(windows) if letter == "?"}
    for number, letter in enumerate(windows):
        causes = {
            "x": [a_cause()], "X": [a_cause(severity=CRITICAL)], "m": [a_cause(muted_by="column age")],
        }.get(letter, [])  # fmt: skip
        order = list(range(number + 1))[-21:]
        steps = course.steps(known, order, number, causes, rule_of(rule), unread=unreadable)
        known = [step.after for step in steps] or known
        told.append(" ".join(step.change for step in steps))
    assert len(known) <= 1, "one cause stays one incident"
    return told


def test_an_incident_opens_at_once_and_is_over_after_three_windows_without_it() -> None:
    assert played("xx...") == ["opened", "", "", "", "resolved"]


def test_it_opens_when_so_many_of_the_last_windows_have_it() -> None:
    assert played("x.x", "2 of 3") == ["pending", "", "opened"]
    assert played("x..x", "2 of 3") == ["pending", "", "", ""]


def test_what_never_opened_passes_without_a_word() -> None:
    assert played("x...", "2 of 3") == ["pending", "", "", "passed"]


def test_a_worse_alert_opens_what_was_acknowledged() -> None:
    known = [Course(7, IncidentState.ACKNOWLEDGED, Severity.WARNING, frozenset({"data_drift"}), frozenset({"age"}))]
    (step,) = course.steps(known, [1, 2], 2, [a_cause(severity=CRITICAL)], AlertRule())
    assert (step.change, step.after.state, step.after.severity) == ("worsened", IncidentState.OPEN, CRITICAL)
    (step,) = course.steps(known, [1, 2], 2, [a_cause()], AlertRule())
    assert (step.change, step.after.state) == ("", IncidentState.ACKNOWLEDGED)


def of_columns(*columns: str, kind: str = "data_drift") -> Cause:
    return Cause((Sign(kind, Severity.WARNING, "moved", frozenset(columns)),))


def acknowledged(*columns: str) -> Course:
    kinds = frozenset({"data_drift"})
    return Course(7, IncidentState.ACKNOWLEDGED, Severity.WARNING, kinds, frozenset(columns), was_open=True)


def test_what_was_acknowledged_opens_again_when_a_quarter_more_columns_join_it() -> None:
    def change(known: Course, cause: Cause) -> tuple[str, frozenset[str]]:
        (step,) = course.steps([known], [1, 2], 2, [cause], AlertRule())
        return step.change, step.after.columns

    assert change(acknowledged("tenure"), of_columns("tenure", "age")) == ("worsened", frozenset({"tenure", "age"}))
    many = [f"c{number}" for number in range(9)]
    assert change(acknowledged(*many), of_columns(*many, "age"))[0] == ""
    assert change(acknowledged(*many), of_columns("c1", "x", "y", "z"))[0] == "worsened"


def test_an_incident_goes_on_with_any_of_the_columns_that_it_had() -> None:
    known = [acknowledged("logins", "last_seen")]
    for number, column in enumerate(("last_seen", "logins"), 2):
        (step,) = course.steps(known, list(range(number + 1)), number, [of_columns(column)], AlertRule())
        assert (step.after.number, step.change) == (7, "")
        known = [step.after]


def test_a_batch_that_lacks_the_columns_is_another_incident() -> None:
    broken = of_columns("logins", "plan", kind="schema")
    seen, _ = course.steps([acknowledged("logins")], [1, 2], 2, [broken], AlertRule())
    assert (seen.before, seen.change) == (None, "opened")


def test_another_column_is_another_incident() -> None:
    known = [
        Course(7, IncidentState.OPEN, Severity.WARNING, frozenset({"data_drift"}), frozenset({"age"}), was_open=True)
    ]
    seen, missed = course.steps(known, [1, 2], 2, [a_cause("income")], AlertRule())
    assert (seen.before, seen.change, missed.after.number) == (None, "opened", 7)


def test_what_comes_back_opens_the_same_incident_again() -> None:
    assert played("x...x") == ["opened", "", "", "resolved", "reopened"]


def test_what_comes_and_goes_stays_open_and_is_told_no_more() -> None:
    told = played("x...x...x...x...x...x" + "." * 25)
    assert told.count("opened") + told.count("reopened") < 6
    assert told[-1] in ("", "resolved")
    assert "resolved" in told[21:], "after a long calm it is over all the same"
    assert played("xx.xx.xx.xx.")[1:] == [""] * 11


def test_flapping_begins_and_ends_at_the_limits_of_nagios() -> None:
    assert not course.flapping([True] * 21, is_flapping=False)
    assert course.flapping([True, False] * 10, is_flapping=False)
    assert not course.flapping([False, True, False], is_flapping=False), "two changes of twenty are 11 %"
    assert course.flapping([False, True, False], is_flapping=True), "which does not end it"
    assert not course.flapping([True] * 3 + [False] * 18, is_flapping=True), "one old change is less than 5 %"


def test_a_muted_cause_opens_nothing_and_an_unmuted_one_does() -> None:
    assert played("mmx") == ["muted", "", "opened"]
    assert played("xm") == ["opened", "muted"]


def test_a_window_that_could_not_be_read_says_nothing() -> None:
    assert played("x???..") == ["opened", "", "", "", "", ""]
    assert played("x?...") == ["opened", "", "", "", "resolved"]


def test_an_incident_whose_only_window_was_checked_again_is_over() -> None:
    gone = Course(
        7,
        IncidentState.OPEN,
        Severity.WARNING,
        frozenset({"data_drift"}),
        frozenset({"age"}),
        was_open=True,
        is_gone=True,
    )
    (step,) = course.steps([gone], [4], 4, [], AlertRule())
    assert (step.change, step.after.state) == ("resolved", IncidentState.RESOLVED)


def test_a_late_window_is_judged_by_those_before_it() -> None:
    (step,) = course.steps([], [1, 2, 3, 4], 2, [a_cause()], AlertRule(2, 2))
    assert step.change == "pending"
    known = [
        Course(7, IncidentState.OPEN, CRITICAL, frozenset({"x"}), frozenset({"age"}), frozenset({4}), was_open=True)
    ]
    (step,) = course.steps(known, [1, 2, 3, 4], 2, [], AlertRule())
    assert (step.change, step.after.state) == ("", IncidentState.OPEN)


@given(windows=st.text("x.?X", min_size=1, max_size=60), needed=st.integers(1, 4), more=st.integers(0, 4))
def test_there_are_never_more_incidents_with_a_stricter_rule(windows: str, needed: int, more: int) -> None:
    def opened(rule: str) -> int:
        return sum(change.count("opened") for change in played(windows, rule))

    rule = f"{needed} of {needed + more}"
    assert opened(rule) <= windows.lower().count("x")
    assert (opened(rule) > 0) <= (opened("1 of 1") > 0)
