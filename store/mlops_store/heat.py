"""How far each column had drifted in each window of a monitor, as few bytes: the table that is drawn whole.

Of every report two bytes a column are kept beside the full ones, so that a thousand windows of a thousand columns are
2 MB and one read of a few milliseconds. Reports with the same columns share the list of their names. Behind them stand
the ``figures`` by which the columns are judged, which only a back-test reads.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mlops_store import figures
from mlops_store.errors import NotFound, nearest
from mlops_store.records import COLUMN_STATES, ColumnReport
from mlops_store.texts import storable

#: Steps of an effect between 0 and 1.
STEPS = 250
#: Instead of an effect where there is none.
NONE = 255
#: State of a column -> the byte that stands for it in ``Line.states``.
CODES = {state: code for code, state in enumerate(COLUMN_STATES, 1)}


@dataclass(frozen=True, slots=True)
class Window:
    """A window that was checked: its newest report.

    Attributes:
        report_id: That report.
        batch: Its name.
        at: When its rows are from, as Unix seconds; when it was first checked where that is not known.
        status: 'ok', 'drift' or 'error', as in ``MonitorReport``.
        checked_columns: Features that were compared.
        drifted_columns: Those beyond their thresholds.
    """

    report_id: int
    batch: str
    at: float
    status: str
    checked_columns: int
    drifted_columns: int


@dataclass(frozen=True, slots=True)
class Line:
    """One column over all windows; a byte for each of them.

    Attributes:
        column: Its name.
        role: 'feature', 'prediction' or 'target'.
        states: 0 where the window has no such column, else 1 + the place of its state in ``COLUMN_STATES``.
        effects: The effect in steps of 1/``STEPS``, or ``NONE``.
    """

    column: str
    role: str
    states: bytes
    effects: bytes

    def state(self, place: int) -> str:
        """The column's state in a window; "" where the window has no such column."""
        code = self.states[place]
        return COLUMN_STATES[code - 1] if code else ""

    def effect(self, place: int) -> float | None:
        """The effect in a window."""
        step = self.effects[place]
        return None if step == NONE else step / STEPS

    def drifted(self) -> int:
        """In how many windows it drifted, surely and by much."""
        return self.states.count(CODES["drifted"])

    def began(self) -> int | None:
        """The place of the first window in which it drifted, surely and by much; None where it never did."""
        place = self.states.find(CODES["drifted"])
        return None if place < 0 else place


@dataclass(frozen=True, slots=True)
class Heat:
    """Columns × windows of a monitor, the windows from the oldest to the newest.

    ``left_out`` is how many older windows there are.
    """

    monitor: str
    windows: tuple[Window, ...]
    lines: tuple[Line, ...]
    left_out: int = 0


def add(db: sqlite3.Connection, report_id: int, columns: Sequence[ColumnReport]) -> None:
    """Keeps the line of a report, inside a write transaction; nothing of one that could not be checked."""
    if not columns:
        return
    names = json.dumps([[storable(column.column), column.role] for column in columns], separators=(",", ":"))
    judged = ((each.method, each.score, each.threshold, each.effect, each.detail.get("p_value")) for each in columns)
    states, effects = bytes(CODES[each.state] for each in columns), bytes(step(each.effect) for each in columns)
    keep(db, report_id, names, states, effects, *figures.packed(judged))


def keep(
    db: sqlite3.Connection, report_id: int, names: str, states: bytes, effects: bytes, methods: str, judged: bytes
) -> None:
    """Keeps a report's line under a list of [name, role] as JSON; ``methods`` and ``judged`` are of ``figures``."""
    digest = hashlib.sha256(names.encode()).hexdigest()
    db.execute("INSERT OR IGNORE INTO monitor_column_lists(digest, names) VALUES (?, ?)", (digest, names))
    db.execute(
        "INSERT OR REPLACE INTO monitor_heat(report_id, list_id, states, effects, methods, figures) "
        "SELECT ?, id, ?, ?, ?, ? FROM monitor_column_lists WHERE digest = ?",
        (report_id, states, effects, methods, judged, digest),
    )


def step(effect: float | None) -> int:
    """An effect as a byte; the least that is not 0 is 1."""
    if effect is None:
        return NONE
    return min(STEPS, max(1 if effect > 0 else 0, round(effect * STEPS)))


def monitors(db: sqlite3.Connection) -> list[str]:
    """The monitors that have checked anything, the one that did so last first."""
    return [row[0] for row in db.execute("SELECT monitor FROM monitor_reports GROUP BY monitor ORDER BY max(id) DESC")]


def named(db: sqlite3.Connection, monitor: str = "") -> str:
    """The monitor of that name; for "" the one that checked last.

    Raises:
        NotFound: It has not checked anything.
    """
    known = monitors(db)
    if monitor and monitor not in known:
        raise NotFound(f"no monitor {monitor!r} has checked anything yet", nearest(monitor, known))
    if not known:
        raise NotFound("no batch has been checked yet", "'mlops-tui drift check' checks new ones")
    return monitor or known[0]


def read(db: sqlite3.Connection, monitor: str = "", *, limit: int = 1000) -> Heat:
    """The newest windows of a monitor, with their columns in the order of the reports.

    Args:
        db: A connection.
        monitor: Its name; "" for the one that checked last.
        limit: Most windows.

    Raises:
        NotFound: No monitor of that name has checked anything.
    """
    name = named(db, monitor)
    every = windows(db, name)
    kept = every[-limit:]
    return Heat(name, tuple(kept), tuple(_lines(db, kept)), len(every) - len(kept))


def columns(db: sqlite3.Connection) -> dict[str, list[int]]:
    """Every column that was ever checked -> the lists that have it."""
    found: dict[str, list[int]] = {}
    for list_id, names in db.execute("SELECT id, names FROM monitor_column_lists ORDER BY id DESC"):
        for column, _ in json.loads(names):
            found.setdefault(column, []).append(list_id)
    return found


def place(db: sqlite3.Connection, wanted: str) -> tuple[int, str]:
    """The report and the column that ``41 income`` names, or ``income`` alone: then the newest report that has it.

    Raises:
        NotFound: No report has such a column.
    """
    number, _, name = wanted.strip().partition(" ")
    if name and number.isdecimal() and len(number) < 19:
        return int(number), name.strip()
    name, known = wanted.strip(), columns(db)
    if name not in known:
        raise NotFound(f"no batch that was checked has a column {name!r}", nearest(name, known))
    places = ", ".join("?" * len(known[name]))
    (newest,) = db.execute(
        f"SELECT max(report_id) FROM monitor_heat WHERE list_id IN ({places})", known[name]
    ).fetchone()
    return int(newest), name


def windows(db: sqlite3.Connection, monitor: str) -> list[Window]:
    """All windows of a monitor, from the oldest to the newest; of each the newest report."""
    rows = db.execute(
        "SELECT p.id, p.batch, coalesce(p.window_start, of.first_at), p.status, p.checked_columns, p.drifted_columns "
        "FROM (SELECT max(id) AS newest, min(id) AS first, min(checked_at) AS first_at FROM monitor_reports "
        "WHERE monitor = ? GROUP BY batch) of JOIN monitor_reports p ON p.id = of.newest ORDER BY 3, of.first",
        (monitor,),
    )
    return [Window(row[0], row[1], row[2], row[3], row[4] or 0, row[5] or 0) for row in rows]


def _lines(db: sqlite3.Connection, windows: Sequence[Window]) -> Iterator[Line]:
    kept: dict[int, tuple[int, bytes, bytes]] = {}
    if windows:
        low, high = min(window.report_id for window in windows), max(window.report_id for window in windows)
        kept = {
            row[0]: (row[1], row[2], row[3])
            for row in db.execute(
                "SELECT report_id, list_id, states, effects FROM monitor_heat WHERE report_id BETWEEN ? AND ?",
                (low, high),
            )
        }
    lists = {list_id: names_of(db, list_id) for list_id in {entry[0] for entry in kept.values()}}
    places = {name: place for place, name in enumerate(dict.fromkeys(one for names in lists.values() for one in names))}
    states = [bytearray(len(windows)) for _ in places]
    effects = [bytearray([NONE]) * len(windows) for _ in places]
    numbered = enumerate(kept.get(window.report_id) for window in windows)
    # windows beside each other that have the same columns are cut into lines at once
    for list_id, group in groupby(numbered, key=lambda pair: pair[1][0] if pair[1] else None):
        found = [(place, entry) for place, entry in group if entry is not None]
        if list_id is None or not found:
            continue
        names = lists[list_id]
        first, past = found[0][0], found[-1][0] + 1
        of_states = b"".join(entry[1] for _, entry in found)
        of_effects = b"".join(entry[2] for _, entry in found)
        for position, name in enumerate(names):
            states[places[name]][first:past] = of_states[position :: len(names)]
            effects[places[name]][first:past] = of_effects[position :: len(names)]
    for (column, role), place in places.items():
        yield Line(column, role, bytes(states[place]), bytes(effects[place]))


def names_of(db: sqlite3.Connection, list_id: int) -> list[tuple[str, str]]:
    """The name and the role of each column of a list."""
    (names,) = db.execute("SELECT names FROM monitor_column_lists WHERE id = ?", (list_id,)).fetchone()
    return [(name, role) for name, role in json.loads(names)]
