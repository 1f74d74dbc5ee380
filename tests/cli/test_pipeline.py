"""``mlops-tui pipeline``: the resolved pipeline as a table and as JSON, and how a mistake ends."""

import json
from pathlib import Path

import pytest

from mlops_tui import cli

TEXT = """\
stages:
  prepare: {cmd: [one, two], outs: [data]}
  train:
    matrix: {model: [cnn, rnn]}
    cmd: train ${item.model} ${lr}
    wdir: sub
    deps: [../data, ../raw.csv]
    params: [../params.yaml: [lr]]
    metrics: ["${key}.json": {cache: false}]
metrics: [all.json]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dvc.yaml").write_text(TEXT)
    (tmp_path / "params.yaml").write_text("lr: 0.1\n")
    (tmp_path / "raw.csv.dvc").write_text("outs: [{path: raw.csv}]\n")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_json_has_everything_that_dvc_resolves(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["pipeline", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["ok"]
    assert shown["stages"]["prepare"]["cmd"] == ["one", "two"]
    assert shown["stages"]["train@rnn"] == {
        "cmd": "train rnn 0.1",
        "wdir": "sub",
        "deps": ["../data", "../raw.csv"],
        "params": {"../params.yaml": ["lr"]},
        "outs": [{"path": "rnn.json", "kind": "metric", "cache": False, "persist": False, "push": True}],
        "frozen": False,
        "always_changed": False,
        "desc": None,
        "meta": None,
    }
    assert ["train@cnn", "prepare"] in shown["edges"]
    assert ["train@cnn", "raw.csv.dvc"] in shown["edges"]
    assert shown["top"] == {"metrics": {"dvc.yaml": ["all.json"]}, "plots": {}, "params": {}, "artifacts": {}}


def test_the_table_names_stages_and_data_files(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["pipeline", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["stage", "prepare", "train@cnn", "train@rnn", "raw.csv.dvc"]
    assert "one && two" in lines[1]
    assert "prepare, raw.csv.dvc" in lines[2]


def test_a_project_without_stages_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "dvc.yaml").unlink()
    (project / "raw.csv.dvc").unlink()
    assert cli.main(["pipeline", "show"]) == 0
    assert "no stages" in capsys.readouterr().out


def test_a_mistake_ends_with_two_and_its_place(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "dvc.yaml").write_text(TEXT.replace("${lr}", "${rl}"))
    assert cli.main(["pipeline", "show", "--json"]) == 2
    shown = json.loads(capsys.readouterr().out)
    assert shown["ok"] is False
    assert shown["error"] == "dvc.yaml:5:30: ${rl} is not defined"
    assert (shown["file"], shown["line"], shown["column"]) == ("dvc.yaml", 5, 30)
    assert "graph_error" not in shown
    assert cli.main(["pipeline", "show"]) == 2
    assert "dvc.yaml:5:30" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stages", "kind"),
    [
        ("{a: {cmd: x, deps: [b], outs: [a]}, b: {cmd: x, deps: [a], outs: [b]}}", "cycle"),
        ("{a: {cmd: x, outs: [o]}, b: {cmd: x, outs: [o]}}", "duplicate-output"),
        ("{a: {cmd: x, outs: [o]}, b: {cmd: x, outs: [o/p]}}", "overlapping-outputs"),
    ],
)
def test_a_refused_graph_says_which_kind(
    project: Path, capsys: pytest.CaptureFixture[str], stages: str, kind: str
) -> None:
    (project / "dvc.yaml").write_text(f"stages: {stages}\n")
    assert cli.main(["pipeline", "show", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["graph_error"] == kind
