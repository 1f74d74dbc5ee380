"""``models board``, ``models history`` and the whole of ``models show``."""

from __future__ import annotations

from pathlib import Path

import pytest
from registry_builders import CONFIG, make_version

from mlops_store.store import Store
from mlops_tui.registry import aliases, stages


@pytest.fixture
def two_models(store: Store) -> Store:
    """Two versions of churn, one in production; one of price."""
    make_version(store, values={"auc": 0.9})
    make_version(store, values={"auc": 0.8})
    make_version(store, "price")
    stages.promote(store, CONFIG, "churn", 1, "production", reason="go\x1b[2J live")
    aliases.set(store, "churn", "champion", 1)
    return store


def test_the_board_has_every_stage_with_its_cards(cli, two_models) -> None:
    columns = cli("models", "board", "--json").json
    assert [(one["stage"], one["count"]) for one in columns] == [
        ("dev", 2),
        ("staging", 0),
        ("production", 1),
        ("archived", 0),
    ]
    (card,) = columns[2]["cards"]
    assert (card["model"], card["version"], card["metric"], card["value"]) == ("churn", 1, "auc", 0.9)
    assert card["aliases"] == ["champion"]
    narrow = cli("models", "board", "price", "--json").json
    assert [one["count"] for one in narrow] == [1, 0, 0, 0]
    told = cli("models", "board", "-n", "1")
    assert "champion" in told.stdout
    assert "1 more in dev" in told.stderr


def test_an_empty_board_says_so(cli, project: Path) -> None:
    outcome = cli("models", "board")
    assert (outcome.exit_code, outcome.stdout) == (0, "")
    assert "no versions" in outcome.stderr
    assert cli("models", "history").exit_code == 0


def test_the_history_is_narrowed_by_model_kind_words_and_number(cli, two_models) -> None:
    acts = cli("models", "history", "--json").json
    assert [(act["model"], act["action"]) for act in acts] == [
        ("churn", "alias.set"),
        ("churn", "model.promote"),
        ("price", "model.register"),
        ("churn", "model.register"),
        ("churn", "model.register"),
    ]
    assert [act["kind"] for act in cli("models", "history", "churn", "--kind", "aliases", "--json").json] == ["set"]
    assert len(cli("models", "history", "churn", "-n", "2", "--json").json) == 2
    (promoted,) = cli("models", "history", "--find", "live", "--json").json
    assert (promoted["from_stage"], promoted["to_stage"], promoted["text"]) == (
        "dev",
        "production",
        "v1 dev -> production",
    )
    shown = cli("models", "history", "churn").stdout
    assert "v1 dev -> production" in shown
    assert "\x1b" not in shown
    assert cli("models", "history", "chrun").exit_code == 2


def test_a_version_as_json_has_all_that_is_known_of_it(cli, two_models) -> None:
    found = cli("models", "show", "churn", "2", "--json").json
    assert found["compared"] == {
        "holder": 1,
        "stage": "production",
        "metrics": [{"key": "auc", "value": 0.8, "holder": 0.9, "verdict": "worse"}],
    }
    assert [one["path"] for one in found["files"]] == ["mlops.json", "model.skops"]
    assert all(one["is_there"] for one in found["files"])
    assert [act["action"] for act in found["history"]] == ["model.register"]
    assert (found["gates"], found["approvals"], found["run_status"]) == ([], [], "FINISHED")
