from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_store import ids, metrics, runs
from mlops_store.store import Store

HOSTILE = '[bold]x[/] \x1b[31m "q",\n| <b>'


@pytest.fixture
def record(store: Store) -> Callable[..., str]:
    """Stores a finished run and returns its id."""

    def add(name: str, *, params: dict[str, Any] | None = None, **values: float) -> str:
        run_id = ids.new_id()
        with store.write() as db:
            runs.create(db, run_id=run_id, name=name, experiment="churn", started_at=1.7e9)
            runs.set_params(db, run_id, params or {})
            metrics.write(db, run_id, [(key, 0, 1.7e9, value) for key, value in values.items()])
            runs.finish(db, run_id, "FINISHED", 1.7e9 + 60)
        return run_id

    return add


def test_a_view_is_saved_listed_shown_and_deleted(cli, record) -> None:
    record("good", auc=0.9, params={"depth": 3})
    record("poor", auc=0.4)
    saved = cli("runs", "views", "save", "best", "-f", "metrics.auc > 0.8", "-s", "-metrics.auc", "-c", "metrics.auc:9")
    assert (saved.exit_code, saved.stderr) == (0, "")
    (listed,) = cli("runs", "views", "list", "--json").json
    shown = cli("runs", "views", "show", "best", "--json").json
    assert listed == shown
    assert shown["filter"] == "metrics.auc > 0.8"
    assert shown["columns"] == [{"name": "metrics.auc", "width": 9, "pinned": False}]
    assert "metrics.auc:9" in cli("runs", "views", "show", "best").stdout
    assert [run["name"] for run in cli("runs", "list", "--view", "best", "--json").json] == ["good"]
    head, row = cli("runs", "list", "--view", "best").stdout.splitlines()
    assert head.split() == ["run", "name", "status", "auc"]
    assert row.split()[1:] == ["good", "finished", "0.9"]
    assert cli("runs", "views", "delete", "best", "--dry-run").exit_code == 0
    assert cli("runs", "views", "delete", "best").exit_code == 0
    gone = cli("runs", "list", "--view", "best")
    assert gone.exit_code == 2
    assert "no view of runs is called 'best'" in gone.stderr


def test_a_view_of_somebody_is_replaced_only_with_force(cli, record) -> None:
    record("any")
    assert cli("runs", "views", "save", "mine").exit_code == 0
    refused = cli("runs", "views", "save", "mine", "-s", "name")
    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert cli("runs", "views", "save", "mine", "-s", "name", "--force").exit_code == 0
    assert cli("runs", "views", "show", "mine", "--json").json["sort"] == ["name"]


@pytest.mark.parametrize(
    "options", [["-f", "metrics.auc >"], ["-s", "odd"], ["-c", "odd"], ["-b", "odd"], ["-c", "metrics.a:999"], [""]]
)
def test_a_view_that_is_not_understood_is_a_usage_error(cli, options) -> None:
    name = [] if options == [""] else ["v"]
    assert cli("runs", "views", "save", *name, *options).exit_code == 2


def test_runs_are_grouped_with_mean_spread_count_and_best(cli, record) -> None:
    for value in (0.8, 0.9, 0.85):
        record("forest", auc=value, params={"model": "forest"})
    best = runs_named(cli, 0.9)
    record("svm", auc=0.5, params={"model": "svm"})
    record("bare")
    found = cli("runs", "list", "--by", "params.model", "--json").json
    by_model = {group["keys"]["params.model"]: group for group in found}
    measure = by_model["forest"]["measures"]["metrics.auc"]
    assert by_model["forest"]["runs"] == measure["count"] == 3
    assert math.isclose(measure["mean"], 0.85)
    assert math.isclose(measure["sd"], 0.05)
    assert (measure["best"], measure["best_run_id"]) == (0.9, best)
    assert by_model["svm"]["measures"]["metrics.auc"]["sd"] is None
    assert by_model[None]["measures"]["metrics.auc"]["mean"] is None
    text = cli("runs", "list", "--by", "params.model").stdout
    assert text.splitlines()[0].split() == ["model", "runs", "auc", "mean", "sd", "best", "auc"]
    assert cli("runs", "list", "--by", "odd").exit_code == 2


def test_a_key_that_no_run_has_is_told_beside_the_list(cli, record) -> None:
    record("one", auc=0.8, params={"model": "forest"})
    told = cli("runs", "list", "--by", "params.modle", "--json")
    assert told.exit_code == 0
    assert "no run has 'params.modle'; did you mean 'model'?" in told.stderr
    assert "no run has '-metrics.acu'" in cli("runs", "list", "--sort", "-metrics.acu").stderr
    asked = cli("runs", "list", "--by", "params.model", "--by", "user", "--sort", "-best(auc)")
    assert "no run has" not in asked.stderr


def runs_named(cli: Callable[..., Any], value: float) -> str:
    return str(cli("runs", "list", "--filter", f"metrics.auc = {value}", "--json").json[0]["run_id"])


def test_runs_are_exported_as_csv_json_parquet_and_markdown(cli, record, project: Path) -> None:
    import pyarrow.parquet as pq

    first = record(HOSTILE, auc=0.9, loss=math.nan, params={"depth": 3, HOSTILE: HOSTILE})
    record("plain", auc=math.inf)
    for name in ("a.csv", "a.json", "a.parquet", "a.md"):
        assert cli("runs", "export", name, "--sort", "name").exit_code == 0
    rows = list(csv.DictReader(io.StringIO((project / "a.csv").read_text())))
    assert {row["name"] for row in rows} == {HOSTILE, "plain"}
    row = next(row for row in rows if row["run_id"] == first)
    assert (row["metrics.auc"], row["metrics.loss"], row["params.depth"], row["duration"]) == (
        "0.9",
        "nan",
        "3",
        "60.0",
    )
    assert row[f"params.{HOSTILE}"] == HOSTILE
    objects = {row["name"]: row for row in json.loads((project / "a.json").read_text())}
    assert objects[HOSTILE]["metrics.loss"] == "NaN"
    assert objects["plain"]["metrics.auc"] == "Infinity"
    assert objects["plain"]["params.depth"] is None
    table = pq.read_table(project / "a.parquet").to_pylist()
    assert [row["run_id"] for row in table] == [row["run_id"] for row in rows]
    assert table[0].keys() == rows[0].keys()
    lines = (project / "a.md").read_text().splitlines()
    assert len(lines) == 4, "what is in a cell never breaks its row"


def test_markdown_has_no_control_characters_and_numbers_as_they_are(cli, record, project: Path) -> None:
    name = "a\x1b[2J\0\x07\x9b31m\u202eb\nc | <i>"
    record(name, params={name: name, "lr": "-1e-05"}, loss=-1.5e-07, count=2.5e12, rate=1 / 3, worst=math.inf)
    assert cli("runs", "export", "a.md").exit_code == 0
    text = (project / "a.md").read_text()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    heads, _, row = ([cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in text.splitlines())
    shown = dict(zip(heads, row, strict=True))
    assert shown["name"] == r"a\\x1b\[2J\\x00\\x07\\x9b31m\\u202eb⏎c \| &lt;i&gt;"
    assert [shown[f"metrics.{key}"] for key in ("loss", "count", "rate", "worst")] == [
        "-1.5e-07",
        "2500000000000.0",
        "0.333333",
        "inf",
    ]
    assert (shown["params.lr"], shown[f"params.{shown['name']}"]) == ("-1e-05", shown["name"])


def test_an_export_is_of_the_runs_named_or_filtered_and_of_the_columns_named(cli, record, project: Path) -> None:
    first = record("first", auc=0.9)
    record("second", auc=0.4)
    assert cli("runs", "export", "-", "-c", "best(auc)", first).stdout.splitlines() == [
        "run_id,name,status,best(auc)",
        f"{first},first,FINISHED,0.9",
    ]
    assert cli("runs", "export", "-", "-f", "metrics.auc < 0.5", "--format", "json").json[0]["name"] == "second"
    told = cli("runs", "export", "x.csv", "--dry-run", "--json").json
    assert (told["runs"], told["dry_run"]) == (2, True)
    assert not (project / "x.csv").exists()


def test_an_export_overwrites_nothing_and_leaves_nothing_half_written(cli, record, project: Path) -> None:
    record("first")
    (project / "x.csv").write_text("mine")
    assert cli("runs", "export", "x.csv").exit_code == 1
    assert (project / "x.csv").read_text() == "mine"
    assert cli("runs", "export", "x.csv", "--force").exit_code == 0
    assert cli("runs", "export", "x.xls").exit_code == 2
    assert cli("runs", "export", "none/x.csv").exit_code == 1
    assert cli("runs", "export", "-", "--format", "parquet").exit_code == 2
    assert [path.name for path in project.iterdir() if path.name.startswith("x")] == ["x.csv"]
