import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_store import drift, events, incidents
from mlops_store.drift import NewAlert
from mlops_store.errors import NotFound
from mlops_store.records import ColumnReport, MonitorReport, Severity
from mlops_store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / ".mlops" / "store.db")) as store:
        yield store


def a_report(**changes: Any) -> MonitorReport:
    report = MonitorReport(
        id=0,
        monitor="churn",
        batch="production/1.csv",
        path="/project/production/1.csv",
        digest="d1",
        status="drift",
        checked_at=100.0,
        row_count=40,
        checked_columns=2,
        drifted_columns=1,
        drift_share=0.5,
        is_dataset_drift=True,
        duration_s=0.25,
        notes=("read as Latin-1",),
        columns=(
            ColumnReport("age", "feature", "numerical", "ks", 0.001, 0.05, True, 0.4, 300, 40, {"p_value": 0.001}),
            ColumnReport("plan", "feature", "categorical", None, None, None, False, None, 300, 0, {"finding": {}}),
        ),
    )
    return replace(report, **changes)


DATA_DRIFT = NewAlert("data_drift", Severity.WARNING, "1 of 2 columns drifted: age")


def add(store: Store, *raised: NewAlert, force: bool = False, **changes: Any) -> int:
    with store.write() as db:
        report_id = drift.add_report(db, a_report(**changes), raised, force=force)
    assert report_id is not None
    return report_id


def test_a_report_reads_back_with_its_columns_in_order(store: Store) -> None:
    report_id = add(store)
    assert drift.report(store.read(), report_id) == a_report(id=report_id)


def test_lists_leave_the_columns_out_and_begin_with_the_newest(store: Store) -> None:
    first = add(store, batch="a", checked_at=1.0)
    second = add(store, batch="b", checked_at=2.0)
    other = add(store, batch="c", checked_at=3.0, monitor="fraud")
    db = store.read()
    assert [report.id for report in drift.reports(db)] == [other, second, first]
    assert [report.id for report in drift.reports(db, "churn")] == [second, first]
    assert [report.id for report in drift.reports(db, limit=1)] == [other]
    assert all(report.columns == () for report in drift.reports(db))


def test_an_unknown_report_alert_or_profile_is_not_found(store: Store) -> None:
    for get in (drift.report, drift.alert, drift.profile):
        with pytest.raises(NotFound, match="7"):
            get(store.read(), 7)


def test_a_batch_is_seen_once_its_bytes_have_been_reported(store: Store) -> None:
    add(store)
    db = store.read()
    assert drift.has_seen(db, "churn", "production/1.csv", "d1")
    assert not drift.has_seen(db, "churn", "production/1.csv", "d2")
    assert not drift.has_seen(db, "churn", "production/2.csv", "d1")
    assert not drift.has_seen(db, "fraud", "production/1.csv", "d1")


def test_the_same_bytes_are_recorded_once_unless_forced(store: Store) -> None:
    add(store, DATA_DRIFT)
    with store.write() as db:
        assert drift.add_report(db, a_report(), [DATA_DRIFT]) is None
    assert len(drift.reports(store.read())) == 1
    add(store, DATA_DRIFT, force=True)
    assert len(drift.reports(store.read())) == 2


def test_size_and_time_of_the_newest_report_are_remembered_for_each_batch(store: Store) -> None:
    with store.write() as db:
        drift.add_report(db, a_report(), size_bytes=10, modified_ns=1)
        drift.add_report(db, a_report(digest="d2"), size_bytes=12, modified_ns=2)
        drift.add_report(db, a_report(batch="other"), size_bytes=7, modified_ns=3)
        drift.add_report(db, a_report(batch="unknown"))
    assert drift.seen_files(store.read(), "churn") == {"production/1.csv": (12, 2), "other": (7, 3)}


def test_a_report_and_its_alerts_come_with_one_event(store: Store) -> None:
    report_id = add(store, DATA_DRIFT)
    (event,) = events.newest(store.read())
    assert (event.kind, event.subject) == ("drift.drift", f"report:{report_id}")
    assert event.message == "churn checked production/1.csv: 1 of 2 columns drifted: age"
    assert event.data == {"monitor": "churn", "batch": "production/1.csv", "alerts": 1}


def test_a_failed_transaction_leaves_no_half_report(store: Store) -> None:
    class Interrupted(Exception):
        pass

    def fail(db: sqlite3.Connection) -> None:
        drift.add_report(db, a_report(), [DATA_DRIFT])
        raise Interrupted

    with pytest.raises(Interrupted), store.write() as db:
        fail(db)
    db = store.read()
    assert (drift.reports(db), drift.alerts(db), events.newest(db)) == ([], [], [])


def test_a_report_that_replaces_another_keeps_its_window_in_its_place(store: Store) -> None:
    first = add(store, DATA_DRIFT)
    other = add(store, batch="production/2.csv")
    again = add(store, DATA_DRIFT, digest="d2")
    rows = store.read().execute("SELECT id, window_id, replaced_by FROM monitor_reports ORDER BY id").fetchall()
    assert rows == [(first, first, again), (other, other, None), (again, first, None)]
    assert [number for number, _ in incidents.last_windows(store.read(), "churn", 9)] == [again, other]
    assert [number for number, _ in incidents.last_windows(store.read(), "churn", 9, up_to=again)] == [again]


def test_windows_of_time_are_in_the_order_of_their_time(store: Store) -> None:
    late = add(store, batch="b", window_start=200.0)
    early = add(store, batch="a", window_start=100.0, status="error")
    assert incidents.last_windows(store.read(), "churn", 9) == [(early, False), (late, True)]
    assert incidents.last_windows(store.read(), "churn", 9, up_to=early) == [(early, False)]


def test_alerts_speak_of_columns_and_of_what_became_of_them(store: Store) -> None:
    report_id = add(store, replace(DATA_DRIFT, columns=("age", "plan")))
    (alert,) = drift.alerts_of(store.read(), report_id)
    assert (alert.columns, alert.batch, alert.opened_at) == (("age", "plan"), "production/1.csv", 100.0)
    assert (alert.incident_id, alert.state) == (None, "")
    assert drift.alerts(store.read()) == []


def test_a_report_names_the_version_that_was_in_charge(store: Store) -> None:
    with store.write() as db:
        db.execute("INSERT INTO registered_models (name, description, created_at, updated_at) VALUES ('m', '', 0, 0)")
        db.execute(
            "INSERT INTO model_versions (model_id, version, source, flavor, digest, stage, description, created_at) "
            "VALUES (1, 3, '', 'sklearn', '', 'production', '', 0)"
        )
    known = add(store, model="m", version=3)
    gone = add(store, batch="b", model="m", version=4)
    assert (drift.report(store.read(), known).model, drift.report(store.read(), known).version) == ("m", 3)
    assert drift.report(store.read(), gone).version is None


def test_a_profile_is_kept_once_under_its_first_name(store: Store) -> None:
    summary = {"rows": 3, "columns": {"x": {"mean": 1.5}}}
    with store.write() as db:
        first = drift.add_profile(db, digest="p", name="train", row_count=3, summary=summary, sample_digest="s", at=1.0)
        assert drift.add_profile(db, digest="p", name="again", row_count=3, summary=summary) == first
        other = drift.add_profile(db, digest="q", name="train", row_count=4, summary={})
    profile = drift.profile(store.read(), first)
    assert (profile.name, profile.summary, profile.sample_digest, profile.created_at) == ("train", summary, "s", 1.0)
    newest = drift.find_profile(store.read(), "train")
    assert newest is not None
    assert newest.id == other
    assert drift.find_profile(store.read(), "again") is None


@given(text=st.text(st.characters(codec=None, exclude_characters="\0"), max_size=60))
def test_any_text_is_kept_in_names_and_titles(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    with Store(str(tmp_path_factory.mktemp("text") / "store.db")) as store:
        report = a_report(batch=text, path=text, error=text, columns=(replace(a_report().columns[0], column=text),))
        with store.write() as db:
            report_id = drift.add_report(db, report, [NewAlert("schema", Severity.INFO, text)])
        assert report_id is not None
        shown = text.encode("utf-8", "backslashreplace").decode()
        found = drift.report(store.read(), report_id)
        assert (found.batch, found.error, found.columns[0].column) == (shown, shown, shown)
        assert drift.alerts_of(store.read(), report_id)[0].title == shown
        assert drift.has_seen(store.read(), "churn", text, "d1")
