"""Alerts of reports become incidents, in the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drift_builders import keep

from mlops_store import alerts, drift, incidents
from mlops_store.drift import NewAlert
from mlops_store.errors import Refused, UsageError
from mlops_store.records import ColumnReport, IncidentState, Measure, MonitorReport, Severity
from mlops_store.store import Store
from mlops_tui.config.alerting import AlertRule
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift.incidents import recording

MOVED = NewAlert("data_drift", Severity.WARNING, "age moved", columns=("age",))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / ".mlops" / "store.db")) as store:
        yield store


class Windows:
    """Windows of one monitor, checked one after another."""

    def __init__(self, store: Store, monitor: MonitorConfig | None = None) -> None:
        self.store = store
        self.monitor = monitor or MonitorConfig("m")
        self.count = 0

    def check(self, *raised: NewAlert, batch: str = "", **changes: Any) -> int:
        self.count += 1
        name = batch or f"{self.count}.csv"
        columns = (ColumnReport("age", "feature", "numerical", "ks", 0.001, 0.05, True, 0.4, 300, 40),)
        report = MonitorReport(0, "m", name, name, f"d{self.count}", "drift", 100.0 * self.count, columns=columns)
        with self.store.write() as db:
            return keep(db, replace(report, **changes), raised, self.monitor)

    def told(self, report_id: int) -> list[tuple[str, int]]:
        return [(change, incident.id) for change, incident in incidents.changed_by(self.store.read(), report_id)]

    def all(self) -> dict[int, str]:
        return {each.id: each.state for each in incidents.ranked(self.store.read(), tuple(IncidentState))}


@pytest.fixture
def windows(store: Store) -> Windows:
    return Windows(store)


def _found(kind: str) -> dict[str, Any]:
    return {"finding": {"kind": kind, "message": ""}}


def kinds(store: Store, number: int) -> list[str]:
    return [entry.kind for entry in incidents.entries(store.read(), number)]


def test_an_incident_goes_on_over_windows_and_is_told_once(store: Store, windows: Windows) -> None:
    first, second = windows.check(MOVED), windows.check(MOVED)
    assert (windows.told(first), windows.told(second)) == ([("opened", 1)], [])
    (incident,) = incidents.ranked(store.read(), ["open"])
    assert (incident.first_batch, incident.last_batch, incident.windows) == ("1.csv", "2.csv", 2)
    assert (incident.last_report_id, incident.opened_at, incident.columns) == (second, 100.0, ("age",))
    assert [alert.incident_id for alert in alerts.alerts(store.read())] == [1, 1]


def test_a_worse_window_opens_an_acknowledged_incident_again(store: Store, windows: Windows) -> None:
    windows.check(MOVED)
    with store.write() as db:
        incidents.acknowledge(db, 1, "ana")
    assert windows.told(windows.check(MOVED)) == []
    assert windows.all() == {1: "acknowledged"}
    assert windows.told(windows.check(replace(MOVED, severity=Severity.CRITICAL))) == [("worsened", 1)]
    found = incidents.get(store.read(), 1)
    assert (found.state, found.severity, found.acknowledged_by) == ("open", "critical", "")
    assert kinds(store, 1) == ["opened", "acknowledged", "worsened"]


def test_it_resolves_by_itself_and_opens_again(store: Store, windows: Windows) -> None:
    windows.check(MOVED)
    for _ in range(3):
        windows.check()
    found = incidents.get(store.read(), 1)
    assert (found.state, found.resolved_at, found.resolved_by) == ("resolved", 400.0, "")
    assert windows.told(windows.check(MOVED)) == [("reopened", 1)]
    assert kinds(store, 1) == ["opened", "resolved", "reopened"]


def test_what_is_pending_is_in_no_inbox_and_fires_nothing(store: Store) -> None:
    windows = Windows(store, MonitorConfig("m", alert=AlertRule(2, 3)))
    assert windows.told(windows.check(MOVED)) == []
    assert windows.all() == {1: "pending"}
    assert alerts.newest_told(store.read(), "m", ["warning"], after=0) is None
    report = windows.check(MOVED)
    assert windows.told(report) == [("opened", 1)]
    newest = alerts.newest_told(store.read(), "m", ["warning"], after=0)
    assert newest is not None
    assert (newest.report_id, newest.change) == (report, "opened")


def test_a_window_that_is_checked_again_counts_once(store: Store, windows: Windows) -> None:
    windows.check(MOVED, batch="a.csv")
    windows.check(MOVED, batch="b.csv")
    windows.check(MOVED, batch="a.csv")
    assert incidents.get(store.read(), 1).windows == 2
    windows.check(batch="a.csv")
    windows.check(batch="b.csv")
    found = incidents.get(store.read(), 1)
    assert (found.state, found.windows) == ("resolved", 0)
    assert "checked again" in incidents.entries(store.read(), 1)[-1].message


def test_a_report_that_is_taken_up_again_when_labels_come_tells_of_what_is_new(store: Store, windows: Windows) -> None:
    report = windows.check(MOVED)
    with store.write() as db:
        recording.record(db, report, windows.monitor, lambda _: "max")
    assert windows.told(report) == [("opened", 1)]
    with store.write() as db:
        worse = NewAlert("performance", Severity.CRITICAL, "roc_auc fell")
        drift.revise(db, report, ("performance",), (worse,), at=900.0)
        recording.record(db, report, windows.monitor, lambda _: "max")
    assert windows.told(report) == [("worsened", 1)]
    assert incidents.get(store.read(), 1).windows == 1


def test_an_earlier_window_that_is_checked_again_ends_nothing_of_later_ones(store: Store, windows: Windows) -> None:
    for name in "abcdef":
        windows.check(*([MOVED] if name == "f" else []), batch=name)
    windows.check(batch="a")
    assert windows.all() == {1: "open"}


def test_a_snooze_ends_with_its_time_and_with_a_worse_window(store: Store, windows: Windows) -> None:
    windows.check(MOVED)
    with store.write() as db:
        with pytest.raises(UsageError, match="future"):
            incidents.snooze(db, 1, 50.0, "ana")
        incidents.snooze(db, 1, 5e9, "ana")
    assert windows.all() == {1: "snoozed"}
    windows.check(replace(MOVED, severity=Severity.CRITICAL))
    assert windows.all() == {1: "open"}
    with store.write() as db:
        incidents.snooze(db, 1, 200.0, "ana", at=100.0)
    assert windows.all() == {1: "open"}, "that time has come"


def test_a_resolved_incident_cannot_be_acknowledged(store: Store, windows: Windows) -> None:
    windows.check(MOVED)
    with store.write() as db:
        first = incidents.resolve(db, 1, "ana", "fixed", at=200.0)
        assert incidents.resolve(db, 1, "ben", at=300.0) == first
        with pytest.raises(Refused, match="already resolved"):
            incidents.acknowledge(db, 1, "ben")
        before = incidents.get(db, 1)
        incidents.reopen(db, 1, "ana")
        incidents.put_back(db, before, "ana")
    assert incidents.get(store.read(), 1).resolved_by == "ana"


def test_incidents_are_ranked_by_what_they_cost(store: Store, windows: Windows) -> None:
    small = replace(MOVED, columns=("plan",))
    plan = ColumnReport("plan", "feature", "numerical", "ks", 0.01, 0.05, True, 0.1, 300, 40)
    age = replace(plan, column="age", effect=0.6)
    windows.check(small, MOVED, columns=(plan, age))
    ranked = incidents.ranked(store.read(), ["open"])
    assert [incident.columns for incident in ranked] == [("age",), ("plan",)]
    assert [round(incident.score, 3) for incident in ranked] == [0.6, 0.1]
    fallen = Measure("estimate", "roc_auc", value=0.81, reference=0.9, count=40)
    windows.check(MOVED, columns=(age,), measures=(fallen,))
    worst = incidents.ranked(store.read(), ["open"])[0]
    assert round(worst.score, 3) == 1.2, "a tenth is two times the usual loss of five percent"
    assert (worst.factors["loss_of"], worst.factors["loss_from"]) == ("roc_auc", "estimate")


def test_columns_that_no_model_reads_rank_below_all_that_moved(store: Store, windows: Windows) -> None:
    extra = ColumnReport("new", "feature", "numerical", None, None, None, False, None, 0, 40, _found("extra"))
    lost = replace(extra, column="age", detail=_found("missing"))
    windows.check(NewAlert("schema", Severity.INFO, "1 column too many", columns=("new",)), columns=(extra,))
    windows.check(NewAlert("schema", Severity.CRITICAL, "age missing", columns=("age",)), columns=(extra, lost))
    ranked = incidents.ranked(store.read(), ["open"])
    assert [(incident.columns, incident.score) for incident in ranked] == [(("age",), 10.0), (("new",), 0.0)]


def test_importances_of_the_model_s_card_weigh_the_columns(store: Store, windows: Windows) -> None:
    means = {"age": 0.3, "plan": 0.1, "noise": -0.1}
    with store.write() as db:
        db.execute("INSERT INTO registered_models (name, description, created_at, updated_at) VALUES ('m', '', 0, 0)")
        db.execute(
            "INSERT INTO model_versions (model_id, version, source, flavor, digest, stage, description, created_at) "
            "VALUES (1, 3, '', 'sklearn', '', 'production', '', 0)"
        )
        db.execute(
            "INSERT INTO version_measures VALUES (1, 'importances', 'k', ?, 1.0, 0.1)",
            (json.dumps({"features": [{"name": name, "mean": mean} for name, mean in means.items()]}),),
        )
    windows.check(MOVED, model="m", version=3)
    (incident,) = incidents.ranked(store.read(), ["open"])
    assert round(incident.score, 4) == round(0.4 * 0.3 * 3 / 0.4, 4)
    assert incident.factors["has_importances"]


def test_alerts_of_before_there_were_incidents_are_incidents_of_their_own(tmp_path: Path) -> None:
    import sqlite3

    from sqlite_utils import Database

    from mlops_store import schema

    path = tmp_path / "old.db"
    old = sqlite3.connect(path, isolation_level=None)
    schema.migrations.apply(Database(old), stop_before="m024_incidents")
    old.execute(f"PRAGMA user_version = {len(schema.migrations.applied(Database(old)))}")
    for number in (1, 2):
        old.execute(
            "INSERT INTO monitor_reports (id, monitor, batch, path, digest, status, checked_at) "
            "VALUES (?, 'm', 'a.csv', 'a.csv', 'd', 'drift', 1)",
            (number,),
        )
    old.execute(
        "INSERT INTO alerts (id, report_id, monitor, kind, severity, title, state, opened_at, acknowledged_by) "
        "VALUES (5, 2, 'm', 'schema', 'critical', 'gone', 'acknowledged', 9.0, 'ana')"
    )
    old.close()
    with Store(str(path), create=False) as store:
        (incident,) = incidents.ranked(store.read(), ["acknowledged"])
        assert (incident.id, incident.acknowledged_by, incident.kinds) == (5, "ana", ("schema",))
        assert (incident.last_report_id, incident.windows) == (2, 1)
        assert drift.alert(store.read(), 5).incident_id == 5
