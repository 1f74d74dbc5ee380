"""What terminals do with pictures: kitty, by its protocol's document, and those that know sixels."""

from __future__ import annotations

import base64
import re

_COMMAND = re.compile(rb"\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\")
_ASKED = re.compile(rb"\x1b\[>0?q|\x1b\[c|\x1b\[16t")
_SIXELS = re.compile(rb'\x1b7\x1b\[(\d+);(\d+)H\x1bP0;1;0q"1;1;(\d+);(\d+)([^\x1b]*)\x1b\\\x1b8')
_UNFINISHED = re.compile(rb"\x1b(?:_[^\x1b]*\x1b?|\[[>\d]*|7.{0,12}(?:\x1bP[^\x1b]*(?:\x1b\\)?)?\x1b?)?\Z", re.DOTALL)


class Kitty:
    """The graphics of a terminal.

    Args:
        name: What it calls itself.
        knows_graphics: Whether it answers the question for them.
        attributes: What it answers about those; 4 is for sixels.

    Attributes:
        pictures: Number -> the file that was sent and has a virtual placement.
        sizes: Number -> columns and rows of its virtual placement.
        deleted: Numbers of pictures that were deleted, in order.
        painted: Line, column, width and height (in pixels) of what was painted as sixels.
        faults: What the protocol does not allow.
        is_silent: Answers are kept back in ``answers``.
    """

    def __init__(self, name: str = "kitty(0.41.1)", *, knows_graphics: bool = True, attributes: str = "62") -> None:
        self.name = name
        self.knows_graphics = knows_graphics
        self.attributes = attributes
        self.painted: list[tuple[int, int, int, int]] = []
        self.pictures: dict[int, bytes] = {}
        self.sizes: dict[int, tuple[int, int]] = {}
        self.deleted: list[int] = []
        self.faults: list[str] = []
        self.questions = 0
        self.is_silent = False
        self.answers = b""
        self._rest = b""
        self._sent: dict[int, bytes] = {}
        self._loading: dict[str, str] = {}
        self._data = b""

    def take(self, data: bytes) -> bytes:
        """Takes what a program writes; returns what is left of it for the text."""
        data = self._rest + data
        begun = _UNFINISHED.search(data)
        self._rest = data[begun.start() :] if begun else b""
        data = data[: len(data) - len(self._rest)]
        for match in re.finditer(_COMMAND.pattern + b"|" + _ASKED.pattern, data):
            if match[1] is not None:
                self._command(match[1].decode(), match[2] or b"")
            else:
                known = {b"q": f"\x1bP>|{self.name}\x1b\\", b"c": f"\x1b[?{self.attributes}c", b"t": "\x1b[6;18;9t"}
                self.answers += known[match[0][-1:]].encode()
        for match in _SIXELS.finditer(data):
            y, x, width, height = (int(group) for group in match.groups()[:4])
            self.painted.append((y - 1, x - 1, width, height))
        return _SIXELS.sub(b"", _ASKED.sub(b"", _COMMAND.sub(b"", data)))

    def _command(self, text: str, payload: bytes) -> None:
        keys = dict(pair.split("=") for pair in text.split(","))
        if keys.get("a") == "q":
            self.questions += 1
            if self.knows_graphics:
                self.answers += f"\x1b_Gi={keys['i']};OK\x1b\\".encode()
            return
        if keys.get("q") != "2":
            self.faults.append(f"would be answered: {text}")
        if keys.get("a") == "d":
            self._loading, self._data = {}, b""  # a deletion ends what is being sent
            number = int(keys["i"])
            self.deleted.append(number)
            self._sent.pop(number, None)
            self.pictures.pop(number, None)
            self.sizes.pop(number, None)
            return
        if self._loading and set(keys) - {"m", "q"}:
            self.faults.append(f"another command among the parts of a picture: {text}")
        if keys.get("a") == "p":
            number = int(keys["i"])
            if keys.get("U") != "1" or number not in self._sent:
                self.faults.append(f"not a virtual placement of a picture: {text}")
            else:
                self.pictures[number] = self._sent[number]
                self.sizes[number] = int(keys["c"]), int(keys["r"])
            return
        if not self._loading:
            # with a=T kitty does not look again at the lines that it drew before the last part came
            if keys.get("a") != "t" or keys.get("f") != "100":
                self.faults.append(f"not a picture to be placed: {text}")
                return
            self._loading = keys
        if len(payload) > 4096 or (keys["m"] == "1" and len(payload) % 4):
            self.faults.append(f"a part of {len(payload)} bytes")
        self._data += payload
        if keys["m"] == "0":
            self._sent[int(self._loading["i"])] = base64.b64decode(self._data, validate=True)
            self._loading, self._data = {}, b""
