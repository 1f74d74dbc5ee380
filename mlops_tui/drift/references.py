"""What a monitor compares with: a file that it names, or the profile of its model's version in production.

Earlier windows of its own are in ``earlier``.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_store import drift, models
from mlops_store.errors import MlopsError, NotFound, Refused, UsageError
from mlops_store.records import ModelVersion, Profile
from mlops_tui.config import Config
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from mlops_store.store import Store


@dataclass(frozen=True, slots=True)
class Reference:
    """The data that batches are compared with.

    Attributes:
        profile: What is known of it; its summary holds the kind of each column.
        frame: The rows that were kept.
        version: The model version that was trained on it, which also makes predictions; None for a file.
    """

    profile: Profile
    frame: pd.DataFrame
    version: ModelVersion | None = None

    @property
    def prediction(self) -> str | None:
        """The column of predictions in the frame."""
        name: str | None = self.profile.summary.get("prediction")
        return name


def in_charge(db: sqlite3.Connection, config: Config, monitor: MonitorConfig) -> ModelVersion | None:
    """The version of the monitor's model in production, if there is one."""
    if not monitor.model:
        return None
    try:
        found = models.in_stage(db, monitor.model, config.registry.charge)
    except NotFound:
        return None
    return found[0] if found else None


def exists(project: Project, db: sqlite3.Connection, config: Config, monitor: MonitorConfig) -> bool:
    """Whether there is anything to compare with; loads nothing."""
    if monitor.earlier is not None:
        return True
    if monitor.reference:
        return os.path.isfile(project.path(monitor.reference))
    version = in_charge(db, config, monitor)
    return version is not None and version.profile_id is not None


def load(project: Project, store: Store, config: Config, monitor: MonitorConfig) -> Reference:
    """The monitor's reference. A file is profiled once and kept until its content changes.

    Raises:
        Refused: There is no reference yet.
        UsageError: The reference cannot be read.
    """
    from mlops_tui.drift import profiles

    version = in_charge(store.read(), config, monitor)
    if monitor.reference:
        profile = _of_file(project, store, monitor)
    elif version is not None and version.profile_id is not None:
        profile = drift.profile(store.read(), version.profile_id)
    else:
        raise _none(config, monitor, version)
    return Reference(profile, profiles.sample(store, profile), version)


def _none(config: Config, monitor: MonitorConfig, version: ModelVersion | None) -> MlopsError:
    place = f"monitors.{monitor.name}"
    if version is not None:
        return Refused(
            f"no reference for {place} yet: {version.model} version {version.version} was registered without one",
            f"log the model with reference=<training data>, or set {place}.reference to a CSV or Parquet file",
        )
    if monitor.model:
        stage = config.registry.charge
        return Refused(
            f"no reference for {place} yet: no version of {monitor.model} is in {stage}",
            f"promote a version of {monitor.model} to {stage}, or set {place}.reference to a CSV or Parquet file",
        )
    return Refused(
        f"no reference for {place}: it names neither a model nor a file",
        f'set {place}.model to a registered model, or {place}.reference to a file, e.g. "data/train.csv"',
    )


def _of_file(project: Project, store: Store, monitor: MonitorConfig) -> Profile:
    from mlops_tui.drift import batches, profiles
    from mlops_tui.drift.sketches import tables

    place = f"monitors.{monitor.name}.reference"
    path = project.path(monitor.reference)
    if os.path.isfile(path) and tables.is_large(path):
        return _of_large_file(store, monitor, path)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise UsageError(f"{place}: {monitor.reference} cannot be read ({error.strerror})", "check the path") from error
    # the prediction column is a part of the profile, so it is a part of the name under which it is found again
    key = hashlib.sha256(data + b"\0" + monitor.prediction.encode()).hexdigest()[:16]
    name = f"{monitor.reference} ({key})"
    known = drift.find_profile(store.read(), name)
    if known is not None:
        return known
    try:
        frame = batches.parse(data).frame
    except batches.Unreadable as error:
        raise UsageError(f"{place}: {monitor.reference} {error.message}", error.hint) from error
    prediction = monitor.prediction if monitor.prediction in frame.columns else None
    return drift.profile(store.read(), profiles.save(store, frame, name, prediction))


def _of_large_file(store: Store, monitor: MonitorConfig, path: str) -> Profile:
    """The profile of a file that does not fit into memory: of all rows, with some of them chosen by chance."""
    from mlops_tui.drift import batches, profiles
    from mlops_tui.drift.sketches import building

    found = os.stat(path)
    state = f"{path}\0{found.st_size}\0{found.st_mtime_ns}\0{monitor.prediction}"
    name = f"{monitor.reference} ({hashlib.sha256(state.encode()).hexdigest()[:16]})"
    known = drift.find_profile(store.read(), name)
    if known is not None:
        return known
    try:
        read = building.with_sample(path, rows=profiles.SAMPLE_ROWS, seed=profiles.SAMPLE_SEED)
    except batches.Unreadable as error:
        place = f"monitors.{monitor.name}.reference"
        raise UsageError(f"{place}: {monitor.reference} {error.message}", error.hint) from error
    prediction = monitor.prediction if monitor.prediction in read.frame.columns else None
    made = profiles.save(store, read.frame, name, prediction, all_rows=read.table)
    return drift.profile(store.read(), made)
