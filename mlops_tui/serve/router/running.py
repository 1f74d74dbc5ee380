"""Bringing a router up and down: it listens, follows the store, writes what it counted, and minds the guard rules."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from mlops_store import events, models, traffic_counts, traffic_routers
from mlops_store.errors import MlopsError, Refused, StoreBusy, StoreError, UsageError
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.config import Config
from mlops_tui.config.serving import ServeConfig
from mlops_tui.config.traffic import TrafficConfig
from mlops_tui.project import Project
from mlops_tui.serve import launching
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.router import watching
from mlops_tui.serve.router.app import Command, Router
from mlops_tui.serve.router.clients import Clients
from mlops_tui.serve.router.counting import Counting
from mlops_tui.serve.router.guarding import Broken, Guard
from mlops_tui.serve.router.truth import Labels

_log = logging.getLogger("mlops_tui.serve")
#: How often the store is asked whether it has changed, which takes microseconds, and how often counts are written.
_LOOK_S = 0.05
_WRITE_S = 1.0
#: How long counts wait for a store that others write; then they are tried again with the next ones.
_BUSY_S = 2.0
#: How long requests may go on after the router was told to end.
_END_S = 60.0
_CONTRADICTION_HINT = "take out max_wrong, max_distance_ratio and the test, or the rule for the prediction"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a router is told when it is started.

    Attributes:
        model: The registered model.
        command: Makes the command that serves one of its versions.
        limits: What a client can ask.
        token: What clients must bring along; "" lets everybody in.
    """

    model: str
    command: Command
    limits: Limits
    token: str = ""


def run(
    project: Project, config: Config, settings: Settings, listening: socket.socket, url: str, ready: Callable[[], None]
) -> None:
    """Routes requests until SIGTERM or SIGINT, then finishes those that are under way.

    Args:
        project: The project.
        config: Its configuration; it is read again when it changes.
        settings: What is routed.
        listening: Where.
        url: The same, for people.
        ready: Called as soon as requests are answered.

    Raises:
        NotFound: There is no such model, or no longer, or it has no stable version.
        Refused: The stable version cannot be served.
        UsageError: Answers are to wait for labels, and must not be kept.
    """
    launching.allow_connections()
    store = Store(project.store_path, create=False, busy_timeout_s=_BUSY_S)
    try:
        running = _Running(project, config, settings, store, url)
        asyncio.run(running.run(listening, ready))
    finally:
        store.close()


def _contradiction(model: str) -> str:
    return f"traffic.{model} compares predictions with labels, which serve.{model} has a rule against keeping"


class _Running:
    def __init__(self, project: Project, config: Config, settings: Settings, store: Store, url: str) -> None:
        self._project = project
        self._config = config
        self._config_changed_at = _changed_at(project)
        self._settings = settings
        self._store = store
        self._url = url
        self._model = settings.model
        self._counting = Counting(self._model, self._rules.window_s)
        self._router = Router(
            self._model, settings.command, settings.limits.prediction_s, self._counting, settings.token
        )
        db = store.read()
        self._outputs = watching.outputs(db, watching.wanted(db, config, self._model))
        if self._is_contradicted:
            raise UsageError(f"mlops.toml: {_contradiction(self._model)}", _CONTRADICTION_HINT)
        self._keep_answers()
        self._guard = Guard(self._router, self._counting)
        self._labels = Labels(self._model, project.labels_dir(self._model))
        self._clients = Clients(self._router.answer, settings.limits, launching.CONNECTIONS)
        self._is_over = asyncio.Event()
        self._started_at = time.time()
        self._told: dict[str, str] = {}
        self._has_warned = self._has_labels = False

    @property
    def _rules(self) -> TrafficConfig:
        return self._config.traffic.get(self._model, TrafficConfig())

    @property
    def _redacted(self) -> tuple[str, ...]:
        return self._config.serve.get(self._model, ServeConfig()).columns

    @property
    def _is_contradicted(self) -> bool:
        """Whether predictions are to be compared with labels, and must not be kept until those come."""
        return self._rules.wants_labels and not {"prediction", *self._outputs}.isdisjoint(self._redacted)

    async def run(self, listening: socket.socket, ready: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._is_over.set)
        version = self._store.data_version()
        db = self._store.read()
        wanted = watching.wanted(db, self._config, self._model)
        if wanted.split is not None:
            trial = wanted.split.trial
            self._counting.remember(trial, traffic_counts.seen_keys(db, self._model, trial))
        self._router.follow(wanted)
        try:
            self._announce()
            if await self._can_begin():
                server = await loop.create_server(self._clients.connect, sock=listening)
                ready()
                work = [
                    loop.create_task(self._follow(version)),
                    loop.create_task(self._write_often()),
                    loop.create_task(self._sweep()),
                ]
                await self._is_over.wait()
                server.close()
                await self._finish()
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)
        finally:
            await self._router.end()
            self._counting.take()
            with suppress(StoreError):
                self._write({}, is_over=True)

    def _announce(self) -> None:
        """Says that this router runs before its servers are loaded: a model that is routed is not renamed."""
        with suppress(StoreBusy), self._store.write() as db:
            models.identifier(db, self._model)  # by another name since it was asked for
            traffic_routers.put(db, self._model, self._url, self._started_at, self._router.states)

    async def _can_begin(self) -> bool:
        """Waits until all versions are loaded, as far as they can be; False when it is over before.

        Raises:
            Refused: The stable version cannot be.
        """
        over = asyncio.get_running_loop().create_task(self._is_over.wait())
        while not self._router.has_settled:
            self._router.arranged.clear()
            arranged = asyncio.get_running_loop().create_task(self._router.arranged.wait())
            await asyncio.wait((over, arranged), return_when=asyncio.FIRST_COMPLETED)
            arranged.cancel()
            if self._is_over.is_set():
                return False
        over.cancel()
        if self._router.table is None:
            state = self._router.states.get(str(self._router.wanted.stable)) if self._router.wanted else ""
            raise Refused(f"the stable version of {self._model!r} cannot be served: {state}")
        return True

    async def _finish(self) -> None:
        """Waits for the requests that are under way."""
        self._clients.end()
        deadline = time.monotonic() + _END_S
        while self._clients.open and time.monotonic() < deadline:
            await asyncio.sleep(0.02)

    # the store

    async def _follow(self, version: int) -> None:
        """Takes up what was changed, within a moment."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                now = self._store.data_version()
                if now != version:
                    db = self._store.read()
                    wanted = watching.wanted(db, self._config, self._model)
                    self._outputs = watching.outputs(db, wanted)
                    self._keep_answers()
                    self._router.follow(wanted)
                    version = now  # not before it was read, so that a read that fails is tried again
                    self._has_warned = False
            except MlopsError as error:  # what was routed before goes on
                self._warn(f"the split cannot be followed: {error}")

    def _warn(self, text: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            _log.warning("%s", text)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_WRITE_S)
            self._clients.sweep()

    async def _write_often(self) -> None:
        while True:
            await asyncio.sleep(_WRITE_S)
            self._reconfigure()
            has_counts = self._counting.take()
            broken = self._guard.broken(self._rules)
            states = self._router.states
            has_news = bool(self._router.news) or states != self._told
            if not (has_counts or broken or self._rules.monitors or self._rules.wants_labels or has_news):
                continue
            try:
                await asyncio.to_thread(self._write, broken)
            except MlopsError as error:
                self._warn(f"counts wait to be written: {error}")
            except Exception:  # requests are answered whatever is wrong with what is told of them
                _log.exception("what was counted cannot be written")

    def _reconfigure(self) -> None:
        """Takes up guard rules that were changed."""
        changed_at = _changed_at(self._project)
        if changed_at == self._config_changed_at:
            return
        self._config_changed_at = changed_at
        try:
            self._config = configuration.load(self._project)
        except MlopsError as error:
            _log.warning("mlops.toml is not taken up: %s", error)
        self._counting.window_s = self._rules.window_s
        if self._is_contradicted:
            _log.warning("mlops.toml: %s: no answer is kept", _contradiction(self._model))
        self._keep_answers()

    def _keep_answers(self) -> None:
        """Has answers kept for labels where that is asked for, and they may be."""
        self._router.redacted = self._redacted
        self._router.keeps_answers = self._rules.wants_labels and not self._is_contradicted

    def _write(self, broken: dict[str, Broken], *, is_over: bool = False) -> None:
        """Writes what was counted, what became of servers, and rolls back what broke a rule; in a thread."""
        store, model = self._store, self._model
        self._counting.write(store)
        states = self._router.states
        if is_over:
            with store.write() as db:
                traffic_routers.remove(db, model)
            return
        if states != self._told:
            with store.write() as db:
                traffic_routers.put(db, model, self._url, self._started_at, states)
            self._told = states
        while self._router.news:
            part, state = self._router.news[0]
            said = "died and is started again" if state == "down" else f"cannot be served: {state}"
            with store.write() as db:
                events.add(db, "traffic.server", f"model:{model}/{part.version}", f"{model} version {part} {said}")
            self._router.news.popleft()
        if self._rules.wants_labels and self._labels.join(store):
            self._has_labels = True  # until they were looked at: a busy store is tried again
        self._guard.act(store, self._rules, broken, has_labels=self._has_labels)
        self._has_labels = False


def _changed_at(project: Project) -> int:
    try:
        return os.stat(project.config_path).st_mtime_ns
    except OSError:
        return 0
