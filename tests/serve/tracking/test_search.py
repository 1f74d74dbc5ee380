from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tracked import script
from tracking_wire import Wire, serving

from mlops_store import runs
from mlops_tui.compare.grammars import EXPERIMENTS


@pytest.fixture(scope="module")
def runs_wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """Runs r0 to r9, of which r9 is deleted; each is older than the one before."""
    with serving(str(tmp_path_factory.mktemp("search"))) as wire:
        for place in range(10):
            run_id = wire.run(run_name=f"r{place}", start_time=1_700_000_000_000 - place)
            wire.post(
                "runs/log-batch",
                run_id=run_id,
                metrics=[{"key": "auc", "value": place / 10, "timestamp": 1, "step": 0}],
                params=[{"key": "depth", "value": str(place)}],
                tags=[{"key": "even", "value": str(place % 2 == 0)}],
            )
        wire.post("runs/delete", run_id=run_id)
        yield wire


def names(wire: Wire, **asked: Any) -> list[str]:
    answer = wire.post("runs/search", **{"experiment_ids": ["0"], **asked})
    return [run["info"]["run_name"] for run in answer.get("runs", [])]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "012345678"),
        ({"experiment_ids": []}, ""),
        ({"experiment_ids": ["7"]}, ""),
        ({"run_view_type": "DELETED_ONLY"}, "9"),
        ({"run_view_type": "ALL", "filter": "metrics.auc > 0.75"}, "89"),
        ({"filter": "metrics.auc >= 0.3 AND params.depth != '5'", "order_by": ["metrics.auc DESC"]}, "87643"),
        ({"filter": "tags.even = 'True'", "order_by": ["params.depth ASC"]}, "02468"),
        ({"filter": "attributes.run_name LIKE 'r%' and start_time < 1699999999994"}, "78"),
        ({"filter": "tags.odd IS NULL", "max_results": 2}, "01"),
        ({"order_by": ["attribute.start_time ASC"]}, "876543210"),
    ],
)
def test_runs_are_found_as_mlflow_finds_them(runs_wire: Wire, asked: Mapping[str, Any], found: str) -> None:
    assert names(runs_wire, **asked) == [f"r{place}" for place in found]


def test_runs_are_found_by_their_ids_and_data_sets(runs_wire: Wire) -> None:
    found = runs_wire.post("runs/search", experiment_ids=["0"], max_results=2)["runs"]
    ids = ", ".join(repr(run["info"]["run_id"]) for run in found)
    assert names(runs_wire, filter=f"attributes.run_id IN ({ids})") == ["r0", "r1"]
    runs_wire.post("runs/log-inputs", run_id=found[1]["info"]["run_id"], datasets=[dataset("train", "d1")])
    assert names(runs_wire, filter="dataset.name IN ('train', 'b') AND dataset.context = 'training'") == ["r1"]


def test_pages_follow_each_other(runs_wire: Wire) -> None:
    seen, token, pages = [], "", 0
    while pages == 0 or token:
        answer = runs_wire.post("runs/search", experiment_ids=["0"], max_results=4, page_token=token)
        seen += [run["info"]["run_name"] for run in answer["runs"]]
        token, pages = answer.get("next_page_token", ""), pages + 1
    assert (seen, pages) == ([f"r{place}" for place in range(9)], 3)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"filter": "metrics.auc > 'x'"}, "is compared with a number"),
        ({"filter": "kind = 'run'"}, "is no attribute of a run"),
        ({"filter": "a = 'b' OR c = 'd'"}, "is no attribute of a run"),
        ({"order_by": ["nothing"]}, "is no attribute of a run"),
        ({"order_by": [1]}, "Invalid value 1 for parameter 'order_by[0]' supplied"),
        ({"max_results": 0}, "It must be a positive integer"),
        ({"max_results": 50_001}, "Invalid value 50001 for parameter 'max_results' supplied"),
        ({"page_token": "%"}, "could not base64-decode"),
        ({"page_token": "e30="}, "Invalid page token, decoded value="),
        ({"experiment_ids": ["x"]}, "Invalid experiment ID 'x'."),
        ({"experiment_ids": "0"}, "Invalid value \"0\" for parameter 'experiment_ids' supplied"),
    ],
)
def test_a_search_that_is_none_is_refused(runs_wire: Wire, wrong: Mapping[str, Any], said: str) -> None:
    code, message = runs_wire.refused("runs/search", **{"experiment_ids": ["0"], **wrong})
    assert (code, said in message) == ("INVALID_PARAMETER_VALUE", True), message


def test_runs_that_scripts_log_are_found_too(runs_wire: Wire) -> None:
    with runs_wire.store.write() as db:
        runs.create(db, run_id="b" * 32, name="own", experiment="own", started_at=5.0, source="train.py", host="h")
        number = runs.experiment_number(db, "own")
    found = runs_wire.post("runs/search", experiment_ids=[str(number)])["runs"][0]
    assert (found["info"]["run_name"], found["info"]["start_time"]) == ("own", 5_000)
    assert {"key": "mlflow.source.name", "value": "train.py"} in found["data"]["tags"]


def test_what_a_script_logs_meanwhile_is_found(own_wire: Wire, tmp_path: Path) -> None:
    own_wire.get("experiments/get", experiment_id="0")
    code = "import os, mlops_tui\nmlops_tui.start_run(name='own')\nmlops_tui.log_metric('auc', 0.5)\nos._exit(0)"
    assert script(tmp_path, code).returncode == 0
    deadline = time.monotonic() + 30
    while names(own_wire, filter="metrics.auc = 0.5") != ["own"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def experiments_wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with serving(str(tmp_path_factory.mktemp("search"))) as wire:
        for name in ("a", "ab", "Abc", "d"):
            note = {"key": "mlflow.note.content", "value": f"about {name}"}
            wire.post("experiments/create", name=name, tags=[{"key": "name", "value": name}, note])
        wire.post("experiments/delete", experiment_id="4")
        with wire.store.write() as db:  # several may be made in one millisecond
            db.execute("UPDATE experiments SET created_at = created_at + id")
        yield wire


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["Abc", "ab", "a", "Default"]),
        ({"view_type": "DELETED_ONLY"}, ["d"]),
        ({"view_type": 3, "order_by": ["name ASC"]}, ["Abc", "Default", "a", "ab", "d"]),
        ({"filter": "name LIKE 'a%'"}, ["ab", "a"]),
        ({"filter": "attribute.name ILIKE 'a%' AND tags.name != 'ab'"}, ["Abc", "a"]),
        ({"filter": "name = 'Default'"}, ["Default"]),
        ({"filter": "tags.name IS NULL"}, ["Default"]),
        ({"filter": "tag.`mlflow.note.content` = 'about a'"}, ["a"]),
        ({"filter": "creation_time > 0", "order_by": ["experiment_id ASC"]}, ["Default", "a", "ab", "Abc"]),
        ({"filter": "experiment_id IN ('1', '2')"}, ["ab", "a"]),
    ],
)
def test_experiments_are_found_as_mlflow_finds_them(
    experiments_wire: Wire, asked: Mapping[str, Any], found: list[str]
) -> None:
    answer = experiments_wire.post("experiments/search", **{"max_results": 10, **asked})
    assert [one["name"] for one in answer.get("experiments", [])] == found


def test_ten_experiments_are_in_the_order_of_their_numbers(own_wire: Wire) -> None:
    made = [own_wire.post("experiments/create", name=f"e{place}")["experiment_id"] for place in range(10)]
    found = own_wire.post("experiments/search", order_by=["experiment_id DESC"])["experiments"]
    assert [one["experiment_id"] for one in found] == [*made[::-1], "0"]


def test_pages_of_experiments_follow_each_other(experiments_wire: Wire) -> None:
    first = experiments_wire.post("experiments/search", max_results=3)
    rest = experiments_wire.post("experiments/search", max_results=3, page_token=first["next_page_token"])
    assert [one["name"] for one in rest["experiments"]] == ["Default"]
    assert "next_page_token" not in rest


@pytest.mark.parametrize(
    "wrong",
    ["metrics.a > 1", "run_id = 'a'", "name > 'a'", "creation_time = 'a'", "name IS NULL", "name"],
)
def test_a_filter_of_experiments_that_is_none_is_refused(experiments_wire: Wire, wrong: str) -> None:
    assert experiments_wire.refused("experiments/search", filter=wrong)[0] == "INVALID_PARAMETER_VALUE"
    assert EXPERIMENTS.subject in experiments_wire.refused("experiments/search", order_by=["start_time"])[1]


def dataset(name: str, digest: str) -> dict[str, Any]:
    return {
        "dataset": {"name": name, "digest": digest, "source_type": "local", "source": "{}"},
        "tags": [{"key": "mlflow.data.context", "value": "training"}],
    }
