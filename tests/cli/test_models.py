from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TRAIN = """
import mlops_tui as mlops
import pandas as pd
from sklearn.linear_model import LogisticRegression

rows = pd.DataFrame({"a": range(40), "b": [value % 7 for value in range(40)]})
for name, depth in (("first", 1), ("second", 2)):
    with mlops.start_run(run_name=name):
        mlops.log_param("depth", depth)
        mlops.log_metric("auc", 0.5 + depth / 10)
        model = LogisticRegression().fit(rows, rows["a"] > 20)
        assert not mlops.log_model(model, reference=rows).error
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two runs that have logged a model each."""
    directory = tmp_path_factory.mktemp("trained")
    (directory / "train.py").write_text(TRAIN)
    (directory / "mlops.toml").write_text("")
    subprocess.run([sys.executable, "train.py"], cwd=directory, check=True, timeout=120)
    return directory


@pytest.fixture(autouse=True)
def _copy(trained: Path, project: Path) -> None:
    shutil.copytree(trained, project, dirs_exist_ok=True)


@pytest.fixture
def two_versions(cli) -> None:
    for name in ("first", "second"):
        assert cli("models", "register", "churn", name).exit_code == 0


def test_a_runs_model_becomes_a_version_in_the_first_stage(cli) -> None:
    made = cli("models", "register", "churn", "second", "--alias", "champion", "--json").json
    assert (made["model"], made["version"], made["stage"], made["aliases"]) == ("churn", 1, "dev", ["champion"])
    assert made["lineage"]["params"] == {"depth": "2"}


def test_a_dry_run_of_registering_says_which_version_it_would_be_and_makes_none(cli) -> None:
    done = cli("models", "register", "churn", "second", "--alias", "champion", "--dry-run")
    assert done.stdout == "would register churn version 1 in dev\n"
    assert cli("models", "list", "--json").json == []
    assert cli("events", "--json").json == [] or "register" not in cli("events").stdout
    assert cli("models", "register", "churn", "nosuch", "--dry-run").exit_code == 2


def test_a_file_and_a_runs_artifact_become_versions(cli, project: Path) -> None:
    (project / "rule.py").write_text("def predict(frame):\n    return frame['a'] > 20\n")
    (project / "rows.csv").write_text("a,b\n1,2\n30,4\n")
    refused = cli("models", "register", "rule", "--file", "rule.py")
    assert refused.exit_code == 1
    assert "--allow-source" in refused.stderr
    told = ["--file", "rule.py", "--allow-source", "--example", "rows.csv", "--tag", "team=risk"]
    assert cli("models", "register", "rule", *told, "--dry-run").stdout == (
        "would register rule version 1 in dev (runs the source that it brings)\n"
    )
    made = cli("models", "register", "rule", *told, "--json").json
    assert (made["flavor"], made["runs"], made["tags"]) == ("function", "source", {"team": "risk"})
    assert [column["name"] for column in made["lineage"]["signature"]["inputs"]] == ["a", "b"]
    assert "function (!)" in cli("models", "list").stdout
    assert "runs the source" in cli("models", "show", "rule", "1").stdout
    logged = cli("models", "register", "churn", "first", "--artifact", "model/model.skops", "--json").json
    assert (logged["flavor"], logged["runs"], logged["lineage"]["params"]) == ("sklearn", None, {"depth": "1"})


def test_a_directory_of_mlflow_becomes_a_version_once(cli, project: Path) -> None:
    cli("models", "register", "churn", "first")
    exported = project / "given"
    for name in ("MLmodel", "model.skops", "requirements.txt"):
        assert cli("runs", "artifact", "first", f"model/{name}", "-o", str(exported / name)).exit_code == 0
    made = cli("models", "register", "churn", "--mlflow", "given", "--parent", "churn/1", "--json").json
    assert (made["version"], made["flavor"], made["lineage"]["parent"]) == (2, "sklearn", "churn/1")
    (exported / "leaves").symlink_to("/etc/hostname")
    refused = cli("models", "register", "churn", "--mlflow", "given")
    assert (refused.exit_code, "leaves" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    "words",
    [("--file", "a", "--mlflow", "b"), ("first", "--file", "a"), ("first", "--format", "onnx"),
     ("--file", "a", "--artifact", "b"), ("--file", "a", "--tag", "x"), ("--file", "a", "--format", "magic")],
)  # fmt: skip
def test_sources_and_options_that_do_not_go_together_are_usage_errors(cli, words: tuple[str, ...]) -> None:
    assert cli("models", "register", "churn", *words).exit_code == 2


def test_one_run_is_named_to_register_by_place_or_by_option(cli) -> None:
    assert cli("models", "register", "churn", "--run", "first").exit_code == 0
    assert cli("models", "register", "churn").exit_code == 2
    assert cli("models", "register", "churn", "first", "--run", "second").exit_code == 2


def test_a_run_without_a_model_cannot_be_registered(cli, project: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", "import mlops_tui as m\nwith m.start_run(run_name='plain'): m.log_metric('a', 1)"],
        check=True,
        timeout=60,
    )
    done = cli("models", "register", "churn", "plain")
    assert done.exit_code == 2
    assert done.stdout == ""


def test_models_are_listed_with_their_versions_and_stages(cli, two_versions) -> None:
    cli("models", "promote", "churn", "1", "--to", "production")
    [model] = cli("models", "list", "--json").json
    assert model["name"] == "churn"
    assert [(version["version"], version["stage"]) for version in model["versions"]] == [(2, "dev"), (1, "production")]
    assert model["stages"] == {"dev": [2], "production": [1]}
    assert "production" in cli("models", "list").stdout


def test_a_version_goes_up_one_stage_at_a_time(cli, two_versions) -> None:
    stages = [cli("models", "promote", "churn", "1", "--json").json["to_stage"] for _ in range(2)]
    assert stages == ["staging", "production"]


def test_a_dry_run_says_what_would_change_and_changes_nothing(cli, two_versions) -> None:
    cli("models", "promote", "churn", "1", "--to", "production")
    preview = cli("models", "promote", "churn", "2", "--to", "production", "--dry-run", "--json").json
    assert [move["version"] for move in preview["moves"]] == [2, 1]
    assert cli("models", "show", "churn", "2", "--json").json["stage"] == "dev"
    text = cli("models", "promote", "churn", "2", "--to", "production", "--dry-run").stdout
    assert text.startswith("nothing is changed")
    assert "auc" in text


def test_a_dry_run_refuses_what_would_be_refused_for_its_files(cli, two_versions, project: Path) -> None:
    for version in ("1", "2"):
        cli("models", "promote", "churn", version, "--to", "production")
    for path in (project / ".mlops" / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
    for words in (("promote", "churn", "1", "--to", "staging"), ("rollback", "churn")):
        trial, done = cli("models", *words, "--dry-run"), cli("models", *words)
        assert (trial.exit_code, trial.stdout, trial.stderr) == (1, "", done.stderr)
        assert "is gone from the store" in trial.stderr
    assert cli("models", "promote", "churn", "2", "--to", "archived", "--dry-run").exit_code == 0


def test_a_promotion_that_is_refused_exits_with_1_and_changes_nothing(cli, two_versions) -> None:
    cli("models", "promote", "churn", "1", "--to", "production")
    done = cli("models", "promote", "churn", "1", "--to", "production")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr


def test_an_unknown_stage_names_the_nearest(cli, two_versions) -> None:
    done = cli("models", "promote", "churn", "1", "--to", "prodction")
    assert done.exit_code == 2
    assert "production" in done.stderr


def test_an_unknown_model_names_the_nearest(cli, two_versions) -> None:
    done = cli("models", "show", "churm")
    assert done.exit_code == 2
    assert "'churn'" in done.stderr


@pytest.mark.parametrize("version", ["9", "nope", "0", "-1", "9" * 400])
def test_an_unknown_version_is_a_usage_error(cli, two_versions, version: str) -> None:
    done = cli("models", "show", "churn", "--", version)
    assert done.exit_code == 2
    assert "Traceback" not in done.stderr


def test_a_rollback_brings_the_former_version_back(cli, two_versions) -> None:
    for version in ("1", "2"):
        cli("models", "promote", "churn", version, "--to", "production", "--reason", "better")
    preview = cli("models", "rollback", "churn", "--dry-run", "--json").json
    assert preview["kind"] == "rollback"
    assert cli("models", "show", "churn", "production", "--json").json["version"] == 2
    assert cli("models", "rollback", "churn", "--json").json["version"] == 1
    assert cli("models", "show", "churn", "production", "--json").json["version"] == 1


def test_nothing_to_roll_back_is_refused(cli, two_versions) -> None:
    assert cli("models", "rollback", "churn").exit_code == 1


def test_the_history_has_every_change_newest_first(cli, two_versions) -> None:
    cli("models", "promote", "churn", "1", "--reason", "good\x1b[2J enough")
    changes = cli("models", "history", "churn", "--json").json
    assert [(change["version"], change["kind"], change["to_stage"]) for change in changes] == [
        (1, "promote", "staging"),
        (2, "register", "dev"),
        (1, "register", "dev"),
    ]
    assert changes[0]["reason"] == "good\x1b[2J enough"
    assert "\x1b" not in cli("models", "history", "churn").stdout


def test_an_alias_is_set_moved_used_and_removed(cli, two_versions) -> None:
    assert cli("models", "alias", "churn", "champion", "1", "--json").json["aliases"] == {"champion": 1}
    assert cli("models", "alias", "churn", "champion", "2", "--json").json["aliases"] == {"champion": 2}
    assert cli("models", "show", "churn", "@champion", "--json").json["version"] == 2
    assert cli("models", "show", "churn@champion", "--json").json["version"] == 2
    assert cli("models", "alias", "churn", "champion", "--remove", "--json").json["aliases"] == {}


def test_a_number_is_a_version_and_with_an_at_an_alias_first(cli, two_versions) -> None:
    cli("models", "alias", "churn", "2", "1")
    shown = [cli("models", "show", "churn", word, "--json").json["version"] for word in ("2", "@2", "v2", "@1")]
    assert shown == [2, 1, 2, 1]


def test_an_alias_needs_a_version_or_remove(cli, two_versions) -> None:
    assert cli("models", "alias", "churn", "champion").exit_code == 2
    assert cli("models", "alias", "churn", "champion", "1", "--remove").exit_code == 2


def test_names_of_models_and_runs_are_completed(program, two_versions) -> None:
    def completed(line: str) -> set[str]:
        words = line.split(" ")
        done = program(_MLOPS_TUI_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
        return {entry.partition(",")[2] for entry in done.stdout.splitlines() if entry}

    assert completed("mlops-tui models show ch") == {"churn"}
    assert completed("mlops-tui runs show ") == {"first", "second"}


def test_gates_are_checked_before_a_promotion(cli, project: Path, two_versions: None) -> None:
    (project / "mlops.toml").write_text('[gates.auc]\nkind = "metric"\nmetric = "auc"\nmin = 0.65\n')
    refused = cli("models", "gates", "churn", "1", "--to", "production", "--json")
    assert refused.exit_code == 1
    assert [(one["gate"], one["state"]) for one in refused.json] == [("auc", "failed")]
    assert cli("models", "gates", "churn", "2", "--to", "production").exit_code == 0
    preview = cli("models", "promote", "churn", "1", "--to", "production", "--dry-run", "--json")
    assert preview.exit_code == 1
    assert preview.json["gates"] == [{**refused.json[0], "is_recorded": True}]
    told = cli("models", "promote", "churn", "1", "--to", "production")
    assert told.exit_code == 1
    assert "auc 0.6 is under 0.65" in told.stderr
    assert cli("models", "promote", "churn", "1", "--to", "production", "--override", "nothing else").exit_code == 0
    assert cli("models", "promote", "churn", "2", "--to", "production").exit_code == 0


def test_a_stage_without_gates_says_how_to_set_some_up(cli, two_versions: None) -> None:
    told = cli("models", "gates", "churn", "1")
    assert told.exit_code == 0
    assert "[gates.NAME]" in told.stderr


def test_an_approval_is_asked_for_and_listed(cli, project: Path, two_versions: None) -> None:
    (project / "mlops.toml").write_text('[gates.people]\nkind = "approval"\nfour_eyes = false\n')
    assert cli("models", "approvals", "--json").json == []
    assert cli("models", "promote", "churn", "2", "--to", "production").exit_code == 1
    asked = cli("models", "request", "churn", "2", "--to", "production", "--reason", "please", "--json").json
    assert (asked["state"], asked["acts"][0]["reason"]) == ("waiting", "please")
    assert [one["state"] for one in cli("models", "approvals", "--json").json] == ["waiting"]
    assert "0 of 1 approved" in cli("models", "approvals").stdout
    assert cli("models", "reject", "churn", "2", "--to", "production").exit_code == 2
    assert cli("models", "approve", "churn", "2", "--to", "production", "--json").json["state"] == "approved"
    assert cli("models", "promote", "churn", "2", "--to", "production").exit_code == 0
    assert cli("models", "approvals", "--json").json == []
    assert [one["state"] for one in cli("models", "approvals", "--all", "--json").json] == ["done"]
