"""Putting a server together from what was asked: the model, the logs of requests and labels, who follows the store."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from mlops_store.errors import NotFound, UsageError
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.config.serving import ServeConfig
from mlops_tui.project import Project
from mlops_tui.serve import following, launching, redaction, served
from mlops_tui.serve.app import Server
from mlops_tui.serve.counters import Table
from mlops_tui.serve.labels import LabelLog
from mlops_tui.serve.metrics import Metrics
from mlops_tui.serve.predicting import Joining
from mlops_tui.serve.redaction import Redaction
from mlops_tui.serve.request_log import Bounds, RequestLog
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.served import Served
from mlops_tui.serve.settings import Settings


@dataclass(frozen=True, slots=True)
class Assembled:
    """A server that can be run.

    Attributes:
        server: What answers.
        following: Follows the store while it is entered.
        log_directory: Where requests are logged; "" for nowhere.
    """

    server: Server
    following: AbstractContextManager[object]
    log_directory: str


def assemble(settings: Settings, table: Table | None = None, row: int = 0) -> Assembled:
    """The server that was asked for, its model verified and loaded.

    Args:
        settings: What was asked.
        table: Where several processes of one server count; None for one that is alone.
        row: Which of them this is.

    Raises:
        NotFound: There is no such model.
        Refused: It cannot be loaded, or must not.
        UsageError: The settings contradict each other, or ``mlops.toml`` contradicts the model.
    """
    project = Project(settings.root)
    found = _served(project, settings)
    metrics = Metrics(found.facts, table, row)
    rules = configuration.load(project).serve.get(found.name, ServeConfig())
    log, label_log, directory = _logs(project, settings, found, metrics, rules)
    limits = Limits.of(settings.body_bytes, settings.prediction_s)
    joining = Joining(wait_s=settings.batch_wait_s)
    if settings.batch_rows is not None:
        joining = Joining(settings.batch_rows, settings.batch_wait_s, is_forced=True)
    server = Server(found, launching.own_version(), limits, settings.token, log, label_log, metrics, joining)
    return Assembled(server, _following(project, settings, server, row, rules if log else ServeConfig()), directory)


def open_store(project: Project) -> Store:
    """The project's store.

    Raises:
        NotFound: Nothing has been recorded yet.
    """
    if not project.has_store:
        raise NotFound(f"nothing has been recorded in {project.root} yet", "-C DIR names another project")
    return Store(project.store_path, create=False)


def is_folder(settings: Settings) -> bool:
    """Whether the model lies in a folder, and not in the registry."""
    return os.path.isdir(settings.model)


def _served(project: Project, settings: Settings) -> Served:
    if is_folder(settings):
        return served.from_folder(
            settings.model,
            settings.name,
            settings.trusted,
            allow_pickle=settings.allow_pickle,
            allow_source=settings.allow_source,
        )
    if settings.allow_pickle or settings.allow_source or settings.name:
        raise UsageError(
            f"--name and --allow-… are for folders, and {settings.model} is none",
            "a version has a name, and what it may run was decided when it was registered",
        )
    with open_store(project) as store:
        return served.from_registry(store, settings.model, settings.trusted)


def _logs(
    project: Project, settings: Settings, found: Served, metrics: Metrics, rules: ServeConfig
) -> tuple[RequestLog | None, LabelLog | None, str]:
    """The logs of requests and labels: where they are wanted, or a monitor waits for them."""
    config = configuration.load(project)
    is_awaited = any(monitor.requests == found.name for monitor in config.monitors.values())
    if not (is_awaited if settings.is_logged is None else settings.is_logged):
        return None, None, ""
    directory = project.requests_dir(found.name)
    redaction.require_known(rules, found.schema, found.name)
    key = redaction.key(project.hash_key_path) if rules.hash else b""
    log = RequestLog(directory, Bounds(kept_bytes=settings.log_bytes), Redaction(rules, key), metrics)
    return log, LabelLog(project.labels_dir(found.name), settings.log_bytes), directory


def _following(
    project: Project, settings: Settings, server: Server, row: int, rules: ServeConfig
) -> AbstractContextManager[object]:
    if is_folder(settings) or not following.is_followed(settings.model):
        return nullcontext()
    opened: Callable[[], Store] = lambda: open_store(project)  # noqa: E731

    def check(found: Served) -> None:
        """A column that has another name now would be written down as it is."""
        redaction.require_known(rules, found.schema, found.name)

    # of several processes that swap the same version one tells the project
    return following.Follower(opened, settings.model, settings.trusted, server, is_recording=row == 0, check=check)
