from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression


@pytest.fixture(autouse=True)
def files(project: Path) -> None:
    """A file and the same rows in two, and a file of shifted rows."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"amount": rng.normal(size=4000), "city": rng.choice(["Bonn", "Kiel"], 4000)})
    frame.to_csv(project / "all.csv", index=False)
    frame[:1000].to_csv(project / "first.csv", index=False)
    frame[1000:].to_parquet(project / "second.parquet")
    frame.assign(amount=frame["amount"] + 1).to_csv(project / "moved.csv", index=False)


def test_profiles_are_kept_and_put_together_without_the_rows(cli) -> None:
    for name in ("first.csv", "second.parquet"):
        assert cli("drift", "profile", name, "--save", f"{name}.profile").exit_code == 0
    together = cli("drift", "profile", "first.csv.profile", "second.parquet.profile", "--json").json
    whole = cli("drift", "profile", "all.csv", "--json").json
    assert together["rows"] == whole["rows"] == 4000
    amount = together["columns"]["amount"]
    assert amount["mean"] == pytest.approx(whole["columns"]["amount"]["mean"])
    assert amount["quantiles"]["0.5"] == pytest.approx(whole["columns"]["amount"]["quantiles"]["0.5"], abs=0.03)
    assert 0 < amount["rank_error"] < 0.01
    assert together["columns"]["city"] == whole["columns"]["city"]


def test_a_kept_profile_stands_for_its_rows_in_a_comparison(cli) -> None:
    cli("drift", "profile", "all.csv", "--save", "train.profile")
    exact = cli("drift", "compare", "all.csv", "moved.csv", "--json").json
    found = cli("drift", "compare", "train.profile", "moved.csv", "--json").json
    assert (found["by_profile"], exact["by_profile"]) == (True, False)
    assert found["dataset"] == exact["dataset"]
    for name, column in found["columns"].items():
        assert column["drifted"] is exact["columns"][name]["drifted"]
        assert abs(column["score"] - exact["columns"][name]["score"]) <= column["score_error"] + 1e-12


def test_row_numbers_are_no_drift_of_kept_profiles_unless_the_schema_names_them(cli, project: Path) -> None:
    for name, first in (("old", 0), ("new", 9000)):
        pd.DataFrame({"id": range(first, first + 500)}).to_csv(f"{name}.csv", index=False)
        cli("drift", "profile", f"{name}.csv", "--save", f"{name}.profile")
    found = cli("drift", "compare", "old.profile", "new.profile", "--json").json
    assert (found["dataset"]["compared"], found["columns"]["id"]["drifted"]) == (0, False)
    (project / "schema.json").write_text('{"numerical": ["id"], "categorical": []}')
    asked = cli("drift", "compare", "old.profile", "new.profile", "--schema", "schema.json", "--json").json
    assert asked["columns"]["id"]["drifted"]


def test_a_profile_is_shown_with_how_exact_it_is(cli) -> None:
    shown = cli("drift", "profile", "all.csv")
    assert "city    categorical" in shown.stdout
    assert "at most 0." in shown.stderr


def test_no_file_is_replaced_unasked_and_no_other_file_is_a_profile(cli, project: Path) -> None:
    assert cli("drift", "profile", "all.csv", "--save", "first.csv").exit_code == 2
    assert (project / "first.csv").read_text().startswith("amount,city")
    assert cli("drift", "profile", "none.csv").stderr.startswith("mlops-tui: none.csv cannot be read")
    (project / "cut.profile").write_bytes(b"mlopsPF1 and nothing more")
    done = cli("drift", "profile", "cut.profile")
    assert (done.exit_code, "damaged" in done.stderr) == (2, True)


def test_every_check_keeps_the_profile_of_its_window(cli, project: Path) -> None:
    (project / "mlops.toml").write_text('[monitors.web]\nwatch = ["in/*.csv"]\nreference = "all.csv"\n')
    (project / "in").mkdir()
    for name in ("first", "moved"):
        (project / "in" / f"{name}.csv").write_text((project / f"{name}.csv").read_text())
    assert len(cli("drift", "check", "--json").json) == 2
    for name in ("first", "moved"):
        (project / "in" / f"{name}.csv").unlink()
    together = cli("drift", "profile", "-r", "1", "-r", "2", "--save", "both.profile", "--json").json
    assert together["rows"] == 5000
    assert together["columns"]["city"]["labels"].keys() == {"Bonn", "Kiel"}
    assert cli("drift", "compare", "all.csv", "both.profile", "--json").json["columns"]["amount"]["drifted"]
    assert cli("drift", "profile", "-r", "9").exit_code == 2
    assert cli("drift", "profile").exit_code == 2


def test_a_version_keeps_the_profile_of_what_it_was_trained_on(cli, project: Path) -> None:
    import mlops_tui as mlops

    frame = pd.DataFrame({"amount": np.arange(400.0), "city": ["Bonn", "Kiel"] * 200})
    model = LinearRegression().fit(frame[["amount"]], frame["amount"])
    with mlops.start_run():
        mlops.log_model(model, registered_model_name="prices", reference=frame)
    done = cli("drift", "profile", "--version", "prices/1", "--json")
    assert not done.stderr
    found = done.json
    assert found["rows"] == 400
    assert found["columns"]["amount"]["mean"] == pytest.approx(199.5)
