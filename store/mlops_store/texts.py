"""Text as SQLite can keep it, and as a terminal can show it."""

from __future__ import annotations


def printable(text: str, kept: str = "") -> str:
    r"""The text with what a terminal would obey or hide written out (``\x1b``, ``\u202e``), but for what is kept."""
    if text.isprintable():
        return text
    return "".join([one if one.isprintable() or one in kept else repr(one)[1:-1] for one in text])


def storable(text: str) -> str:
    r"""The text with lone surrogates (bytes of a file name that are not UTF-8) written out as ``\udcXX``."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
