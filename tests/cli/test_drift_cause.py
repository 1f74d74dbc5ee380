"""What is behind a drift, asked on the command line: since when, in which rows, from which stage and commit."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

CONFIG = """
[monitors.web]
watch = ["incoming/*.csv"]
reference = "reference.csv"
"""
PIPELINE = """
stages:
  collect:
    cmd: python collect.py
    deps: [collect.py]
    outs: [incoming]
"""


def rows(seed: int, count: int, *, drifts: bool = False) -> str:
    chance = random.Random(seed)
    lines = ["region,plan,amount,tax"]  # the tax moves because the amount does: it explains nothing
    for _ in range(count):
        region, plan = chance.choice(["north", "south", "west"]), chance.choice(["free", "basic", "pro"])
        amount = chance.gauss(100, 20) + (120 if drifts and region == "north" and plan == "pro" else 0)
        lines.append(f"{region},{plan},{amount:.2f},{amount / 5 + chance.gauss(0, 6):.2f}")
    return "\n".join(lines) + "\n"


def git(*words: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *identity, *words], check=True, capture_output=True)


@pytest.fixture
def drifted(cli, project: Path) -> Path:
    """Six windows, of which the last three drift in one slice since a commit to the stage that writes them."""
    (project / "mlops.toml").write_text(CONFIG)
    (project / "dvc.yaml").write_text(PIPELINE)
    (project / "reference.csv").write_text(rows(0, 3000))
    (project / "collect.py").write_text("# cents\n")
    (project / ".gitignore").write_text("incoming\n.mlops\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "Collect")
    (project / "incoming").mkdir()
    for window in range(1, 7):
        if window == 4:
            (project / "collect.py").write_text("# dollars\n")
            git("commit", "-q", "-a", "-m", "Collect in dollars")
        (project / "incoming" / f"{window}.csv").write_text(rows(window, 1500, drifts=window >= 4))
        cli("drift", "check")
    return project


@pytest.mark.slow
def test_a_drift_is_led_back_to_its_beginning_its_slice_its_stage_and_its_commit(cli, drifted: Path) -> None:
    found = cli("drift", "cause", "6", "--json").json
    assert found["column"] == "amount"
    assert (found["since"]["window"], found["since"]["batch"]) == (4, "incoming/4.csv")
    assert found["batches"] == ["incoming/6.csv", "incoming/5.csv", "incoming/4.csv"]
    assert {(one["column"], one["relation"], one["value"]) for one in found["slice"]["conditions"]} == {
        ("region", "=", "north"),
        ("plan", "=", "pro"),
    }
    assert found["slice"]["low"] > 0.5
    origin = found["window_origin"]
    assert origin["stage"] == "collect"
    assert [(one["subject"], one["author"]) for one in origin["commits"]] == [("Collect in dollars", "Ada")]
    assert [one["subject"] for one in found["reference_origin"]["commits"]] == ["Collect"]
    assert found["predictions"]["why"] == "no model was in charge of this window"
    said = cli("drift", "cause", "6", "amount").stdout
    assert "window 4, incoming/4.csv" in said
    assert "written by collect" in said
    # a window that moved since it was checked is not taken for the one that was
    (drifted / "incoming" / "6.csv").write_text(rows(9, 1500))
    assert cli("drift", "cause", "6", "amount", "--json").json["slice_why"] == (
        "the rows of incoming/6.csv are not there any more"
    )


def test_what_is_not_there_is_refused(cli, project: Path) -> None:
    (project / "mlops.toml").write_text(CONFIG)
    (project / "reference.csv").write_text(rows(0, 100))
    (project / "incoming").mkdir()
    (project / "incoming" / "1.csv").write_text("region,plan,other\nnorth,pro,1\n")
    cli("drift", "check")
    assert cli("drift", "cause", "7").exit_code == 2
    assert cli("drift", "cause").exit_code == 2
    assert cli("drift", "cause", "-i", "7").exit_code == 2
    done = cli("drift", "cause", "1", "amonut")
    assert (done.exit_code, "has no column 'amonut'" in done.stderr) == (2, True)
    lost = cli("drift", "cause", "1", "amount", "--json").json
    assert lost["state"] == "missing"
    assert lost["slice_why"] == "the batch has no such column"


@pytest.mark.slow
def test_rows_of_windows_by_count_are_read_again(cli, project: Path) -> None:
    (project / "mlops.toml").write_text(
        '[monitors.web]\nwatch = ["incoming/*.csv"]\nreference = "reference.csv"\nwindow = "1000 rows"\n'
    )
    (project / "reference.csv").write_text(rows(0, 3000))
    (project / "incoming").mkdir()
    moved = rows(2, 3000, drifts=True).partition("\n")[2]
    (project / "incoming" / "all.csv").write_text(rows(1, 3000) + moved)
    cli("drift", "check")
    newest = cli("drift", "reports", "--json").stdout.splitlines()
    assert len(newest) == 6
    found = cli("drift", "cause", "6", "amount", "--json").json
    assert found["since"]["batch"] == "rows 3001-4000"
    assert found["rows"] == 3000
    assert found["slice"]["text"] in ("region = north and plan = pro", "plan = pro and region = north")
    assert found["window_origin"]["path"] == "incoming"
