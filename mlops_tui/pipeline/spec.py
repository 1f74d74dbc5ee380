"""``dvc.yaml`` as frozen dataclasses: plain stages, every mistake with its file, line and column.

Owns the language. What DVC would resolve before it runs a stage (``foreach``, ``matrix``, ``${…}``) is refused, never
taken literally. Knows nothing about what is stale or how a stage runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_store.errors import SpecError
from mlops_tui.pipeline.verdicts import stamp_of
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
        cmd: As written: one text, or several that run one after the other.
        wdir: Working directory relative to the project's root, '' for the root itself.
        deps: Files and directories as written, relative to ``wdir``.
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
        return not (self.deps or self.params or self.outs)

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

    def path(self, written: str) -> str:
        """The normal form of a path of this file: relative to the project's root, or absolute."""
        return os.path.normpath(os.path.join(self.wdir, written))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All stages and ``.dvc`` files of a project in the order written, and the top-level lists, as written.

    ``stamp`` is size, times and inode of the file as it was read.
    """

    stages: Mapping[str, Stage] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    plots: tuple[Any, ...] = ()
    params: tuple[str, ...] = ()
    artifacts: Mapping[str, Any] = field(default_factory=dict)
    file: str = FILE
    stamp: str = field(default="", compare=False)


def load(project: Project) -> Pipeline:
    """The project's pipeline; an empty one when it has no ``dvc.yaml``.

    Raises:
        SpecError: The file cannot be read, is not YAML, or says something that is not understood; also a cycle, two
            stages with one output, overlapping outputs and a stage that depends on its own output.
    """
    try:
        with open(project.pipeline_path, "rb") as file:
            stamp = stamp_of(os.fstat(file.fileno()))
            data = file.read()
    except FileNotFoundError:
        return Pipeline()
    except OSError as error:
        raise SpecError(f"cannot be read ({error.strerror})", file=FILE) from error
    return replace(parse(data, project.root), stamp=stamp)


def parse(data: bytes, root: str, file: str = FILE) -> Pipeline:
    """The pipeline that the bytes of a ``dvc.yaml`` in the directory ``root`` describe.

    Raises:
        SpecError: See ``load``.
    """
    from mlops_tui.pipeline import graph, yaml12
    from mlops_tui.pipeline.reader import read

    node = yaml12.compose(yaml12.decode(data, file), file)
    if node is None:
        return Pipeline(file=file)
    pipeline = read(node, root, file)
    graph.check(pipeline)
    return pipeline


__all__ = ["FILE", "Out", "Pipeline", "Source", "SpecError", "Stage", "load", "parse"]
