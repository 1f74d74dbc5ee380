"""Copies the files of runs that are taken over: those that are new, and only from where they may come from."""

from __future__ import annotations

import errno
import os
from typing import NamedTuple

from mlops_store import artifacts
from mlops_store.errors import StoreFull
from mlops_store.store import Store
from mlops_tui.interop import folders
from mlops_tui.interop.source import Found, Problems, SourceFile


class _New(NamedTuple):
    """A file that is to be copied."""

    file: SourceFile
    size_bytes: int
    made_at: float


class Files:
    """Copies files of runs into the objects.

    Args:
        store: Where to; None where there is none yet.
        is_dry_run: Only count them.
        max_bytes: Larger ones are listed instead; None for no limit, 0 for no files at all.
        problems: Gets what is not copied.
    """

    def __init__(self, store: Store | None, *, is_dry_run: bool, max_bytes: int | None, problems: Problems) -> None:
        self._store = store
        self._is_dry_run = is_dry_run
        self._max_bytes = max_bytes
        self._problems = problems

    def take(self, found: Found) -> tuple[int, int]:
        """Copies the files of a run that are new; returns how many and how many bytes.

        Raises:
            StoreFull: The disk has no room.
        """
        limit = self._max_bytes
        if not found.files or limit == 0:
            return 0, 0
        run_id, store = found.run.run_id, self._store
        known = {} if store is None else {entry.path: entry for entry in artifacts.of_run(store.read(), run_id)}
        new: list[_New] = []
        for file in found.files:
            one = self._looked_at(file)
            if one is None:
                continue
            entry = known.get(file.path)
            if entry is not None and (entry.size_bytes, entry.logged_at) == (one.size_bytes, one.made_at):
                continue
            if limit is not None and one.size_bytes > limit:
                self._problems.add(file.origin, f"{one.size_bytes:,} bytes are not copied")
                continue
            new.append(one)
        if store is None or self._is_dry_run:
            return len(new), sum(one.size_bytes for one in new)
        return self._copy(store, run_id, new)

    def _looked_at(self, file: SourceFile) -> _New | None:
        """The file with its size and time; None for one that may not be read."""
        reason = folders.unreadable(file.origin, file.root)
        if not reason and not folders.is_named_within(file.path):
            reason = f"its name leads out of the run: {file.path}"
        if reason:
            self._problems.add(file.origin, reason)
            return None
        if file.data is not None:
            return _New(file, len(file.data), file.made_at)
        try:
            status = os.stat(file.origin)
        except OSError as error:
            self._problems.add(file.origin, f"it cannot be read ({error.strerror})")
            return None
        return _New(file, status.st_size, status.st_mtime)

    def _copy(self, store: Store, run_id: str, new: list[_New]) -> tuple[int, int]:
        stored = []
        for file, _, made_at in new:
            try:
                if file.data is not None:
                    named = artifacts.put_bytes(store.objects_dir, file.data)
                else:
                    named = artifacts.put_file(store.objects_dir, file.origin)
                stored.append((file.path, *named, made_at))
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise StoreFull(
                        f"the disk has no room for {file.origin}",
                        "free some space and import again: it goes on from there",
                    ) from error
                self._problems.add(file.origin, f"it cannot be read ({error.strerror})")
        if stored:
            with store.write() as db:
                for path, digest, size, made_at in stored:
                    artifacts.record(db, run_id, path, digest, size, made_at)
        return len(stored), sum(size for _, _, size, _ in stored)
