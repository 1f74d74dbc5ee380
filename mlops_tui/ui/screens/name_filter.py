"""Names narrowed by words, each of which may be a regular expression. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable


def matcher(words: str) -> Callable[[str], bool]:
    """Whether a name has all the words in it, in any case; each word is a regular expression.

    Raises:
        re.error: One is not understood.
    """
    patterns = [re.compile(word, re.IGNORECASE) for word in words.split()]
    return lambda key: all(pattern.search(key) for pattern in patterns)


def problem(words: str) -> str:
    """What is wrong with words for ``matcher``; "" when they are understood."""
    try:
        matcher(words)
    except re.error as error:
        return f"{error.msg} in {error.pattern!r}"
    return ""


__all__ = ["matcher", "problem"]
