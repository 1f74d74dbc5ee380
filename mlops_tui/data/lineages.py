"""Where the data of a drifted window and of its reference came from, and what was trained on it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from mlops_store import drift, models
from mlops_store.datasets import WRITTEN
from mlops_store.records import DataUse, ModelVersion
from mlops_tui.data import origin
from mlops_tui.data.origin import Origin
from mlops_tui.drift.beginnings import around
from mlops_tui.project import Project

if TYPE_CHECKING:
    from mlops_store.store import Store
    from mlops_tui.config import Config
    from mlops_tui.drift.cause.find import Cause

#: Runs that are named at most.
_RUNS = 20


@dataclass(frozen=True, slots=True)
class Trained:
    """A version that was trained on the reference; ``reads`` says whether it takes the column, None where unknown."""

    model: str
    version: int
    stage: str
    run_id: str
    reads: bool | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """What belongs to a column's data.

    Attributes:
        window: Where the window's rows came from, with the commits between the last window of before and it.
        reference: Where the reference came from; None where it is no file.
        trained: The versions that were trained on the reference.
        runs: The runs that read the reference's file.
        notes: What could not be found out.
    """

    window: Origin | None
    reference: Origin | None
    trained: tuple[Trained, ...] = ()
    runs: tuple[DataUse, ...] = ()
    notes: tuple[str, ...] = ()

    def shape(self) -> dict[str, Any]:
        """As JSON objects."""
        return {
            "window_origin": None if self.window is None else asdict(self.window),
            "reference_origin": None if self.reference is None else asdict(self.reference),
            "versions": [asdict(one) for one in self.trained],
            "runs": [
                {"run_id": use.run_id, "run_name": use.run_name, "started_at": use.started_at} for use in self.runs
            ],
        }


def of_cause(project: Project, store: Store, config: Config, found: Cause) -> Lineage:
    """Where the data of a drifted column came from, and what was trained on it."""
    db = store.read()
    _, level = around(found.levels, found.at)
    first = found.windows[level.start if level is not None else found.at]
    before = found.windows[level.start - 1] if level is not None and level.start else None
    path = _inside(project, drift.report(db, first.report_id).path)
    window = None
    if path:
        window = origin.of(project, db, path, at=first.at, since=None if before is None else before.at)
    monitor = config.monitors.get(found.report.monitor)
    named = monitor.reference if monitor is not None else ""
    readers = origin.readers(db, named) if named else ()
    trained = _trained(db, found, {use.run_id for use in readers})
    if named:
        reference: Origin | None = origin.of(project, db, named, at=found.report.checked_at)
    else:
        reference = next(filter(None, (_training_data(project, db, one) for one in trained)), None)
        readers = origin.readers(db, reference.path) if reference is not None else ()
    runs = readers[:_RUNS]
    notes = () if trained or runs else ("no run and no version is known to have been trained on the reference",)
    return Lineage(
        window,
        reference,
        tuple(
            Trained(one.model, one.version, one.stage, one.run_id or "", _reads(one, found.column.column))
            for one in trained
        ),
        runs,
        notes,
    )


def _training_data(project: Project, db: sqlite3.Connection, version: ModelVersion) -> Origin | None:
    """Where the data that a version was trained on came from: what its run called so, else what a stage writes."""
    used = [one for one in version.lineage.get("datasets", []) if one.get("path") and one.get("context") != WRITTEN]
    for one in sorted(used, key=lambda one: one.get("context") == "input"):
        found = origin.of(project, db, one["path"], at=version.created_at)
        if found.stage or one.get("context") != "input":
            return found
    return None


def _inside(project: Project, path: str) -> str:
    """A path from the project's root with slashes, up to the first wildcard of a pattern; "" outside of it."""
    whole = path if os.path.isabs(path) else os.path.join(project.root, path.partition(", ")[0])
    relative = os.path.relpath(whole, project.root)
    if relative.startswith(os.pardir) or os.path.isabs(relative):
        return ""
    kept = list(takewhile(lambda part: not any(letter in part for letter in "*?["), relative.split(os.sep)))
    return "/".join(kept)


def _trained(db: sqlite3.Connection, found: Cause, run_ids: Collection[str]) -> list[ModelVersion]:
    """The versions whose training data is the report's reference, or that runs made which read its file."""
    profile_id = drift.profile_id_of(db, found.report.id)
    names = [found.report.model] if found.report.model else models.names(db)
    return [
        version
        for name in names
        for version in models.get(db, name).versions
        if (profile_id is not None and version.profile_id == profile_id)
        or version.run_id in run_ids
        or (version.model, version.version) == (found.report.model, found.report.version)
    ]


def _reads(version: ModelVersion, column: str) -> bool | None:
    inputs = version.lineage.get("signature", {}).get("inputs", [])
    names = [str(one["name"]) for one in inputs if isinstance(one, dict) and "name" in one]
    return column in names if names and len(names) == len(inputs) else None
