from __future__ import annotations

import os
from pathlib import Path

import pytest

CONFIG = """
[monitors.web]
watch = ["incoming/*.csv"]
reference = "reference.csv"
"""


def batch(shift: int, rows: int = 200) -> str:
    return "amount,age\n" + "".join(f"{(value * 7919) % 101 + shift},{(value * 31) % 60}\n" for value in range(rows))


@pytest.fixture(autouse=True)
def monitored(project: Path) -> None:
    """A monitor with a reference, a batch like it and a batch that is shifted."""
    (project / "mlops.toml").write_text(CONFIG)
    (project / "reference.csv").write_text(batch(0))
    (project / "incoming").mkdir()
    (project / "incoming" / "same.csv").write_text(batch(0))
    (project / "incoming" / "shifted.csv").write_text(batch(60))


def test_new_batches_are_checked_once(cli) -> None:
    first = {report["batch"]: report for report in cli("drift", "check", "--json").json}
    assert [first[name]["status"] for name in ("incoming/same.csv", "incoming/shifted.csv")] == ["ok", "drift"]
    columns = {column["column"]: column for column in first["incoming/shifted.csv"]["columns"]}
    assert columns["amount"]["is_drifted"]
    assert not columns["age"]["is_drifted"]
    assert cli("drift", "check", "--json").json == []


def test_a_check_says_which_incidents_it_opened(cli) -> None:
    done = cli("drift", "check")
    assert "incident 1 opened: 1 of 2 columns drifted: amount" in done.stderr


def test_a_monitor_that_cannot_be_checked_holds_up_no_other(cli, project: Path) -> None:
    broken = "".join(f'[monitors.{name}]\nquery = "SELECT 1"\ndatabase = "{name}.db"\n' for name in ("a", "b"))
    (project / "mlops.toml").write_text(broken.replace('db"\n', 'db"\nreference = "train.csv"\n') + CONFIG)
    done = cli("drift", "check")
    assert done.exit_code == 2
    assert "incoming/shifted.csv" in done.stdout
    told = (
        "incident 1 opened",
        "monitors.b.database: b.db is not there",
        "mlops-tui: monitors.a.database: a.db is not",
    )
    assert [line for line in told if line not in done.stderr] == []


def test_a_dry_run_names_what_would_be_checked_and_makes_nothing(cli, project: Path) -> None:
    done = cli("drift", "check", "--dry-run")
    assert done.stdout == "would check incoming/same.csv by web\nwould check incoming/shifted.csv by web\n"
    assert not (project / ".mlops").exists()
    cli("drift", "check")
    assert cli("drift", "check", "--dry-run", "--json").json == []
    path = str(project / "incoming" / "same.csv")
    assert cli("drift", "check", path, "--dry-run", "--json").json == []
    assert cli("drift", "check", path, "--force", "--dry-run", "--json").json == [
        {"monitor": "web", "batch": "incoming/same.csv"}
    ]


def test_a_dry_run_of_acknowledging_changes_nothing(cli) -> None:
    cli("drift", "check")
    [incident] = cli("drift", "incidents", "--json").json
    done = cli("drift", "incidents", "ack", str(incident["incident_id"]), "--dry-run")
    assert "would be acknowledged" in done.stdout
    assert [one["state"] for one in cli("drift", "list", "--json").json] == ["open"]


def test_a_file_can_be_named_and_checked_again(cli, project: Path) -> None:
    cli("drift", "check")
    path = str(project / "incoming" / "same.csv")
    assert cli("drift", "check", path, "--json").json == []
    [report] = cli("drift", "check", path, "--force", "--json").json
    assert report["batch"] == "incoming/same.csv"


def test_of_the_alerts_of_an_incident_the_newest_is_listed(cli, project: Path) -> None:
    again = project / "incoming" / "again.csv"
    again.write_bytes((project / "incoming" / "shifted.csv").read_bytes())
    os.utime(again, (2, 2))
    cli("drift", "check")
    [alert] = cli("drift", "list", "--json").json
    assert alert["windows"] == 2
    each = cli("drift", "list", "--each", "--json").json
    assert len(each) == 2
    assert alert["alert_id"] == max(one["alert_id"] for one in each)


def test_drift_ends_with_0_unless_told_otherwise(cli) -> None:
    assert cli("drift", "check").exit_code == 0
    assert cli("drift", "check", "--force", "--fail-on-drift").exit_code == 1


def test_alerts_are_listed_in_the_fixed_shape(cli) -> None:
    assert cli("drift", "list", "--json").json == []
    cli("drift", "check")
    [alert] = cli("drift", "list", "--json").json
    assert (alert["monitor"], alert["batch"], alert["kind"], alert["state"]) == (
        "web",
        "incoming/shifted.csv",
        "data_drift",
        "open",
    )
    assert {"alert_id", "report_id", "severity", "title", "opened_at", "acknowledged_by"} <= alert.keys()


def test_an_alert_is_shown_with_the_columns_that_moved(cli) -> None:
    cli("drift", "check")
    shown = cli("drift", "show", "1", "--json").json
    assert shown["report"]["drifted_columns"] == 1
    assert {column["column"] for column in shown["report"]["columns"]} == {"amount", "age"}
    text = cli("drift", "show", "1").stdout
    assert "amount" in text
    assert "age" not in text.split("column", 1)[1]
    assert "age" in cli("drift", "show", "1", "--all").stdout


def test_an_acknowledged_incident_says_by_whom(cli) -> None:
    cli("drift", "check")
    [incident] = cli("drift", "incidents", "ack", "1", "--json").json
    assert incident["state"] == "acknowledged"
    assert incident["acknowledged_by"]
    [alert] = cli("drift", "list", "--json").json
    assert (alert["state"], alert["incident_id"]) == ("acknowledged", 1)
    assert cli("drift", "incidents", "ack", "--all").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("incidents", "ack", "99"),
        ("show", "99"),
        ("incidents", "ack"),
        ("incidents", "ack", "1", "--all"),
        ("show", "x"),
        ("incidents", "show", "9" * 40),
        ("incidents", "snooze", "1", "--until", "yesterday"),
        ("incidents", "snooze", "1", "--until", "soon"),
        ("incidents", "mute", "1", "--column", "other_*"),
        ("incidents", "comment", "1", " "),
    ],
)
def test_an_alert_that_is_not_there_is_a_usage_error(cli, arguments: tuple[str, ...]) -> None:
    cli("drift", "check")
    done = cli("drift", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")


def test_one_unknown_alert_of_several_acknowledges_none(cli) -> None:
    cli("drift", "check")
    assert cli("drift", "incidents", "ack", "1", "99").exit_code == 2
    assert cli("drift", "list", "--json").json[0]["state"] == "open"


def test_what_is_done_about_an_incident_stands_in_its_history(cli) -> None:
    cli("drift", "check")
    cli("drift", "incidents", "assign", "1", "--to", "ana")
    cli("drift", "incidents", "comment", "1", "- the price list is new")
    [snoozed] = cli("drift", "incidents", "snooze", "1", "--until", "2h", "--json").json
    assert (snoozed["state"], snoozed["assignee"]) == ("snoozed", "ana")
    cli("drift", "incidents", "resolve", "1", "--reason", "the pipeline was fixed")
    assert cli("drift", "incidents", "--json").json == []
    assert [one["state"] for one in cli("drift", "incidents", "--all", "--json").json] == ["resolved"]
    cli("drift", "incidents", "reopen", "1")
    shown = cli("drift", "incidents", "show", "1", "--json").json
    kinds = ["opened", "assigned", "commented", "snoozed", "resolved", "reopened"]
    assert [entry["kind"] for entry in shown["history"]] == kinds
    assert [alert["batch"] for alert in shown["alerts"]] == ["incoming/shifted.csv"]
    text = cli("drift", "incidents", "show", "1").stdout
    assert "- the price list is new" in text
    assert "importances unknown × effect" in text


def test_a_muted_incident_is_a_rule_in_the_project_s_file(cli, project: Path) -> None:
    (project / "mlops.toml").write_text(CONFIG + "# as agreed\n")
    cli("drift", "check")
    assert "mute" not in cli("drift", "incidents", "mute", "1", "--dry-run").stderr
    assert (project / "mlops.toml").read_text() == CONFIG + "# as agreed\n"
    [muted] = cli("drift", "incidents", "mute", "1", "--json").json
    assert (muted["state"], muted["muted_by"]) == ("muted", "column amount")
    text = (project / "mlops.toml").read_text()
    assert 'mute = [{column = "amount"}]' in text
    assert "# as agreed" in text
    (project / "incoming" / "next.csv").write_text(batch(61))
    cli("drift", "check")
    assert cli("drift", "incidents", "--json").json == []
    assert cli("drift", "incidents", "reopen", "1").exit_code == 1
    assert cli("drift", "incidents", "unmute", "1").exit_code == 0
    assert "mute" not in (project / "mlops.toml").read_text()
    assert [one["state"] for one in cli("drift", "incidents", "--json").json] == ["open"]


def test_reports_are_listed_newest_first_and_one_is_shown(cli) -> None:
    cli("drift", "check")
    listed = cli("drift", "reports", "--json").json
    assert [report["report_id"] for report in listed] == [2, 1]
    assert "columns" not in listed[0]
    assert cli("drift", "reports", "2", "--json").json["columns"]


def test_a_project_without_monitors_says_how_to_make_one(cli, project: Path) -> None:
    (project / "mlops.toml").write_text("")
    done = cli("drift", "check")
    assert done.exit_code == 2
    assert "[monitors.NAME]" in done.stderr


def test_an_unknown_monitor_names_the_nearest(cli) -> None:
    done = cli("drift", "check", "--monitor", "wbe")
    assert done.exit_code == 2
    assert "'web'" in done.stderr


def test_a_file_that_is_not_there_is_a_usage_error(cli) -> None:
    assert cli("drift", "check", "incoming/nope.csv").exit_code == 2


def test_an_unreadable_batch_is_an_alert_and_no_traceback(cli, project: Path) -> None:
    (project / "incoming" / "broken.csv").write_bytes(b"\x00\xff" * 500)
    done = cli("drift", "check", "--json", "--fail-on-drift")
    assert done.exit_code == 1
    assert {report["batch"]: report["status"] for report in done.json}["incoming/broken.csv"] != "ok"


def test_a_configuration_that_is_broken_names_its_line(cli, project: Path) -> None:
    (project / "mlops.toml").write_text("[monitors.web]\nwatch = [\n")
    done = cli("drift", "check")
    assert done.exit_code == 2
    assert "mlops.toml:" in done.stderr


def test_the_heat_table_has_a_line_for_each_column(cli) -> None:
    assert cli("drift", "heat").exit_code == 2
    cli("drift", "check")
    done = cli("drift", "heat")
    assert done.stdout.splitlines() == ["amount  .5", "age     .."]
    [amount] = cli("drift", "heat", "amo", "--json").json["columns"]
    assert amount["states"] == ["steady", "drifted"]
    assert cli("drift", "heat", "--json").json["windows"][1]["batch"] == "incoming/shifted.csv"
    assert cli("drift", "heat", "-m", "wbe").exit_code == 2


def test_other_settings_are_tried_before_they_are_saved(cli, project: Path) -> None:
    (project / "mlops.toml").write_text(CONFIG + "# as agreed\n")
    cli("drift", "check")
    tried = cli("drift", "backtest", "--set", "alert=2 of 2", "--json").json
    assert [(one["settings"], one["incidents"]) for one in tried] == [("", 1), ("alert=2 of 2", 0)]
    assert cli("drift", "backtest", "--set", "alert=2 of 2", "--save", "--dry-run").exit_code == 0
    assert (project / "mlops.toml").read_text() == CONFIG + "# as agreed\n"
    assert cli("drift", "backtest", "--set", "alert=2 of 2", "--save").exit_code == 0
    assert 'alert = "2 of 2"' in (project / "mlops.toml").read_text()
    assert "# as agreed" in (project / "mlops.toml").read_text()
    for arguments in (("--save",), ("--set", "target=x"), ("-m", "wbe"), ("--set", "alert=x")):
        done = cli("drift", "backtest", *arguments)
        assert (done.exit_code, done.stdout) == (2, "")


def test_measures_of_the_newest_windows_are_listed_by_words(cli) -> None:
    cli("drift", "check")
    found = cli("drift", "measures", "row_count", "--json").json
    assert [(one["batch"], one["name"], one["value"]) for one in found] == [
        ("incoming/same.csv", "row_count", 200.0),
        ("incoming/shifted.csv", "row_count", 200.0),
    ]
    assert "row_count" in cli("drift", "measures", "-n", "1").stdout
    assert cli("drift", "measures", "nothing").stderr == "no measures\n"
    assert cli("drift", "measures", "-m", "wbe").exit_code == 2
