"""The code that trained a model: the files of the commit that its run was made at, with the run's uncommitted changes.

Files come out of Git's objects as they are; nothing of the repository is run. Knows no model.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass

from mlops_tui import git_tree

#: Larger files are data, not code.
LIMIT_BYTES = 10 << 20
PATCH_FILE = "uncommitted.patch"


@dataclass(frozen=True, slots=True)
class Code:
    """What is known of the code and was written.

    ``is_written`` says whether there is any. ``problem`` says why it is not all, "" when all went well. ``patch`` is
    "applied", "beside" where it does not fit and lies beside the files, or "" without one. ``left_out`` are paths of
    links and of files larger than a limit.
    """

    commit: str = ""
    is_written: bool = False
    problem: str = ""
    patch: str = ""
    left_out: tuple[str, ...] = ()


def write(root: str, commit: str, diff: str, is_dirty: bool, target: str) -> Code:
    """Writes the code of a run below a directory.

    Args:
        root: The project's directory, in a repository that has the commit.
        commit: Where the run was made; "" where that is not known.
        diff: What was not committed, as ``git diff`` writes it.
        is_dirty: Whether something was not committed.
        target: A directory, made when there is something to write.

    Raises:
        OSError: The directory cannot be written.
    """
    if not re.fullmatch("[0-9a-f]{7,64}", commit):
        return Code(problem="the run was made outside of a Git repository")
    try:
        found = git_tree.entries(root, commit)
        prefix = git_tree.git(root, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").rstrip("\n")
    except FileNotFoundError:
        return Code(commit, problem="git is not installed here")
    except subprocess.CalledProcessError:
        return Code(commit, problem="the repository here does not have the commit")
    wanted = [entry for entry in found if not entry.is_link and entry.size_bytes <= LIMIT_BYTES]
    for entry, content in git_tree.contents(root, wanted):
        path = os.path.join(target, entry.path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, int(entry.mode[-3:], 8))
    left_out = tuple(entry.path for entry in found if entry not in wanted)
    patch = _below(diff, prefix)
    if not patch:
        problem = "there were uncommitted changes, which were not kept" if is_dirty and not diff else ""
        return Code(commit, True, problem, "", left_out)
    os.makedirs(target, exist_ok=True)
    is_applied = _apply(patch, 1 + prefix.count("/"), target)
    if not is_applied:
        with open(os.path.join(target, PATCH_FILE), "w", encoding="utf-8", errors="surrogateescape") as text:
            text.write(patch)
    return Code(commit, True, "", "applied" if is_applied else "beside", left_out)


def _below(diff: str, prefix: str) -> str:
    """What of a diff changes files in the project's directory."""
    parts = re.split("^(?=diff --git )", diff, flags=re.MULTILINE)
    return "".join(
        part
        for part in parts
        if part.startswith(f"diff --git a/{prefix}") and f" b/{prefix}" in part.partition("\n")[0]
    )


def _apply(patch: str, depth: int, target: str) -> bool:
    """Applies a patch whose paths have so many parts in front; all of it or nothing."""
    # as if there were no repository around the directory: git apply changes files alone
    around = {**os.environ, "GIT_CEILING_DIRECTORIES": os.path.dirname(os.path.realpath(target))}
    done = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-p", str(depth), "-"],
        cwd=target,
        env=around,
        input=(patch if patch.endswith("\n") else patch + "\n").encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=False,
    )
    return done.returncode == 0
