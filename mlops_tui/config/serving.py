"""``[serve.MODEL]``: which columns the log of requests to a model leaves out, hashes or rounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_tui.config.reader import Reader

#: Rounding beyond these powers of ten says nothing.
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """What is kept of the requests to a model; columns are inputs, outputs, ``prediction`` or ``probabilities``.

    Attributes:
        drop: Columns that are left out.
        hash: Columns of which a keyed hash is kept.
        round: Column -> digits after the point that are kept; -3 keeps thousands.
    """

    drop: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    round: Mapping[str, int] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that a rule is about."""
        return (*self.drop, *self.hash, *self.round)


def read(reader: Reader, name: str, body: object) -> ServeConfig:
    """The table of one model.

    Raises:
        SpecError: A key or value is not understood, or two rules are about one column.
    """
    place = f"serve.{name}"
    table = reader.table(body, place, ("drop", "hash", "round"))
    digits = {
        column: _digits(reader, value, f"{place}.round.{column}")
        for column, value in reader.table(table.get("round", {}), f"{place}.round", None).items()
    }
    found = ServeConfig(
        drop=reader.texts(table.get("drop", []), f"{place}.drop"),
        hash=reader.texts(table.get("hash", []), f"{place}.hash"),
        round=digits,
    )
    for column in found.columns:
        if found.columns.count(column) > 1:
            raise reader.error(place, f"has two rules for the column {column!r}", "drop, hash or round it")
    return found


def _digits(reader: Reader, value: object, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MOST_DIGITS:
        raise reader.error(place, f"must be a whole number of digits, not {value!r}", "-3 keeps thousands, 0 ones")
    return value
