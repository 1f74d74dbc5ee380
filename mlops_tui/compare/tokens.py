"""Tokens of the filter language and the error that points at one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mlops_store.errors import UsageError

NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_DOUBLE_QUOTED = r'"(?:\\"|[^"])*"'
_QUOTED = _DOUBLE_QUOTED + r"|`[^`]*`"
_UNQUOTED = r"""[^\s"'`(),=<>!~]|!(?![=~])"""
#: What follows the point of a key; 'single' quotes are quotes there as well.
_QUOTED_PART = rf"(?<=\.)(?:{_QUOTED}|'[^']*')"
#: What MLflow takes as a key: quoted, or words joined by dots.
PLAIN_KEY = re.compile(rf"(?:{_QUOTED}|'[^']*'|[\w.$#@])*")
_TOKEN = re.compile(
    rf"""\s+
    |(?P<operator>>=|<=|!=|!~|<>|==|[=<>~])
    |(?P<open>\()|(?P<close>\))|(?P<comma>,)
    |(?P<string>'(?:''|\\'|[^'])*')
    # a quote begins and ends a name, except at a point: "a"AND b is three
    |(?P<name>(?:{_UNQUOTED}|(?:{_QUOTED})(?=\.))(?:{_UNQUOTED}|{_QUOTED_PART}(?=\.))*(?:{_QUOTED_PART})?|{_QUOTED})""",
    re.VERBOSE,
)


class FilterError(UsageError):
    """A filter that cannot be understood, and where.

    Args:
        message: What is wrong, short enough for the line under the prompt.
        position: Zero-based index into the filter of the first character that is wrong.
        length: Number of wrong characters; 0 when something is missing there.
        hint: What to type instead.
        is_open: Whether a quote or a parenthesis is open, which more text may close.
    """

    def __init__(self, message: str, position: int, length: int = 0, hint: str = "", *, is_open: bool = False) -> None:
        super().__init__(message, hint)
        self.position = position
        self.length = length
        self.is_open = is_open


class NoEntity(FilterError):
    """What comes before the point of a key is no kind of thing that has keys."""


class NoOperator(FilterError):
    """A key is not compared in that way."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a filter: kind 'name', 'string', 'operator', 'open', 'close', 'comma' or 'end'."""

    kind: str
    text: str
    position: int

    @property
    def end(self) -> int:
        """Index of the first character after it."""
        return self.position + len(self.text)

    @property
    def is_text_value(self) -> bool:
        """Whether it is text in single or double quotes, and nothing else."""
        return self.kind == "string" or (self.kind == "name" and re.fullmatch(_DOUBLE_QUOTED, self.text) is not None)

    def is_keyword(self, *words: str) -> bool:
        """Whether it is one of these words, in any case and unquoted."""
        return self.kind == "name" and self.text.upper() in words

    def error(self, message: str, hint: str = "") -> FilterError:
        """An error that points at this token."""
        return FilterError(message, self.position, len(self.text), hint)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a filter; the last one is of kind 'end'.

    Raises:
        FilterError: A quote is not closed, or the text holds half a character.
    """
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            quote = text[position]
            raise FilterError(f"the quote {quote} is not closed", position, 1, f"add {quote} at its end", is_open=True)
        if match.lastgroup:
            if any("\ud800" <= character <= "\udfff" for character in match.group()):
                raise FilterError("this is not valid text", position, len(match.group()), "type it again")
            yield Token(match.lastgroup, match.group(), position)
        position = match.end()
    yield Token("end", "", len(text))


class Tokens:
    """The tokens of a filter, read from left to right.

    Raises:
        FilterError: See ``tokens``.
    """

    def __init__(self, text: str) -> None:
        self._all = list(tokens(text))
        self._next = 0

    @property
    def current(self) -> Token:
        """The next one."""
        return self._all[self._next]

    @property
    def following(self) -> Token:
        """The one after the next; the end follows itself."""
        return self._all[min(self._next + 1, len(self._all) - 1)]

    def take(self) -> Token:
        """Goes on to the one after the next, and gives the next one; the end stays."""
        token = self.current
        if token.kind != "end":
            self._next += 1
        return token


def shown(text: str) -> str:
    """The text, cut to fit a one-line message."""
    return text if len(text) <= 40 else text[:39] + "…"


def unquoted(text: str) -> str:
    """The text without the pair of quotes around it; what stands inside is not changed."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'`":
        return text[1:-1]
    return text
