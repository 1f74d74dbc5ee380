"""Removes journals that are stored to their end, and ends runs whose process went away without a word."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_store import events, journals, processes, runs

if TYPE_CHECKING:
    from mlops_store.store import Store

#: Seconds for which a process that was seen alive is not looked at again.
_RECHECK_S = 1.0

_seen_alive: dict[str, float] = {}


def settle(store: Store, directory: str, offsets: Mapping[str, int], closed: set[str]) -> None:
    """Looks at journals that hold nothing new.

    Args:
        store: The store that has everything of them.
        directory: Where they are.
        offsets: Their names, and how far each is stored.
        closed: Those whose writer has said that it is done.
    """
    left = {name for name in os.listdir(directory) if name.endswith(journals.SUFFIX)}
    now = time.monotonic()
    for name, offset in offsets.items():
        path = os.path.join(directory, name)
        is_recent = now - _seen_alive.get(path, -_RECHECK_S) < _RECHECK_S
        if name not in left or (is_recent and name not in closed):
            continue
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _is_done(store, descriptor, name, offset, left, name in closed):
                os.unlink(path)
                left.discard(name)
                _seen_alive.pop(path, None)
            else:
                _seen_alive[path] = now
        finally:
            os.close(descriptor)


def _is_done(store: Store, descriptor: int, name: str, offset: int, left: set[str], is_closed: bool) -> bool:
    """Whether a journal is of no more use; ends its run when its writer owned that and is gone."""
    if is_closed:
        return os.fstat(descriptor).st_size <= offset
    writer = _writer(os.pread(descriptor, 4096, 0))
    if not processes.is_gone(writer, descriptor):
        return False
    size, run_id = os.fstat(descriptor).st_size, journals.split_name(name)[0]
    if size > offset and _has_frame(os.pread(descriptor, size - offset, offset)):
        return False  # it wrote on before it went: first that is stored
    if writer.get("is_owner") and offset:
        if any(other != name and other.startswith(f"{run_id}.") for other in left):
            return False  # a process that it forked may be logging still
        _kill(store, run_id, os.fstat(descriptor).st_mtime)
    return True


def _has_frame(data: bytes) -> bool:
    try:
        return next(journals.frames(data), None) is not None
    except ValueError:
        return False


def _writer(head: bytes) -> dict[str, Any]:
    """The first record of a journal; {} when it is not whole."""
    try:
        for _, start, end in journals.frames(head):
            content = json.loads(head[start:end])
            return content if isinstance(content, dict) else {}
    except ValueError:
        return {}
    return {}


def _kill(store: Store, run_id: str, at: float) -> None:
    live = "SELECT 1 FROM runs WHERE run_id = ? AND status = 'RUNNING' AND kind = 'run'"
    if not store.read().execute(live, (run_id,)).fetchone():
        return
    with store.write() as db:
        if db.execute(live, (run_id,)).fetchone():
            runs.finish(db, run_id, "KILLED", at, error="the process ended without a word (killed, or a crash)")
            events.add(db, "run.killed", f"run:{run_id}", "the process ended without a word (killed, or a crash)")
