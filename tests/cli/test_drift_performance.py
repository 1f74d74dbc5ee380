import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

CONFIG = """
[monitors.churn]
watch = "production/*.csv"
reference = "test.csv"
labels = "labels/*.csv"
id = "customer"
target = "left"
proba = "p"
"""


def rows(count: int, first: int) -> pd.DataFrame:
    rng = np.random.default_rng(first)
    p = rng.random(count).round(4)
    frame = pd.DataFrame({"customer": np.arange(first, first + count), "p": p, "prediction": (p > 0.5).astype(int)})
    return frame.assign(left=(rng.random(count) < p).astype(int))


@pytest.fixture(autouse=True)
def monitored(project: Path) -> None:
    (project / "mlops.toml").write_text(CONFIG)
    for folder in ("production", "labels"):
        (project / folder).mkdir()
    rows(500, 0).to_csv("test.csv", index=False)
    deliver("production/a.csv", rows(200, 5000).drop(columns="left"))


def deliver(path: str, frame: pd.DataFrame) -> None:
    frame.to_csv(path, index=False)
    os.utime(path, (1e9, 1e9))


def test_what_labels_say_is_told_listed_and_shown(cli) -> None:
    cli("drift", "check")
    done = cli("drift", "performance")
    assert "not surely worse, if inputs mean the same" in done.stdout
    assert "no roc_auc: no labels have come yet" in cli("drift", "reports", "1").stderr
    deliver("labels/1.csv", rows(200, 5000)[["customer", "left"]].iloc[:150])
    deliver("labels/odd.csv", pd.DataFrame({"customer": ["?"], "left": [1]}))
    assert cli("drift", "check", "--dry-run").stdout.splitlines() == [
        "would read the labels of labels/1.csv for churn",
        "would read the labels of labels/odd.csv for churn",
    ]
    told = cli("drift", "check").stderr.splitlines()
    assert told[:3] == [
        "no new batches; --force checks again what was checked",
        "labels/1.csv: 150 of 150 labels belong to a checked row",
        "labels/odd.csv: 0 of 1 labels belong to a checked row",
    ]
    assert told[3].startswith("labels/odd.csv: none of its 1 ids is in any window: there customer is '?'")
    assert told[4].startswith("production/a.csv: 150 of 200 rows have labels; roc_auc 0.8")
    [window] = cli("drift", "performance", "--metric", "f1", "--json").json
    assert (window["batch"], window["performance"]["count"]) == ("production/a.csv", 150)
    assert [(file["path"], file["joined"]) for file in cli("drift", "labels", "--json").json] == [
        ("labels/1.csv", 150), ("labels/odd.csv", 0),
    ]  # fmt: skip
    assert "none of its labels belongs to a checked row" in cli("drift", "labels").stderr


def test_label_files_that_match_nothing_for_one_reason_are_told_of_in_one_line(cli, project: Path) -> None:
    (project / "production" / "a.csv").unlink()
    for day in range(3):
        deliver(f"labels/{day}.csv", rows(20, 5000 + 20 * day)[["customer", "left"]])
    told = cli("drift", "check").stderr.splitlines()
    assert told[1] == "labels/0.csv and 2 more: 0 of 60 labels belong to a checked row"
    assert [line.startswith("labels/0.csv and 2 more: no window with ids") for line in told[2:]] == [True]


def test_without_labels_it_is_said_how_to_get_some(cli, project: Path) -> None:
    (project / "mlops.toml").write_text('[monitors.m]\nwatch = "production/*.csv"\nreference = "test.csv"\n')
    assert "key labels says where they arrive" in cli("drift", "labels").stderr
    cli("drift", "check")
    assert "no window has a figure of performance" in cli("drift", "performance").stderr
