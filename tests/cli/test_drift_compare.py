"""``drift compare``: its JSON is a fixed shape, its figures are Evidently's (tests/drift/reference)."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).parents[1] / "drift" / "reference"
EVIDENTLY: dict[str, Any] = json.loads((REFERENCE / "evidently.json").read_text())["cases"]


@pytest.fixture
def pair(project: Path) -> None:
    """Mixed columns of 2,000 rows, the current ones shifted, as Parquet; with their schema."""
    spec = importlib.util.spec_from_file_location("drift_reference_cases", REFERENCE / "cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    case = module.CASES["mixed_large"]()
    case.reference.to_parquet("reference.parquet")
    case.current.to_parquet("current.parquet")
    schema = {"numerical": case.numerical, "categorical": list(case.categorical)}
    (project / "schema.json").write_text(json.dumps(schema))


@pytest.mark.parametrize("method", ["default", "psi", "wasserstein"])
@pytest.mark.usefixtures("pair")
def test_the_json_is_the_fixed_shape_and_says_what_evidently_says(cli, method: str) -> None:
    words = ("drift", "compare", "reference.parquet", "current.parquet", "--schema", "schema.json", "--json")
    done = cli(*words, *(() if method == "default" else ("--method", method)))
    theirs = EVIDENTLY["mixed_large"][method]
    for name, verdict in theirs["columns"].items():
        column = done.json["columns"][name]
        assert (column["method"], column["threshold"], column["drifted"]) == (
            verdict["method"],
            verdict["threshold"],
            verdict["drifted"],
        ), name
        assert column["score"] == pytest.approx(verdict["score"], rel=1e-9, abs=0), name
    if len(theirs["columns"]) == len(done.json["columns"]):
        dataset = done.json["dataset"]
        assert (dataset["drifted"], dataset["share"]) == (theirs["dataset"]["count"], theirs["dataset"]["share"])
        assert dataset["dataset_drift"] is (theirs["dataset"]["share"] >= 0.5)
    else:
        assert f"{method} does not compare" in "".join(done.json["notes"])


@pytest.mark.usefixtures("pair")
def test_without_a_schema_the_kinds_are_what_the_reference_holds(cli) -> None:
    columns = cli("drift", "compare", "reference.parquet", "current.parquet", "--json").json["columns"]
    assert {columns[name]["kind"] for name in ("shifted", "whole")} == {"numerical"}
    assert {columns[name]["kind"] for name in ("plan", "flag", "five")} == {"categorical"}


def test_what_cannot_be_compared_is_listed_with_its_reason(cli, project: Path) -> None:
    rows = "".join(f"{value % 7}.5,{value},,2026-01-{value % 28 + 1:02}\n" for value in range(40))
    (project / "before.csv").write_text("kept,lost,none,day\n" + rows)
    (project / "now.csv").write_text("kept,none,day,new\n" + "1.5,,2026-02-01,3\n" * 20)
    done = cli("drift", "compare", "before.csv", "now.csv", "--json")
    columns = done.json["columns"]
    assert list(columns) == ["kept", "lost", "none", "day"]
    assert columns["kept"]["drifted"]
    assert {name: columns[name]["finding"] for name in columns if columns[name]["score"] is None} == {
        "lost": "missing",
        "none": "unchecked",
        "day": "unchecked",
    }
    assert done.json["dataset"] == {
        "drifted": 1,
        "share": 1.0,
        "dataset_drift": True,
        "compared": 1,
        "missing": ["lost"],
        "extra": ["new"],
        "repeated": [],
    }
    told = cli("drift", "compare", "before.csv", "now.csv", "--fail-on-drift")
    assert told.exit_code == 1
    assert "1 of 1 columns (100%)" in told.stdout
    assert "lost: the batch has no such column" in told.stderr


def test_a_reference_of_few_rows_is_said_and_not_computed(cli, project: Path) -> None:
    (project / "few.csv").write_text("amount\n" + "".join(f"{value}.5\n" for value in range(29)))
    column = cli("drift", "compare", "few.csv", "few.csv", "--json").json["columns"]["amount"]
    assert (column["score"], column["drifted"]) == (None, False)
    assert column["message"] == "the reference has 29 values, at least 30 are needed"


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ('{"numerical": ["amuont"]}', "has no column 'amuont'"),
        ('{"numeric": ["amount"]}', "unknown member 'numeric'"),
        ('{"numerical": "amount"}', "has no list of names under 'numerical'"),
        ('{"numerical": ["amount"], "categorical": ["amount"]}', "names the column 'amount' twice"),
        ("{}", "names no columns"),
        ("[1]", "is no JSON object"),
        ("{", "is no JSON"),
    ],
)
def test_a_schema_that_is_wrong_is_refused(cli, project: Path, schema: str, message: str) -> None:
    (project / "rows.csv").write_text("amount\n" + "1.5\n2.5\n" * 30)
    (project / "schema.json").write_text(schema)
    done = cli("drift", "compare", "rows.csv", "rows.csv", "--schema", "schema.json")
    assert done.exit_code == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rows.csv", "none.csv"), "none.csv cannot be read"),
        (("empty.csv", "rows.csv"), "empty.csv is empty"),
        (("rows.csv", "rows.csv", "--method", "kss"), "no drift method 'kss'"),
        (("labels.csv", "labels.csv", "--method", "ks"), "compares numerical columns: there are none"),
    ],
)
def test_files_and_methods_that_do_not_do_are_refused(cli, project: Path, words: tuple[str, ...], message: str) -> None:
    (project / "rows.csv").write_text("amount\n" + "1.5\n2.5\n" * 30)
    (project / "labels.csv").write_text("city\n" + "Bonn\nKiel\n" * 30)
    (project / "empty.csv").write_text("")
    done = cli("drift", "compare", *words)
    assert done.exit_code == 2
    assert message in done.stderr
