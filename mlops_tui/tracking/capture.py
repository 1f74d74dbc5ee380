"""What takes too long to be recorded about a run's surroundings at its start: the code's state and the packages.

Found out once a process and project, in the background; texts are written once, later runs name their hashes.
"""

from __future__ import annotations

import os
import sys

from mlops_tui.tracking import git, starting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_found: dict[str, tuple[dict[str, object], list[str]]] = {}
_stored: set[tuple[str, str]] = set()


def record(root: str, store_path: str) -> dict[str, Any]:
    """What is found out: ``attributes``, and the ``texts`` that their digests name.

    Args:
        root: The project's directory.
        store_path: Each text is given once a process for each store.
    """
    if root not in _found or hasattr(sys, "ps1"):  # what a notebook runs changes as it goes on
        _found[root] = _find(root)
    attributes, texts = _found[root]
    new = [text for text in texts if (store_path, text) not in _stored]
    _stored.update((store_path, text) for text in new)
    return {"attributes": attributes, "texts": new}


def _find(root: str) -> tuple[dict[str, object], list[str]]:
    from mlops_store import shared_texts
    from mlops_store.journals import dumps

    packages = dumps(dict(sorted(_packages().items())))
    attributes: dict[str, object] = {"packages_digest": shared_texts.digest_of(packages)}
    texts = [packages]
    start = starting.cwd() or root
    head = git.head(start)
    attributes.update(head)
    if head:
        diff = git.diff(start)
        if diff is not None:
            attributes["git_dirty"] = bool(diff)
        if diff:
            attributes["git_diff_digest"] = shared_texts.digest_of(diff)
            texts.append(diff)
    return attributes, texts


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
