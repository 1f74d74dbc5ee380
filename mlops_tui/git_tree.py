"""The files of a commit, read out of Git's objects as they are: no filter, no attribute and no link is followed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a commit.

    ``path`` is relative to the directory that was asked for, ``name`` that of its object, ``size_bytes`` of its
    content. ``mode`` is Git's: 100644, 100755, or 120000 for a symbolic link.
    """

    path: str
    mode: str
    name: str
    size_bytes: int

    @property
    def is_link(self) -> bool:
        """Whether its content is the target of a symbolic link."""
        return self.mode == "120000"


def entries(directory: str, commit: str) -> list[Entry]:
    """The files of a commit below a directory of its work tree, by path; submodules are left out.

    Paths that no work tree can have, because they lead out of it, are left out as well.

    Raises:
        CalledProcessError: Git does not know the commit, or the directory is in no repository.
        FileNotFoundError: Git is not installed.
    """
    listed = git(directory, "ls-tree", "-r", "-l", "-z", commit, "--", ".").decode("utf-8", "surrogateescape")
    found = []
    for line in filter(None, listed.split("\0")):
        facts, path = line.split("\t", 1)
        mode, kind, name, size = facts.split()
        if kind == "blob" and not {"", ".", "..", ".git"} & set(path.split("/")):
            found.append(Entry(path, mode, name, int(size)))
    return found


def contents(directory: str, wanted: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """The files with their contents, in the order in which they were given."""
    read = git(directory, "cat-file", "--batch", given="".join(f"{entry.name}\n" for entry in wanted).encode())
    start = 0
    for entry in wanted:
        head = read.index(b"\n", start)  # "<name> blob <bytes>", then the bytes and a line feed
        end = head + 1 + int(read[start:head].split()[2])
        yield entry, read[head + 1 : end]
        start = end + 1


def git(directory: str, *arguments: str, given: bytes = b"") -> bytes:
    """What git writes when it is called in a directory.

    Raises:
        CalledProcessError: It failed.
        FileNotFoundError: It is not installed.
    """
    command = ["git", "-C", directory, "--no-optional-locks", *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout
