"""Everything that is known of one version: its record, where it stands, what gates and people said, what was done."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from mlops_store import artifacts, gate_verdicts, model_facts, models, notes, profiles, timeline
from mlops_store.gate_verdicts import GateVerdict
from mlops_store.records import AuditEntry, ModelVersion, Note, RunStatus, StageChange
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.registry import approvals, previews, signing
from mlops_tui.registry.acts import Act, act
from mlops_tui.registry.approvals import Round
from mlops_tui.registry.moves import rank
from mlops_tui.registry.signing import SignatureState


@dataclass(frozen=True, slots=True)
class GateState:
    """A gate on the way to a stage, and what it found; None where it has not looked yet."""

    stage: str
    gate: str
    kind: str
    verdict: GateVerdict | None


@dataclass(frozen=True, slots=True)
class FileState:
    """A file of a version: its SHA-256, its size, and whether the store still has it."""

    path: str
    digest: str
    size_bytes: int
    is_there: bool


@dataclass(frozen=True, slots=True)
class VersionDetails:
    """A version with all that belongs to it.

    Attributes:
        version: Its record.
        changes: Its changes of stage, newest first.
        aliases: All aliases of the model, and the versions that they name.
        run_status: How its run stands; None without a run.
        holder: The version to measure it against: in the highest stage that holds a single one.
        metrics: Metric -> its value, and the holder's; None where one has none.
        verdicts: Metric -> 'better', 'worse' or 'equal' than the holder, in the direction of the goal.
        gates: Every gate on its way up.
        rounds: Where approvals stand, by stage.
        files: What it consists of.
        notes: Remarks by people, oldest first.
        profile_rows: Rows of the reference profile; None without one.
        profile_columns: Columns of the reference profile.
        history: Entries of the audit log on it, newest first.
        signed: Who vouches for it with a key; its files were not read for that.
    """

    version: ModelVersion
    changes: tuple[StageChange, ...]
    aliases: Mapping[str, int]
    run_status: RunStatus | None
    holder: ModelVersion | None
    metrics: Mapping[str, tuple[float | None, float | None]]
    verdicts: Mapping[str, str]
    gates: tuple[GateState, ...]
    rounds: tuple[Round, ...]
    files: tuple[FileState, ...]
    notes: tuple[Note, ...]
    profile_rows: int | None
    profile_columns: int
    history: tuple[AuditEntry, ...]
    signed: SignatureState

    @property
    def acts(self) -> tuple[Act, ...]:
        """What was done to it, newest first."""
        return tuple(map(act, self.history))


def read(store: Store, config: Config, name: str, number: int) -> VersionDetails:
    """Everything about a version.

    Raises:
        NotFound: No such model or version.
    """
    with store.snapshot() as db:
        version = models.version(db, name, number)
        standing = models.standing(db, name, number)
        profile = profiles.get(db, version.profile_id) if version.profile_id is not None else None
        columns = profile.summary.get("columns") if profile else None
        holder = _holder(db, config, version)
        metrics = previews.compared(
            config, previews.measured(db, version), previews.measured(db, holder) if holder else {}
        )
        return VersionDetails(
            version=version,
            changes=tuple(models.changes(db, name, version=number)),
            aliases=model_facts.aliases(db, name),
            run_status=RunStatus(standing.run_status) if standing.run_status else None,
            holder=holder,
            metrics={key: (ours, theirs) for key, ours, theirs in metrics},
            verdicts=previews.verdicts(config, metrics),
            gates=tuple(_gates(db, config, version)),
            rounds=tuple(_rounds(db, config, version)),
            files=_files(store, standing),
            notes=notes.of(db, f"model:{name}/{number}"),
            profile_rows=profile.row_count if profile else None,
            profile_columns=len(columns) if isinstance(columns, dict) else 0,
            history=tuple(timeline.read(db, timeline.numbers(db, model=name, version=number))),
            signed=signing.state(db, config, version),
        )


def _holder(db: sqlite3.Connection, config: Config, version: ModelVersion) -> ModelVersion | None:
    registry = config.registry
    for stage in sorted(registry.single, key=lambda stage: rank(registry, stage), reverse=True):
        for number in model_facts.stages(db, version.model, stage):
            if number != version.version:
                return models.version(db, version.model, number)
    return None


def _gates(db: sqlite3.Connection, config: Config, version: ModelVersion) -> list[GateState]:
    found = []
    for stage in config.registry.stages:
        gates = config.gates_of(stage)
        kept = gate_verdicts.of_version(db, version.model, version.version, stage) if gates else {}
        found += [GateState(stage, gate.name, gate.kind, kept.get(gate.name)) for gate in gates]
    return found


def _rounds(db: sqlite3.Connection, config: Config, version: ModelVersion) -> list[Round]:
    rounds = [
        approvals.standing(db, approvals.rules(config, stage), version, stage) for stage in config.registry.stages[1:]
    ]
    asked = {gate for gate in config.registry.stages if any(one.kind == "approval" for one in config.gates_of(gate))}
    return [one for one in rounds if one.acts or one.stage in asked]


def _files(store: Store, standing: models.Standing) -> tuple[FileState, ...]:
    listed = ((path, str(entry["digest"]), int(entry["size_bytes"])) for path, entry in standing.files.items())
    return tuple(FileState(*one, _is_there(store, *one[1:])) for one in sorted(listed))


def _is_there(store: Store, digest: str, size_bytes: int) -> bool:
    """Whether the store has such an object; a look, not a read."""
    try:
        return os.stat(artifacts.object_path(store.objects_dir, digest)).st_size == size_bytes
    except OSError:
        return False
