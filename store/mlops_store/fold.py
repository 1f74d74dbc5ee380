"""Moves what scripts have appended to their journals into the store, exactly once, by whoever comes first.

How far a journal has been read is moved in the transaction that stores what was read, so any number of processes may
fold at once and any of them may die. A lock beside the store keeps them from queueing for the same work; it is not
what makes the result right. Loaded by training scripts in the background: must stay light.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlops_store import events, journals, settle
from mlops_store.journal_records import Applier
from mlops_store.journal_states import Applied, Journal

if TYPE_CHECKING:
    import sqlite3

    from mlops_store.store import Store

#: Seconds that a reader waits for another process that is folding.
WAIT_S = 10.0

#: Added to the name of a journal that cannot be read on.
DAMAGED = ".damaged"

#: Beside the store; its time of modification is that of the last fold.
LOCK_FILE = "fold.lock"

_BATCH_BYTES = 1 << 20
_BATCH_FILES = 256


def fold(store: Store, journals_dir: str, *, wait_s: float = WAIT_S, budget_s: float = 60.0) -> int:
    """Stores everything that stands in the journals and settles runs whose process is gone.

    Args:
        store: Where to.
        journals_dir: Where from; need not exist.
        wait_s: How long to wait for another process that is folding; 0 leaves the work to it.
        budget_s: Stops after about this many seconds, but not before a first megabyte; the rest is for the next call.

    Returns:
        The number of frames stored by this call.

    Raises:
        StoreError: The store cannot be written. Nothing is lost: the journals stay.
    """
    if store.is_read_only or not _listed(journals_dir):
        return 0
    lock = os.path.join(os.path.dirname(store.path), LOCK_FILE)
    with _alone(lock, wait_s) as is_mine:
        if not is_mine:
            return 0
        done = _pass(store, journals_dir, time.monotonic() + budget_s)
        if done:
            os.utime(lock)  # scripts see that someone reads, and that they need not fold themselves
        return done


def _pass(store: Store, directory: str, deadline: float) -> int:
    names = _listed(directory)  # another folder may have finished some while this one waited
    rows = store.read().execute("SELECT name, offset, runs FROM journals").fetchall()
    offsets: dict[str, int] = {name: offset for name, offset, _ in rows}
    states = {name: Journal([], json.loads(runs), {}) for name, _, runs in rows}
    gone = [name for name in offsets.keys() - set(names) if not os.path.exists(os.path.join(directory, name))]
    grown = deque(name for name in names if _size(directory, name) > offsets.get(name, 0))
    total, is_first = 0, True
    while grown and (is_first or time.monotonic() < deadline):
        is_first = False
        batch = _read(directory, grown, offsets)
        if not batch:
            continue
        with store.write() as db:
            # A row outlives its file by one transaction: without it the file would be read again from its start.
            db.executemany("DELETE FROM journals WHERE name = ?", [(name,) for name in gone])
            stored = store_batch(db, directory, batch)
        gone = []
        for name, offset, data in batch:
            if name not in stored:
                continue
            applied = stored[name]
            offsets[name], states[name] = offset + applied.consumed, applied.journal
            total += applied.frames
            if applied.problem:
                _put_aside(os.path.join(directory, name))
            elif applied.consumed and len(data) >= _BATCH_BYTES:
                grown.appendleft(name)
    behind = set(grown)
    settle.settle(store, directory, {name: offsets.get(name, 0) for name in names if name not in behind}, states)
    return total


def _put_aside(path: str) -> None:
    try:
        os.replace(path, path + DAMAGED)
    except PermissionError:
        return  # another user's: it is reported again until its owner folds


def _listed(journals_dir: str) -> list[str]:
    try:
        names = [name for name in os.listdir(journals_dir) if name.endswith(journals.SUFFIX)]
    except FileNotFoundError:
        return []
    return sorted(names)  # by time of creation: a parent's journal begins before its children's


def _size(directory: str, name: str) -> int:
    try:
        return os.stat(os.path.join(directory, name)).st_size
    except FileNotFoundError:
        return 0


def _read(directory: str, grown: deque[str], offsets: dict[str, int]) -> list[tuple[str, int, bytes]]:
    """Takes the next megabyte or so off the journals: name, offset and bytes of each."""
    batch: list[tuple[str, int, bytes]] = []
    size = 0
    while grown and size < _BATCH_BYTES and len(batch) < _BATCH_FILES:
        name = grown.popleft()
        offset = offsets.get(name, 0)
        data = _stretch(os.path.join(directory, name), offset)
        if data:
            batch.append((name, offset, data))
            size += len(data)
    return batch


def _stretch(path: str, offset: int) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        data = os.pread(descriptor, _BATCH_BYTES, offset)
        if len(data) == _BATCH_BYTES:
            # a frame that is longer than a batch is read whole
            _, length = journals.HEADER.unpack_from(data)
            if _BATCH_BYTES < journals.HEADER.size + length <= journals.MAX_FRAME_BYTES:
                data = os.pread(descriptor, journals.HEADER.size + length, offset)
        return data
    finally:
        os.close(descriptor)


def store_batch(db: sqlite3.Connection, directory: str, batch: list[tuple[str, int, bytes]]) -> dict[str, Applied]:
    """Applies what was read and moves the offsets; leaves out what another process stored in the meantime."""
    applier, stored = Applier(db), dict[str, Applied]()
    for name, offset, data in batch:
        row = db.execute("SELECT offset, keysets, runs, process FROM journals WHERE name = ?", (name,)).fetchone()
        known, keysets, runs, process = row or (0, "[]", "{}", "{}")
        if known != offset or not os.path.exists(os.path.join(directory, name)):
            continue
        journal = Journal(json.loads(keysets), json.loads(runs), json.loads(process), name)
        stored[name] = applied = applier.apply(journal, data)
        if applied.problem:
            message = f"{name} is damaged at byte {offset + applied.consumed}: {applied.problem}"
            events.add(db, "journal.damaged", f"journal:{name}", message)
        if applied.consumed:
            kept = [json.dumps(part) for part in (journal.keysets, journal.runs, journal.process)]
            db.execute(
                "INSERT INTO journals(name, offset, folded_at, keysets, runs, process) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT(name) DO UPDATE SET offset = excluded.offset, folded_at = excluded.folded_at, "
                "keysets = excluded.keysets, runs = excluded.runs, process = excluded.process",
                (name, offset + applied.consumed, time.time(), *kept),
            )
    applier.flush()
    return stored


@contextmanager
def _alone(path: str, wait_s: float) -> Iterator[bool]:
    """Holds the fold lock; yields False when another process kept it for ``wait_s``."""
    import fcntl

    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    break  # a file system without locks: the transactions still keep the result right
            if time.monotonic() >= deadline:
                yield False
                return
            time.sleep(0.005)
        yield True
    finally:
        os.close(descriptor)
