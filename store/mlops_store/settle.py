"""Removes journals that are stored to their end, and ends runs whose process went away without a word."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mlops_store import events, journals, processes, runs

if TYPE_CHECKING:
    from mlops_store.journal_states import Journal
    from mlops_store.store import Store

#: Seconds for which a process that was seen alive is not looked at again.
_RECHECK_S = 1.0

#: A journal without a whole record that is so old was left by a process that was killed while it made it. A younger one
#: may be another machine's, whose locks are not seen here.
_STILLBORN_S = 60.0

_WORDLESS = "the process ended without a word (killed, crashed, or its disk was full)"

_seen_alive: dict[str, float] = {}


def settle(store: Store, directory: str, offsets: Mapping[str, int], states: Mapping[str, Journal]) -> None:
    """Looks at journals that hold nothing new.

    Args:
        store: The store that has everything of them.
        directory: Where they are.
        offsets: Their names, and how far each is stored.
        states: What is known of them and of the others.
    """
    closed, gone = set[str](), dict[str, float]()
    for name, offset in offsets.items():
        path = os.path.join(directory, name)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            if name in states and states[name].is_closed:
                if os.fstat(descriptor).st_size <= offset:
                    closed.add(name)
            elif not offset and _is_stillborn(descriptor):
                _remove(path)  # while it is locked: whoever made it looks whether it is still there
            elif _is_gone(descriptor, path, offset):
                gone[name] = os.fstat(descriptor).st_mtime
        finally:
            os.close(descriptor)
    left = {name for name in os.listdir(directory) if name.endswith(journals.SUFFIX)} - closed - gone.keys()
    in_use = {run_id for name in left if name in states for run_id in states[name].runs}
    for name, at in gone.items():
        owned = [run_id for run_id, is_owner in states[name].runs.items() if is_owner] if name in states else []
        _kill(store, [run_id for run_id in owned if run_id not in in_use], at)
        if not in_use.intersection(owned):  # else a process that it forked may be logging still
            closed.add(name)
    for name in closed:
        _seen_alive.pop(os.path.join(directory, name), None)
        _remove(os.path.join(directory, name))


def _remove(path: str) -> None:
    with suppress(FileNotFoundError, PermissionError):  # another user's journal is left to that user
        os.unlink(path)


def _is_stillborn(descriptor: int) -> bool:
    """Whether a journal has no whole record and never gets one; it is locked then."""
    if time.time() - os.fstat(descriptor).st_mtime < _STILLBORN_S or not processes.lock_alone(descriptor):
        return False
    try:
        frames = journals.frames(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
        return next(frames, None) is None
    except ValueError:  # damage, which is told of elsewhere
        return False


def _is_gone(descriptor: int, path: str, offset: int) -> bool:
    """Whether the process that wrote a journal is gone, and everything of it stored."""
    now = time.monotonic()
    if now - _seen_alive.get(path, -_RECHECK_S) < _RECHECK_S:
        return False
    if not processes.is_gone(_writer(descriptor), descriptor):
        _seen_alive[path] = now
        return False
    size = os.fstat(descriptor).st_size
    # it may have written on before it went: first that is stored
    return size <= offset or not _has_frame(os.pread(descriptor, size - offset, offset))


def _has_frame(data: bytes) -> bool:
    try:
        return next(journals.frames(data), None) is not None
    except ValueError:
        return False


def _writer(descriptor: int) -> dict[str, Any]:
    """The first record of a journal; {} when it is not whole. It may be long: packages and hardware stand in it."""
    head = os.pread(descriptor, journals.HEADER.size, 0)
    if len(head) < journals.HEADER.size:
        return {}
    _, length = journals.HEADER.unpack(head)
    if length > journals.MAX_FRAME_BYTES:
        return {}
    try:
        content = json.loads(os.pread(descriptor, length, journals.HEADER.size))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _kill(store: Store, run_ids: Sequence[str], at: float) -> None:
    live = "SELECT 1 FROM runs WHERE run_id = ? AND status = 'RUNNING' AND kind = 'run'"
    if not any(store.read().execute(live, (run_id,)).fetchone() for run_id in run_ids):
        return
    with store.write() as db:
        for run_id in run_ids:
            if db.execute(live, (run_id,)).fetchone():
                runs.finish(db, run_id, "KILLED", at, error=_WORDLESS)
                events.add(db, "run.killed", f"run:{run_id}", _WORDLESS)
