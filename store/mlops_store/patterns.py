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
#: Instructions of a compiled pattern from which on it is searched with in the ordinary way.
_LARGE = 1000
#: What has a meaning of its own in a pattern.
_SPECIAL = frozenset("\\.^$*+?{}[]()|")


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


def literal(pattern: str) -> str:
    """A text that is in whatever the pattern is found in, the longest that is seen at a glance; "" where none is.

    To look for that first is many times faster than to search each text with the pattern.
    """
    if "|" in pattern:
        return ""
    found, run, place = [""], "", 0
    while place < len(pattern):
        character, place = pattern[place], place + 1
        if character == "\\" and pattern[place : place + 1] in _SPECIAL:
            character, place = pattern[place : place + 1], place + 1  # it stands for itself
        elif character in "{[(\\":
            run = run[:-1]  # what comes may be of any kind, even that the last character need not be there
            break
        elif character in _SPECIAL:
            found.append(run[:-1] if character in "*+?" else run)
            run = ""
            continue
        run += character
    return max([*found, run], key=len)


def matches(text: str | None, pattern: str) -> bool | None:
    """Whether a pattern is found in a text; None for no text. In SQL it is ``matches_pattern(text, pattern)``."""
    return None if text is None else bool(_searching(pattern)(text))


@lru_cache(maxsize=16)
def _searching(pattern: str) -> Any:
    import re2

    whole = compiled(pattern)
    if whole.programsize > _LARGE:
        return whole.search  # a set has only one way to search, which takes memory that a large one might not have
    # a set only says whether, without making a match: three times as fast
    searching = re2.Set.SearchSet(whole.options)
    searching.Add(pattern)
    searching.Compile()
    return searching.Match


__all__ = ["MAX_PATTERN", "compiled", "like_escaped", "literal", "matches"]
