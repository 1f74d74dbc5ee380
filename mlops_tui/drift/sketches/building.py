"""Profiles of files, several parts at a time in threads: reading, sorting and counting leave the interpreter alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mlops_store.errors import UsageError
from mlops_tui.drift.batches import Unreadable
from mlops_tui.drift.sketches import streams
from mlops_tui.drift.sketches.sampling import Reservoir
from mlops_tui.drift.sketches.streams import Part, Unfit
from mlops_tui.drift.sketches.table import TableGatherer, TableSketch, joined

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")
_Kept = TypeVar("_Kept", bound="_Keeping")
#: More threads would keep more batches in memory at a time.
_MOST_THREADS = 3


@dataclass(frozen=True, slots=True)
class Sampled:
    """What is known of a table that is too large for memory: the profile of all rows, and some of the rows."""

    table: TableSketch
    frame: pd.DataFrame


def of_file(path: str, kinds: Mapping[str, str] | None = None, *, threads: int | None = None) -> TableSketch:
    """The profile of a file's rows.

    Args:
        path: A CSV, Parquet or JSON lines file, compressed or not, of any size.
        kinds: Column -> kind, where it is not to be told by the values.
        threads: How many parts of it are read at a time; as many as there are processors by default, up to 3.

    Raises:
        Unreadable: It holds no table.
        OSError: It cannot be opened.
    """
    threads = threads or _threads()
    parts = streams.parts(path, threads)
    return _filled(_mapped(lambda part: _read(part, kinds or {}, _Unkept)[0], parts, threads))


def with_sample(path: str, kinds: Mapping[str, str] | None = None, *, rows: int, seed: int) -> Sampled:
    """The profile of a file's rows, and some of them chosen by chance; see ``of_file``.

    Args:
        path: The file.
        kinds: Column -> kind, where it is not to be told by the values.
        rows: Rows to keep at most.
        seed: The same file gives the same choice.
    """
    parts = list(enumerate(streams.parts(path, _threads())))

    def one(numbered: tuple[int, Part]) -> tuple[TableSketch, Reservoir]:
        place, part = numbered
        return _read(part, kinds or {}, lambda: Reservoir(rows, seed + place))

    made = _mapped(one, parts, _threads())
    return Sampled(_filled([table for table, _ in made]), Reservoir.frame([kept for _, kept in made], rows))


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


def _mapped(act: Callable[[_Item], _Made], items: Sequence[_Item], threads: int) -> list[_Made]:
    if threads == 1 or len(items) == 1:
        return [act(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(act, items))


def _filled(parts: Sequence[TableSketch]) -> TableSketch:
    found = joined(parts)
    if not found.rows:
        raise Unreadable("has a header but no rows", "deliver the batch again, with its rows")
    return found


class _Keeping(Protocol):
    def add(self, batch: pa.RecordBatch[Any], /) -> None: ...


class _Unkept:
    """Keeps no rows."""

    def add(self, batch: pa.RecordBatch[Any], /) -> None:
        """Lets them go by."""


def _read(part: Part, kinds: Mapping[str, str], keeping: Callable[[], _Kept]) -> tuple[TableSketch, _Kept]:
    """The profile of a part, and what kept rows of it; both begin again where the part is to be read otherwise."""
    while True:
        gatherer, kept = TableGatherer({**part.kinds, **kinds}), keeping()
        try:
            for batch in part.rows():
                gatherer.add(batch)
                kept.add(batch)
            return gatherer.result(part.notes), kept
        except Unfit as unfit:
            part = unfit.instead
