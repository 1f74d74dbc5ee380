"""Reads the values of a parsed ``mlops.toml``, whatever they mean: types, known keys, and errors with their line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

from mlops_store.errors import SpecError, nearest
from mlops_tui import quantities
from mlops_tui.project import CONFIG_FILE


class Reader:
    """Checks types of values and makes errors that point at the line of the key.

    A place is the dotted path of a table or key, as in ``triggers.nightly.schedule``.

    Args:
        text: The whole file.
        root: The directory that relative paths in it start from.
    """

    def __init__(self, text: str, root: str = "") -> None:
        self._lines = text.splitlines()
        self._root = root

    def error(self, place: str, message: str, hint: str = "") -> SpecError:
        """The error that says what is wrong at a place."""
        line = self._line_of(place)
        return SpecError(f"{place} {message}", file=CONFIG_FILE, line=line, column=1 if line else 0, hint=hint)

    def _line_of(self, place: str) -> int:
        # tomllib keeps no positions: take the key's line within its own table, else the table's header.
        header = place.rpartition(".")[0]
        current, table_line = "", 0
        for number, line in enumerate(self._lines, 1):
            if match := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
                current = match[1].replace('"', "").replace(" ", "")
                if current == place or current.startswith(place + "."):
                    return number
                if current == header:
                    table_line = number
            elif match := re.match(r"\s*([^=#]+?)\s*=", line):
                key = match[1].strip().strip('"')
                if (f"{current}.{key}" if current else key) == place:
                    return number
        # within an inline table: the line where that stands
        return table_line or (self._line_of(header) if header else 0)

    def table(self, value: object, place: str, known: Iterable[str] | None) -> dict[str, Any]:
        """A table, all keys of which are among ``known``; None allows any.

        Raises:
            SpecError: It is no table, or has another key.
        """
        if not isinstance(value, dict):
            raise self.error(place, f"must be a table, not {_kind(value)}")
        if known is not None:
            for key in value:
                if key not in known:
                    full = f"{place}.{key}" if place else key
                    raise self.error(full, "is not a key of mlops.toml", nearest(key, known))
        return value

    def text(self, value: object, place: str) -> str:
        """A string.

        Raises:
            SpecError: It is something else.
        """
        if not isinstance(value, str):
            raise self.error(place, f"must be a string, not {_kind(value)}")
        return value

    def texts(self, value: object, place: str) -> tuple[str, ...]:
        """One string or a list of them.

        Raises:
            SpecError: It is something else.
        """
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(place, f"must be a list of strings, not {_kind(value)}")
        return tuple(value)

    def globs(self, value: object, place: str) -> tuple[str, ...]:
        """One pattern of files below the project or a list of them.

        Raises:
            SpecError: It is something else, or one leaves the project.
        """
        found = self.texts(value, place)
        for pattern in found:
            if os.path.isabs(pattern) or ".." in pattern.replace("\\", "/").split("/"):
                raise self.error(place, f"{pattern!r} leaves the project", "give a path below the project")
        return found

    def paths(self, value: object, place: str) -> tuple[str, ...]:
        """One path or a list of them, seen from the project's root; ``~`` is the user's home.

        Raises:
            SpecError: It is something else, or a path is empty.
        """
        found = self.texts(value, place)
        if not all(found):
            raise self.error(place, "names a file without a name")
        return tuple(os.path.join(self._root, os.path.expanduser(path)) for path in found)

    def number(self, value: object, place: str) -> float:
        """A number.

        Raises:
            SpecError: It is something else.
        """
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(place, f"must be a number, not {_kind(value)}")
        return float(value)

    def count(self, value: object, place: str) -> int:
        """A whole number from 0 on.

        Raises:
            SpecError: It is something else.
        """
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
            raise self.error(place, f"must be a whole number from 0 on, not {value!r}")
        return value

    def length(self, value: object, place: str, example: str = 'for example "1h" or "90s"') -> float:
        """A length of time, in seconds.

        Raises:
            SpecError: It is none; then ``example`` shows some.
        """
        try:
            return quantities.seconds(value)
        except ValueError:
            raise self.error(place, f"must be a length of time, not {value!r}", example) from None

    def flag(self, value: object, place: str) -> bool:
        """Whether it says true.

        Raises:
            SpecError: It is neither true nor false.
        """
        if not isinstance(value, bool):
            raise self.error(place, f"must be true or false, not {_kind(value)}")
        return value

    def choice(self, value: object, place: str, known: Iterable[str]) -> str:
        """One of the words that are known.

        Raises:
            SpecError: It is something else.
        """
        text = self.text(value, place)
        if text not in known:
            raise self.error(place, f"cannot be {text!r}", nearest(text, known))
        return text


def _kind(value: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "a table"}
    return names.get(type(value), type(value).__name__)
