"""Registered models, their versions, changes of stage, the audit log, and profiles. Imported from ``records``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a registered model.

    ``lineage`` holds ``run_id``, ``git_commit``, ``git_dirty``, ``metrics``, ``params``, ``datasets`` as they were
    when the version was made. ``parent`` is the version that it follows: card texts are taken over from there.
    ``updated_at`` is when it came or last moved.
    """

    model: str
    version: int
    stage: str
    source: str
    flavor: str
    digest: str
    size_bytes: int
    created_at: float
    created_by: str = ""
    run_id: str | None = None
    logged_model_id: str | None = None
    description: str = ""
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)
    profile_id: int | None = None
    parent: int | None = None
    updated_at: float = 0.0


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A registered model with all its versions, newest first."""

    name: str
    description: str
    created_at: float
    updated_at: float
    versions: tuple[ModelVersion, ...] = ()
    aliases: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageHolders:
    """The versions of a model in one stage: how many, and the newest of them as (version, flavor), newest first."""

    count: int
    newest: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """A registered model as lists show it, without its versions.

    Attributes:
        name: Its name.
        description: What people say that it is.
        updated_at: When a version of it came or moved, Unix seconds.
        newest: Its newest version; 0 when it has none.
        versions: How many it has.
        stages: Stage -> who is there; stages without versions are left out.
        aliases: Alias -> version.
        tags: Of the model itself.
    """

    name: str
    description: str
    updated_at: float
    newest: int
    versions: int
    stages: Mapping[str, StageHolders]
    aliases: Mapping[str, int]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StageChange:
    """A move of a version from one registry stage to another."""

    id: int
    model: str
    version: int
    kind: str
    from_stage: str
    to_stage: str
    at: float
    actor: str
    reason: str
    audit_id: int
    cause_id: int | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the append-only, hash-chained audit log."""

    id: int
    at: float
    actor: str
    host: str
    origin: str
    action: str
    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A reference profile: per-column summaries, and the digest of the kept sample (a Parquet object)."""

    id: int
    digest: str
    name: str
    row_count: int
    summary: Mapping[str, Any]
    sample_digest: str | None
    created_at: float
