"""Which kinds of source there are, and which of them a path is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast

from mlops_store.errors import Refused, UsageError, nearest
from mlops_tui.interop.source import Problems, Source

#: Kind -> the module that reads it and what it is called, the surest to recognise first.
KINDS = {
    "mlflow": ("mlflow_database", "an MLflow database (mlflow.db)"),
    "mlruns": ("mlflow_files", "an MLflow folder (mlruns/)"),
    "optuna": ("optuna", "an Optuna storage (SQLite or a journal)"),
    "trackio": ("trackio", "a trackio folder or project"),
    "dvclive": ("dvclive", "a DVCLive folder"),
    "wandb": ("wandb", "runs that W&B keeps on this machine (wandb/)"),
    "tensorboard": ("tensorboard", "a TensorBoard log directory"),
}

#: What tools call their stores, below the directory they are used in.
_USUAL = (
    "mlflow.db",
    "mlruns",
    "wandb",
    "dvclive",
    "optuna.db",
    "optuna_journal_storage.log",
    "journal.log",
    "runs",
    "logs",
    "tb_logs",
    "lightning_logs",
    "tensorboard",
)


class Reader(Protocol):
    """A module that reads one kind."""

    def recognises(self, path: str) -> bool:
        """Whether a path is of this kind."""
        raise NotImplementedError

    def read(self, path: str, problems: Problems, artifact_roots: tuple[str, ...] = ()) -> Source:
        """Opens it."""
        raise NotImplementedError


def reader(kind: str) -> Reader:
    """The module of a kind.

    Raises:
        UsageError: There is no such kind.
    """
    if kind not in KINDS:
        raise UsageError(f"no kind {kind!r}", nearest(kind, KINDS))
    return cast(Reader, import_module(f"mlops_tui.interop.{KINDS[kind][0]}"))


def kind_of(path: str) -> str:
    """The kind of a path; "" for what is none."""
    return next((kind for kind in KINDS if reader(kind).recognises(path)), "")


def within(directory: str) -> Iterator[tuple[str, str]]:
    """Kind and path of each source that lies in a directory under its usual name."""
    for name in _USUAL:
        path = os.path.join(directory, name)
        if os.path.exists(path) and (kind := kind_of(path)):
            yield kind, path


def open_source(path: str, problems: Problems, kind: str = "", artifact_roots: tuple[str, ...] = ()) -> Source:
    """The source at a path, or the only one in the directory there.

    Args:
        path: A file or folder.
        problems: Gets what is not read.
        kind: What it is; found out where it is not given.
        artifact_roots: More folders out of which artifacts may be read.

    Raises:
        UsageError: There is nothing there that could be read, or more than one thing.
        Refused: It cannot be read.
    """
    if not os.path.exists(path):
        raise UsageError(f"{path} does not exist", "name a file or folder of another tool")
    if not kind:
        kind = kind_of(path)
    if not kind and os.path.isdir(path):
        found = list(within(path))
        if len(found) > 1:
            raise UsageError(
                f"{path} has several stores of other tools", "name one of: " + ", ".join(place for _, place in found)
            )
        kind, path = found[0] if found else ("", path)
    if not kind:
        raise UsageError(
            f"{path} is no store of another tool that could be read",
            "--from names its kind: " + ", ".join(KINDS),
        )
    try:
        return reader(kind).read(path, problems, artifact_roots)
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror})", "check its owner and mode") from error
