"""Monitors that make sense for a project and its models, as tables of ``mlops.toml``.

Where a folder with the usual name of one for production data holds tables, that is what is watched; else it is the
requests that the model's server logs. A monitor is proposed for a model that none is about yet.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from dataclasses import dataclass

from mlops_store import models
from mlops_store.records import ModelVersion, StageChange
from mlops_tui import config
from mlops_tui.config import Config, editing
from mlops_tui.config.editing import Edit
from mlops_tui.drift import watches
from mlops_tui.project import Project

#: Folders that usually hold what a model was asked about, below the project or its folder for data.
FOLDERS = ("production", "batches", "incoming", "inference", "scoring", "serving")
_BELOW = ("", "data/")
#: Files that usually are the data that a model was trained on.
_REFERENCES = ("reference", "train", "training")
#: Without training data so many windows take its place.
_FIRST_WINDOWS = 3
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A monitor: its name, and the lines of its table."""

    name: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The table as it stands in ``mlops.toml``."""
        name = self.name if _BARE.fullmatch(self.name) else json.dumps(self.name)
        return "\n".join((f"[monitors.{name}]", *self.lines)) + "\n"


@dataclass(frozen=True, slots=True)
class Added:
    """A monitor that was put into ``mlops.toml``: its name, and how the file was changed."""

    name: str
    edit: Edit


def for_model(project: Project, settings: Config, model: str, *, has_reference: bool) -> Proposal | None:
    """A monitor of a registered model; None where one is about it.

    Args:
        project: Where its production data may lie.
        settings: The monitors that there are.
        model: Its name.
        has_reference: Whether training data was kept with it.
    """
    known = settings.monitors.values()
    if any(model in (monitor.model, monitor.requests) for monitor in known):
        return None
    watched = {pattern for monitor in known for pattern in monitor.watch}
    patterns = [pattern for pattern in production_files(project) if pattern not in watched]
    lines = [f"model = {json.dumps(model)}  # its version in production predicts, and brings what it was trained on"]
    if patterns:
        lines.append(f"watch = {json.dumps(patterns)}")
    else:
        lines += [
            f'requests = {json.dumps(model)}  # what mlops-tui serve was asked; or: watch = "production/*.csv"',
            'window = "1d"  # checked day by day; or: "1000 rows"',
        ]
    if not has_reference:
        lines.append(f"reference = {{ first = {_FIRST_WINDOWS} }}  # no training data was kept with the version")
    names = (model, f"{model}-production", *(f"{model}-{number}" for number in range(2, len(settings.monitors) + 3)))
    return Proposal(next(name for name in names if name not in settings.monitors), tuple(lines))


def for_project(project: Project, model: str) -> Proposal | None:
    """A monitor of a project's production data; None where there is none, or nothing to compare it with.

    Args:
        project: The project.
        model: Its one registered model; "" where it has none, or several.
    """
    patterns = production_files(project)
    against = f"model = {json.dumps(model)}" if model else _reference(project)
    if not patterns or not against:
        return None
    return Proposal("production", (f"watch = {json.dumps(patterns)}", against))


def add(project: Project, settings: Config, version: ModelVersion) -> Added | None:
    """Puts a monitor of a version's model at the end of the project's ``mlops.toml``.

    Returns:
        None where the project has no such file, or a monitor is about the model.

    Raises:
        SpecError: The file cannot be understood, or would not be afterwards.
        Refused: It was changed meanwhile.
        StoreError: It cannot be written.
    """
    if not os.path.isfile(project.config_path):
        return None
    proposal = for_model(project, settings, version.model, has_reference=version.profile_id is not None)
    if proposal is None:
        return None
    before = editing.read(project)
    gap = "" if not before or before.endswith("\n\n") else "\n" if before.endswith("\n") else "\n\n"
    text = f"{before}{gap}{proposal.text}"
    config.parse(text, project.root)
    return Added(proposal.name, editing.replaced(project, before, text))


def add_in_charge(project: Project, settings: Config, db: sqlite3.Connection, change: StageChange) -> Added | None:
    """The same for the first version of a model that was ever put in charge: one that a script registered has none.

    Args:
        project: The project.
        settings: Its configuration.
        db: A connection.
        change: What was just done.

    Raises:
        MlopsError: See ``add``.
    """
    charge = settings.registry.charge
    if change.to_stage != charge or sum(each.to_stage == charge for each in models.changes(db, change.model)) > 1:
        return None
    return add(project, settings, models.version(db, change.model, change.version))


def production_files(project: Project) -> list[str]:
    """Patterns of the tables in the folders that usually hold production data."""
    found = []
    for folder in (below + name for below in _BELOW for name in FOLDERS):
        endings = {_ending(file.batch) for file in watches.matches(project, [f"{folder}/*"])}
        found += [f"{folder}/*{ending}" for ending in sorted(endings)]
    return found


def _ending(batch: str) -> str:
    name = os.path.basename(batch)
    plain = watches.uncompressed(name.lower())
    return os.path.splitext(plain)[1] + name[len(plain) :]


def _reference(project: Project) -> str:
    patterns = [f"{below}{name}{ending}" for below in _BELOW for name in _REFERENCES for ending in (".csv", ".parquet")]
    found = next((pattern for pattern in patterns if os.path.isfile(project.path(pattern))), "")
    return f"reference = {json.dumps(found)}" if found else ""
