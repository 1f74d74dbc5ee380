"""Optuna's storages: an SQLite file or a journal; each trial is a run, each study an experiment."""

from __future__ import annotations

from mlops_tui.interop import optuna_database, optuna_journal
from mlops_tui.interop.source import Problems, Source


def recognises(path: str) -> bool:
    """Whether a path is one of them."""
    return optuna_database.recognises(path) or optuna_journal.recognises(path)


def read(path: str, problems: Problems, artifact_roots: tuple[str, ...] = ()) -> Source:
    """Opens the file.

    Raises:
        Refused: It is no such file, or cannot be read.
    """
    if optuna_journal.recognises(path):
        return optuna_journal.read(path, problems, artifact_roots)
    return optuna_database.read(path, problems, artifact_roots)
