"""What takes too long to be recorded about a run's surroundings at its start: code, packages and machine."""

from __future__ import annotations

import os
import sys

from mlops_tui.tracking import git, machine, starting

_found: dict[str, dict[str, object]] = {}


def surroundings(root: str, patience_s: float) -> dict[str, object]:
    """``packages``, ``hardware`` and, inside of a repository, ``git_commit``, ``git_branch``, ``git_diff`` ….

    Found out once a process, because what it runs was read when it began; each time in a notebook, which goes on
    reading.

    Args:
        root: The project's directory.
        patience_s: Longest time to give to git.
    """
    if root not in _found or hasattr(sys, "ps1"):
        _found[root] = _find(root, patience_s)
    return _found[root]


def _find(root: str, patience_s: float) -> dict[str, object]:
    found: dict[str, object] = {"packages": dict(sorted(_packages().items())), "hardware": machine.hardware()}
    start = starting.cwd() or root
    head = git.head(start)
    if head:
        found.update(head)
        diff = git.diff(start, patience_s)
        if diff is not None:
            found.update(git_dirty=bool(diff), git_diff=diff)
    return found


def _packages() -> dict[str, str]:
    """Name -> version of the installed distributions, from the names of their metadata folders."""
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")) and "-" in name:
                package, version = name.rsplit(".", 1)[0].split("-")[:2]
                found.setdefault(package, version)
    return found
