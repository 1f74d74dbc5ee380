"""Rows that stand in memory as a frame: of a file that was read as a whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlops_tui.drift import times
from mlops_tui.drift.batches import Batch, Unreadable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from mlops_tui.drift.samples import FloatArray
    from mlops_tui.drift.watches import File


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows.

    Attributes:
        file: What was read.
        batch: Its rows.
        text: The bytes that they were read from, where others can follow them; empty for Parquet.
    """

    file: File
    batch: Batch
    text: bytes = b""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.batch.frame)

    @property
    def mark(self) -> str:
        """By what they are known again: the length of the text and its digest, or the digest of the rows."""
        if self.text:
            return f"{len(self.text)} {hashlib.sha256(self.text).hexdigest()}"
        return digest(self.identity())

    def identity(self) -> pd.DataFrame:
        """What tells rows apart: all that they hold."""
        return self.batch.frame

    def is_continued(self, mark: str, count: int) -> bool:
        """Whether the first ``count`` of them are still those that ``mark`` was about."""
        length, _, found = mark.partition(" ")
        if self.text:
            return found != "" and hashlib.sha256(self.text[: int(length)]).hexdigest() == found
        return count <= self.count and digest(self.identity().iloc[:count]) == mark

    def rows(self, first: int, count: int) -> Batch:
        """So many of them, from the row ``first`` on."""
        return replace(self.batch, frame=self.batch.frame.iloc[first : first + count].reset_index(drop=True))

    def spans(self, time: str, length_s: float) -> dict[float, tuple[int, str]]:
        """Start of a window of time -> how many rows it has, and a digest of them.

        Raises:
            Unreadable: There is no such column, or it holds no times.
        """
        import numpy as np

        found = times.starts(self._moments(time), length_s)
        is_known = np.isfinite(found)
        distinct, places, counts = np.unique(found[is_known], return_inverse=True, return_counts=True)
        hashes = _hashes(self.identity())[is_known]
        sums = np.zeros(len(distinct), dtype=np.uint64)
        np.add.at(sums, places, hashes)  # wraps round: the order of rows does not matter
        return {
            float(start): (int(count), f"{int(total):016x}")
            for start, count, total in zip(distinct, counts, sums, strict=True)
        }

    def between(self, time: str, start: float, end: float) -> Batch:
        """Those from a span of time.

        Raises:
            Unreadable: There is no such column, or it holds no times.
        """
        import numpy as np

        moments = self._moments(time)
        frame = self.batch.frame[(moments >= start) & (moments < end)].reset_index(drop=True)
        lost = int(np.count_nonzero(~np.isfinite(moments)))
        notes = (f"{untimed(lost, time)}: {self.file.batch}",) if lost else ()
        return replace(self.batch, frame=frame, notes=(*self.batch.notes, *notes))

    def _moments(self, time: str) -> FloatArray:
        import numpy as np

        if time not in self.batch.frame.columns:
            raise no_column(time)
        moments = times.seconds(self.batch.frame[time])
        if not np.isfinite(moments).any():
            raise no_times(time)
        return moments


def no_column(time: str) -> Unreadable:
    """What is wrong with rows that lack the column of times."""
    return Unreadable(f"has no column {time!r} that says when a row is from")


def no_times(time: str) -> Unreadable:
    """What is wrong with a column that holds no times."""
    return Unreadable(f"has no times in {time!r}", "dates as 2026-11-26T17:05:00, or numbers since 1970")


def untimed(count: int, time: str) -> str:
    """What is to be known of so many rows without a time."""
    return f"{count:,} row{'s have' if count > 1 else ' has'} no time in {time!r} and belong to no window"


def digest(frame: pd.DataFrame) -> str:
    """What tells these rows, in this order, from others."""
    sha = hashlib.sha256("\0".join(map(str, frame.columns)).encode("utf-8", "backslashreplace"))
    sha.update(_hashes(frame).tobytes())
    return sha.hexdigest()


def _hashes(frame: pd.DataFrame) -> npt.NDArray[np.uint64]:
    import numpy as np
    from pandas.util import hash_pandas_object

    try:
        found = hash_pandas_object(frame, index=False, categorize=True)
    except TypeError:  # lists and the like have no hash
        found = hash_pandas_object(frame.astype(str), index=False)
    return np.asarray(found, dtype=np.uint64)
