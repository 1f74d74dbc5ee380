"""Copies of the project in which experiments run, each by itself.

A copy is made in two steps. When an experiment is asked for, everything that Git would see is copied, so that later
edits do not reach it. When it starts, what Git does not see but stages need is brought in: outputs of stages and data
by the hashes that the copied lock has for them where the cache holds them, else as they lie in the project.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlops_tui.pipeline import copying
from mlops_tui.pipeline.ignore import GIT_FILE, Ignores

if TYPE_CHECKING:
    from mlops_store.store import Store
    from mlops_tui.project import Project

_VENV_MARK = "pyvenv.cfg"
#: What of ``.dvc`` a copy needs; its cache is that of the project.
_DVC_FILES = ("config", "config.local", "plots")


def create(project: Project, run_id: str) -> Project:
    """Makes the copy for a run, with the files that Git would see.

    Virtual environments are not copied but linked, so that commands like ``.venv/bin/python train.py`` find theirs.

    Raises:
        OSError: It cannot be written.
    """
    workspace = project.workspace(run_id)
    remove(project, run_id)  # what a process that was killed has left
    os.makedirs(workspace.root)
    ignores = Ignores(project.root, (GIT_FILE,))
    for path, is_directory in _walk(project.root, "", ignores):
        source, target = os.path.join(project.root, path), os.path.join(workspace.root, path)
        if not is_directory:
            copying.copy(source, target, project.root)
        elif os.path.exists(os.path.join(source, _VENV_MARK)):
            os.symlink(source, target)
        else:
            os.mkdir(target)
    _copy_dvc(project, workspace)
    return workspace


def bring_back(workspace: Project, project: Project, path: str) -> None:
    """Replaces a file or directory of the project by that of a copy.

    Raises:
        OSError: It cannot be written; what was there is still there.
    """
    source, target = os.path.join(workspace.root, path), os.path.join(project.root, path)
    temporary = f"{target}.{os.getpid()}.tmp"
    old = f"{target}.{os.getpid()}.old"
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        if copying.is_directory(source):
            shutil.copytree(source, temporary, symlinks=True, copy_function=copying.copy)
        else:
            copying.copy(source, temporary)
        if os.path.lexists(target) and (copying.is_directory(target) or copying.is_directory(temporary)):
            os.rename(target, old)  # a directory can only take the place of an empty one
        try:
            os.replace(temporary, target)
        except OSError:
            if os.path.lexists(old):
                os.rename(old, target)
            raise
    finally:
        for left in (temporary, old):
            copying.remove(left)


def ids(project: Project) -> list[str]:
    """The runs that have a copy, oldest first."""
    try:
        return sorted(name for name in os.listdir(project.workspaces_dir) if not name.startswith("."))
    except FileNotFoundError:
        return []


def unused(project: Project, store: Store) -> list[str]:
    """The runs that have a copy and neither wait nor go on."""
    from mlops_store import pipelines, queue
    from mlops_tui.pipeline import hold

    db = store.read()
    return [
        run_id
        for run_id in ids(project)
        if not pipelines.is_live(db, run_id)
        and queue.find(db, run_id) is None
        and not hold.is_held(project.workspace(run_id))
    ]


def size_bytes(project: Project, run_id: str) -> int:
    """What the files of a copy take, shared blocks counted as if they were not."""
    found = 0
    for directory, _, names in os.walk(os.path.join(project.workspaces_dir, run_id)):
        for name in names:
            found += os.lstat(os.path.join(directory, name)).st_size
    return found


def remove(project: Project, run_id: str) -> None:
    """Removes a copy if there is one.

    Raises:
        OSError: It cannot be removed.
    """
    copying.remove(os.path.join(project.workspaces_dir, run_id))


def _walk(root: str, directory: str, ignores: Ignores) -> Iterator[tuple[str, bool]]:
    """The paths below a directory that Git would see, and virtual environments; whether each is a directory."""
    with os.scandir(os.path.join(root, directory)) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = os.path.join(directory, entry.name)
        is_directory = entry.is_dir(follow_symlinks=False)
        if is_directory and os.path.exists(os.path.join(entry.path, _VENV_MARK)):
            yield path, True
        elif not ignores.ignores(path.replace(os.sep, "/"), is_dir=is_directory) and entry.name != ".git":
            yield path, is_directory
            if is_directory:
                yield from _walk(root, path, ignores)


def _copy_dvc(project: Project, workspace: Project) -> None:
    """Makes the copy a DVC repository with the project's cache, where the project is one."""
    home = os.path.join(project.root, ".dvc")
    if not os.path.isdir(home):
        return
    from mlops_tui.pipeline import cache

    target = os.path.join(workspace.root, ".dvc")
    os.mkdir(target)
    for name in _DVC_FILES:
        source = os.path.join(home, name)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(target, name), copy_function=copying.copy)
        elif os.path.exists(source):
            copying.copy(source, os.path.join(target, name))
    found = cache.find(project)
    with open(os.path.join(target, "config.local"), "a", encoding="utf-8") as file:
        file.write(f"\n[core]\n    no_scm = true\n[cache]\n    dir = {found.directory}\n")
