"""Regular expressions that SQLite searches with: RE2's, which take time in proportion to the text with any pattern.

Python's own would need hours for some patterns of a dozen characters, with the whole program waiting.
"""

from __future__ import annotations

from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Longer patterns are no person's.
MAX_PATTERN = 1000
#: Bytes that one compiled pattern may take.
_MEMORY = 8 << 20
#: Results that are kept: most values of params and tags are those of many runs.
_KEPT = 50_000
_SHORT = 200


@lru_cache(maxsize=16)
def compiled(pattern: str) -> Any:
    """The pattern, ready to search.

    Raises:
        ValueError: It is no regular expression; the message says why.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        raise ValueError(reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)) from error


def like_escaped(text: str) -> str:
    """A text without wildcards for ``LIKE``, with the backslash as its ``ESCAPE``."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def matches(text: str | None, pattern: str) -> bool | None:
    """Whether a pattern is found in a text; None for no text. In SQL it is ``matches_pattern(text, pattern)``."""
    if text is None:
        return None
    return _remembered(text, pattern) if len(text) <= _SHORT else compiled(pattern).search(text) is not None


@lru_cache(maxsize=_KEPT)
def _remembered(text: str, pattern: str) -> bool:
    return compiled(pattern).search(text) is not None


__all__ = ["MAX_PATTERN", "compiled", "like_escaped", "matches"]
