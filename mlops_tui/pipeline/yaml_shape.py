"""How a text may be written as a YAML scalar: the rules that libyaml, PyYAML and ruamel.yaml share."""

from __future__ import annotations

import re

BREAKS = "\n\x85\u2028\u2029"
_SPACES = "\0 \t\r\n\x85\u2028\u2029"
_ESCAPES = {
    "\0": "0", "\x07": "a", "\x08": "b", "\t": "t", "\n": "n", "\x0b": "v", "\x0c": "f", "\r": "r", "\x1b": "e",
    '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P",
}  # fmt: skip


class Shape:
    """Which styles a text may be written in."""

    __slots__ = ("has_breaks", "plain", "single_quoted")

    def __init__(self, text: str) -> None:
        self.has_breaks = any(ch in BREAKS for ch in text)
        self.plain = self.single_quoted = True
        if not text:
            return
        is_special = any(not _is_printable(ch) for ch in text)
        break_space = re.search(f"[{BREAKS}] ", text) is not None
        space_break = re.search(f" [{BREAKS}]", text) is not None
        self.single_quoted = not (is_special or break_space or space_break)
        self.plain = self.single_quoted and not (
            self.has_breaks or text[0] == " " or text[-1] == " " or _has_indicator(text)
        )


def _has_indicator(text: str) -> bool:
    """Whether a plain scalar of this text would be read as something else in block context."""
    if text.startswith(("---", "...")) or text[0] in "#,[]{}&*!|>'\"%@`":
        return True
    if text[0] in "?:-" and (len(text) == 1 or text[1] in _SPACES):
        return True
    for match in re.finditer("[:#]", text[1:]):
        index = match.start() + 1
        if text[index] == ":" and (index + 1 == len(text) or text[index + 1] in _SPACES):
            return True
        if text[index] == "#" and text[index - 1] in _SPACES:
            return True
    return False


def _is_printable(ch: str) -> bool:
    return (
        ch == "\n" or " " <= ch <= "~" or ch == "\x85" or "\xa0" <= ch <= "\ud7ff" or "\ue000" <= ch <= "\ufffd"
        or ch >= "\U00010000"
    ) and ch != "\ufeff"  # fmt: skip


def is_safe(ch: str) -> bool:
    """Whether it may stand unescaped between double quotes."""
    if ch in '"\\\x85\u2028\u2029\ufeff':
        return False
    return " " <= ch <= "~" or "\xa0" <= ch <= "\ud7ff" or "\ue000" <= ch <= "\ufffd" or ch >= "\U00010000"


def escaped(ch: str) -> str:
    """The escape for a character between double quotes."""
    if ch in _ESCAPES:
        return "\\" + _ESCAPES[ch]
    code = ord(ch)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def needs_backslash(text: str, start: int, end: int) -> bool:
    """Whether folding here without a backslash would add or lose a space when the text is read back."""
    space = text.find(" ", end)
    if space < 0:
        return True
    line_break = text.find("\n", end, space)
    space = line_break if line_break >= 0 else space
    if space + 1 >= len(text):
        return True
    if text[space] == "\n" and text[space + 1] != " ":
        return True
    return (
        '"' in text[end:space] or "'" in text[end:space] or text[space + 1] in " \n"
        or text[end - 1 : end + 1] == "  " or start == end
    )  # fmt: skip
