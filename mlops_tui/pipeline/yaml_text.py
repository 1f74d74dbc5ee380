"""YAML text exactly as DVC's writer (ruamel.yaml, round-trip, default settings) gives it.

``dvc.lock`` is under version control and two programs write it: a difference in quoting or in where a long line is
folded would show up as a change that nobody made. Only what a lock can hold is known: mappings, lists, texts, numbers,
booleans and null, in block style.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mlops_tui.pipeline.yaml12 import is_text
from mlops_tui.pipeline.yaml_shape import BREAKS, Shape, escaped, is_safe, needs_backslash

_WIDTH = 80
_SIMPLE_KEY = 128
_EASY = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+-]*\Z")


def dump(value: Mapping[str, Any], indent: int = 0) -> str:
    """The text of a mapping, each line indented by ``indent`` spaces, with a line break at its end.

    Args:
        value: A non-empty mapping.
        indent: The column at which its keys stand.

    Raises:
        TypeError: Something in it is neither a mapping, a list, a text, a number, a boolean nor null.
    """
    writer = _Writer()
    writer.mapping(value, indent)
    writer.end()
    return writer.text()


class _Writer:
    """Follows the emitter that libyaml, PyYAML and ruamel.yaml share, state by state."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._column = 0
        self._is_space = True
        self._is_indention = True

    def text(self) -> str:
        return "".join(self._parts)

    def end(self) -> None:
        if self._column:
            self._line_break()

    def mapping(self, value: Mapping[Any, Any], indent: int) -> None:
        for key, item in value.items():
            self._indent(indent)
            plain = "null" if key is None else _scalar(key)
            if plain is None:
                raise TypeError(f"{type(key).__name__} cannot be a key")
            if len(plain) + 5 < _SIMPLE_KEY and not any(ch in BREAKS for ch in plain):
                self._write_scalar(key, plain, indent + 2, is_key=True)
                self._indicator(":", needs_space=False)
            else:
                self._indicator("?", is_indention=True)
                self._write_scalar(key, plain, indent + 2)
                self._indent(indent)
                self._indicator(":", is_indention=True)
            self._value(item, indent, in_list=False)

    def _list(self, value: Iterable[Any], indent: int) -> None:
        for item in value:
            self._indent(indent)
            self._indicator("-", is_indention=True)
            self._value(item, indent, in_list=True)

    def _value(self, item: Any, indent: int, *, in_list: bool) -> None:
        if isinstance(item, Mapping):
            if item:
                self.mapping(item, indent + 2)
            else:
                self._indicator("{", is_space=True)
                self._indicator("}", needs_space=False)
                self._line_break()
        elif isinstance(item, list | tuple):
            if not item:
                self._indicator("[", is_space=True)
                self._indicator("]", needs_space=False)
                self._line_break()
            else:
                # a list in a mapping stands at its key's column, unless it begins on the line of a '? ' or ': '
                self._list(item, indent + 2 if in_list or self._is_indention else indent)
                if in_list:
                    self._is_indention = True
        else:
            plain = _scalar(item)
            if plain is None:
                raise TypeError(f"{type(item).__name__} cannot be written to dvc.lock")
            if in_list:
                self._indent(indent + 2)
            self._write_scalar(item, plain, indent + 2)

    def _write_scalar(self, value: Any, text: str, indent: int, *, is_key: bool = False) -> None:
        if not isinstance(value, str) or (_EASY.match(text) and is_text(text)):
            self._plain(text, indent, fold=not is_key)
            return
        shape = Shape(text)
        if shape.plain and not (is_key and (not text or shape.has_breaks)) and is_text(text):
            self._plain(text, indent, fold=not is_key)
        elif "'" in text or "\n" in text or not shape.single_quoted or (is_key and shape.has_breaks):
            self._double_quoted(text, indent, fold=not is_key)
        else:
            self._single_quoted(text, indent, fold=not is_key)

    # Writing

    def _put(self, data: str) -> None:
        self._column += len(data)
        self._parts.append(data)

    def _line_break(self, data: str = "\n") -> None:
        self._is_space = self._is_indention = True
        self._column = 0
        self._parts.append(data)

    def _indent(self, indent: int) -> None:
        if not self._is_indention or self._column > indent or (self._column == indent and not self._is_space):
            self._line_break()
        if self._column < indent:
            self._is_space = True
            self._put(" " * (indent - self._column))

    def _indicator(
        self, text: str, *, needs_space: bool = True, is_space: bool = False, is_indention: bool = False
    ) -> None:
        self._put(text if self._is_space or not needs_space else " " + text)
        self._is_space = is_space
        self._is_indention = self._is_indention and is_indention

    def _plain(self, text: str, indent: int, *, fold: bool) -> None:
        if not text:
            return
        if not self._is_space:
            self._put(" ")
        self._is_space = self._is_indention = False
        if fold and self._column + len(text) > _WIDTH:
            for start, end, is_spaces in _runs(text):
                self._plain_run(text[start:end], is_spaces, end == len(text), indent)
        else:
            self._put(text)

    def _plain_run(self, data: str, is_spaces: bool, is_last: bool, indent: int) -> None:
        if is_spaces:
            if len(data) == 1 and self._column >= _WIDTH:
                self._indent(indent)
                self._is_space = self._is_indention = False
            else:
                self._put(data)
            return
        if len(data) + self._column > _WIDTH and self._column > indent:
            self._indent(indent)  # a word that does not fit gets a line of its own
        self._put(data)

    def _single_quoted(self, text: str, indent: int, *, fold: bool) -> None:
        self._indicator("'")
        for start, end, is_spaces in _runs(text):
            data = text[start:end]
            if is_spaces:
                at_edge = start == 0 or end == len(text)
                if len(data) == 1 and self._column > _WIDTH and fold and not at_edge:
                    self._indent(indent)
                else:
                    self._put(data)
            elif data[0] in BREAKS:
                if data[0] == "\n":
                    self._line_break()
                for ch in data:
                    self._line_break(ch)
                self._indent(indent)
            else:
                self._put(data)
        self._indicator("'", needs_space=False)

    def _double_quoted(self, text: str, indent: int, *, fold: bool) -> None:
        self._indicator('"')
        start = end = 0
        while end <= len(text):
            ch = text[end] if end < len(text) else None
            if ch is None or not is_safe(ch):
                if start < end:
                    self._put(text[start:end])
                    start = end
                if ch is not None:
                    self._put(escaped(ch))
                    start = end + 1
            may_fold = fold and 0 < end < len(text) - 1 and (ch == " " or start >= end)
            if may_fold and self._column + (end - start) > _WIDTH:
                start = self._fold_double_quoted(text, start, end, indent)
            end += 1
        self._indicator('"', needs_space=False)

    def _fold_double_quoted(self, text: str, start: int, end: int, indent: int) -> int:
        backslash = "\\" if needs_backslash(text, start, end) else ""
        self._put(text[start:end] + backslash)
        start = max(start, end)
        self._indent(indent)
        self._is_space = self._is_indention = False
        if text[start] == " ":
            if not backslash:
                start += 1  # the line break stands for this space
            self._put(backslash)
        return start


def _runs(text: str) -> Iterable[tuple[int, int, bool]]:
    """Runs of spaces, of line breaks and of other characters: start, end, whether they are spaces."""
    for match in re.finditer(f" +|[{BREAKS}]+|[^ {BREAKS}]+", text):
        yield match.start(), match.end(), match[0][0] == " "


def _scalar(value: Any) -> str | None:
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if value != value:
            return ".nan"
        if value in (float("inf"), float("-inf")):
            return ".inf" if value > 0 else "-.inf"
        return repr(value).lower()
    return None
