"""A server that goes with its stage: swaps under load, and versions that cannot be served."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from registry_builders import CONFIG, log_directory, log_model, make_run, make_store
from served_models import ROW, Load, register
from serving import Answer, ask, running
from sklearn.dummy import DummyRegressor

from mlops_store import events, models
from mlops_store.store import Store
from mlops_tui.registry import aliases, formats, keys, signing, stages, versions
from mlops_tui.serve import served
from mlops_tui.serve.app import Server
from mlops_tui.serve.assembly import assemble
from mlops_tui.serve.following import Follower, is_followed
from mlops_tui.serve.request_log import RequestLog
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.settings import Settings


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Two versions, the first of which is in production."""
    with make_store(tmp_path) as store:
        register(store, tmp_path / "saved", 1.0, 2.0)
        stages.promote(store, CONFIG, "churn", 1, "production")
        yield store


@contextmanager
def following(store: Store, reference: str = "churn@production", log: RequestLog | None = None) -> Iterator[int]:
    """The port of a server that follows a reference."""
    server = Server(served.from_registry(store, reference), "", Limits(), log=log)
    with running(server) as port, Follower(lambda: Store(store.path), reference, (), server, look_s=0.01, retry_s=0.1):
        yield port


def until(port: int, is_right: Callable[[Answer], bool]) -> Answer:
    deadline = time.monotonic() + 30
    while not is_right(answer := ask(port, ROW)):
        assert time.monotonic() < deadline, answer
    return answer


def version(answer: Answer) -> str:
    return answer.headers["x-model-version"]


def metrics(port: int) -> str:
    return ask(port, path="/metrics", method="GET").content.decode()


def swap_under_load(store: Store, swaps: int, port: int) -> Load:
    with Load(port) as load:
        for number in range(swaps):
            wanted = 2 - number % 2
            stages.promote(store, CONFIG, "churn", wanted, "production")
            until(port, lambda answer, wanted=wanted: version(answer) == str(wanted))  # type: ignore[misc]
    return load


@pytest.mark.parametrize("swaps", [20, pytest.param(100, marks=pytest.mark.slow)])
def test_no_request_is_dropped_while_versions_take_over_from_each_other(
    store: Store, tmp_path: Path, swaps: int
) -> None:
    with following(store, log=RequestLog(str(tmp_path / "log"))) as port:
        load = swap_under_load(store, swaps, port)
        assert f"mlops_model_swaps_total {swaps}\n" in metrics(port)
    assert load.problems == []
    assert set(load.found) == {(200, "1", 1.0), (200, "2", 2.0)}, "each answer is that of the version it names"
    lines = [json.loads(line) for file in (tmp_path / "log").iterdir() for line in file.read_text().splitlines()]
    assert len(lines) >= load.found.total()
    assert {(line["version"], line["prediction"]) for line in lines} == {("1", 1.0), ("2", 2.0)}
    told = [event for event in events.newest(store.read(), 500) if event.kind == "serve.swapped"]
    assert len(told) == swaps
    assert told[-1].subject == "model:churn/2"
    assert told[-1].message == "churn@production is served by version 2 now, no longer by version 1"


def test_a_version_that_cannot_be_loaded_leaves_the_old_one_until_one_can(store: Store) -> None:
    broken = log_model(store, make_run(store), files={"model.skops": b"nothing", "mlops.json": b"{}"})
    versions.register(store, CONFIG, "churn", run_id=broken.run_id)
    with following(store) as port:
        stages.promote(store, CONFIG, "churn", 3, "production")
        until(port, lambda _: "mlops_model_is_behind 1\n" in metrics(port))
        assert (version(ask(port, ROW)), ask(port, ROW).json) == ("1", {"predictions": [1.0]})
        stages.promote(store, CONFIG, "churn", 2, "production")
        until(port, lambda answer: version(answer) == "2")
        assert "mlops_model_is_behind 0\n" in metrics(port)
    told = [event.message for event in events.newest(store.read(), 50) if event.kind == "serve.kept"]
    assert len(told) == 1, "the same failure is told once, however often it is tried"
    assert told[0].startswith("version 3 cannot be served, and version 1 goes on: ")


def test_a_version_takes_over_when_it_has_the_signature_that_its_stage_asks_for(store: Store, tmp_path: Path) -> None:
    keys.make(str(tmp_path / "release"))
    (tmp_path / "mlops.toml").write_text('[signing]\npublic_keys = ["release.pub"]\npolicy = "off"\n')
    with following(store) as port:
        (tmp_path / "mlops.toml").write_text('[signing]\npublic_keys = ["release.pub"]\npolicy = "enforce"\n')
        stages.promote(store, CONFIG, "churn", 2, "production")
        until(port, lambda _: "mlops_model_is_behind 1\n" in metrics(port))
        until(port, lambda _: any("asks for a signature" in event.message for event in events.newest(store.read(), 5)))
        assert version(ask(port, ROW)) == "1"
        signing.sign(store, models.version(store.read(), "churn", 2), keys.private(str(tmp_path / "release")))
        assert until(port, lambda answer: version(answer) == "2").json == {"predictions": [2.0]}


def test_a_version_that_renames_a_column_with_a_rule_does_not_take_over(store: Store, tmp_path: Path) -> None:
    rows = pd.DataFrame({"b": [1.0, 2.0]})
    fitted = DummyRegressor(strategy="constant", constant=3.0).fit(rows, np.zeros(2))
    info = formats.save(fitted, str(tmp_path / "renamed"), input_example=rows)
    run_id = make_run(store)
    log_directory(store, run_id, tmp_path / "renamed", signature=info.signature)
    versions.register(store, CONFIG, "churn", run_id=run_id)
    (tmp_path / "mlops.toml").write_text('[serve.churn]\ndrop = ["a"]\n')
    assembled = assemble(Settings(str(tmp_path), "churn@production", is_logged=True))
    with running(assembled.server) as port, assembled.following:
        stages.promote(store, CONFIG, "churn", 3, "production")
        until(port, lambda _: "mlops_model_is_behind 1\n" in metrics(port))
        assert version(ask(port, ROW)) == "1"
        stages.promote(store, CONFIG, "churn", 2, "production")
        until(port, lambda answer: version(answer) == "2")
    told = [event.message for event in events.newest(store.read(), 50) if event.kind == "serve.kept"]
    assert len(told) == 1
    assert "version 3 cannot be served, and version 1 goes on: mlops.toml: serve.churn has a rule for 'a'" in told[0]


def test_a_stage_that_is_empty_leaves_the_last_version(store: Store) -> None:
    with following(store) as port:
        stages.archive(store, CONFIG, "churn", 1)
        until(port, lambda _: "mlops_model_is_behind 1\n" in metrics(port))
        assert version(ask(port, ROW)) == "1"
        stages.promote(store, CONFIG, "churn", 1, "production")
        until(port, lambda _: "mlops_model_is_behind 0\n" in metrics(port))


def test_an_alias_is_followed_and_a_number_is_not(store: Store) -> None:
    aliases.set(store, "churn", "champion", 1)
    with following(store, "churn@champion") as port:
        aliases.set(store, "churn", "champion", 2)
        assert until(port, lambda answer: version(answer) == "2").json == {"predictions": [2.0]}
    assert is_followed("churn@production")
    assert is_followed("models:/churn/Production")
    assert not any(map(is_followed, ("churn/3", "churn", "churn/latest")))
