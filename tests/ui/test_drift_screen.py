"""The drift screen: incidents, batches, reports, the column under the cursor, and what is done about incidents."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from drift_builders import keep
from registry_builders import CONFIG, make_store, make_version
from screens import rendered, settled
from textual.pilot import Pilot

from mlops_store import alerts, drift, incidents
from mlops_store.drift import NewAlert
from mlops_store.records import ColumnReport, Incident, IncidentState, MonitorReport, Severity
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.config import load as load_config
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import monitors
from mlops_tui.project import Project
from mlops_tui.registry import stages
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens import backtest, drift_records, drift_rows, incident_acts
from mlops_tui.ui.screens.drift import DriftScreen
from mlops_tui.ui.screens.drift_records import Inbox, Monitor
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import plain
from mlops_tui.ui.widgets.distribution import Distribution

HOSTILE = ["[bold]x[/]", "\x1b]0;title\x07", "a\nb", "表情" * 40, "right\u202eleft", "x" * 3000]
SIZES = [(80, 24), (120, 40), (200, 60)]


def column(name: str, effect: float | None, *, is_drifted: bool = True, **changes: object) -> ColumnReport:
    detail = {
        "reference": {"edges": [0.0, 1.0, 2.0], "counts": [30, 10], "count": 40, "missing": 0, "mean": 0.7},
        "current": {"edges": [0.0, 1.0, 2.0], "counts": [5, 15], "count": 20, "missing": 0, "mean": 1.3},
        "score_is": "p-value",
        "notable": is_drifted,
        "shift": {"from": 0.7, "to": 1.3, "std": 1.2},
    }
    values = {
        "column": name, "role": "feature", "kind": "numerical", "method": "ks", "score": 0.001 if is_drifted else 0.5,
        "threshold": 0.05, "is_drifted": is_drifted, "effect": effect, "reference_count": 40, "current_count": 20,
        "detail": detail,
    }  # fmt: skip
    return ColumnReport(**{**values, **changes})  # type: ignore[arg-type]


def add(store: Store, batch: str, *raised: NewAlert, at: float = 1e9, **changes: object) -> int:
    """The id of a report on a batch with three columns."""
    columns = (column("age", 0.2), column("income", 0.6), column("plan", 0.01, is_drifted=False))
    values = {
        "id": 0, "monitor": "production", "batch": batch, "path": f"/data/{batch}", "digest": batch,
        "status": "drift" if raised else "ok", "checked_at": at, "row_count": 20, "checked_columns": 3,
        "drifted_columns": 2 if raised else 0, "drift_share": 2 / 3 if raised else 0.0, "columns": columns,
    }  # fmt: skip
    with store.write() as db:
        return keep(db, MonitorReport(**{**values, **changes}), raised)  # type: ignore[arg-type]


CRITICAL = NewAlert("data_drift", Severity.CRITICAL, "2 of 3 columns drifted: income (+1.2 sd)", columns=("income",))
WARNING = NewAlert("quality", Severity.WARNING, "more missing values: age 0% → 20%", columns=("age",))

SAME = NewAlert("quality", Severity.WARNING, "more missing values: income 0% → 20%", columns=("income",))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three batches: a good one, one with a warning, and one with a critical alert and a warning."""
    store = make_store(tmp_path)
    add(store, "in/may.csv", at=1e9)
    add(store, "in/june.csv", WARNING, at=2e9)
    add(store, "in/july.csv", CRITICAL, SAME, at=1.5e9)
    return store


def opened(store: Store, argument: str = "", config: Config = CONFIG) -> MlopsApp:
    return MlopsApp(Project(str(Path(store.path).parent.parent)), config, start=f"drift {argument}".strip())


async def press(pilot: Pilot[object], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


async def until(pilot: Pilot[object], condition: Callable[[], object]) -> None:
    """Waits until a condition holds, for at most about 30 seconds."""
    for _ in range(600):
        if condition():
            return
        await pilot.pause(0.05)
    raise AssertionError(f"it never came to that:\n{rendered(pilot.app)}")


def states(store: Store) -> dict[int, str]:
    return {incident.id: str(incident.state) for incident in incidents.ranked(store.read(), tuple(IncidentState))}


# what is shown


@pytest.mark.parametrize("size", SIZES)
async def test_the_most_severe_alert_stands_first_with_its_severity_in_words(
    store: Store, size: tuple[int, int]
) -> None:
    app = opened(store)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        listed = [line for line in rendered(app).splitlines() if "july.csv" in line or "june.csv" in line]
        assert "critical" in listed[0]
        assert "2 of 3 columns drifted" in listed[0]
        assert "warning" in listed[1]
        assert "june.csv" in listed[1]


async def test_at_80_columns_alerts_still_name_their_batch(store: Store) -> None:
    title = "half of the columns drifted: " + "many words " * 5
    add(store, "in/2026-05-only-large-tumours.csv", NewAlert("data_drift", Severity.CRITICAL, title))
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        (line,) = [line for line in rendered(app).splitlines() if "half of the" in line]
        assert "2026-05" in line
        assert "ours.csv" in line


async def test_good_batches_are_listed_too(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        good = next(line for line in rendered(app).splitlines() if "may.csv" in line)
        assert "ok" in good
        assert "0/3" in good


async def test_the_alert_under_the_cursor_shows_its_columns_ranked_by_effect(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        lines = rendered(app).splitlines()
        places = [next(i for i, line in enumerate(lines) if word in line) for word in (" income ", " age ", " plan ")]
        assert places == sorted(places)
        assert app.screen.query_one(Distribution).column.column == "income"  # type: ignore[union-attr]
        assert "mean 0.7000 → 1.300 (+1.2 sd)" in rendered(app)


async def test_the_column_under_the_cursor_is_drawn(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "enter", "j")
        assert app.screen.query_one(Distribution).column.column == "age"  # type: ignore[union-attr]
        assert "reference" in rendered(app)
        assert "█" in rendered(app)


async def test_a_small_terminal_shows_lists_then_the_report_then_one_column(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "1 Incidents" in rendered(app)
        assert "3 Report" not in rendered(app)
        await press(pilot, "enter")
        assert "1 Incidents" not in rendered(app)
        assert "3 Report in/july.csv" in rendered(app)
        assert "4 Column" in rendered(app)
        await press(pilot, "enter")
        assert "median" in rendered(app) or "missing" in rendered(app)
        await press(pilot, "escape", "escape")
        assert "1 Incidents" in rendered(app)
        assert isinstance(app.screen, DriftScreen)


async def test_choosing_a_batch_shows_its_report(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "2", "G")
        assert "3 Report in/may.csv" in rendered(app) or "nothing to report" in rendered(app)


async def test_going_to_another_report_begins_at_its_first_column(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "enter", "G", "escape", "j")
        assert app.screen.query_one(Distribution).column.column == "income"  # type: ignore[union-attr]


@pytest.mark.parametrize("by", ["incident", "alert"])
async def test_an_incident_can_be_gone_to_by_its_number_or_by_an_alert(store: Store, by: str) -> None:
    alert = next(alert for alert in alerts.alerts(store.read()) if alert.batch == "in/june.csv")
    app = opened(store, str(alert.incident_id) if by == "incident" else f"alert:{alert.id}")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert app.screen.query_one("#incident-table").cursor_key == alert.incident_id  # type: ignore[attr-defined]


async def test_a_batch_that_could_not_be_read_says_why(store: Store) -> None:
    title = "the batch cannot be read as CSV (line 3)"
    add(store, "in/broken.csv", NewAlert("unreadable", Severity.CRITICAL, title), at=3e9, status="error", columns=(),
        checked_columns=0, error="cannot be read as CSV (line 3)", row_count=None)  # fmt: skip
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        shown = rendered(app)
        assert "cannot be read as CSV (line 3)" in shown
        assert "no column was compared" in shown


def test_columns_that_were_not_compared_stand_last_and_say_why(store: Store) -> None:
    unchecked = column("text", None, is_drifted=False, score=None, method=None, threshold=None,
                       detail={"finding": {"kind": "unchecked", "message": "free text"}})  # fmt: skip
    report_id = add(
        store, "b", CRITICAL, columns=(unchecked, column("small", 0.05, is_drifted=False), column("big", 0.9))
    )
    report = drift.report(store.read(), report_id)
    assert drift_rows.ranked(report.columns) == [2, 1, 0]
    cells = [plain(cell) for cell in drift_rows.column_row(report, 0).cells]
    assert "free text" in cells
    assert "unchecked" in cells


def test_a_missing_column_stands_first_and_is_called_missing(store: Store) -> None:
    detail = {"finding": {"kind": "missing", "message": "the batch has no such column"}}
    lost = column("lost", None, is_drifted=False, score=None, method=None, threshold=None, detail=detail)
    report = drift.report(store.read(), add(store, "b", CRITICAL, columns=(column("big", 0.9), lost)))
    assert drift_rows.ranked(report.columns) == [1, 0]
    cells = [plain(cell) for cell in drift_rows.column_row(report, 1).cells]
    assert (cells[0], "missing" in cells, "the batch has no such column" in cells) == ("✗", True, True)


def test_predictions_stand_before_features_of_the_same_verdict(store: Store) -> None:
    report_id = add(store, "b", CRITICAL, columns=(column("x", 0.9), column("y", 0.3, role="prediction")))
    assert drift_rows.ranked(drift.report(store.read(), report_id).columns) == [1, 0]


def test_the_folder_that_all_batches_share_is_left_out() -> None:
    assert drift_rows.common_folder(["in/a.csv", "in/b.csv"]) == "in/"
    assert drift_rows.common_folder(["in/a.csv", "out/b.csv"]) == ""
    assert drift_rows.common_folder(["a.csv"]) == ""
    assert drift_rows.common_folder([]) == ""


# when there is nothing to show


async def test_without_a_monitor_the_table_to_write_is_shown(tmp_path: Path) -> None:
    app = MlopsApp(Project(str(tmp_path)), CONFIG, start="drift")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        shown = rendered(app)
        assert "[monitors.production]" in shown
        assert "drift_share = 0.5" in shown
        await press(pilot, *"azMAnximyoB", "enter", "escape")
    assert os.listdir(tmp_path) == []


def test_the_table_that_is_shown_is_understood(tmp_path: Path) -> None:
    lines = [plain(line) for line in drift_records.advice(Inbox(), stage="production")]
    (tmp_path / "mlops.toml").write_text("\n".join(line for line in lines if line.startswith("  ")))
    assert load_config(Project(str(tmp_path))).monitors["production"].model == "churn"


def advice(monitor: Monitor, checked: int = 0) -> str:
    return "\n".join(plain(line) for line in drift_records.advice(Inbox((), (monitor,), checked), stage="live"))


FILES = "a file in in/*.csv"


def test_a_monitor_without_a_reference_asks_for_a_promotion() -> None:
    assert "promote a version of churn to live" in advice(Monitor("production", FILES, "churn", False, 0))


def test_a_monitor_whose_reference_file_is_missing_says_so() -> None:
    assert "its reference file is not there yet" in advice(Monitor("production", FILES, "", False, 0))


def test_a_monitor_that_waits_for_its_first_batch_says_where() -> None:
    assert "waits for a file in in/*.csv" in advice(Monitor("production", FILES, "churn", True, 0))


def test_batches_that_wait_for_a_check_are_counted() -> None:
    assert "2 batches wait for a check: press D" in advice(Monitor("production", FILES, "churn", True, 2))


def test_when_all_is_well_it_says_so() -> None:
    assert "No incidents to see to." in advice(Monitor("production", FILES, "churn", True, 0), checked=3)


async def test_a_monitor_that_waits_for_a_promotion_is_seen_on_the_screen(tmp_path: Path) -> None:
    make_version(make_store(tmp_path))
    config = Config(monitors={"production": MonitorConfig("production", ("in/*.csv",), model="churn")})
    app = MlopsApp(Project(str(tmp_path)), config, start="drift")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "promote a version of churn to production" in rendered(app)


# acts


async def test_acknowledging_takes_one_key_and_can_be_undone(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "a")
        assert sorted(states(store).values()) == ["acknowledged", "open"]
        (chosen,) = (number for number, state in states(store).items() if state == "acknowledged")
        assert app.session.commands[-1].line == f"mlops-tui drift incidents ack {chosen}"
        await press(pilot, "u")
        assert states(store)[chosen] == "open"


async def test_marked_alerts_are_acknowledged_together(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "space", "space", "a")
        assert set(states(store).values()) == {"acknowledged"}
        await press(pilot, "u")
        assert set(states(store).values()) == {"open"}


async def test_an_incident_that_was_resolved_meanwhile_is_not_acknowledged(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, DriftScreen)
        chosen = screen._incidents.chosen
        with store.write() as db:
            incidents.resolve(db, chosen[0].id, "ana")
        incident_acts.acknowledge(screen, chosen)
        await settled(pilot)
        assert "already resolved" in rendered(app)
        assert states(store)[chosen[0].id] == "resolved"


async def test_incidents_of_the_batch_under_the_cursor_are_acknowledged_together(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "2", "a")
        assert sorted(states(store).values()) == ["acknowledged", "open"]


async def test_an_incident_is_put_off_assigned_and_spoken_of_by_keys_and_each_can_be_undone(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        (chosen,) = app.screen._incidents.chosen  # type: ignore[attr-defined]

        def now() -> Incident:
            return incidents.get(store.read(), chosen.id)

        await press(pilot, "z", "j", "enter")
        assert now().state == "snoozed"
        assert app.session.commands[-1].line == f"mlops-tui drift incidents snooze {chosen.id} --until 4h"
        await press(pilot, "u", "z", "G", "enter", *"2030-01-01", "enter")
        assert now().snoozed_until == pytest.approx(1893456000, abs=86400)
        await press(pilot, "u", "A", "ctrl+a", "ctrl+k", *"ana", "enter")
        assert (now().state, now().assignee) == ("open", "ana")
        await press(pilot, "n", *"new prices", "enter", "i")
        assert "new prices" in rendered(app)
        assert "importances unknown" in rendered(app)
        await press(pilot, "escape", "u", "u")
        assert now().assignee == ""
        assert "commented" not in [entry.kind for entry in incidents.entries(store.read(), chosen.id)]
        await press(pilot, "x")
        assert now().state == "resolved"
        await press(pilot, "u")
        assert now().state == "open"


async def test_a_mute_by_key_is_a_rule_in_the_project_s_file_until_it_is_undone(store: Store) -> None:
    path = Path(store.path).parent.parent / "mlops.toml"
    text = '[monitors.production] # live\nwatch = "in/*.csv"\n'
    path.write_text(text)
    app = opened(store, config=load_config(Project(str(path.parent))))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "M", "enter")
        assert sorted(states(store).values()) == ["muted", "open"]
        assert 'mute = [{column = "income"}]' in path.read_text()
        await press(pilot, "u")
        assert path.read_text() == text
        assert set(states(store).values()) == {"open"}
        await press(pilot, "M", "enter")
        edited = path.read_text() + "# by hand\n"
        path.write_text(edited)
        await press(pilot, "u")
        assert path.read_text() == edited, "what somebody wrote since is not lost"
        assert "was changed meanwhile" in rendered(app)


async def test_other_settings_are_tried_and_saved_by_keys(store: Store) -> None:
    path = Path(store.path).parent.parent / "mlops.toml"
    text = '[monitors.production] # live\nwatch = "in/*.csv"\n'
    path.write_text(text)
    app = opened(store, config=load_config(Project(str(path.parent))))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "B")
        assert "What the last 3 windows would have told" in rendered(app)
        assert 'alert = "2 of 3"' in rendered(app)
        await press(pilot, "+", *"target=x", "enter")
        assert "cannot be tried" in rendered(app)
        await press(pilot, "+", *"alert=2 of 2", "enter", "enter")
        assert path.read_text() == text + 'alert = "2 of 2"\n'
        assert app.session.commands[-1].line.endswith("--set 'alert=2 of 2' --save")
        await press(pilot, "u")
        assert path.read_text() == text


async def test_resolved_incidents_are_shown_on_request(store: Store) -> None:
    with store.write() as db:
        first = incidents.ranked(db, ["open"])[0]
        incidents.resolve(db, first.id, "ana")
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        table = app.screen.query_one("#incident-table")
        assert first.id not in table.keys  # type: ignore[attr-defined]
        await press(pilot, "o")
        assert first.id in table.keys  # type: ignore[attr-defined]
        assert "resolved" in rendered(app)
        await press(pilot, "o", "o")
        assert first.id not in table.keys  # type: ignore[attr-defined]


async def test_the_filter_narrows_alerts_and_batches(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "slash", *"JULY critical", "enter")
        assert "2 of 3 columns drifted" in rendered(app)
        assert "june.csv" not in rendered(app)
        await press(pilot, "escape")
        assert "june.csv" in rendered(app)


async def test_a_filter_can_be_part_of_the_place(store: Store) -> None:
    app = opened(store, "/june")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "june.csv" in rendered(app)
        assert "july.csv" not in rendered(app)


async def test_the_model_that_was_in_charge_is_one_key_away(store: Store) -> None:
    make_version(store)
    stages.promote(store, CONFIG, "churn", 1, "production")
    add(store, "in/august.csv", CRITICAL, at=4e9, model="churn", version=1)
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "m")
        assert str(app.screen.place) == "models churn/1"  # type: ignore[attr-defined]


async def test_copy_gives_the_alert_the_batch_or_the_column(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "y")
        assert app.clipboard == str(app.screen.query_one("#incident-table").cursor_key)  # type: ignore[attr-defined]
        await press(pilot, "enter", "y")
        assert app.clipboard == "income"
        await press(pilot, "2", "y")
        assert app.clipboard.startswith("/data/in/")


async def test_an_alert_raised_elsewhere_appears_by_itself(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        add(store, "in/september.csv", CRITICAL, at=5e9)
        await until(pilot, lambda: "september.csv" in rendered(app))


# checking now


def write_monitor(directory: Path) -> None:
    """A monitor with a reference file, and a batch of other values."""
    (directory / "in").mkdir()
    (directory / "reference.csv").write_text("x\n" + "\n".join(str(place % 50 + 0.5) for place in range(200)))
    (directory / "in" / "first.csv").write_text("x\n" + "\n".join(str(place % 50 + 90.5) for place in range(100)))
    os.utime(directory / "in" / "first.csv", (1e9, 1e9))
    (directory / "mlops.toml").write_text(
        '[monitors.production]\nwatch = ["in/*.csv"]\nreference = "reference.csv"\n', encoding="utf-8"
    )


async def test_checking_now_finds_the_drift_in_a_new_batch(tmp_path: Path) -> None:
    write_monitor(tmp_path)
    store = make_store(tmp_path)
    project = Project(str(tmp_path))
    app = MlopsApp(project, load_config(project), start="drift")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("D")
        await until(pilot, lambda: alerts.alerts(store.read()))
        await until(pilot, lambda: "first.csv" in rendered(app))
        await until(pilot, lambda: "drifted" in rendered(app))
        await until(pilot, lambda: "mlops-tui drift check" in [command.line for command in app.session.commands])


@pytest.mark.slow
def test_methods_are_tried_by_a_process_of_its_own(tmp_path: Path) -> None:
    write_monitor(tmp_path)
    project = Project(str(tmp_path))
    with Store(project.store_path) as store:
        config = load_config(project)
        monitors.check(project, store, config, open_model=None)  # type: ignore[arg-type]
        found = backtest.run(Session(project, config, store), "production", ["methods.x=psi; alert=1 of 1"])
    assert found[-1].label == "methods.x=psi; alert=1 of 1"
    assert found[-1].result == found[0].result
    assert 'x = "psi"' in found[-1].text


async def test_a_check_that_fails_says_why(tmp_path: Path) -> None:
    make_store(tmp_path)
    app = MlopsApp(Project(str(tmp_path)), CONFIG, start="drift")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("D")
        await until(pilot, lambda: "mlops.toml has no monitors" in rendered(app))


# hostile text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_texts_are_shown_as_text(tmp_path: Path, text: str, size: tuple[int, int]) -> None:
    store = make_store(tmp_path)
    labels = {"labels": [text, "b"], "counts": [3, 4], "count": 7, "missing": 0, "other": 0}
    detail = {"reference": labels, "current": labels, "shift": {"label": text, "from": 0.1, "to": 0.9}}
    finding = {"finding": {"kind": text, "message": text}}
    columns = (column(text, 0.5, kind="categorical", detail=detail), column(text, None, score=None, detail=finding))
    raised = NewAlert("schema", Severity.CRITICAL, text)
    add(store, text, raised, columns=columns, monitor=text, path=text, error=text, status="error")
    app = opened(store)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        for key in ("enter", "enter", "j"):
            await press(pilot, key)
            shown = rendered(app)
            assert not {"\x1b", "\x07", "\u202e"} & set(shown)
            assert all(len(line) <= size[0] for line in shown.splitlines())
