"""``mlops-tui data``: lists, versions, differences, restoring, and what each prints for machines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from data_builders import DataProject

Cli = Callable[..., Any]


@pytest.fixture
def data(project: Path) -> DataProject:
    """A tracked table of which two runs used a version each; the newer one lies there."""
    (project / "mlops.toml").write_text("")
    data = DataProject(project)
    old = data.keep("raw/t.csv", "x,y\n1,a\n2,b\n")
    new = data.keep("raw/t.csv", "x,z\n1,a\n5,b\n9,c\n")
    data.track("raw/t.csv")
    data.use("raw/t.csv", old, 1e9, name="first")
    data.use("raw/t.csv", new, 1e9 + 60, "output", name="second")
    return data


@pytest.mark.parametrize("verb", [("list",), ("list", "--json")])
def test_an_empty_project_has_no_data(cli: Cli, verb: tuple[str, ...]) -> None:
    done = cli("data", *verb)
    assert done.exit_code == 0
    assert done.stdout == ("[]\n" if "--json" in verb else "")


def test_the_list_has_a_row_for_each_path(cli: Cli, data: DataProject) -> None:
    done = cli("data", "list")
    assert done.stdout.splitlines()[1].split()[:5] == ["raw/t.csv", "tracked", "16", "B", "2"]
    assert "2 versions in the cache: 28 B kept in 28 B" in done.stderr
    (item,) = cli("data", "list", "--json").json
    assert (item["path"], item["state"], item["role"], item["versions"]) == ("raw/t.csv", "tracked", ".dvc", 2)
    assert (item["run_name"], item["used_at"], item["since_at"]) == ("second", 1e9 + 60, 1e9 + 60)
    assert item["written_by"] == ["raw/t.csv.dvc"]


def test_versions_are_shown_with_where_they_are(cli: Cli, data: DataProject) -> None:
    done = cli("data", "show", "raw/t.csv")
    assert "current locked" in done.stdout
    found = cli("data", "show", "raw/t.csv", "--json").json
    assert [(one["is_current"], one["where"]) for one in found["versions"]] == [(True, "cache"), (False, "cache")]
    assert [(one["read_by_runs"], one["written_by_runs"]) for one in found["versions"]] == [(0, 1), (1, 0)]
    assert found["saving"]["saved_bytes"] == 0


def test_a_path_is_understood_from_the_working_directory_too(
    cli: Cli, data: DataProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data.root / "raw")
    assert cli("data", "show", "t.csv", "--json").json["path"] == "raw/t.csv"
    assert cli("data", "show", "raw/t.csv").exit_code == 0


def test_the_runs_of_a_version_say_how_they_used_it(cli: Cli, data: DataProject) -> None:
    (use,) = cli("data", "runs", "raw/t.csv", "current", "--json").json
    assert (use["name"], use["contexts"]) == ("second", ["output"])
    assert "first" in cli("data", "runs", "raw/t.csv", "first").stdout
    data.put("raw/t.csv", "x\n")
    assert "no run used" in cli("data", "runs", "raw/t.csv", "current").stderr


def test_tables_are_compared_by_columns(cli: Cli, data: DataProject) -> None:
    done = cli("data", "diff", "raw/t.csv", "first", "second")
    assert "2 rows" in done.stdout
    assert "3 rows" in done.stdout
    words = [line.split()[:2] for line in done.stdout.splitlines()]
    assert ["~", "x"] in words
    assert ["+", "z"] in words
    assert ["-", "y"] in words
    found = cli("data", "diff", "raw/t.csv", "first", "second", "--json").json
    assert found["kind"] == "table"
    x = next(column for column in found["columns"] if column["name"] == "x")
    assert (x["how"], x["before"]["mean"], x["after"]["max"]) == ("changed", 1.5, 9.0)
    assert x["after"]["quantiles"]["0.5"] == 5.0


def test_directories_texts_and_equal_versions_are_compared(cli: Cli, data: DataProject) -> None:
    old = data.keep("many", {"a.txt": "1\n", "b": "2"})
    data.keep("many", {"a.txt": "2\n", "c": "3"})
    data.track("many")
    data.use("many", old, 1e9)
    assert [line[:9] for line in cli("data", "diff", "many", old[:6], "current").stdout.splitlines()[4:]] == [
        *("~ a.txt  ", "- b      ", "+ c      "),
    ]
    assert "+2" in cli("data", "diff", "many/a.txt", old[:6], "locked").stdout.splitlines()
    assert "the same version" in cli("data", "diff", "many", "current", "locked").stderr


def test_a_version_is_restored_after_a_look(cli: Cli, data: DataProject) -> None:
    done = cli("data", "restore", "raw/t.csv", "first", "--dry-run")
    assert done.stdout == "~ raw/t.csv  12 B\n"
    assert "would be at" in done.stderr
    assert (data.root / "raw/t.csv").read_text().startswith("x,z")
    found = cli("data", "restore", "raw/t.csv", "first", "--json").json
    assert [change["path"] for change in found["changes"]] == ["raw/t.csv"]
    assert (data.root / "raw/t.csv").read_text().startswith("x,y")
    assert "already" in cli("data", "restore", "raw/t.csv", "first").stderr
    (event,) = cli("events", "--json").json
    assert (event["kind"], event["subject"]) == ("data.restored", "data:raw/t.csv")
    assert cli("data", "list", "--json").json[0]["state"] == "modified"


def test_content_that_would_be_lost_needs_force(cli: Cli, data: DataProject) -> None:
    data.put("raw/t.csv", "mine")
    done = cli("data", "restore", "raw/t.csv", "first")
    assert (done.exit_code, "would be lost" in done.stderr) == (1, True)
    assert "not in the cache" in cli("data", "restore", "raw/t.csv", "first", "--dry-run").stdout
    assert cli("data", "restore", "raw/t.csv", "first", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("show", "nope.csv"), 2, "no data at 'nope.csv'"),
        (("show", "raw/t.csv/x"), 2, "is a file in raw/t.csv"),
        (("diff", "raw/t.csv", "current", "nope"), 2, "has no version 'nope'"),
        (("diff", "raw/t.csv/x", "first", "second"), 2, "neither version has"),
        (("runs", "raw/t.csv", "0000"), 2, "has no version"),
        (("restore", "raw/t.csv", ""), 2, "has no version"),
    ],
)
def test_mistakes_are_one_sentence(
    cli: Cli, data: DataProject, words: tuple[str, ...], code: int, message: str
) -> None:
    done = cli("data", *words)
    assert done.exit_code == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_hostile_names_reach_no_terminal(cli: Cli, data: DataProject) -> None:
    data.use("\x1b]0;x\x07[b]y", "ab" * 16, 1e9, name="\x1b[31mred")
    for words in (("list",), ("show", "\x1b]0;x\x07[b]y"), ("runs", "\x1b]0;x\x07[b]y", "abab")):
        done = cli("data", *words)
        assert done.exit_code == 0
        assert "\x1b" not in done.stdout + done.stderr


def test_paths_are_completed(cli: Cli, data: DataProject, program: Cli) -> None:
    (data.root / "dvc.yaml").write_text("stages:\n  a:\n    cmd: x\n    deps: [raw/t.csv]\n    outs: [model]\n")
    done = program(COMP_WORDS="mlops-tui data show ", COMP_CWORD="3", _MLOPS_TUI_COMPLETE="bash_complete")
    assert {"plain,raw/t.csv", "plain,model"} <= set(done.stdout.splitlines())
