"""What ``.dvcignore`` and ``.gitignore`` leave out, by the rules of Git: nested files, ``!``, the last match counts.

Knows paths and patterns only; whether something is there, and who wants to know, is others' business.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

DVC_FILE = ".dvcignore"
GIT_FILE = ".gitignore"

#: Directories that are never part of a project's data, wherever they are.
ALWAYS = frozenset((".git", ".hg", ".dvc", ".mlops"))


class Ignores:
    """The patterns of a tree's ignore files, each read when a path beside or below it is first asked about.

    Args:
        root: The tree; files above it do not count.
        names: The ignore files that count.
    """

    def __init__(self, root: str, names: tuple[str, ...] = (DVC_FILE,)) -> None:
        self._root = root
        self._names = names
        self._specs: dict[str, tuple[GitIgnoreSpec, ...]] = {}
        self._directories: dict[str, bool] = {"": False}
        self._patterned: dict[str, bool] = {}

    def ignores(self, path: str, *, is_dir: bool) -> bool:
        """Whether a path is left out, by itself or with a directory that holds it.

        Args:
            path: Relative to the root, with ``/``; "" is the root itself, which never is.
            is_dir: Whether it is a directory.
        """
        parent, _, name = path.rpartition("/")
        if parent not in self._directories:
            self._directories[parent] = self.ignores(parent, is_dir=True)
        if self._directories[parent]:
            return True
        if not name:
            return False
        return (is_dir and name in ALWAYS) or self._matches(path, is_dir=is_dir)

    def has_patterns(self, directory: str) -> bool:
        """Whether an ignore file stands in a directory or above it; where none does, nothing need be asked.

        Args:
            directory: Relative to the root, with ``/``; "" is the root itself.
        """
        known = self._patterned.get(directory)
        if known is None:
            above = bool(directory) and self.has_patterns(directory.rpartition("/")[0])
            known = self._patterned[directory] = above or bool(self._of(directory))
        return known

    def _matches(self, path: str, *, is_dir: bool) -> bool:
        """What the nearest ignore file says that says anything about the path."""
        directory = path
        while directory:
            directory = directory.rpartition("/")[0]
            below = path[len(directory) + 1 if directory else 0 :] + ("/" if is_dir else "")
            for spec in self._of(directory):
                verdict = spec.check_file(below).include
                if verdict is not None:
                    return verdict
        return False

    def _of(self, directory: str) -> tuple[GitIgnoreSpec, ...]:
        """The patterns that stand in a directory itself."""
        found = self._specs.get(directory)
        if found is None:
            paths = [os.path.join(self._root, directory, name) for name in self._names]
            found = self._specs[directory] = tuple(spec for path in paths if (spec := _read(path)) is not None)
        return found


def _read(path: str) -> GitIgnoreSpec | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return None  # none, or one that Git could not read either
    if not any(line and not line.startswith("#") for line in lines):
        return None  # only comments, as ``dvc init`` writes it
    from pathspec import GitIgnoreSpec  # most projects have no such file

    return GitIgnoreSpec.from_lines(lines)
