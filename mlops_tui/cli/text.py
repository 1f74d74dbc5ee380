"""Text that is safe on a terminal, and the few formats that lists use. Imports nothing heavy.

Whatever comes from outside (names, params, paths, log lines) passes ``clean`` before it is written.
"""

from __future__ import annotations

import math
import re
import time
import unicodedata

# C0 and C1 controls, zero-width and bidirectional marks, line separators, byte order mark, lone surrogates,
# interlinear and tag characters: all that moves the cursor, hides text or cannot be encoded. Compiled by ``re`` when
# first needed, which is seldom, and kept by it.
_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_SEQUENCE = "\x1b(?:\\[[0-?]*[ -/]*[@-~]|[\\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c)?|[ -/]*[0-~]?)"


def clean(text: str, limit: int = 200) -> str:
    r"""One line of text that no terminal takes for a command.

    Args:
        text: Anything.
        limit: The most characters kept; a longer text ends in ``…``. Applied before the characters are looked at,
            so that a huge text costs nothing.

    Returns:
        Line breaks and tabs as ``⏎`` and a blank, other control characters as a visible ``\\x1b``, ``\\u202e`` …
    """
    if len(text) > limit:
        text = text[: max(0, limit - 1)] + "…"
    if text.isprintable():  # none of what is unsafe is
        return text
    return re.sub(_UNSAFE, _visible, text)


def _visible(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\n":
        return "⏎"
    if character in "\r\t":
        return " "
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def clean_line(line: str, limit: int = 10_000) -> str:
    """A line of a log: colours and cursor movements removed, the rest cleaned; tabs become four blanks."""
    if len(line) > limit:
        line = line[: limit - 1] + "…"
    # what a progress bar overwrote is not worth showing: keep what stood last
    line = line.rstrip("\r\n").rpartition("\r")[2]
    return clean(re.sub(_SEQUENCE, "", line).replace("\t", "    "), 2 * limit)


def width(text: str) -> int:
    """Columns that a cleaned text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """The text filled with blanks to a number of terminal columns."""
    blanks = " " * max(0, columns - width(text))
    return blanks + text if right else text + blanks


def cut(text: str, columns: int) -> str:
    """A cleaned text of at most so many terminal columns, ending in ``…`` where something was cut."""
    if width(text) <= columns:
        return text
    kept, used = "", 0
    for character in text:
        used += width(character)
        if used > columns - 1:
            break
        kept += character
    return kept + "…"


def number(value: float | None) -> str:
    """A value with at most six significant digits; ``-`` when there is none."""
    if value is None:
        return "-"
    if math.isnan(value):
        return "NaN"
    return f"{value:.6g}"


def duration(seconds: float | None) -> str:
    """A length of time as people say it: ``0.8s``, ``12s``, ``3m 05s``, ``2h 14m``, ``3d 4h``."""
    if seconds is None:
        return "-"
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"


def moment(at: float | None) -> str:
    """A point in time in the local time zone, ``2026-01-31 23:59:59``; ``-`` when there is none."""
    if at is None:
        return "-"
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return f"{at:g}"


def size(size_bytes: int | None) -> str:
    """A size with decimal units: ``512 B``, ``3.4 kB``, ``1.2 GB``."""
    if size_bytes is None:
        return "-"
    if size_bytes < 1000:
        return f"{size_bytes} B"
    value = float(size_bytes)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def short(run_id: str) -> str:
    """The part of a run id that lists show and every verb takes: its random end, because ids begin with the time."""
    return run_id[-8:]


def count(number_of: int, singular: str, plural: str = "") -> str:
    """``1 run``, ``3 runs``."""
    return f"{number_of:,} {singular if number_of == 1 else plural or singular + 's'}"
