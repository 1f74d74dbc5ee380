"""The cells of a heat table: a letter that says it all without colours, and how hot a cell is. Pure."""

from __future__ import annotations

import math

from mlops_store.heat import NONE, STEPS
from mlops_store.records import COLUMN_STATES

#: State -> its letter, where that does not depend on the effect.
_LETTERS = {
    "steady": ".",
    "slight": ":",
    "missing": "x",
    "empty": "x",
    "retyped": "x",
    "unpredicted": "x",
    "extra": "+",
    "unchecked": "-",
}
#: How many tints there are of each kind of cell.
LEVELS = 8
#: Columns of the widest cells, which have figures in them.
WIDEST = 3


def letter(code: int, effect: int) -> str:
    """One character: tenths of the effect where the column drifted, ``x`` where it is broken, blank where it is not."""
    if not code:
        return " "
    state = COLUMN_STATES[code - 1]
    return _LETTERS.get(state) or str(min(9, max(1, effect * 10 // STEPS)))


def figure(code: int, effect: int) -> str:
    """Two characters: hundredths of the effect, or the letter of what was not compared."""
    if effect == NONE or not code:
        return " " + letter(code, effect)
    hundredths = min(99, round(effect * 100 / STEPS))
    return f"{hundredths:2d}" if hundredths else " ."


def tone(code: int) -> str:
    """'drift' for what drifted, 'still' for what was compared, 'broken' for what should have been, else ''."""
    if not code:
        return ""
    state = COLUMN_STATES[code - 1]
    if state == "drifted":
        return "drift"
    if state in ("steady", "slight"):
        return "still"
    return "broken" if _LETTERS[state] == "x" else ""


def level(effect: int) -> int:
    """How strong the tint of an effect is, 0 to ``LEVELS``; small effects are told apart better than large ones."""
    return 0 if effect == NONE else math.ceil(math.sqrt(effect / STEPS) * LEVELS)


def text(code: int, effect: int, size: int) -> str:
    """A cell of so many columns without colours."""
    return (figure if size == WIDEST else letter)(code, effect).ljust(size)
