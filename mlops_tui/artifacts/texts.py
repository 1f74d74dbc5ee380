"""Texts in any encoding, from their first bytes."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass

#: Bytes of a text that are read, and of a JSON document, which is only laid out when it is whole.
HEAD_BYTES, JSON_BYTES = 256 * 1024, 2 * 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Share of characters that are controls above which bytes are no text.
_MOST_CONTROLS = 0.1


@dataclass(frozen=True, slots=True)
class Text:
    """A text, and the encoding that it was read in."""

    content: str
    encoding: str


def decode(head: bytes) -> Text | None:
    """The text that some first bytes are; None when they are none.

    Args:
        head: May end within a character.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return _plausible(head.decode(encoding, "replace"), encoding.removesuffix("-sig"))
    if b"\0" in head:
        return _wide(head)
    try:
        return _plausible(codecs.getincrementaldecoder("utf-8")().decode(head), "utf-8")
    except UnicodeDecodeError:
        return _plausible(head.decode("cp1252", "replace"), "cp1252")


def _wide(head: bytes) -> Text | None:
    """UTF-16 without a mark: every second byte of most texts is zero then."""
    for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[place::2].count(0) * 2 > len(head[place::2]) and head[1 - place :: 2].count(0) * 20 < len(head):
            return _plausible(head.decode(encoding, "replace"), encoding)
    return None


def _plausible(content: str, encoding: str) -> Text | None:
    controls = sum(character < " " and character not in "\t\n\r\f\x1b\b" for character in content[:4096])
    return None if controls > _MOST_CONTROLS * max(20, len(content[:4096])) else Text(content, encoding)


def laid_out(text: str) -> str:
    """A JSON document with one value a line; as it is where it is none."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
