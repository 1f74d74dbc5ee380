"""Finds and reads what describes a project's pipeline: every ``dvc.yaml`` and ``.dvc`` file that DVC would find.

DVC looks everywhere below the root but in ignored directories, in other DVC repositories and in outputs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

from mlops_store.errors import SpecError
from mlops_tui.pipeline import data_files, dvc_config
from mlops_tui.pipeline.fingerprints import is_settled
from mlops_tui.pipeline.ignore import DVC_FILE, GIT_FILE, Ignores
from mlops_tui.pipeline.reader import read
from mlops_tui.pipeline.readings import Readings
from mlops_tui.pipeline.spec import FILE, Pipeline, Source, Stage, place
from mlops_tui.pipeline.verdicts import listing, stamp
from mlops_tui.project import CONFIG_FILE, STATE_DIRECTORY

_SUFFIX = ".dvc"


def load(root: str, before: Pipeline | None = None) -> Pipeline:
    """The pipeline of a project; its graph is not checked yet.

    Args:
        root: The project's root.
        before: What was loaded of it earlier; see ``spec.load``.

    Raises:
        SpecError: A file cannot be read or understood.
    """
    is_project = any(os.path.exists(os.path.join(root, name)) for name in (FILE, ".dvc", CONFIG_FILE, STATE_DIRECTORY))
    # elsewhere, in a home directory say, there may be anything below
    return _Discovery(root, before or Pipeline()).pipeline() if is_project else Pipeline()


class _Discovery:
    def __init__(self, root: str, before: Pipeline) -> None:
        self._root = root
        self._before = before
        self._looked_at_ns = time.time_ns()
        self._readings = Readings(root)
        self._readings.stamps |= {path: stamp(path) for path in dvc_config.files(root)}
        config = dvc_config.load(root)
        self._parsing = {"bool": config.parsing_bool, "list": config.parsing_list}
        self._ignores = Ignores(root)
        self._git = _Git(self._readings) if config.uses_git else None
        self._stages: dict[str, Stage] = {}
        self._sources: dict[str, Source] = {}
        self._top: dict[str, dict[str, Any]] = {}
        self._outs: set[str] = set()
        self._directories: dict[str, tuple[str, list[str]]] = {}

    def pipeline(self) -> Pipeline:
        pending = [""]
        while pending:
            pending += reversed(list(self._enter(pending.pop())))
        return Pipeline(
            stages=self._stages,
            sources=self._sources,
            top=self._top,
            stamps=self._readings.stamps,
            directories=self._directories,
            looked_at_ns=self._looked_at_ns,
            root=self._root,
        )

    def _enter(self, directory: str) -> Iterator[str]:
        """Reads what a directory describes; gives the directories in it that are to be looked at."""
        self._directories[directory] = seen, names = self._listing(directory)
        if not seen or (directory and _SUFFIX + os.sep in names):
            return  # gone or not readable; or another DVC repository
        for name in (DVC_FILE, GIT_FILE):
            if name in names:
                self._readings.data(os.path.join(directory, name))
        for name in names:
            path = os.path.join(directory, name)
            if (name == FILE or name.endswith(_SUFFIX)) and not self._is_ignored(path, is_dir=False):
                self._read(path)
        for name in names:
            path = os.path.join(directory, name.removesuffix(os.sep))
            if name.endswith(os.sep) and path not in self._outs and not self._is_ignored(path, is_dir=True):
                yield path

    def _listing(self, directory: str) -> tuple[str, list[str]]:
        known = self._before.directories.get(directory)
        if (
            known is not None
            and known[0]
            and known[0] == stamp(os.path.join(self._root, directory))
            and is_settled(known[0], self._before.looked_at_ns)
        ):
            return known
        return listing(self._root, directory)

    def _read(self, path: str) -> None:
        data = self._readings.data(path)
        if data is None:
            return  # gone since the directory was listed
        if os.path.basename(path) == FILE:
            stages, top = read(data, path, self._readings, self._parsing)
            self._stages |= stages
            for key, value in top.items():
                self._top.setdefault(key, {})[path] = value
            for stage in stages.values():
                self._add_outs(stage)
        else:
            source = data_files.read(data, path, self._root)
            self._sources[path] = source
            self._add_outs(source)

    def _add_outs(self, maker: Stage | Source) -> None:
        for out in maker.outs:
            path = place(self._root, maker.path(out.path))
            self._outs.add(path)
            if os.path.isabs(path):
                continue
            is_dir = os.path.isdir(os.path.join(self._root, path))
            if path != os.curdir and self._ignores.ignores(path.replace(os.sep, "/"), is_dir=is_dir):
                raise SpecError(
                    f"output {out.path!r} of {maker.name!r} is ignored by {DVC_FILE}",
                    file=maker.file,
                    line=maker.line,
                    column=maker.column,
                    hint="remove the pattern or move the output",
                )

    def _is_ignored(self, path: str, *, is_dir: bool) -> bool:
        parts = path.replace(os.sep, "/")
        return self._ignores.ignores(parts, is_dir=is_dir) or (
            self._git is not None and self._git.ignores(parts, is_dir=is_dir)
        )


class _Git:
    """What the Git repository that a project lies in ignores."""

    def __init__(self, readings: Readings) -> None:
        self._prefix = ""
        self._ignores: Ignores | None = None
        directory = readings.root
        while not os.path.exists(os.path.join(directory, ".git")):
            parent = os.path.dirname(directory)
            if parent == directory:
                return
            directory = parent
        self._ignores = Ignores(directory, (GIT_FILE,))
        self._prefix = os.path.relpath(readings.root, directory).replace(os.sep, "/")
        self._prefix = "" if self._prefix == "." else self._prefix + "/"
        is_repository = os.path.isdir(os.path.join(readings.root, ".dvc"))
        if self._prefix and not is_repository and self._ignores.ignores(self._prefix[:-1], is_dir=True):
            self._ignores = (
                None  # a copy for an experiment or a scratch directory: Git says nothing about what is in it
            )
        above = os.pardir
        for _ in self._prefix.split("/")[1:]:
            readings.data(os.path.join(above, GIT_FILE))
            above = os.path.join(above, os.pardir)

    def ignores(self, path: str, *, is_dir: bool) -> bool:
        return self._ignores is not None and self._ignores.ignores(self._prefix + path, is_dir=is_dir)
