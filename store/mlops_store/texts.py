"""Text as SQLite can keep it."""

from __future__ import annotations


def storable(text: str) -> str:
    r"""The text with lone surrogates (bytes of a file name that are not UTF-8) written out as ``\udcXX``."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
