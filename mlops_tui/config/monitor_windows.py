"""How a monitor of ``mlops.toml`` gets its rows, cuts them into windows, and which earlier ones it compares with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_tui import quantities

if TYPE_CHECKING:
    from mlops_tui.config.reader import Reader

_ROWS = re.compile(r"(\d[\d_,]*)\s*rows?")
_FORMS = 'for example "batch", "1000 rows", "1d" or "6h"'
_EARLIER = ("first", "last", "weekday")
#: How requests are cut, when one came, and by what labels are joined with it, where nothing else is said.
REQUESTS_WINDOW = "1d"
REQUESTS_TIME = "request.time"
REQUESTS_ID = "request.id"
#: Windows of less time than this would be more windows than rows.
SHORTEST_S = 1.0


@dataclass(frozen=True, slots=True)
class WindowConfig:
    """``window``: so many rows, or so much time; neither where each file, or the whole result of a query, is one.

    Attributes:
        rows: How many rows make a window.
        length_s: How many seconds it spans, by the monitor's ``time`` column.
        wait_s: ``wait``: how long after its end a window stays open for rows that come late.
    """

    rows: int = 0
    length_s: float = 0.0
    wait_s: float = 0.0

    @property
    def is_batch(self) -> bool:
        """Whether a file, or the whole result of a query, is a window."""
        return not self.rows and not self.length_s


@dataclass(frozen=True, slots=True)
class EarlierConfig:
    """``reference = {…}``: windows of the same monitor that later ones are compared with.

    Attributes:
        kind: 'first' windows for good, the 'last' ones before each, the last ones of the same 'weekday', or those of a
            fixed 'span' of time.
        count: How many; for a span all.
        start: Of a span, Unix seconds.
        end: Of a span; does not belong to it.
    """

    kind: str
    count: int = 0
    start: float = 0.0
    end: float = 0.0


def window(reader: Reader, value: object, wait: object, place: str) -> WindowConfig:
    """The window that ``window`` and ``wait`` describe.

    Raises:
        SpecError: One of them is not understood.
    """
    wait_s = reader.length(wait, f"{place}.wait")
    where = f"{place}.window"
    if value == "batch":
        found = WindowConfig()
    elif isinstance(value, int) and not isinstance(value, bool):
        found = WindowConfig(rows=value)
    elif match := _ROWS.fullmatch(reader.text(value, where).strip()):
        found = WindowConfig(rows=int(re.sub("[_,]", "", match[1])))
    else:
        try:
            found = WindowConfig(length_s=quantities.seconds(value), wait_s=wait_s)
        except ValueError:
            raise reader.error(where, f"cannot be {value!r}", _FORMS) from None
        if found.length_s < SHORTEST_S:
            raise reader.error(where, f"spans {found.length_s:g} seconds, at least 1 is needed", _FORMS)
    if found.rows < 0 or (found.is_batch and value != "batch"):
        raise reader.error(where, "needs at least one row", _FORMS)
    if wait_s and not found.length_s:
        raise reader.error(f"{place}.wait", "only belongs to windows of time", 'window = "1d"')
    return found


def earlier(reader: Reader, value: object, place: str) -> EarlierConfig:
    """The windows that ``reference = {…}`` names.

    Raises:
        SpecError: It names none, or more than one kind of them.
    """
    example = "one of { first = 3 }, { last = 7 }, { weekday = 4 } and { from = 2026-01-01, to = 2026-02-01 }"
    table = reader.table(value, place, (*_EARLIER, "from", "to"))
    if set(table) == {"from", "to"}:
        start, end = (_moment(reader, table[key], f"{place}.{key}") for key in ("from", "to"))
        if start >= end:
            raise reader.error(f"{place}.to", "is not after its beginning")
        return EarlierConfig("span", start=start, end=end)
    if len(table) != 1 or not set(table) <= set(_EARLIER):
        raise reader.error(place, "has to be a file's path or one kind of windows", example)
    ((kind, count),) = table.items()
    found = reader.count(count, f"{place}.{kind}")
    if not found:
        raise reader.error(f"{place}.{kind}", "needs at least one window")
    return EarlierConfig(kind, found)


def require_one_source(reader: Reader, table: dict[str, Any], place: str) -> None:
    """Sees to it that a monitor has one kind of source, and what that needs.

    Raises:
        SpecError: It has two, or a part of one.
    """
    kinds = [key for key in ("watch", "query", "requests") if key in table]
    if len(kinds) > 1:
        raise reader.error(f"{place}.{kinds[1]}", f"cannot stand beside {kinds[0]}", "a monitor has one source")
    if "query" in table and "database" not in table:
        raise reader.error(f"{place}.query", "needs a database", f'{place}.database = "warehouse.db"')
    if "database" in table and "query" not in table:
        raise reader.error(f"{place}.database", "only belongs to a query", 'query = "SELECT … FROM … ORDER BY id"')
    if "interval" in table and "query" not in table and "requests" not in table:
        raise reader.error(
            f"{place}.interval", "only belongs to a query or requests", "files are seen when they change"
        )
    if "requests" in table and table.get("window") == "batch":
        raise reader.error(f"{place}.window", "has to be rows or time: requests never end", 'window = "1d"')


def interval(reader: Reader, value: object, place: str) -> float:
    """How often a query may be run, in seconds.

    Raises:
        SpecError: It is no length of time, or so short that nothing else would be done.
    """
    found = reader.length(value, place)
    if found < 1:
        raise reader.error(place, f"is {found:g} seconds, at least 1 is needed")
    return found


def _moment(reader: Reader, value: object, place: str) -> float:
    from datetime import UTC, date, datetime

    found = value
    try:
        if isinstance(found, str):
            found = datetime.fromisoformat(found)
        elif isinstance(found, date) and not isinstance(found, datetime):
            found = datetime(found.year, found.month, found.day, tzinfo=UTC)
        if isinstance(found, datetime):
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        pass
    raise reader.error(place, f"must be a date, not {value!r}", "for example 2026-01-01")
