"""The files of registered versions, as they were registered: clients read them below a place that nobody writes to.

The run or logged model that a version was made of may change, or go, afterwards: no version changes with it.
"""

from __future__ import annotations

import re
import sqlite3
from typing import NamedTuple

from mlops_store import models
from mlops_store.errors import NotFound
from mlops_store.placed_files import Listed, PlacedFile
from mlops_store.records import ModelVersion
from mlops_tui.serve.tracking import places
from mlops_tui.serve.tracking.problems import absent, invalid

_ROOT = "model-versions"
_PATH = re.compile(rf"{_ROOT}/(\d{{1,18}})/(\d{{1,18}})(?:/(.+))?", re.ASCII | re.DOTALL)


class InVersion(NamedTuple):
    """Files of a version by their paths, and a path among them; "" for all."""

    files: dict[str, PlacedFile]
    path: str

    def listed(self) -> list[Listed]:
        """What lies directly in the folder of the path, by name."""
        start = f"{self.path}/" if self.path else ""
        found: dict[str, int | None] = {}
        for path, file in self.files.items():
            if path.startswith(start):
                name, slash, _ = path[len(start) :].partition("/")
                found[name] = None if slash else file.size_bytes
        return [Listed(name, size) for name, size in sorted(found.items())]

    def file(self) -> PlacedFile:
        """The file of the path. Fault: there is none."""
        found = self.files.get(self.path)
        if found is None and self.listed():
            raise invalid(f"Artifact path refers to a directory, not a file: '{self.path}'")
        if found is None:
            raise absent(f"No such artifact: '{self.path}'")
        return found


def uri(db: sqlite3.Connection, found: ModelVersion) -> str:
    """The URI of a version's files; "" where it has none, only the name of their place."""
    if not found.lineage.get("files"):
        return ""
    return f"{places.SCHEME}:/{_ROOT}/{models.identifier(db, found.model)}/{found.version}"


def inside(db: sqlite3.Connection, path: str) -> InVersion | None:
    """What a path below the route of artifacts names in a version; None where it names none.

    Raises:
        Fault: The version has been deleted, or never was.
    """
    named = _PATH.fullmatch(path)
    if named is None:
        return None
    number, version = int(named[1]), int(named[2])
    try:
        found = models.version(db, models.name_of(db, number), version)
    except NotFound:
        raise absent(f"No such artifact: '{path}'") from None
    return InVersion(files(found), named[3] or "")


def files(found: ModelVersion) -> dict[str, PlacedFile]:
    """The files of a version by their paths."""
    said = found.lineage.get("files", {})
    return {path: PlacedFile(path, str(one["digest"]), int(one["size_bytes"])) for path, one in said.items()}


def require_none(path: str) -> None:
    """Refuses to put or delete a file of a version."""
    if _PATH.fullmatch(path):
        raise invalid(f"'{path}' is of a registered version, whose files never change: register another version")
