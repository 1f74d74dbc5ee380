"""A project's pipeline as frozen dataclasses: stages, ``.dvc`` files, and every mistake with its place.

Owns what a pipeline consists of, as DVC resolves it. Knows nothing about what is stale or how a stage runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_store.errors import SpecError
from mlops_tui.project import Project

FILE = "dvc.yaml"


@dataclass(frozen=True, slots=True)
class Out:
    """A file or directory that a stage makes.

    ``kind`` is 'out', 'metric' or 'plot'. ``path`` is as written, relative to the stage's working directory.
    """

    path: str
    kind: str = "out"
    cache: bool = True
    persist: bool = False
    push: bool = True
    remote: str = ""
    desc: str = ""
    type: str = ""
    labels: tuple[str, ...] = ()
    meta: Any = None
    plot: Any = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage.

    Attributes:
        name: Its address as DVC prints it: ``train``, in another file than the root's ``sub/dvc.yaml:train``.
        cmd: Resolved: one text, or several that run one after the other.
        wdir: Working directory relative to the project's root, '' for the root itself.
        deps: Files and directories as written, relative to ``wdir``.
        urls: Deps that are not on this machine: kept in the lock, and not looked up.
        params: Params file -> dotted keys; no keys means the whole file.
        outs: Outs, metrics and plots in the order written.
        is_frozen: Its command is never run and its deps are not looked at.
        always_changed: It runs every time.
        file: The ``dvc.yaml`` that describes it, relative to the project's root.
        line: Where it stands in its file, one-based.
    """

    name: str
    cmd: str | tuple[str, ...]
    wdir: str = ""
    deps: tuple[str, ...] = ()
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outs: tuple[Out, ...] = ()
    is_frozen: bool = False
    always_changed: bool = False
    desc: str = ""
    meta: Any = None
    urls: tuple[str, ...] = ()
    file: str = FILE
    line: int = 0
    column: int = 0

    @property
    def key(self) -> str:
        """Its name within its file, which is also what the lock beside that file calls it."""
        return self.name.removeprefix(f"{self.file}:")

    @property
    def commands(self) -> tuple[str, ...]:
        """What is run, one process each: the items of a list, or the lines of a text."""
        return self.cmd if isinstance(self.cmd, tuple) else tuple(self.cmd.splitlines())

    @property
    def command(self) -> str:
        """The command as one text, for showing."""
        return self.cmd if isinstance(self.cmd, str) else "\n".join(self.cmd)

    @property
    def is_callback(self) -> bool:
        """Whether it has neither deps nor outs, so that nothing can tell that it is up to date."""
        return not (self.deps or self.urls or self.params or self.outs)

    def path(self, written: str) -> str:
        """The normal form of a path of this stage: relative to the project's root, or absolute."""
        return os.path.normpath(os.path.join(self.wdir, written))


@dataclass(frozen=True, slots=True)
class Source:
    """A ``.dvc`` file: data that no stage makes, with its hashes.

    Attributes:
        name: The path of the file from the project's root, which is its address.
        outs: The data, paths as written, relative to ``wdir``.
        entry: ``outs`` and ``deps`` with their hashes, in the lock's form.
        wdir: The directory that paths are relative to, relative to the project's root.
        is_frozen: Imported data that is not looked up again.
    """

    name: str
    outs: tuple[Out, ...] = ()
    entry: Mapping[str, Any] = field(default_factory=dict)
    wdir: str = ""
    is_frozen: bool = False
    desc: str = ""
    meta: Any = None
    line: int = 0
    column: int = 0

    @property
    def file(self) -> str:
        """The path of the file from the project's root."""
        return self.name

    @property
    def deps(self) -> tuple[str, ...]:
        """What was imported, where that is on this machine, as written."""
        return tuple(item["path"] for item in self.entry.get("deps", ()) if "path" in item and not _is_elsewhere(item))

    def path(self, written: str) -> str:
        """The normal form of a path of this file: relative to the project's root, or absolute."""
        return os.path.normpath(os.path.join(self.wdir, written))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All stages and ``.dvc`` files of a project by address, each file's in the order written.

    Attributes:
        stages: The stages, generated ones included.
        sources: The ``.dvc`` files.
        top: 'metrics', 'plots', 'params', 'artifacts' or 'datasets' -> ``dvc.yaml`` -> its top-level list or mapping.
        stamps: Every file that was read or looked for -> its size, times and inode; '' when it is not there.
        directories: Every directory that was looked into -> its stamp, and what in it may describe a pipeline.
        looked_at_ns: When the first of them was looked at, in Unix nanoseconds.
        root: The project's root.
    """

    stages: Mapping[str, Stage] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    top: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stamps: Mapping[str, str] = field(default_factory=dict, compare=False)
    directories: Mapping[str, tuple[str, list[str]]] = field(default_factory=dict, compare=False)
    looked_at_ns: int = field(default=0, compare=False)
    root: str = field(default="", compare=False)


def place(root: str, path: str) -> str:
    """The one name of a path: relative inside the project, absolute outside.

    Args:
        root: The project's root.
        path: In the normal form of ``Stage.path``, which may leave the root and come back.
    """
    if not (os.path.isabs(path) or path.startswith(os.pardir)):
        return path
    full = os.path.normpath(os.path.join(root, path))
    return os.path.relpath(full, root) if (full + os.sep).startswith(root + os.sep) else full


def load(project: Project, before: Pipeline | None = None) -> Pipeline:
    """The project's pipeline: all that its ``dvc.yaml`` and ``.dvc`` files describe; empty when there are none.

    Args:
        project: The project.
        before: What was loaded of it earlier: directories that have not changed since are not listed again.

    Raises:
        SpecError: A file cannot be read, is not YAML, or says something that is not understood; also a cycle, one
            output made twice, overlapping outputs and a stage that depends on its own output (``graph.GraphError``).
    """
    from mlops_tui.pipeline import discovery, graph

    pipeline = discovery.load(project.root, before)
    graph.check(pipeline)
    return pipeline


def parse(data: bytes, root: str, file: str = FILE) -> Pipeline:
    """The pipeline that the bytes of one ``dvc.yaml`` describe, wherever else something may be described.

    Args:
        data: All of the file.
        root: The project's root.
        file: Its path, relative to the root.

    Raises:
        SpecError: See ``load``.
    """
    from mlops_tui.pipeline import graph, reader, readings

    stages, top = reader.read(data, file, readings.Readings(root), {})
    pipeline = Pipeline(stages=stages, top={key: {file: value} for key, value in top.items()}, root=root)
    graph.check(pipeline)
    return pipeline


def _is_elsewhere(item: Mapping[str, Any]) -> bool:
    return "repo" in item or "db" in item or "://" in item["path"]


__all__ = ["FILE", "Out", "Pipeline", "Source", "SpecError", "Stage", "load", "parse", "place"]
