"""The code of two runs: the commits that lie between them, and the uncommitted lines that only one of them had."""

from __future__ import annotations

import difflib
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mlops_store.origins import Origin
from mlops_store.records import Run

#: Commits shown on either side, and lines of a difference.
MOST_COMMITS, MOST_LINES = 50, 2000
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that only one of two runs had."""

    commit: str
    subject: str


@dataclass(frozen=True, slots=True)
class FileLines:
    """A file whose uncommitted changes are not the same in both runs.

    Attributes:
        path: As Git names it.
        lines: Lines of both changes after a sign: '<' only in the baseline, '>' only in the other run, ' ' in both. The
            rest of the line is as in a diff, with its own '+' or '-'.
    """

    path: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeDifference:
    """How the code of a run differs from the baseline's.

    Attributes:
        run_id: The other run.
        first_commit: Of the baseline; "" where none is known.
        second_commit: Of the other run.
        only_first: Commits that only the baseline had, newest first.
        only_second: Commits that only the other run had.
        problem: Why the commits between them cannot be told.
        files: Files whose uncommitted changes differ.
        is_cut: Whether there were more lines than are shown.
    """

    run_id: str
    first_commit: str
    second_commit: str
    only_first: tuple[Commit, ...] = ()
    only_second: tuple[Commit, ...] = ()
    problem: str = ""
    files: tuple[FileLines, ...] = ()
    is_cut: bool = False

    @property
    def is_same(self) -> bool:
        """Whether commit and uncommitted lines are the same."""
        return self.first_commit == self.second_commit and not self.files


def difference(root: str, first: tuple[Run, Origin], second: tuple[Run, Origin]) -> CodeDifference:
    """How the code of a run differs from the baseline's.

    Args:
        root: A directory of the repository, which is asked for the commits.
        first: The baseline.
        second: The other run.
    """
    old, new = first[0].git_commit, second[0].git_commit
    files, is_cut = uncommitted(first[1].git_diff, second[1].git_diff)
    only_first: tuple[Commit, ...] = ()
    only_second: tuple[Commit, ...] = ()
    problem = ""
    if old != new:
        if old and new:
            problem, only_first, only_second = _between(root, old, new)
        else:
            problem = "one of the runs was made outside of a repository"
    return CodeDifference(second[0].run_id, old, new, only_first, only_second, problem, files, is_cut)


@lru_cache(maxsize=256)
def uncommitted(first: str, second: str) -> tuple[tuple[FileLines, ...], bool]:
    """The files whose uncommitted changes differ, and whether some lines were left out.

    Args:
        first: The baseline's diff, as ``git diff`` writes it.
        second: The other run's.
    """
    if first == second:
        return (), False
    old, new = dict(_files(first)), dict(_files(second))
    found, left = [], MOST_LINES
    for path in sorted({*old, *new}):
        before, after = old.get(path, []), new.get(path, [])
        if before == after:
            continue
        lines = list(_merged(before, after))
        found.append(FileLines(path, tuple(lines[:left])))
        if len(lines) > left:
            return tuple(found), True
        left -= len(lines)
    return tuple(found), False


def _files(diff: str) -> Iterator[tuple[str, list[str]]]:
    """Path and changed lines of each file of a diff; what does not change is left out."""
    path, is_body = "", False
    lines: list[str] = []
    for line in diff.split("\n"):
        if line.startswith("diff --git "):
            if path:
                yield path, lines
            path, lines, is_body = line.rpartition(" b/")[2], [], False
        elif line.startswith("@@"):
            is_body = True
        elif (is_body and line[:1] in ("+", "-")) or line.startswith(("Binary files", "rename to", "new file mode")):
            lines.append(line)
    if path:
        yield path, lines


def _merged(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    if len(before) + len(after) > 4 * MOST_LINES:  # matching takes time by the square of that
        before, after = before[: 2 * MOST_LINES], after[: 2 * MOST_LINES]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            yield from (f" {line}" for line in before[i:j])
        else:
            yield from (f"<{line}" for line in before[i:j])
            yield from (f">{line}" for line in after[k:m])


@lru_cache(maxsize=256)
def _between(root: str, first: str, second: str) -> tuple[str, tuple[Commit, ...], tuple[Commit, ...]]:
    """Why there is no answer, or the commits that only one of two commits has behind it."""
    if not all(len(commit) in (40, 64) and not set(commit) - set("0123456789abcdef") for commit in (first, second)):
        return "a commit is no hash of Git's", (), ()
    command = ["git", "-C", root, "--no-optional-locks", "log", "--left-right", f"--max-count={2 * MOST_COMMITS}"]
    command += ["--format=%m%H %s", f"{first}...{second}", "--"]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        return "git did not answer", (), ()
    if done.returncode:
        return "this repository does not have both commits", (), ()
    sides: dict[str, list[Commit]] = {"<": [], ">": []}
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        commit, _, subject = line[1:].partition(" ")
        sides.get(line[:1], []).append(Commit(commit, subject))
    return "", tuple(sides["<"][:MOST_COMMITS]), tuple(sides[">"][:MOST_COMMITS])


__all__ = ["CodeDifference", "Commit", "FileLines", "difference", "uncommitted"]
