"""Where some data comes from: the stage and the run that wrote it, and the commits that may have changed it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlops_store import datasets, runs
from mlops_store.datasets import WRITTEN
from mlops_store.errors import MlopsError
from mlops_store.records import DataUse
from mlops_tui import git_tree
from mlops_tui.pipeline import spec
from mlops_tui.project import Project

#: Commits that are named at most.
COMMITS = 20
_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the project's repository."""

    sha: str
    at: float
    author: str
    subject: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a path comes from.

    Attributes:
        path: From the project's root.
        stage: The stage of the pipeline that writes it, "" for none.
        run_id: The run that wrote the version of that time, "" where none is recorded.
        run_name: Its name.
        run_at: When it started.
        git_commit: The commit that it ran on.
        commits: What was committed to the stage's code and inputs between two times, the newest first; where no stage
            writes it, what was committed to the path itself.
        note: What could not be found out.
    """

    path: str
    stage: str = ""
    run_id: str = ""
    run_name: str = ""
    run_at: float | None = None
    git_commit: str = ""
    commits: tuple[Commit, ...] = ()
    note: str = ""


def of(project: Project, db: sqlite3.Connection, path: str, *, at: float, since: float | None = None) -> Origin:
    """Where the data at a path came from at a time.

    Args:
        project: The project.
        db: Its store.
        path: From the project's root, with slashes.
        at: The time, as Unix seconds.
        since: From when on commits are looked at; None for the newest one alone.
    """
    note = ""
    stage: spec.Stage | None = None
    out = path
    try:
        found = _writer(project, path)
    except MlopsError as error:
        found, note = None, f"the pipeline cannot be read: {error.message}"
    if found is not None:
        stage, out = found
    use = _written(db, out, at)
    watched = [path] if stage is None else [stage.file, *(stage.path(dep) for dep in stage.deps)]
    commits = tuple(_commits(project, watched, at, since))
    if stage is None and not note and not commits:
        note = "no stage of the pipeline writes it, and Git does not track it"
    return Origin(
        path=path,
        stage=stage.name if stage is not None else "",
        run_id=use.run_id if use is not None else "",
        run_name=use.run_name if use is not None else "",
        run_at=use.started_at if use is not None else None,
        git_commit=runs.get(db, use.run_id, tables=()).git_commit if use is not None else "",
        commits=commits,
        note=note,
    )


def readers(db: sqlite3.Connection, path: str) -> tuple[DataUse, ...]:
    """The runs that read any version of a path, the newest first."""
    found = {
        use.run_id: use
        for version in datasets.versions(db, path)
        for use in datasets.uses(db, path, version.digest)
        if set(use.contexts) - {WRITTEN}
    }
    return tuple(sorted(found.values(), key=lambda use: -use.started_at))


def _writer(project: Project, path: str) -> tuple[spec.Stage, str] | None:
    """The stage that writes a path, or the directory that it lies in; and that output's path."""
    for stage in spec.load(project).stages.values():
        for out in stage.outs:
            written = stage.path(out.path)
            if path == written or path.startswith(written.rstrip("/") + "/"):
                return stage, written
    return None


def _written(db: sqlite3.Connection, path: str, at: float) -> DataUse | None:
    """The last run before a time that wrote a path."""
    found = [
        use
        for version in datasets.versions(db, path)
        if version.written_count
        for use in datasets.uses(db, path, version.digest)
        if WRITTEN in use.contexts and use.started_at <= at
    ]
    return max(found, key=lambda use: use.started_at, default=None)


def _commits(project: Project, paths: Sequence[str], at: float, since: float | None) -> Iterator[Commit]:
    words = ["log", f"--format=%H{_SEPARATOR}%ct{_SEPARATOR}%an{_SEPARATOR}%s", f"--until=@{int(at) + 1}"]
    words += [f"--max-count={COMMITS}", f"--since=@{int(since)}"] if since is not None else ["--max-count=1"]
    inside = [path for path in paths if not os.path.isabs(path) and not path.startswith(os.pardir)]
    if not inside:
        return
    try:
        # --literal-pathspecs: a name with a star in it is a name
        told = git_tree.git(project.root, "--literal-pathspecs", *words, "--", *inside)
    except (FileNotFoundError, subprocess.CalledProcessError):  # no Git, or no repository
        return
    for line in told.decode("utf-8", "replace").splitlines():
        sha, when, author, subject = line.split(_SEPARATOR, 3)
        yield Commit(sha, float(when), author, subject)
