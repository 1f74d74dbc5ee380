"""What the files of a logged model are together: digest, format, signature, environment.

For models whose files come one by one: what these say of themselves is read, and nothing of them is loaded.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from mlops_store import artifacts, logged_models, placed_files
from mlops_store.errors import NotFound, Refused
from mlops_store.placed_files import Place, PlacedFile
from mlops_tui.registry.files import model_digest
from mlops_tui.registry.formats import description, mlflow_models
from mlops_tui.registry.formats.environment import REQUIREMENTS_FILE
from mlops_tui.registry.formats.mlmodel import MLMODEL_FILE

#: The flavor of files that are no model that could be loaded.
FILES = "files"


@dataclass(frozen=True, slots=True)
class Described:
    """What files say that they are; see ``LoggedModel``."""

    flavor: str = FILES
    signature: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)


def finish(objects_dir: str, db: sqlite3.Connection, number: int) -> None:
    """Keeps what the files of a logged model are now. Needs a write transaction."""
    files = placed_files.below(db, Place("model", number))
    found = described(objects_dir, {file.path: file.digest for file in files})
    logged_models.describe(
        db,
        number,
        flavor=found.flavor,
        digest=model_digest({file.path: file.digest for file in files}),
        size_bytes=sum(file.size_bytes for file in files),
        signature=found.signature,
        environment=found.environment,
    )


def refresh(objects_dir: str, db: sqlite3.Connection, number: int) -> None:
    """The same where the model was finished before its files changed. Needs a write transaction."""
    (status,) = db.execute("SELECT status FROM logged_models WHERE id = ?", (number,)).fetchone()
    if status == logged_models.READY:
        finish(objects_dir, db, number)


def manifest(files: Sequence[PlacedFile]) -> dict[str, dict[str, Any]]:
    """Path -> digest and size, as versions keep their files."""
    return {file.path: {"digest": file.digest, "size_bytes": file.size_bytes} for file in files}


def described(objects_dir: str, files: Mapping[str, str]) -> Described:
    """What a model's files say of themselves in ``mlops.json`` or MLflow's ``MLmodel``.

    Args:
        objects_dir: Of the store.
        files: Path -> SHA-256.
    """
    with suppress(Refused, NotFound, OSError):  # files that say nothing are kept all the same: loading tells why
        if description.DESCRIPTION_FILE in files:
            with artifacts.open_object(objects_dir, files[description.DESCRIPTION_FILE]) as file:
                said = description.parsed(file.read(description.MAX_BYTES))
        elif MLMODEL_FILE in files:
            said = _by_mlflow(objects_dir, files)
        else:
            return Described()
        signature = said.get("signature")
        return Described(
            str(said.get("flavor") or FILES),
            signature if isinstance(signature, dict) else {},
            description.environment(said),
        )
    return Described()


def _by_mlflow(objects_dir: str, files: Mapping[str, str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="mlops-model-") as directory:
        for name in (MLMODEL_FILE, REQUIREMENTS_FILE):
            if name in files:
                artifacts.copy_out(objects_dir, files[name], os.path.join(directory, name))
        return mlflow_models.described(directory)
