from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from mlops_store import ids, metrics, runs
from mlops_store.store import Store

HOSTILE = "[bold]x[/]\x1b[2J\n\u202e" + "y" * 10_000


@pytest.fixture
def record(store: Store) -> Callable[..., str]:
    """Records a finished run and returns its id."""
    clock = iter(range(1_000_000_000, 2_000_000_000, 60))

    def add(name: str, *, experiment: str = "default", values: dict[str, float] | None = None, **params: Any) -> str:
        run_id, started_at = ids.new_id(), float(next(clock))
        with store.write() as db:
            runs.create(db, run_id=run_id, name=name, experiment=experiment, started_at=started_at)
            runs.set_params(db, run_id, params)
            metrics.write(db, run_id, [(key, 0, started_at, value) for key, value in (values or {}).items()])
            runs.finish(db, run_id, "FINISHED", started_at + 30.0, exit_code=0)
        return run_id

    return add


def test_runs_are_listed_newest_first_in_the_fixed_shape(cli, record) -> None:
    record("old", values={"auc": 0.8}, depth=3)
    new = record("new", experiment="churn")
    listed = cli("runs", "list", "--json").json
    assert [run["name"] for run in listed] == ["new", "old"]
    assert listed[0]["run_id"] == new
    assert listed[0]["experiment"] == "churn"
    old = listed[1]
    assert (old["status"], old["duration_s"], old["params"], old["metrics"], old["tags"]) == (
        "FINISHED",
        30.0,
        {"depth": "3"},
        {"auc": 0.8},
        {},
    )
    assert old["started_at"] == 1_000_000_000.0
    assert {"run_id", "kind", "ended_at", "parent_run_id", "user", "host", "git_commit", "exit_code"} <= old.keys()


def test_nothing_recorded_is_an_empty_array(cli) -> None:
    assert cli("runs", "list", "--json").json == []


def test_a_filter_keeps_the_runs_that_match(cli, record) -> None:
    record("good", values={"auc": 0.9})
    record("bad", values={"auc": 0.5})
    listed = cli("runs", "list", "--json", "--filter", "metrics.auc > 0.8").json
    assert [run["name"] for run in listed] == ["good"]


def test_a_filter_that_is_not_understood_is_an_error_and_shows_where(cli, record) -> None:
    record("a")
    done = cli("runs", "list", "--filter", "metrics.auc >> 3")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "metrics.auc >> 3" in done.stderr
    assert "^" in done.stderr


def test_a_filter_is_checked_in_an_empty_directory_too(cli) -> None:
    assert cli("runs", "list", "--filter", "metrics.auc >").exit_code == 2


def test_runs_are_sorted_by_a_metric_without_a_value_last(cli, record) -> None:
    for name, values in (("middle", {"auc": 0.5}), ("none", {}), ("best", {"auc": 0.9}), ("worst", {"auc": 0.1})):
        record(name, values=values)
    names = [run["name"] for run in cli("runs", "list", "--json", "--sort", "-metrics.auc").json]
    assert names == ["best", "middle", "worst", "none"]
    names = [run["name"] for run in cli("runs", "list", "--json", "--sort", "metrics.auc").json]
    assert names == ["worst", "middle", "best", "none"]


def test_an_unknown_sort_key_is_a_usage_error(cli, record) -> None:
    record("a")
    done = cli("runs", "list", "--sort", "durration")
    assert done.exit_code == 2
    assert "did you mean 'duration'?" in done.stderr


def test_a_text_list_that_was_cut_says_so_on_stderr(cli, record) -> None:
    for number in range(3):
        record(f"run-{number}")
    done = cli("runs", "list", "--limit", "2")
    assert len(done.stdout.splitlines()) == 3
    assert "2 of 3 runs" in done.stderr


def test_an_unknown_experiment_names_the_nearest(cli, record) -> None:
    record("a", experiment="churn")
    done = cli("runs", "list", "--experiment", "chrun")
    assert done.exit_code == 2
    assert "did you mean 'churn'?" in done.stderr


def test_a_hostile_name_stays_on_its_line_and_is_json_unchanged(cli, record) -> None:
    record(HOSTILE)
    text = cli("runs", "list").stdout
    assert len(text.splitlines()) == 2
    assert "\x1b" not in text
    assert len(text) < 1000
    assert cli("runs", "list", "--json").json[0]["name"] == HOSTILE


def test_metrics_that_are_no_numbers_are_mlflows_strings(cli, record) -> None:
    record("odd", values={"a": math.nan, "b": math.inf, "c": -math.inf})
    assert cli("runs", "list", "--json").json[0]["metrics"] == {"a": "NaN", "b": "Infinity", "c": "-Infinity"}


def test_a_history_is_an_array_of_points(cli, store: Store, record) -> None:
    run_id = record("a")
    with store.write() as db:
        metrics.write(db, run_id, [("loss", step, 1e9 + step, 1 / (step + 1)) for step in range(3)])
    assert cli("runs", "history", "a", "loss", "--json").json == [
        {"step": 0, "timestamp": 1e9, "value": 1.0},
        {"step": 1, "timestamp": 1e9 + 1, "value": 0.5},
        {"step": 2, "timestamp": 1e9 + 2, "value": 1 / 3},
    ]


def test_an_unknown_metric_names_the_nearest(cli, record) -> None:
    record("a", values={"train_loss": 1.0})
    done = cli("runs", "history", "a", "train_los")
    assert done.exit_code == 2
    assert "did you mean 'train_loss'?" in done.stderr


def test_a_run_is_found_by_id_by_its_digits_and_by_name(cli, record) -> None:
    run_id = record("forest")
    for text in (run_id, run_id[-8:], "forest"):
        assert cli("runs", "show", text, "--json").json["run_id"] == run_id


def test_an_unknown_run_names_the_nearest(cli, record) -> None:
    record("forest")
    done = cli("runs", "show", "forrest")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "did you mean 'forest'?" in done.stderr


def test_a_run_is_shown_with_the_range_of_its_metrics(cli, store: Store, record) -> None:
    run_id = record("a", depth=3)
    with store.write() as db:
        metrics.write(db, run_id, [("loss", step, 1e9, value) for step, value in enumerate((3.0, 1.0, math.nan, 2.0))])
    summary = cli("runs", "show", "a", "--json").json["metric_summaries"]["loss"]
    assert (summary["last"], summary["min"], summary["max"], summary["mean"]) == (2.0, 1.0, 3.0, 2.0)
    assert (summary["count"], summary["nan_count"]) == (4, 1)
    text = cli("runs", "show", "a").stdout
    assert "depth  3" in text


def test_runs_are_compared_side_by_side(cli, record) -> None:
    first = record("a", values={"auc": 0.8, "loss": 0.5}, depth=3, trees=100)
    second = record("b", values={"auc": 0.9, "loss": 0.5}, depth=5, trees=100)
    compared = cli("runs", "compare", "a", "b", "--json").json
    assert [run["run_id"] for run in compared["runs"]] == [first, second]
    assert compared["baseline"] == first
    auc, loss = compared["metrics"]
    assert (auc["values"], auc["best"], auc["is_same"]) == ([0.8, 0.9], [second], False)
    assert loss["is_same"]
    depth, _ = compared["params"]
    assert depth == {"key": "depth", "values": ["3", "5"], "is_same": False}
    text = cli("runs", "compare", "a", "b").stdout
    assert "0.9 (+0.1) *" in text
    assert "trees" not in text
    assert "trees" in cli("runs", "compare", "a", "b", "--all").stdout


def test_one_run_cannot_be_compared(cli, record) -> None:
    record("a")
    assert cli("runs", "compare", "a", "a").exit_code == 2


def test_tags_are_set_changed_and_removed(cli, record) -> None:
    record("a")
    assert cli("runs", "tag", "a", "team=risk", "note=a=b", "--json").json["tags"] == {"team": "risk", "note": "a=b"}
    assert cli("runs", "tag", "a", "team=fraud", "--remove", "note", "--json").json["tags"] == {"team": "fraud"}


def test_a_tag_without_a_value_is_a_usage_error(cli, record) -> None:
    record("a")
    assert cli("runs", "tag", "a", "team").exit_code == 2


def test_a_note_is_kept_with_its_author(cli, record) -> None:
    record("a")
    assert cli("runs", "note", "a", "looks\x1b[31m good").exit_code == 0
    [note] = cli("runs", "show", "a", "--json").json["notes"]
    assert note["body"] == "looks\x1b[31m good"
    assert note["author"]
    assert "\x1b" not in cli("runs", "show", "a").stdout


def test_a_note_may_begin_with_a_dash(cli, record) -> None:
    record("a")
    assert cli("runs", "note", "a", "-5 % against last week").exit_code == 0


def test_what_a_note_says_is_not_taken_for_options(cli, record) -> None:
    record("a")
    assert cli("runs", "note", "a", "-5 % higher than --json", "--json").json["body"] == "-5 % higher than --json"


def test_a_filter_chooses_the_runs_that_are_changed(cli, record) -> None:
    good, bad, worse = (
        record(name, values={"auc": auc}) for name, auc in (("good", 0.9), ("bad", 0.4), ("worse", 0.3))
    )
    poor = ("--filter", "metrics.auc < 0.5")
    shown = cli("runs", "delete", *poor, "--dry-run")
    assert shown.exit_code == 0
    assert "2 runs would be deleted" in shown.stdout
    assert cli("runs", "tag", *poor, "verdict=poor", "--json").json["run_ids"] == [worse, bad]
    assert cli("runs", "note", *poor, "-too").exit_code == 2  # taken for an option
    assert cli("runs", "note", *poor, "-too little data").exit_code == 0
    assert cli("runs", "list", "--filter", "tags.verdict = 'poor'", "--json").json[0]["run_id"] == worse
    assert cli("runs", "show", "bad", "--json").json["notes"][0]["body"] == "-too little data"
    for verb, back in (("archive", "unarchive"), ("delete", "restore")):
        assert cli("runs", verb, *poor, "--json").json == {"run_ids": [worse, bad], "act": verb, "dry_run": False}
        assert [run["run_id"] for run in cli("runs", "list", "--json").json] == [good]
        assert "0 runs" in cli("runs", verb, *poor).stdout
        assert "2 runs" in cli("runs", back, *poor).stdout
        assert len(cli("runs", "list", "--json").json) == 3


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "delete", "--filter", " "),
        ("runs", "delete", "--filter", "metrics.x >"),
        ("runs", "delete", "a", "--filter", "metrics.auc > 0"),
        ("runs", "delete"),
        ("runs", "archive", "--experiment", "nope"),
        ("runs", "tag", "--filter", "metrics.auc > 0"),
        ("runs", "note", "only a text"),
    ],
)
def test_what_does_not_say_which_runs_changes_none(cli, record, words: tuple[str, ...]) -> None:
    record("a", values={"auc": 0.5})
    assert cli(*words).exit_code == 2
    assert len(cli("runs", "list", "--json").json) == 1


def test_many_changed_runs_are_counted_rather_than_named(cli, record) -> None:
    for place in range(12):
        record(f"r{place}")
    told = cli("runs", "archive", "--filter", "name LIKE 'r%'", "--dry-run").stdout.splitlines()
    assert told[-2:] == ["and 2 more", "12 runs would be archived"]
    assert len(told) == 12


def test_several_runs_are_tagged_at_once(cli, record) -> None:
    ids = [record("a"), record("b")]
    assert cli("runs", "tag", "a", "b", "team=risk", "--dry-run").stdout.endswith("2 runs would be tagged\n")
    assert cli("runs", "tag", "a", "b", "team=risk", "--json").json["run_ids"] == ids


def test_an_empty_note_is_a_usage_error(cli, record) -> None:
    record("a")
    assert cli("runs", "note", "a", "  ").exit_code == 2


def test_deleted_runs_are_gone_until_they_are_restored(cli, record) -> None:
    kept, gone = record("kept"), record("gone")
    assert cli("runs", "delete", "gone").exit_code == 0
    assert [run["run_id"] for run in cli("runs", "list", "--json").json] == [kept]
    assert {run["run_id"] for run in cli("runs", "list", "--json", "--deleted").json} == {kept, gone}
    assert cli("runs", "restore", "gone").exit_code == 0
    assert len(cli("runs", "list", "--json").json) == 2


def test_a_dry_run_deletes_nothing(cli, record) -> None:
    record("a")
    done = cli("runs", "delete", "a", "--dry-run")
    assert "would be deleted" in done.stdout
    assert len(cli("runs", "list", "--json").json) == 1


def test_one_unknown_run_of_several_deletes_none(cli, record) -> None:
    record("a")
    assert cli("runs", "delete", "a", "nope").exit_code == 2
    assert len(cli("runs", "list", "--json").json) == 1


def test_archived_runs_are_listed_when_asked_for(cli, record) -> None:
    record("a")
    cli("runs", "archive", "a")
    assert cli("runs", "list", "--json").json == []
    assert len(cli("runs", "list", "--json", "--archived").json) == 1
    cli("runs", "unarchive", "a")
    assert len(cli("runs", "list", "--json").json) == 1


def test_a_long_name_of_a_metric_does_not_push_its_numbers_away(cli, record) -> None:
    record("a", values={"m" * 500: 0.25})
    (line,) = [line for line in cli("runs", "show", "a").stdout.splitlines() if line.startswith("mmm")]
    assert line.split()[1] == "0.25"
    assert len(line) < 120


def test_a_damaged_store_is_called_so(cli, record, store: Store) -> None:
    record("a")
    with store.write() as db:
        db.execute("UPDATE runs SET name = CAST(x'ff' AS TEXT)")
    listed = cli("runs", "list")
    assert (listed.exit_code, "is damaged" in listed.stderr, "traceback" in listed.stderr) == (1, True, False)


def test_lists_longer_than_a_window_are_whole(cli, store: Store) -> None:
    with store.write() as db:
        for number in range(1203):
            runs.create(db, run_id=ids.new_id(), name=str(number), experiment="e", started_at=float(number))
    names = [run["name"] for run in cli("runs", "list", "--json").json]
    assert names == [str(number) for number in reversed(range(1203))]


def test_what_a_script_has_logged_is_listed_at_once(cli, program, project) -> None:
    (project / "train.py").write_text(
        "import mlops_tui as mlops\n"
        "with mlops.start_run(run_name='scripted'):\n"
        "    mlops.log_param('depth', 3)\n"
        "    mlops.log_metric('loss', 0.25, step=7)\n"
    )
    import subprocess
    import sys

    subprocess.run([sys.executable, "train.py"], check=True, timeout=60)
    [run] = cli("runs", "list", "--json").json
    assert (run["name"], run["status"]) == ("scripted", "FINISHED")
    assert run["params"]["depth"] == "3"
    assert run["metrics"]["loss"] == 0.25
