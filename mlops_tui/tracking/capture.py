"""What is recorded about a run's surroundings.

``at_start`` costs microseconds and goes into the first record. ``record`` is for the background thread: the diff and
the installed packages, found out once a process and project; texts are written once, later runs name their hashes.
"""

from __future__ import annotations

import os
import sys

from mlops_store import processes
from mlops_tui.tracking import git

_found: dict[str, tuple[dict[str, object], list[str]]] = {}
_stored: set[str] = set()


def at_start(root: str) -> dict[str, object]:
    """The attributes of a new run of this process.

    Args:
        root: The project's directory.
    """
    me = processes.identity()
    ticks = me["ticks"]
    return {
        "user": _user(),
        "host": me["host"],
        "pid": me["pid"],
        "process_started_at": processes.started_at(ticks) if isinstance(ticks, int) and ticks else None,
        "boot_id": me["boot_id"],
        "command": list(sys.orig_argv),
        "source": _source(root),
        "cwd": _cwd(),
        "python_version": ".".join(map(str, sys.version_info[:3])),
        **git.head(_cwd() or root),
    }


def is_done(root: str) -> bool:
    """Whether ``record`` would cost nothing."""
    return root in _found


def record(root: str, store_path: str) -> dict[str, object]:
    """The rest of a ``capture`` record: ``attributes``, and the ``texts`` that their digests name.

    Args:
        root: The project's directory.
        store_path: Each text is given once a process for each store.
    """
    if root not in _found:
        _found[root] = _find(root)
    attributes, texts = _found[root]
    new = [] if store_path in _stored else texts
    _stored.add(store_path)
    return {"attributes": attributes, "texts": new}


def _find(root: str) -> tuple[dict[str, object], list[str]]:
    from mlops_store import shared_texts
    from mlops_store.journals import dumps

    packages = dumps(dict(sorted(_packages().items())))
    attributes: dict[str, object] = {"packages_digest": shared_texts.digest_of(packages)}
    texts = [packages]
    start = _cwd() or root
    if git.head(start):
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


def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container that runs as a number
        return os.environ.get("USER") or str(os.getuid())


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""


def _source(root: str) -> str:
    """The script as a person would name it: relative to the project where it lies inside."""
    path = getattr(sys.modules.get("__main__"), "__file__", None) or sys.argv[0]
    if not path or path == "-c":
        return path or ""
    path = os.path.abspath(path)
    return os.path.relpath(path, root) if path.startswith(root + os.sep) else path
