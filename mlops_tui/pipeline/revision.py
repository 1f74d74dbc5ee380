"""A pipeline as it was at a commit: the files that describe it, taken out of Git into a directory of their own.

Only descriptions and what they read (params, variables) are taken, never data.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from mlops_store.errors import NotFound, Refused
from mlops_tui.project import Project

_NAMES = ("dvc.lock", ".dvcignore")
_ENDINGS = (".dvc", ".yaml", ".yml", ".json", ".toml", ".py")
_LIMIT_BYTES = 1 << 20


@contextmanager
def at(project: Project, revision: str) -> Iterator[Project]:
    """The description of a project at a commit, as a project of its own that lasts as long as the block.

    Args:
        project: The project.
        revision: A commit, as Git names it.

    Raises:
        NotFound: Git knows no such commit.
        Refused: The project is not in Git, or Git is not installed.
    """
    commit = _commit(project, revision)
    listed = _git(project, "ls-tree", "-r", "-l", "-z", commit, "--", ".").decode("utf-8", "surrogateescape")
    files = []
    for line in filter(None, listed.split("\0")):
        facts, path = line.split("\t", 1)
        mode, kind, name, size = facts.split()
        if kind == "blob" and mode != "120000" and _is_described_by(path) and int(size) <= _LIMIT_BYTES:
            files.append((path, name))
    with TemporaryDirectory(prefix="mlops-tui-") as directory:
        contents = _git(project, "cat-file", "--batch", given="".join(f"{name}\n" for _, name in files).encode())
        start = 0
        for path, _ in files:
            head = contents.index(b"\n", start)  # "<name> blob <bytes>", then the bytes and a line feed
            end = head + 1 + int(contents[start:head].split()[2])
            target = os.path.join(directory, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(contents[head + 1 : end])
            start = end + 1
        yield Project(directory)


def _is_described_by(path: str) -> bool:
    return os.path.basename(path) in _NAMES or path.endswith(_ENDINGS) or path == os.path.join(".dvc", "config")


def _commit(project: Project, revision: str) -> str:
    try:
        _git(project, "rev-parse", "--git-dir")
    except subprocess.CalledProcessError as error:
        raise Refused(f"{project.root} is not in a Git repository", "--run restores what a run recorded") from error
    except FileNotFoundError as error:
        raise Refused("git is not installed", "--run restores what a run recorded") from error
    try:
        found = _git(project, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
    except (subprocess.CalledProcessError, ValueError) as error:
        raise NotFound(f"Git knows no commit {revision!r}", "git log names them") from error
    return found.decode().strip()


def _git(project: Project, *arguments: str, given: bytes = b"") -> bytes:
    command = ["git", "-C", project.root, "--no-optional-locks", *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout
