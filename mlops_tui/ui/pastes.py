"""What is pasted is text, whatever is in it: never keys.

Terminals mark what they paste, but not all take its control characters out, tmux for one: Textual ends a paste at the
first escape in it, and what follows would be read as keys.
"""

from __future__ import annotations

import re

_BEGIN, _END = "\x1b[200~", "\x1b[201~"
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
#: The end's beginning at the end of what came so far.
_END_BEGUN = re.compile(r"\x1b(?:\[(?:2(?:0(?:1)?)?)?)?\Z")


class Pastes:
    """Takes control characters out of what is pasted; all else stays as it came."""

    def __init__(self) -> None:
        self._is_inside = False
        self._last = ""

    def clean(self, text: str) -> str:
        """What came from the terminal, made harmless where it is pasted.

        Args:
            text: The next that came. The mark of a paste may come in pieces; that of its end is then kept back.
        """
        parts: list[str] = []
        while text:
            text = self._pasted(text, parts) if self._is_inside else self._typed(text, parts)
        return "".join(parts)

    def _typed(self, text: str, parts: list[str]) -> str:
        """Passes on what is typed; returns what comes after the mark of a paste."""
        whole = self._last + text
        place = whole.find(_BEGIN)
        end = len(whole) if place < 0 else place + len(_BEGIN)
        parts.append(whole[len(self._last) : end])
        self._is_inside = place >= 0
        self._last = "" if self._is_inside else whole[-len(_BEGIN) + 1 :]
        return whole[end:]

    def _pasted(self, text: str, parts: list[str]) -> str:
        """Passes on what is pasted; returns what comes after the mark of its end."""
        whole, self._last = self._last + text, ""
        text, end, rest = whole.partition(_END)
        if not end and (begun := _END_BEGUN.search(whole)):
            text, self._last = whole[: begun.start()], begun[0]
        parts.append(_CONTROLS.sub("", text) + end)
        self._is_inside = not end
        return rest


__all__ = ["Pastes"]
