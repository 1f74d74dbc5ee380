"""Text from outside for files that people read: one line, bounded, without characters that hide or move others."""

from __future__ import annotations

import re

#: Characters kept of one text: a param may hold a whole file.
LIMIT = 2000
#: Characters kept of a paragraph that a person wrote.
PARAGRAPH = 20_000
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


def visible(text: str, limit: int = LIMIT) -> str:
    r"""The text on one line; line breaks as ``⏎``, other control characters as ``\\x1b``, ``\\u202e`` ….

    Args:
        text: Anything.
        limit: Characters kept; a longer text ends in ``…``.
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] == "\n":
        return "⏎"
    if match[0] in "\r\t":
        return " "
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


__all__ = ["LIMIT", "PARAGRAPH", "visible"]
