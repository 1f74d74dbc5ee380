"""What both of MLflow's stores say about a run, in our words; shared by ``mlflow_database`` and ``mlflow_files``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_store.data_records import DatasetUse
from mlops_store.records import Dataset, RunStatus
from mlops_store.texts import storable
from mlops_tui.interop import folders
from mlops_tui.interop.source import Problems, SourceFile, safe_id

NOTE_TAG, PARENT_TAG, NAME_TAG, USER_TAG = (
    "mlflow.note.content",
    "mlflow.parentRunId",
    "mlflow.runName",
    "mlflow.user",
)
CONTEXT_TAG = "mlflow.data.context"

#: Tags -> columns of a run that say the same.
_ATTRIBUTES = {
    USER_TAG: "user",
    "mlflow.source.name": "source",
    "mlflow.source.git.commit": "git_commit",
    "mlflow.source.git.branch": "git_branch",
    "mlflow.source.git.repoURL": "git_remote",
}
#: MLflow's SQL stores write infinities as the greatest number.
_GREATEST = 1.7976931348623157e308
_INFINITY = float("inf")


def status(word: object) -> RunStatus:
    """A status; one that is not known counts as killed."""
    try:
        return RunStatus(str(word))
    except ValueError:
        return RunStatus.KILLED


def parent(tags: Mapping[str, str]) -> str | None:
    """The id of the run that a run is part of."""
    return safe_id("mlflow", tags[PARENT_TAG]) if tags.get(PARENT_TAG) else None


def finite_or_not(value: float) -> float:
    """A value from an SQL store as it was logged."""
    if -_GREATEST < value < _GREATEST or value != value:
        return value
    return _INFINITY if value > 0 else -_INFINITY


def attributes(tags: Mapping[str, str], user: str, source: str, commit: str) -> dict[str, Any]:
    """The columns of a run: from its tags, else from what stands beside them."""
    found: dict[str, Any] = {
        column: value for column, value in (("user", user), ("source", source), ("git_commit", commit)) if value
    }
    found.update({column: tags[tag] for tag, column in _ATTRIBUTES.items() if tags.get(tag)})
    if "mlflow.source.git.dirty" in tags:
        found["git_dirty"] = int(tags["mlflow.source.git.dirty"].lower() == "true")
    if tags.get("mlflow.source.git.diff"):
        found["git_diff"] = tags["mlflow.source.git.diff"]
    return found


def dataset(name: str, digest: str, profile: str, context: str, at: float) -> DatasetUse:
    """A data set that a run has read, at that time."""
    made = Dataset(name=storable(name), digest=storable(digest), row_count=row_count(profile), created_at=at)
    return DatasetUse(made, storable(context) or "input")


def row_count(profile: str) -> int | None:
    """How many rows a data set's profile speaks of; None where it does not."""
    try:
        counted = json.loads(profile).get("num_rows") if profile else None
    except (ValueError, AttributeError, RecursionError):
        return None
    return counted if type(counted) is int and 0 <= counted < 1 << 62 else None


class Artifacts:
    """Finds the artifacts of MLflow's runs and models, which its records name by absolute URIs.

    A store that was moved still names its old place, so the last parts of a path are tried below the roots too.

    Args:
        roots: Folders out of which nothing is read.
        problems: Gets what is elsewhere.
    """

    def __init__(self, roots: tuple[str, ...], problems: Problems) -> None:
        self._roots = roots
        self._problems = problems

    def files(self, uri: str, owner: str, prefix: str = "", *, must_be_there: bool = False) -> Iterator[SourceFile]:
        """The files of an artifact location.

        Args:
            uri: As the store names it.
            owner: Whose they are, for problems.
            prefix: Put before their paths within the run.
            must_be_there: Whether it is a problem when not even the folder of the experiment's artifacts is there.
        """
        if not uri:
            return
        path = folders.local_path(uri)
        if uri.startswith("mlflow-artifacts:"):
            # a tracking server keeps them below its --artifacts-destination, by default ./mlartifacts
            path = "/" + uri.partition(":")[2].lstrip("/").split("?")[0]
        if path is None:
            self._problems.add(owner, f"its artifacts are not on this machine: {uri}")
            return
        place = self._place(path)
        if place is not None:
            yield from folders.below(*place, prefix, self._problems)
        elif folders.has_entries(path):
            self._problems.add(owner, f"its artifacts lie elsewhere: {path}; --artifacts names the folder they lie in")
        elif uri.startswith("mlflow-artifacts:"):
            self._problems.add(owner, f"its artifacts are with the tracking server: {uri}")
        elif must_be_there and not os.path.isdir(os.path.dirname(os.path.dirname(path.rstrip("/")))):
            self._problems.add(owner, f"no artifacts at {path}; --artifacts names the folder they lie in")

    def _place(self, path: str) -> tuple[str, str] | None:
        """The folder and the root that it lies in; an empty one is none: MLflow makes one in each run's own folder."""
        for root in self._roots:
            if folders.has_entries(path) and folders.is_within(path, root):
                return path, root
        parts = [part for part in path.split("/") if part not in ("", ".", "..")]
        for root in self._roots:
            for kept in (4, 3, 2):
                for folder in ("", "mlruns", "mlartifacts"):
                    moved = os.path.join(root, folder, *parts[-kept:])
                    if len(parts) >= kept and folders.has_entries(moved) and folders.is_within(moved, root):
                        return moved, root
        return None
