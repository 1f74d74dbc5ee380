"""Profiles of files, several parts at a time in threads: reading, sorting and counting leave the interpreter alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mlops_store.errors import UsageError
from mlops_tui.drift.batches import Unreadable
from mlops_tui.drift.sketches import streams
from mlops_tui.drift.sketches.streams import Part, Unfit
from mlops_tui.drift.sketches.table import TableGatherer, TableSketch, joined

_Item = TypeVar("_Item")
#: More threads would keep more batches in memory at a time.
_MOST_THREADS = 4


def of_file(path: str, kinds: Mapping[str, str] | None = None, *, threads: int | None = None) -> TableSketch:
    """The profile of a file's rows.

    Args:
        path: A CSV, Parquet or JSON lines file, compressed or not, of any size.
        kinds: Column -> kind, where it is not to be told by the values.
        threads: How many parts of it are read at a time; as many as there are processors by default, up to 4.

    Raises:
        Unreadable: It holds no table.
        OSError: It cannot be opened.
    """
    threads = threads or _threads()
    found = joined(_mapped(lambda part: _of_part(part, kinds or {}), streams.parts(path, threads), threads))
    if not found.rows:
        raise Unreadable("has a header but no rows", "deliver the batch again, with its rows")
    return found


def of_files(paths: Sequence[str], kinds: Mapping[str, str] | None = None) -> TableSketch:
    """The profile of the rows of all the files together; see ``of_file``.

    Raises:
        UsageError: One cannot be read, or holds no table.
    """

    def one(path: str) -> TableSketch:
        try:
            return of_file(path, kinds, threads=max(1, _threads() // len(paths)))
        except OSError as error:
            raise UsageError(f"{path} cannot be read ({error.strerror})", "check the path") from error
        except Unreadable as error:
            raise UsageError(f"{path} {error.message}", error.hint) from error

    return joined(_mapped(one, paths, _threads()))


def _threads() -> int:
    return max(1, min(_MOST_THREADS, os.cpu_count() or 1))


def _mapped(act: Callable[[_Item], TableSketch], items: Sequence[_Item], threads: int) -> list[TableSketch]:
    if threads == 1 or len(items) == 1:
        return [act(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(act, items))


def _of_part(part: Part, kinds: Mapping[str, str]) -> TableSketch:
    while True:
        gatherer = TableGatherer({**part.kinds, **kinds})
        try:
            for batch in part.rows():
                gatherer.add(batch)
            return gatherer.result(part.notes)
        except Unfit as unfit:
            part = unfit.instead
