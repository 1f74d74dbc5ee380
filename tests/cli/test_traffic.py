"""``mlops-tui traffic``: the split of a model, changed and shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from registry_builders import CONFIG, make_store, make_version

from mlops_store import traffic_counts
from mlops_store.records import Tally
from mlops_tui.registry import stages


@pytest.fixture(autouse=True)
def _registered(project: Path) -> None:
    with make_store(project) as store:
        for _ in range(3):
            make_version(store)
        stages.promote(store, CONFIG, "churn", 1, "production")


def test_a_split_is_set_shown_paused_and_ended(cli) -> None:
    assert cli("traffic", "show").stderr.startswith("the requests for no model are shared out")
    dry = cli("traffic", "set", "churn", "2=10", "--dry-run")
    assert dry.stdout.startswith("nothing is changed; it would be:\n")
    assert cli("traffic", "show", "--json").json == []
    made = cli("traffic", "set", "churn", "2=10%", "--key", "header X-User", "--reason", "try it", "--json").json
    assert (made["weights"], made["versions"], made["dry_run"]) == ({"2": 10.0}, {"production": 1, "2": 2}, False)
    cli("traffic", "shadow", "churn", "3")
    shown = cli("traffic", "show", "churn").stdout
    for said in ("key    header x-user", "production        1  stable        90%", "copies"):
        assert said in shown
    assert "paused: a look" in cli("traffic", "pause", "churn", "--reason", "a look").stdout
    assert cli("traffic", "pause", "churn").exit_code == 1
    assert cli("traffic", "resume", "churn").exit_code == 0
    assert cli("traffic", "rollback", "churn", "2", "--json").json["weights"] == {"2": 0.0}
    assert cli("traffic", "end", "churn").stdout == "all requests for churn go to production\n"
    history = cli("traffic", "history", "churn", "--json").json
    assert [entry["action"].partition(".")[2] for entry in history] == [
        "end", "rollback", "resume", "pause", "shadow", "set",
    ]  # fmt: skip
    assert "try it" in cli("traffic", "history", "churn").stdout
    assert "traffic.rollback" in cli("audit", "list").stdout


def test_a_verdict_says_which_version_is_better_and_on_what_that_rests(cli, project: Path) -> None:
    cli("traffic", "set", "churn", "2=50")
    undecided = cli("traffic", "verdict", "churn")
    assert undecided.stdout.startswith("not yet: more requests are needed\n")
    with make_store(project) as store, store.write() as db:
        period = traffic_counts.begin_period(db, "churn", trial=1, candidate=2, stable=1, share=0.5, at=1.0)
        traffic_counts.add_tally(db, period, is_candidate=True, tally=Tally(1_000, 2, 1_000, -5_000.0, 25_010.0))
        traffic_counts.add_tally(db, period, is_candidate=False, tally=Tally(1_010, 60, 1_010, -5_050.0, 25_260.0))
    shown = cli("traffic", "verdict", "churn").stdout.splitlines()
    assert shown[0] == "version 2 is better than version 1"
    assert "0.200% of 1,000 requests" in shown[2]
    (found,) = cli("traffic", "verdict", "churn", "--json").json
    assert (found["state"], found["requests"], found["against_requests"]) == ("candidate better", 1_000, 1_010)
    assert 0 < found["low"] < found["ratio"] < found["high"] < 1
    (project / "mlops.toml").write_text('[traffic.churn]\ntest = "latency"\n')
    (timed,) = cli("traffic", "verdict", "churn", "--json").json
    assert (timed["test"], timed["state"]) == ("latency", "no difference")


def test_bad_words_are_answered(cli) -> None:
    for arguments, code, words in (
        (("set", "churn"), 2, "nothing is to be changed"),
        (("set", "churn", "2"), 2, "no share"),
        (("set", "churn", "=2"), 2, "no share"),
        (("set", "churn", "2=many"), 2, "no share"),
        (("set", "churn", "4=1"), 2, "version 4"),
        (("show", "chrun"), 2, "churn"),
        (("set", "churn", "2=1", "--remove", "3"), 2, "not shared out"),
    ):
        done = cli("traffic", *arguments)
        assert (done.exit_code, done.stdout) == (code, "")
        assert words in done.stderr
