"""Signs and words of states, in Unicode or ASCII; what the command line draws with them needs no Textual."""

from __future__ import annotations

import locale
import os
from functools import lru_cache

from mlops_tui.ui.text import Cell

#: State as the store writes it -> (sign, sign in ASCII, word, tone).
_STATES: dict[str, tuple[str, str, str, str]] = {
    "running": ("▶", ">", "running", "running"),
    "queued": ("○", ".", "queued", "waiting"),
    "scheduled": ("○", ".", "scheduled", "waiting"),
    "waiting": ("○", ".", "waiting", "waiting"),
    "finished": ("✓", "+", "finished", "finished"),
    "done": ("✓", "+", "done", "finished"),
    "cached": ("≡", "=", "cached", "cached"),
    "restored": ("≡", "=", "restored", "cached"),
    "skipped": ("–", "-", "skipped", "skipped"),
    "failed": ("✗", "x", "failed", "failed"),
    "killed": ("■", "#", "killed", "killed"),
    "stopped": ("■", "#", "stopped", "killed"),
    "stale": ("~", "~", "stale", "stale"),
    "fresh": ("✓", "+", "up to date", "fresh"),
    "frozen": ("*", "*", "frozen", "dim"),
    "info": ("●", "i", "info", "info"),
    "warning": ("▲", "!", "warning", "warning"),
    "critical": ("▲", "!", "critical", "critical"),
    "open": ("●", "o", "open", "strong"),
    "acknowledged": ("○", ".", "acknowledged", "dim"),
    "resolved": ("✓", "+", "resolved", "dim"),
    "ok": ("✓", "+", "ok", "good"),
    "drift": ("▲", "!", "drift", "warning"),
    "error": ("✗", "x", "error", "error"),
    "drifted": ("▲", "!", "drifted", "warning"),
    "slight": ("△", "^", "slight", "dim"),
    "steady": ("✓", "+", "steady", "dim"),
    "unchecked": ("–", "-", "unchecked", "dim"),
    "missing": ("✗", "x", "missing", "error"),
    "empty": ("✗", "x", "empty", "error"),
    "retyped": ("✗", "x", "retyped", "error"),
    "extra": ("–", "-", "extra", "dim"),
    "tracked": ("✓", "+", "tracked", "fresh"),
    "modified": ("~", "~", "modified", "stale"),
    "new": ("+", "+", "new", "stale"),
    "unreadable": ("✗", "x", "unreadable", "error"),
    "untracked": ("–", "-", "untracked", "dim"),
    "unpredicted": ("✗", "x", "no model", "warning"),
}

#: Signs that are not states: name -> (sign, sign in ASCII).
_SIGNS: dict[str, tuple[str, str]] = {
    "branch": ("⎇", "git:"),
    "mark": ("●", "*"),
    "more": ("…", "..."),
    "left": ("‹", "<"),
    "right": ("›", ">"),
    "up": ("▴", "^"),
    "down": ("▾", "v"),
    "arrow": ("→", "->"),
    "cursor": ("▌", ">"),
    "dot": ("·", "-"),
    "bar": ("█", "#"),
    "bar_empty": ("░", "."),
    "alias": ("@", "@"),
    "line": ("─", "-"),
}


@lru_cache(maxsize=1)
def is_unicode() -> bool:
    """Whether the terminal can be expected to show signs beyond ASCII."""
    if os.environ.get("TERM", "") in ("linux", "vt100", "vt220", "dumb"):
        return False
    encoding = locale.getpreferredencoding(False).lower().replace("-", "")
    return encoding == "utf8"


def sign(name: str) -> str:
    """A sign by name, in ASCII where the terminal needs that."""
    return _SIGNS[name][0 if is_unicode() else 1]


def state_word(state: str) -> str:
    """The word shown for a state of the store, in lower case."""
    known = _STATES.get(state.lower())
    return known[2] if known else state.lower()


def state_tone(state: str) -> str:
    """The tone of a state of the store."""
    known = _STATES.get(state.lower())
    return known[3] if known else ""


def state_sign(state: str) -> Cell:
    """The one-character sign of a state, with its tone."""
    known = _STATES.get(state.lower())
    if known is None:
        return Cell("?", "dim")
    return Cell(known[0 if is_unicode() else 1], known[3])


def state_cell(state: str) -> Cell:
    """Sign and word of a state of the store (RunStatus, StageState, Severity …), with its tone."""
    mark = state_sign(state)
    return Cell(f"{mark.text} {state_word(state)}", mark.tone)
