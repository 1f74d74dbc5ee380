"""Data sets, their versions, and who used them. Imported from ``records``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_store.run_records import RunKind, RunStatus


@dataclass(frozen=True, slots=True)
class Dataset:
    """A version of some data: a name and the hash of its content."""

    name: str
    digest: str
    path: str = ""
    size_bytes: int | None = None
    files: int | None = None
    row_count: int | None = None
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """A data set that a run read (``context`` 'input', 'training', …) or wrote ('output')."""

    dataset: Dataset
    context: str


@dataclass(frozen=True, slots=True)
class DataVersion:
    """One content that some data had, over all runs that used it.

    Attributes:
        path: What it is a version of: a path from the project's root, or the name of data that has none.
        digest: Of the content; two versions of a path never share one.
        first_at: When a run first used it.
        since_at: Since when it has been the newest version, for the last time that it was.
        used_at: When a run last used it.
        read_count: Runs that read it.
        written_count: Runs that wrote it.
    """

    path: str
    digest: str
    size_bytes: int | None = None
    files: int | None = None
    row_count: int | None = None
    first_at: float = 0.0
    since_at: float = 0.0
    used_at: float = 0.0
    read_count: int = 0
    written_count: int = 0


@dataclass(frozen=True, slots=True)
class DataSummary:
    """Some data with its newest version, and the last run that used that (a stage's before a pipeline's)."""

    path: str
    version_count: int
    digest: str
    size_bytes: int | None
    files: int | None
    since_at: float
    used_at: float
    run_id: str = ""
    run_name: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class DataUse:
    """A run that used a version; ``contexts`` says how ('input', 'output', 'training' …)."""

    run_id: str
    run_name: str
    kind: RunKind
    status: RunStatus
    started_at: float
    user: str
    contexts: tuple[str, ...]
