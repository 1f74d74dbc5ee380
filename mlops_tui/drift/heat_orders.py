"""In which order the columns of a heat table stand. Pure; loads neither pandas nor numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlops_store.heat import CODES, NONE, STEPS, Heat, Line

#: States of a column that nothing could be compared of, although it should have been.
BROKEN = ("missing", "empty", "retyped", "unpredicted")
_BROKEN_CODES = tuple(CODES[state] for state in BROKEN)


def _hot(line: Line) -> tuple[object, ...]:
    return (-alarms(line), -total(line))


def _now(line: Line) -> tuple[object, ...]:
    if not line.states:
        return (2, 0.0)
    state = line.state(-1)
    rank = 0 if state in BROKEN else 1 if state == "drifted" else 2
    return (rank, -(line.effect(-1) or 0.0), -alarms(line))


def _began(line: Line) -> tuple[object, ...]:
    began = line.began()
    return (began is None, began or 0, -total(line))


#: Name -> (what it means, key to sort lines by).
ORDERS: dict[str, tuple[str, Callable[[Line], tuple[object, ...]]]] = {
    "hot": ("those that drifted most often first", _hot),
    "now": ("those that moved most in the newest window first", _now),
    "began": ("those that drifted first, first", _began),
    "name": ("by name", lambda line: (line.column.lower(), line.column)),
    "report": ("as in the reports", lambda _: ()),
}


def ordered(heat: Heat, order: str = "hot", words: Sequence[str] = ()) -> list[Line]:
    """The lines in an order.

    Args:
        heat: The table.
        order: One of ``ORDERS``.
        words: In lower case; only columns that have all of them in their names.
    """
    chosen = [line for line in heat.lines if all(word in line.column.lower() for word in words)]
    return sorted(chosen, key=ORDERS[order][1])


def alarms(line: Line) -> int:
    """In how many windows the column drifted, surely and by much, or could not be compared although it should."""
    return line.drifted() + sum(line.states.count(code) for code in _BROKEN_CODES)


def total(line: Line) -> float:
    """All effects of a column together."""
    return (sum(line.effects) - NONE * line.effects.count(NONE)) / STEPS
