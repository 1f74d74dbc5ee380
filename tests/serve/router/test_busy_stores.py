"""What a router does when its store cannot be read or written for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from registry_builders import CONFIG, make_store, make_version

from mlops_store.errors import MlopsError, NotFound, Refused, StoreBusy
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.project import Project
from mlops_tui.registry import holdings, stages
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.router import running, watching
from mlops_tui.serve.router.guarding import Broken
from mlops_tui.traffic import splits

RULES = config.parse("[traffic.churn]\nmax_error_rate = 0.3\nmax_wrong = 0.5\n")


@pytest.fixture
def store(tmp_path: Any) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        for _ in range(2):
            make_version(store)
        stages.promote(store, CONFIG, "churn", 1, "production")
        splits.share_out(store, "churn", {"2": 50})
        yield store


@pytest.fixture
def router(store: Store, tmp_path: Any) -> running._Running:
    """A router that starts no servers."""
    settings = running.Settings("churn", lambda _: (), Limits())
    made = running._Running(Project(str(tmp_path)), RULES, settings, store, "")
    made._router._wanted = watching.wanted(store.read(), RULES, "churn")
    return made


def failing(*errors: MlopsError) -> Any:
    """A stand-in that fails once with each error, and notes what it was called with."""
    left = list(errors)

    def call(*arguments: Any, **options: Any) -> Any:
        call.calls.append((arguments, options))  # type: ignore[attr-defined]
        if left:
            raise left.pop(0)

    call.calls = []  # type: ignore[attr-defined]
    return call


def test_a_router_is_known_before_its_servers_are_loaded(store: Store, router: running._Running) -> None:
    router._announce()
    splits.end(store, "churn")
    with store.write() as db, pytest.raises(Refused, match="sends requests to 'churn' by this name"):
        holdings.rename(db, "churn", "other")
    router._model = "gone"
    with pytest.raises(NotFound):
        router._announce()


def test_a_candidate_that_cannot_be_taken_down_in_a_busy_store_is_told_of(
    store: Store, router: running._Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splits, "roll_back", failing(StoreBusy("busy"), Refused("was faster"), NotFound("gone")))
    with pytest.raises(StoreBusy):
        router._write({"2": Broken("", "too slow")})
    for _ in range(2):  # somebody was faster
        router._write({"2": Broken("", "too slow")})


def test_labels_that_met_a_busy_store_are_looked_at_again(
    router: running._Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    act, answers = failing(StoreBusy("busy")), [True, False, False]
    monkeypatch.setattr(router._labels, "join", lambda _: answers.pop(0))
    monkeypatch.setattr(router._guard, "act", act)
    with pytest.raises(StoreBusy):
        router._write({})
    router._write({})
    router._write({})
    assert [options["has_labels"] for _, options in act.calls] == [True, True, False]


def test_a_change_that_could_not_be_read_is_read_again(
    router: running._Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, follow = failing(StoreBusy("busy")), failing()
    monkeypatch.setattr(watching, "wanted", wanted)
    monkeypatch.setattr(watching, "outputs", lambda *_: frozenset())
    monkeypatch.setattr(router._router, "follow", follow)

    async def followed() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(running._LOOK_S * 10):
                await router._follow(-1)

    asyncio.run(followed())
    assert (len(wanted.calls), len(follow.calls)) == (2, 1)
