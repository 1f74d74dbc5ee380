"""Copies of the project in which experiments run, each by itself.

A copy is made in two steps. When an experiment is asked for, everything that Git would see is copied, so that later
edits do not reach it. When it starts, what Git does not see but stages need is brought in: outputs of stages and data
by the hashes that the copied lock has for them where the cache holds them, else as they lie in the project.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_store.errors import Refused
from mlops_tui.pipeline.ignore import GIT_FILE, Ignores

if TYPE_CHECKING:
    from mlops_store.store import Store
    from mlops_tui.pipeline.cache import Cache
    from mlops_tui.pipeline.spec import Pipeline, Source, Stage
    from mlops_tui.pipeline.state import Inputs
    from mlops_tui.project import Project

#: ``ioctl`` request that makes a file share the blocks of another (Linux).
_FICLONE = 0x40049409
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
            _copy(source, target, project.root)
        elif os.path.exists(os.path.join(source, _VENV_MARK)):
            os.symlink(source, target)
        else:
            os.mkdir(target)
    _copy_dvc(project, workspace)
    return workspace


def fill(project: Project, workspace: Project, pipeline: Pipeline, inputs: Inputs) -> None:
    """Brings into a copy what stages need and Git does not see; what is there already stays.

    Args:
        project: The project.
        workspace: Its copy.
        pipeline: Of the copy.
        inputs: Of the copy.

    Raises:
        Refused: A stage needs something by a relative path outside the project.
        OSError: It cannot be written.
    """
    known = _recorded(pipeline, inputs)
    outs = {stage.path(out.path) for stage in pipeline.stages.values() for out in stage.outs}
    for path in _needed(pipeline):
        target = os.path.join(workspace.root, path)
        if os.path.lexists(target):
            continue
        source = os.path.join(project.root, path)
        item = known.get(path)
        is_cached = item is not None and inputs.cache is not None and inputs.cache.holds(str(item.get("md5")))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if item is not None and inputs.cache is not None and is_cached and (path in outs or not os.path.exists(source)):
            _check_out(inputs.cache, item, target)
        elif os.path.isdir(source):
            shutil.copytree(source, target, symlinks=True, copy_function=_copy)
        elif os.path.lexists(source):
            _copy(source, target, project.root)


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
        if _is_directory(source):
            shutil.copytree(source, temporary, symlinks=True, copy_function=_copy)
        else:
            _copy(source, temporary)
        if os.path.lexists(target) and (_is_directory(target) or _is_directory(temporary)):
            os.rename(target, old)  # a directory can only take the place of an empty one
        try:
            os.replace(temporary, target)
        except OSError:
            if os.path.lexists(old):
                os.rename(old, target)
            raise
    finally:
        for left in (temporary, old):
            _remove(left)


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
    _remove(os.path.join(project.workspaces_dir, run_id))


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
            shutil.copytree(source, os.path.join(target, name), copy_function=_copy)
        elif os.path.exists(source):
            _copy(source, os.path.join(target, name))
    found = cache.find(project.root)
    assert found is not None  # there is a .dvc
    with open(os.path.join(target, "config.local"), "a", encoding="utf-8") as file:
        file.write(f"\n[core]\n    no_scm = true\n[cache]\n    dir = {found.directory}\n")


def _needed(pipeline: Pipeline) -> Iterator[str]:
    for stage in pipeline.stages.values():
        for written in (*stage.deps, *stage.params, *(out.path for out in stage.outs)):
            path = stage.path(written)
            if os.path.isabs(path):
                continue
            if path.split(os.sep)[0] == os.pardir:
                raise Refused(
                    f"stage {stage.name!r} needs {path}, which is outside the project and so of its copy",
                    "give its absolute path",
                )
            yield path


def _recorded(pipeline: Pipeline, inputs: Inputs) -> dict[str, Mapping[str, Any]]:
    """Path -> what the lock and the ``.dvc`` files say about outputs and data, where it is in DVC 3's words."""
    found: dict[str, Mapping[str, Any]] = {}
    entries: list[tuple[Stage | Source, Mapping[str, Any]]] = [
        *((stage, inputs.locks.entry(stage) or {}) for stage in pipeline.stages.values()),
        *((source, source.entry) for source in pipeline.sources.values()),
    ]
    for one, entry in entries:
        items: Iterable[Mapping[str, Any]] = entry.get("outs", ())
        found.update({one.path(str(item["path"])): item for item in items if "hash" in item})
    return found


def _check_out(cache: Cache, item: Mapping[str, Any], target: str) -> None:
    md5 = str(item["md5"])
    if not md5.endswith(".dir"):
        _copy(cache.path(md5), target)
        os.chmod(target, 0o755 if item.get("isexec") else 0o644)
        return
    os.makedirs(target, exist_ok=True)
    with open(cache.path(md5), "rb") as file:
        members = json.load(file)
    for member in members:
        path = os.path.join(target, *str(member["relpath"]).split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _copy(cache.path(str(member["md5"])), path)
        os.chmod(path, 0o644)


def _copy(source: str, target: str, root: str = "") -> None:
    """Copies a file with its times and mode, sharing its blocks where the file system can; a link stays a link.

    Args:
        source: The file.
        target: Its copy, which must not be there.
        root: A link that leads out of this directory is made absolute; '' leaves links as they are.
    """
    if os.path.islink(source):
        aim = os.readlink(source)
        whole = os.path.normpath(os.path.join(os.path.dirname(source), aim))
        is_outside = bool(root) and os.path.relpath(whole, root).split(os.sep)[0] == os.pardir
        os.symlink(whole if is_outside else aim, target)
        return
    if not os.path.isfile(source):
        return  # a socket or a pipe holds nothing
    if not _clone(source, target):
        shutil.copyfile(source, target)
    shutil.copystat(source, target)


def _clone(source: str, target: str) -> bool:
    import fcntl

    with open(source, "rb") as read, open(target, "wb") as write:
        try:
            fcntl.ioctl(write.fileno(), _FICLONE, read.fileno())
        except OSError:
            return False
    return True


def _is_directory(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _remove(path: str) -> None:
    if _is_directory(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
