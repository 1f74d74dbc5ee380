"""``[monitors.NAME.quality]`` of ``mlops.toml``: bounds of a project's own for the rows of a window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlops_tui import quantities

if TYPE_CHECKING:
    from mlops_tui.config.reader import Reader

#: Column -> its smallest and its largest value.
Ranges = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class QualityConfig:
    """What a project demands of every window; where it demands nothing, the reference says what is usual.

    Attributes:
        min_rows: The fewest rows.
        max_rows: The most rows.
        max_missing: Column -> the largest share of rows without a value, 0 to 1; the column '' stands for all others.
        max_duplicates: The largest share of rows that repeat another one, 0 to 1.
        unique: Columns in which no value may stand twice.
        ranges: Column -> its smallest and its largest value.
        values: Column -> the only values that it may have.
        fresh: Column of times -> how old its newest may be when the window is delivered, in seconds.
    """

    min_rows: int | None = None
    max_rows: int | None = None
    max_missing: Mapping[str, float] = field(default_factory=dict)
    max_duplicates: float | None = None
    unique: tuple[str, ...] = ()
    ranges: Ranges = field(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fresh: Mapping[str, float] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it names, once."""
        named = (*self.max_missing, *self.unique, *self.ranges, *self.values, *self.fresh)
        return tuple(dict.fromkeys(name for name in named if name))


def read(reader: Reader, value: object, place: str) -> QualityConfig:
    """The bounds that a table describes.

    Args:
        reader: Makes the errors.
        value: The table.
        place: Its dotted path.

    Raises:
        SpecError: A key or value is not understood.
    """
    table = reader.table(value, place, tuple(QualityConfig.__dataclass_fields__))

    def of_column(key: str) -> dict[str, object]:
        return reader.table(table.get(key, {}), f"{place}.{key}", None)

    least, most = (
        reader.count(table[key], f"{place}.{key}") if key in table else None for key in ("min_rows", "max_rows")
    )
    if least is not None and most is not None and least > most:
        raise reader.error(f"{place}.min_rows", f"is {least}, but max_rows is {most}")
    missing = table.get("max_missing", {})
    of_missing = missing if isinstance(missing, dict) else {"": missing}
    repeated = table.get("max_duplicates")
    return QualityConfig(
        min_rows=least,
        max_rows=most,
        max_missing={key: _share(reader, each, f"{place}.max_missing") for key, each in of_missing.items()},
        max_duplicates=None if repeated is None else _share(reader, repeated, f"{place}.max_duplicates"),
        unique=reader.texts(table["unique"], f"{place}.unique") if "unique" in table else (),
        ranges={key: _range(reader, each, f"{place}.ranges.{key}") for key, each in of_column("ranges").items()},
        values={key: _values(reader, each, f"{place}.values.{key}") for key, each in of_column("values").items()},
        fresh={key: _length(reader, each, f"{place}.fresh.{key}") for key, each in of_column("fresh").items()},
    )


def _share(reader: Reader, value: object, place: str) -> float:
    share = reader.number(value, place)
    if not 0 <= share <= 1:
        raise reader.error(place, f"{share:g} is not between 0 and 1")
    return share


def _range(reader: Reader, value: object, place: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise reader.error(place, "must be the smallest and the largest value", "as in [0, 120]; inf is none")
    low, high = (reader.number(each, place) for each in value)
    if math.isnan(low) or math.isnan(high) or low > high:
        raise reader.error(place, f"[{low:g}, {high:g}] is empty")
    return low, high


def _values(reader: Reader, value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(each, str | int | float) for each in value):
        raise reader.error(place, "must be a list of values", 'as in ["free", "pro"]')
    return tuple(str(each) for each in value)


def _length(reader: Reader, value: object, place: str) -> float:
    try:
        return quantities.seconds(value)
    except ValueError as error:
        raise reader.error(place, str(error), "as in 90, '10m' or '1h 30m'") from error
