"""Which paths of a project matter to whoever watches it, and in which directories they lie.

What ``.gitignore`` and ``.dvcignore`` leave out does not matter, except what the pipeline reads or makes and where
batches and triggers look: Git is told to ignore exactly the data.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator

from mlops_tui.config import Config
from mlops_tui.pipeline import ignore
from mlops_tui.pipeline.mounts import Mounts
from mlops_tui.pipeline.spec import Pipeline
from mlops_tui.project import Project

#: Directories followed at most in which nothing lies that the pipeline reads or makes: a project may be a whole home.
OTHERS = 10_000
#: Directories without anything that a person edits, whether Git ignores them or not.
_SKIPPED = ignore.ALWAYS | {".venv", "venv", "node_modules", "__pycache__"}
#: Files that say what the pipeline is and what it did.
_DESCRIPTIONS = ("dvc.yaml", "dvc.lock", "mlops.toml", ".dvc/config", ".dvc/config.local")


class Followed:
    """What is to be watched of a project.

    Attributes:
        inputs: What the pipeline reads and makes, absolute paths.
        remote: Those of them that other machines may change without a word.
        directories: Where changes matter, absolute paths; filled by ``walk``.
        batches: Where monitors look for batches, absolute paths.
        linked: Directories in or below which links lie, whose targets nobody watches; filled by ``walk``.

    Args:
        project: The project.
        pipeline: Its pipeline.
        config: Its configuration.
    """

    def __init__(self, project: Project, pipeline: Pipeline, config: Config) -> None:
        self._root = project.root
        self._state_dir = project.state_dir
        self._ignores = ignore.Ignores(project.root, (ignore.DVC_FILE, ignore.GIT_FILE))
        self._data_ignores = ignore.Ignores(project.root)
        self.inputs = frozenset(os.path.normpath(project.path(path)) for path in _paths(pipeline))
        mounts = Mounts()
        self.remote = frozenset(path for path in self.inputs if mounts.is_remote(path))
        batches = tuple(glob for monitor in config.monitors.values() for glob in monitor.watch)
        self.batches = frozenset(_base(project, glob) for glob in batches)
        self._globs = (*batches, *(glob for trigger in config.triggers.values() for glob in trigger.change))
        bases = {_base(project, glob) for glob in self._globs}
        descriptions = {project.path(*path.split("/")) for path in (*_DESCRIPTIONS, *pipeline.stamps)}
        self._kept = (self.inputs | bases | descriptions) - {self._root}
        self.directories: set[str] = set()
        self.linked: set[str] = set()

    def walk(self) -> None:
        """Finds the directories."""
        self.directories.add(self._root)
        if self.inputs or self._globs:
            self._walk(self._root, OTHERS)
        for path in self._kept:
            if os.path.isdir(path):
                self._walk(path)
            else:
                self.directories.add(existing(os.path.dirname(path)))

    def walk_below(self, path: str) -> set[str]:
        """Finds what a directory that has just appeared adds; returns the directories that are new."""
        before = set(self.directories)
        if self.concerns(path, is_dir=True) and (os.path.basename(path) not in _SKIPPED or self.keeps(path)):
            self._walk(path)
        return self.directories - before

    def concerns(self, path: str, *, is_dir: bool = False) -> bool:
        """Whether a change of a path matters."""
        if self.keeps(path):
            return True
        relative = os.path.relpath(path, self._root)
        if relative.startswith(".." + os.sep) or relative == "..":
            return False
        if path == self._state_dir or path.startswith(self._state_dir + os.sep):
            return False
        if any(fnmatch.fnmatchcase(relative, glob) for glob in self._globs):
            return True
        return not self._ignores.ignores("" if relative == "." else relative.replace(os.sep, "/"), is_dir=is_dir)

    def keeps(self, path: str) -> bool:
        """Whether a path is, or lies in, something that matters although Git ignores it."""
        while path not in self._kept:
            parent = os.path.dirname(path)
            if parent == path:
                return False
            path = parent
        return True

    def _walk(self, top: str, most: int | None = None) -> None:
        """Adds a directory and those below it that matter, the nearest first; with ``most`` so many and no more."""
        pending = deque([top])
        while pending and (most is None or most > 0):
            directory = pending.popleft()
            most = None if most is None else most - 1
            self.directories.add(directory)
            is_kept = self.keeps(directory)
            try:
                with os.scandir(directory) as entries:
                    found = list(entries)
            except OSError:
                continue  # it may not be read, or went away while it was looked at
            for entry in found:
                if entry.is_symlink():
                    self.note_link(entry.path)
                elif entry.is_dir() and self._descends(entry, is_kept=is_kept):
                    pending.append(entry.path)

    def _descends(self, entry: os.DirEntry[str], *, is_kept: bool) -> bool:
        if entry.name in (ignore.ALWAYS if is_kept else _SKIPPED):
            return False
        relative = os.path.relpath(entry.path, self._root).replace(os.sep, "/")
        if relative.startswith("../"):
            return True
        ignores = self._data_ignores if is_kept else self._ignores
        return not ignores.ignores(relative, is_dir=True) or entry.path in self._kept

    def note_link(self, path: str) -> None:
        """Remembers that a link lies here: what it leads to may change without a word."""
        directory = os.path.dirname(path)
        while directory not in self.linked:
            self.linked.add(directory)
            directory = os.path.dirname(directory)

    def is_certain(self, path: str) -> bool:
        """Whether every change of the content of a path is told of while ``directories`` are watched."""
        if path in self.remote:
            return False
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return os.path.dirname(path) in self.directories
        if stat.S_ISDIR(mode):
            return path in self.directories and path not in self.linked
        return stat.S_ISREG(mode) and os.path.dirname(path) in self.directories


def fixed_part(pattern: str) -> list[str]:
    """The directories of a glob before its first wildcard."""
    parts = pattern.replace("\\", "/").split("/")
    for place, part in enumerate(parts):
        if any(letter in part for letter in "*?["):
            return parts[:place]
    return parts[:-1]


def existing(path: str) -> str:
    """The nearest directory upwards that exists."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def _base(project: Project, glob: str) -> str:
    return os.path.normpath(project.path(*fixed_part(glob)))


def _paths(pipeline: Pipeline) -> Iterator[str]:
    for stage in pipeline.stages.values():
        written: Iterable[str] = (*stage.deps, *stage.params, *(out.path for out in stage.outs))
        yield from (stage.path(path) for path in written)
    for source in pipeline.sources.values():
        yield source.name
        yield from (source.path(out.path) for out in source.outs)
