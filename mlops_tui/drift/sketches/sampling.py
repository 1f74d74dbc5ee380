"""Rows chosen by chance while a table goes by: what no profile can say is computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_store.texts import storable
from mlops_tui.drift.samples import FloatArray

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Reservoir:
    """Keeps so many rows, each with the same chance, of however many there are.

    Args:
        size: Rows to keep.
        seed: The same rows in the same order give the same choice.

    Source:
        Each row draws a number, and those with the least are kept (Vitter, Random sampling with a reservoir, 1985).
    """

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._random = np.random.default_rng(seed)
        self._cut = 1.0
        self._drawn: list[FloatArray] = []
        self._tables: list[pa.Table] = []
        self._count = 0

    def add(self, batch: pa.RecordBatch[Any]) -> None:
        """Takes rows; of columns with one name the first."""
        import pyarrow as pa

        drawn = self._random.random(batch.num_rows)
        chosen = np.flatnonzero(drawn < self._cut)
        if not len(chosen):
            return
        names = [storable(name) for name in batch.schema.names]
        first = {name: place for place, name in reversed(list(enumerate(names)))}
        kept = batch.take(pa.array(chosen))
        columns = [_plain(kept.column(first[name])) for name in dict.fromkeys(names)]
        self._tables.append(pa.Table.from_arrays(columns, names=list(dict.fromkeys(names))))
        self._drawn.append(drawn[chosen])
        self._count += len(chosen)
        if self._count > 1.25 * self._size:
            self._tables, self._drawn = _least(self._tables, self._drawn, self._size)
            self._count, self._cut = self._size, float(self._drawn[0].max())

    @staticmethod
    def frame(parts: Sequence[Reservoir], size: int) -> pd.DataFrame:
        """The rows that were kept of all parts together, in their order."""
        tables = [table for part in parts for table in part._tables]
        drawn = [each for part in parts for each in part._drawn]
        (table, *_), _ = _least(tables, drawn, size)
        found: pd.DataFrame = table.to_pandas(ignore_metadata=True)
        return found


def _least(tables: list[pa.Table], drawn: list[FloatArray], size: int) -> tuple[list[pa.Table], list[FloatArray]]:
    """The rows that drew the least, in their order."""
    import pyarrow as pa

    numbers = np.concatenate(drawn)
    table = pa.concat_tables(tables, promote_options="permissive")
    if len(numbers) <= size:
        return [table], [numbers]
    chosen = np.sort(np.argpartition(numbers, size)[:size])
    return [table.take(pa.array(chosen)).combine_chunks()], [numbers[chosen]]


def _plain(column: pa.Array[Any]) -> pa.Array[Any]:
    """Labels as text, because dictionaries differ from batch to batch."""
    import pyarrow as pa

    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
