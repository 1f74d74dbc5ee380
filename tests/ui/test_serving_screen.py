"""The serving screen: live traffic, and the split changed by keys."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from registry_builders import make_store, make_version
from routing import routed, until
from screens import rendered, settled
from textual.pilot import Pilot
from traffic_builders import make_traffic

from mlops_store import audit, traffic_counts, traffic_routers
from mlops_store.errors import StoreError
from mlops_store.records import TrafficCount
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.project import Project
from mlops_tui.traffic import splits
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens import serving_load
from mlops_tui.ui.screens.serving_panes import Serving

RULES = config.parse("[traffic.churn]\nmax_error_rate = 0.05\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with make_store(tmp_path_factory.mktemp("project")) as store:
        make_traffic(store, seconds=120)
        yield store


def opened(store: Store, place: str = "serving") -> MlopsApp:
    return MlopsApp(Project(str(Path(store.path).parents[1])), RULES, start=place)


async def press(pilot: Pilot[object], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def shares(store: Store) -> dict[str, float]:
    return dict(splits.get(store.read(), "churn").weights)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_everything_has_its_place_at_every_size(made: Store, size: tuple[int, int]) -> None:
    app = opened(made)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        text = rendered(app)
        for said in (
            "Split churn · by chance", "v2", "candidate", "10% █", "copies", "req/s", "p95",
            "version 1 is better than version 2", "7.26 (4 to 13)", "97.0% as v1", "failures 5.00%",
        ):  # fmt: skip
            assert said in text, text
        assert ("p99" in text) == (size[0] > 100)
        assert "http://127.0.0.1:5000" in text


async def test_keys_change_the_split_after_a_look_at_what_would_come_of_it(made: Store) -> None:
    app = opened(made, "serving churn")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "plus")
        assert "10% →    25%" in rendered(app)
        await press(pilot, "escape")
        assert shares(made) == {"2": 10.0}
        await press(pilot, "plus", "enter")
        assert shares(made) == {"2": 25.0}
        assert "25% █" in rendered(app)
        await press(pilot, "p", "enter")
        assert splits.get(made.read(), "churn").is_paused
        assert "paused" in rendered(app)
        await press(pilot, "u")
        assert not splits.get(made.read(), "churn").is_paused
        await press(pilot, "s", *["backspace"] * 2, "4", "0", "enter", "enter")
        assert shares(made) == {"2": 40.0}
        await press(pilot, "b", "enter")
        assert shares(made) == {"2": 0.0}
        await press(pilot, "u")
        assert shares(made) == {"2": 40.0}
        await press(pilot, "at")
        assert "mlops-tui traffic rollback churn" in rendered(app)


async def test_keys_are_answered_while_another_process_holds_the_store(made: Store) -> None:
    app = opened(made, "serving churn")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        with Store(made.path) as other, other.write():
            began = time.monotonic()
            await pilot.press("plus")
            await pilot.pause()
            assert time.monotonic() - began < 10
        await settled(pilot)
        assert "do it" in rendered(app)
        await press(pilot, "escape")


async def test_versions_come_and_go_by_keys(made: Store) -> None:
    make_version(made)
    app = opened(made)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "a", "enter", "enter")
        assert shares(made)["4"] == 5.0
        await press(pilot, "K", *"field user", "enter", "enter")
        assert splits.get(made.read(), "churn").key == "field user"
        await press(pilot, "G", "d", "enter")
        assert splits.get(made.read(), "churn").shadows == ()
        await press(pilot, "g", "d")
        assert "x ends the split" in rendered(app)
        await press(pilot, "plus")
        assert "choose a candidate" in rendered(app)
        await press(pilot, "x", "enter")
        assert audit.newest(made.read(), 1)[0].action == "traffic.end"
        assert "candidate" not in rendered(app)
        await press(pilot, "u")
        assert shares(made)["4"] == 5.0


async def test_a_load_test_needs_requests_that_were_logged(made: Store) -> None:
    app = opened(made)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "L")
        assert "no request was logged yet" in rendered(app)


async def test_a_load_test_is_run_where_the_router_runs(made: Store) -> None:
    here = os.uname().nodename
    with made.write() as db:
        db.execute("UPDATE traffic_routers SET host = 'elsewhere'")
    app = opened(made)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "L")
        assert "runs on elsewhere" in rendered(app)
    with made.write() as db:
        db.execute("UPDATE traffic_routers SET host = ?", (here,))


def test_a_load_test_says_that_a_token_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"requests": 2, "rate": 1.0, "latency_s": {"p50": 1.0, "p95": 1.0}, "failed": 2, "errors": {"status 401": 2}}
    ended = subprocess.CompletedProcess([], 1, json.dumps(told), "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ended)
    with pytest.raises(StoreError, match="MLOPS_SERVE_TOKEN"):
        serving_load.run(".", [])


@pytest.mark.slow
async def test_a_load_test_asks_again_what_was_asked(tmp_path: Path) -> None:
    with make_store(tmp_path) as store:
        make_traffic(store, seconds=5)
        with store.write() as db:
            traffic_routers.remove(db, "churn")
        requests = Path(Project(str(tmp_path)).requests_dir("churn"))
        requests.mkdir(parents=True)
        line = {"id": "a", "time": time.time(), "version": "1", "inputs": {"a": 1.0}, "prediction": 1}
        (requests / "20261101T000000-1-000000.jsonl").write_text(json.dumps(line) + "\n")
        with routed(tmp_path, "churn", is_small=True):
            until(lambda: bool(traffic_routers.running(store.read(), "churn")))
            app = opened(store)
            async with app.run_test(size=(160, 40)) as pilot:
                await settled(pilot)
                await press(pilot, "L", "backspace", "backspace", "2", "0", "enter")
                text = rendered(app)
                assert "0 failed" in text, text
                assert "a second" in text


async def test_other_screens_lead_here_and_from_here(made: Store) -> None:
    app = opened(made, "models churn")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "r")
        assert "Split churn" in rendered(app)
        await press(pilot, "h")
        assert "traffic: " in rendered(app)
        await press(pilot, "escape", "enter")
        assert str(app.screen.place).startswith("version churn/")  # type: ignore[attr-defined]


async def test_nothing_moves_when_no_request_came_lately(tmp_path: Path) -> None:
    with make_store(tmp_path) as store:
        make_traffic(store, now=time.time() - 200, seconds=60)
        app = opened(store)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            serving = app.screen.query_one(Serving)
            assert serving._ticker is None
            with store.write() as db:
                traffic_counts.add(db, "churn", [TrafficCount(1, False, int(time.time()) - 1, 1, 60, 0, 0, {20: 60})])
            deadline = time.monotonic() + 20
            while serving._ticker is None:
                assert time.monotonic() < deadline
                await pilot.pause(0.05)


async def test_an_empty_project_says_how_there_comes_to_be_something(tmp_path: Path) -> None:
    with make_store(tmp_path) as store:
        app = opened(store)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            assert "mlops-tui route MODEL" in rendered(app)
            await press(pilot, "plus", "p", "b", "a", "d", "h", "}")
        app = opened(store, "serving nothing")
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            assert "nothing" in rendered(app)
