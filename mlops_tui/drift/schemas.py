"""What of the reference's columns is there: missing, extra, repeated and perhaps renamed ones."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_store.records import ColumnReport

if TYPE_CHECKING:
    from mlops_tui.drift.columns import Known

#: From this likeness on (names count 6, distributions 4 of 10 parts) a missing and an extra column may be one.
RENAMED_FROM = 0.7
#: More pairs of missing and extra columns than this are not compared with each other.
_MOST_PAIRS = 2000


@dataclass(frozen=True, slots=True)
class Schema:
    """How the columns of a batch differ from the reference's.

    Attributes:
        missing: Columns of the reference that the batch lacks.
        extra: Columns of the batch that the reference lacks.
        repeated: Names that the batch has more than once; its first such column is used.
        renamed: Missing column -> the extra one that it may have become. Both also count as missing and extra.
    """

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    renamed: Mapping[str, str] | None = None


def examine(
    known: Sequence[Known],
    names: Sequence[str],
    compare: Callable[[Known, str], ColumnReport],
    *,
    repeated: Sequence[str] = (),
    ignored: Collection[str] = (),
) -> Schema:
    """Compares the columns of a batch with those of the reference.

    Args:
        known: The reference's columns that are wanted.
        names: The batch's columns, distinct.
        compare: Compares a column of the reference with one of the batch by the default method.
        repeated: Names that stood in the file more than once.
        ignored: Columns of the batch that are no surprise.
    """
    expected = {column.name for column in known}
    there = set(names)
    missing = tuple(column.name for column in known if column.name not in there)
    extra = tuple(name for name in names if name not in expected and name not in ignored)
    lost = [column for column in known if column.name in missing]
    return Schema(missing, extra, tuple(repeated), _renamed(lost, extra, compare))


def _renamed(
    lost: Sequence[Known], extra: Sequence[str], compare: Callable[[Known, str], ColumnReport]
) -> dict[str, str]:
    """The likeliest pairs, the most alike first, no column twice."""
    if len(lost) * len(extra) > _MOST_PAIRS:
        return {}
    likeness = [(_likeness(column, name, compare), column.name, name) for column in lost for name in extra]
    found: dict[str, str] = {}
    for score, old, new in sorted(likeness, key=lambda entry: -entry[0]):
        if score >= RENAMED_FROM and old not in found and new not in found.values():
            found[old] = new
    return found


def _likeness(column: Known, name: str, compare: Callable[[Known, str], ColumnReport]) -> float:
    """0 to 1: how alike the names are, and how alike the distributions."""
    names = difflib.SequenceMatcher(None, _plain(column.name), _plain(name)).ratio()
    if 0.6 * names + 0.4 < RENAMED_FROM:
        return 0.0
    report = compare(column, name)
    effect = 0.5 if report.effect is None and column.sample is None else report.effect
    return 0.0 if effect is None else 0.6 * names + 0.4 * (1 - effect)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name[:200]).lower()
