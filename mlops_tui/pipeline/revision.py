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
from mlops_tui import git_tree
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
    described = [
        entry
        for entry in git_tree.entries(project.root, commit)
        if not entry.is_link and _is_described_by(entry.path) and entry.size_bytes <= _LIMIT_BYTES
    ]
    with TemporaryDirectory(prefix="mlops-tui-") as directory:
        for entry, content in git_tree.contents(project.root, described):
            target = os.path.join(directory, entry.path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(content)
        yield Project(directory)


def _is_described_by(path: str) -> bool:
    return os.path.basename(path) in _NAMES or path.endswith(_ENDINGS) or path == os.path.join(".dvc", "config")


def _commit(project: Project, revision: str) -> str:
    try:
        git_tree.git(project.root, "rev-parse", "--git-dir")
    except subprocess.CalledProcessError as error:
        raise Refused(f"{project.root} is not in a Git repository", "--run restores what a run recorded") from error
    except FileNotFoundError as error:
        raise Refused("git is not installed", "--run restores what a run recorded") from error
    try:
        found = git_tree.git(
            project.root, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"
        )
    except (subprocess.CalledProcessError, ValueError) as error:
        raise NotFound(f"Git knows no commit {revision!r}", "git log names them") from error
    return found.decode().strip()
