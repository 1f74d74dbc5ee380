"""Labels in a few KB: how often the commonest occur, and how many different ones there are.

Source:
    Apache DataSketches: the frequent items sketch (Anderson et al., A high-performance algorithm for identifying
    frequent items in data streams, 2017) and HyperLogLog.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlops_store.errors import UsageError

#: 384 labels are counted exactly; beyond it a count may be short by at most 0.7 % of the rows.
_LG_LABELS = 9
#: 1 KB, and a standard error of 3 %.
_LG_REGISTERS = 10
#: Longer labels are cut: a profile of labels stays small.
LABEL_LENGTH = 200
#: So many different labels are counted in memory before they go into the sketches, which take 20 times as long.
_PENDING = 50_000


class Tally:
    """How many rows have which label. Changes as labels are added."""

    def __init__(self) -> None:
        self._rows: Any = _library().frequent_strings_sketch(_LG_LABELS)
        self._different: Any = _library().hll_sketch(_LG_REGISTERS, _library().HLL_8)
        self._pending: dict[str, int] = {}

    @property
    def count(self) -> int:
        """Rows with a label."""
        return int(self._rows.total_weight) + sum(self._pending.values())

    @property
    def error(self) -> int:
        """A label may have so many rows more than ``counts`` says; 0 where every label was counted."""
        (found, *_) = self._items() or [("", 0, 0, 0)]
        return int(found[3] - found[2])

    @property
    def distinct(self) -> int:
        """How many different labels there are: exact where every one was counted, else within some 3 %."""
        exact = len(self._items())
        return exact if not self.error else max(exact, round(self._different.get_estimate()))

    def counts(self) -> dict[str, int]:
        """The rows of the commonest labels, at least so many; of all labels where ``error`` is 0."""
        return {str(name): int(low) for name, _, low, _ in self._items() if low > 0}

    def add(self, counts: Iterable[tuple[str, int]]) -> None:
        """Takes labels with their rows."""
        pending = self._pending
        for name, rows in counts:
            pending[name] = pending.get(name, 0) + rows
        if len(pending) > _PENDING:
            self._settle()

    def merge(self, other: Tally) -> None:
        """Takes all rows of another one."""
        self._settle()
        other._settle()
        self._rows.merge(other._rows)
        union = _library().hll_union(_LG_REGISTERS)
        union.update(self._different)
        union.update(other._different)
        self._different = union.get_result(_library().HLL_8)

    def packed(self) -> tuple[bytes, bytes]:
        """Both sketches in the form that Apache DataSketches reads in any language."""
        self._settle()
        return bytes(self._rows.serialize()), bytes(self._different.serialize_compact())

    @classmethod
    def unpacked(cls, rows: bytes, different: bytes) -> Tally:
        """The tally that ``packed`` gave.

        Raises:
            UsageError: The bytes are no such sketches.
        """
        made = cls()
        try:
            made._rows = _library().frequent_strings_sketch.deserialize(rows)
            made._different = _library().hll_sketch.deserialize(different)
        except Exception as error:  # the library throws what C++ threw
            raise UsageError(f"the profile's labels cannot be read ({str(error)[:100]})") from error
        return made

    def _items(self) -> list[tuple[str, int, int, int]]:
        self._settle()
        return list(self._rows.get_frequent_items(_library().frequent_items_error_type.NO_FALSE_NEGATIVES, 0))

    def _settle(self) -> None:
        """Puts what is counted in memory into the sketches, the commonest first: less is lost then."""
        for name, rows in sorted(self._pending.items(), key=lambda item: -item[1]):
            label = name[:LABEL_LENGTH]
            self._rows.update(label, rows)
            self._different.update(label)
        self._pending.clear()


def _library() -> Any:
    """Apache DataSketches, which has no types; loaded when first asked for."""
    import datasketches

    return datasketches
