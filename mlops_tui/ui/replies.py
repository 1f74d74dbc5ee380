"""What the terminal replies to a question, taken out of what is typed.

Replies come the way that keys do, at any time, in pieces, or not at all. Once something was asked none of them may ever
reach what reads keys, however late it comes.
"""

from __future__ import annotations

import re
import threading
import time
from typing import NamedTuple

#: Seconds after a question for which a lone escape may be the beginning of a reply, if the last has not come.
PATIENCE_S = 10.0
#: Seconds for which the rest of a reply is waited for; what came of it is then dropped.
REST_S = 2.0
#: Seconds after a question for which its replies are waited for before the terminal is given back to a shell.
LAST_S = 0.8
#: Characters that a reply has at most.
MOST = 1000

# compiled by ``re`` when something is asked: most of the time nothing ever is
_WHOLE = (
    r"\x1b_G(?P<graphics>[^\x1b]*)\x1b\\"
    r"|\x1bP>\|(?P<name>[^\x1b]*)\x1b\\"
    r"|\x1b\[6;(?P<cell>\d+;\d+)t"
    r"|\x1b\[\?(?P<attributes>[\d;]*)c"
)
#: Beginnings of replies at the end of what came so far: those that nothing else begins so, and all.
_SURE = r"\x1b(?:_G[^\x1b]*\x1b?|P>\|[^\x1b]*\x1b?|\[\?[\d;]*)\Z"
_BEGUN = r"\x1b(?:_(?:G[^\x1b]*\x1b?)?|P(?:>(?:\|[^\x1b]*\x1b?)?)?|\[(?:\?[\d;]*|6(?:;\d*(?:;\d*)?)?)?)?\Z"


class Reply(NamedTuple):
    """What the terminal replied: 'graphics', 'name', 'cell' (height;width in pixels) or 'attributes', and its text."""

    kind: str
    text: str


class Replies:
    """Finds replies among what comes from the terminal; before anything was asked all of it is keys."""

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._held = ""
        self._held_at = 0.0
        self._is_settled = threading.Event()

    @property
    def is_holding(self) -> bool:
        """Whether the beginning of what may be a reply is kept until its rest comes."""
        return bool(self._held)

    def expect(self) -> None:
        """Something is being asked, at last for the terminal's attributes."""
        self._is_settled.clear()
        self._asked_at = time.monotonic()

    def wait(self) -> None:
        """Waits for what was asked just now: nobody else may get to read it."""
        if self._asked_at is not None:
            self._is_settled.wait(self._asked_at + LAST_S - time.monotonic())

    def sift(self, text: str) -> tuple[str, list[Reply]]:
        """What was typed, and what was replied; the beginning of a reply is kept for the next call."""
        if self._asked_at is None:
            return text, []
        text, self._held = self._held + text, ""
        found = [Reply(match.lastgroup or "", match[match.lastgroup or 0]) for match in re.finditer(_WHOLE, text)]
        if found:
            text = re.sub(_WHOLE, "", text)
        if any(reply.kind == "attributes" for reply in found):
            self._is_settled.set()
        is_expecting = not self._is_settled.is_set() and time.monotonic() - self._asked_at < PATIENCE_S
        beginning = re.search(_BEGUN if is_expecting else _SURE, text)
        if beginning:
            kept = beginning[0] if len(beginning[0]) <= MOST else ""
            text, self._held, self._held_at = text[: beginning.start()], kept, time.monotonic()
        return text, found

    def release(self) -> str:
        """What was kept and turns out to be typed, when nothing more comes; what can only be a reply is dropped."""
        if re.match(_SURE, self._held):
            if time.monotonic() - self._held_at > REST_S:
                self._held = ""
            return ""
        text, self._held = self._held, ""
        return text


__all__ = ["Replies", "Reply"]
