"""YAML 1.2 as DVC reads it, with the line and column of everything.

PyYAML resolves plain scalars by YAML 1.1 (``no`` is false, ``012`` is ten, ``1e-4`` is text); DVC's files follow 1.2.
So libyaml only parses here: which scalar means what is decided by the resolvers below, and duplicate keys are errors.
Knows nothing about stages or params.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mlops_store.errors import SpecError

_TAG = "tag:yaml.org,2002:"
TEXT_TAG = f"{_TAG}str"
_MERGE, _TIMESTAMP = f"{_TAG}merge", f"{_TAG}timestamp"
_MAX_DEPTH = 1000
_CONTAINERS = {f"{_TAG}map": MappingNode, f"{_TAG}seq": SequenceNode}


class Date(str):
    """A date as it is written: what DVC can read past but not keep."""

    __slots__ = ()


#: Without libyaml PyYAML does the same, slower.
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Composer(_Parser):  # type: ignore[misc]
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 PyYAML's name for it


# The patterns are those of the YAML 1.2 core schema as ruamel.yaml, DVC's parser, widens them: underscores in numbers,
# leading zeros, binary.
for _name, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (
        "float",
        r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
        r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("int", r"[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+", "-+0123456789"),
    ("merge", r"<<", "<"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    (
        "timestamp",
        r"\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?"
        r"(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?",
        "0123456789",
    ),
    ("value", r"=", "="),
):
    _Composer.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern})$", re.ASCII), list(_first))


def compose(text: str, file: str) -> Node | None:
    """The node tree of a YAML text with marks; None for an empty text.

    Args:
        text: The whole file.
        file: How the errors name it.

    Raises:
        SpecError: Not YAML, or more than one document.
    """
    try:
        _refuse_depth(text, file)
        composer = _Composer(text)
        try:
            node: Node | None = composer.get_single_node()
        finally:
            composer.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = ", ".join(part for part in (error.context, error.problem) if part) or "not YAML"
        raise SpecError(
            reason,
            file=file,
            line=mark.line + 1 if mark else 0,
            column=mark.column + 1 if mark else 0,
            hint=_syntax_hint(reason, text, mark.line if mark else 0),
        ) from error
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0) or 0
        line, column = _place(text, position)
        reason = str(getattr(error, "reason", "") or "not YAML")
        raise SpecError(reason, file=file, line=line, column=column) from error
    except RecursionError as error:
        raise SpecError("nested too deeply", file=file) from error
    return node


def load(text: str, file: str, *, has_dates: bool = False) -> Any:
    """The value of a YAML text: dicts, lists and scalars; None for an empty text.

    Args:
        text: The whole file.
        file: How errors name it.
        has_dates: Dates may stand there, as ``Date``.

    Raises:
        SpecError: Not YAML, a duplicate key, a date or another tag that DVC cannot keep.
    """
    node = compose(text, file)
    return None if node is None else value(node, file, has_dates=has_dates)


def value(node: Node, file: str, *, has_dates: bool = False) -> Any:
    """The value that a node stands for.

    Args:
        node: The node.
        file: How errors name its file.
        has_dates: Dates may stand there, as ``Date``.

    Raises:
        SpecError: See ``load``.
    """
    try:
        return _Constructor(file, has_dates=has_dates).value(node)
    except RecursionError as error:
        raise wrong(node, "nested too deeply", file) from error


def items(node: MappingNode, file: str) -> list[tuple[Node, Node]]:
    """The pairs of a mapping with ``<<`` merged in, each key once.

    Raises:
        SpecError: A key stands twice, or ``<<`` does not name a mapping.
    """
    pairs = list(_Constructor(file).pairs(node))
    return [(key, item) for _, key, item in pairs]


def is_text(text: str) -> bool:
    """Whether a plain scalar of this text is a string, and not a number, a boolean, null or a date."""
    if not text:
        return False
    resolvers = _Composer.yaml_implicit_resolvers.get(text[0], ())
    return not any(pattern.match(text) for _, pattern in resolvers)


def wrong(node: Node, message: str, file: str, hint: str = "") -> SpecError:
    """The error that points at a node."""
    mark = node.start_mark
    return SpecError(message, file=file, line=mark.line + 1, column=mark.column + 1, hint=hint)


def decode(data: bytes, file: str) -> str:
    """The text of a file's bytes.

    Raises:
        SpecError: Not UTF-8; the place of the first wrong byte.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place(data[: error.start].decode("utf-8", "replace"), -1)
        raise SpecError("not UTF-8 text", file=file, line=line, column=column) from error


class _Constructor:
    """Makes values of nodes; an aliased node is made once, so that nested aliases cannot explode."""

    def __init__(self, file: str, *, has_dates: bool = False) -> None:
        self._file = file
        self._has_dates = has_dates
        self._made: dict[int, Any] = {}
        self._open: set[int] = set()

    def value(self, node: Node) -> Any:
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        key = id(node)
        if key in self._made:
            return self._made[key]
        if key in self._open:
            raise wrong(node, "contains itself", self._file)
        wanted = _CONTAINERS.get(node.tag)
        if wanted is None or not isinstance(node, wanted):
            raise self._unknown_tag(node)
        self._open.add(key)
        made: Any
        if isinstance(node, MappingNode):
            made = {key: self.value(item) for key, _, item in self.pairs(node)}
        else:
            made = [self.value(item) for item in node.value]
        self._open.discard(key)
        self._made[key] = made
        return made

    def pairs(self, node: MappingNode) -> Iterator[tuple[Any, Node, Node]]:
        own: dict[Any, tuple[Node, Node]] = {}
        merged: dict[Any, tuple[Node, Node]] = {}
        has_merge = False
        for key_node, item in node.value:
            if key_node.tag == _MERGE:
                if has_merge:
                    raise wrong(key_node, "'<<' stands twice", self._file)
                has_merge = True
                merged = self._merged(item)
                continue
            key = self._key(key_node)
            if key in own:
                first = own[key][0].start_mark.line + 1
                raise wrong(key_node, f"duplicate key {key!r} (first on line {first})", self._file)
            own[key] = (key_node, item)
        for key, pair in (merged | own).items() if merged else own.items():
            yield key, *pair

    def _merged(self, node: Node) -> dict[Any, tuple[Node, Node]]:
        sources = node.value if isinstance(node, SequenceNode) else [node]
        found: dict[Any, tuple[Node, Node]] = {}
        for source in reversed(sources):
            if not isinstance(source, MappingNode):
                raise wrong(source, "'<<' needs a mapping", self._file)
            if id(source) in self._open:
                raise wrong(source, "contains itself", self._file)
            self._open.add(id(source))
            found.update({key: (key_node, item) for key, key_node, item in self.pairs(source)})
            self._open.discard(id(source))
        return found

    def _key(self, node: Node) -> Any:
        if not isinstance(node, ScalarNode):
            raise wrong(node, "a key must be a single word or text", self._file)
        return self._scalar(node)

    def _scalar(self, node: ScalarNode) -> Any:
        text: str = node.value
        kind = node.tag
        if kind == TEXT_TAG or kind == f"{_TAG}value":
            return text
        read = _SCALARS.get(kind)
        if read is not None:
            try:
                return read(text)
            except (ValueError, KeyError, IndexError) as error:
                raise wrong(node, f"{text!r} is not a {kind.removeprefix(_TAG)}", self._file) from error
        if kind == _TIMESTAMP:
            if self._has_dates:
                return Date(text)
            raise wrong(
                node, f"{text} is a date, which neither dvc.lock nor JSON can keep", self._file, "put it in quotes"
            )
        if kind == _MERGE:
            return text
        raise self._unknown_tag(node)

    def _unknown_tag(self, node: Node) -> SpecError:
        tag = str(node.tag).replace(_TAG, "!!")
        return wrong(node, f"the tag {tag} is not understood here", self._file, "remove the tag")


def _int(text: str) -> int:
    digits = text.replace("_", "")
    sign = -1 if digits[0] == "-" else 1
    digits = digits.lstrip("+-")
    base = {"0b": 2, "0x": 16, "0o": 8}.get(digits[:2].lower())
    return sign * (int(digits[2:], base) if base else int(digits, 10))


def _float(text: str) -> float:
    return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))


_SCALARS: dict[str, Any] = {
    f"{_TAG}bool": lambda text: {"true": True, "false": False}[text.lower()],
    f"{_TAG}null": lambda text: None,
    f"{_TAG}int": _int,
    f"{_TAG}float": _float,
}


def _refuse_depth(text: str, file: str) -> None:
    """Refuses a nesting that would overflow the C stack of libyaml's composer, which has no limit of its own."""
    brackets = text.count("[") + text.count("{")
    # a level of block nesting takes a column of its line, so short lines cannot go deep
    if brackets < _MAX_DEPTH and max(map(len, text.splitlines()), default=0) < _MAX_DEPTH:
        return
    depth = 0
    parser = _Composer(text)
    try:
        while event := parser.get_event():
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _MAX_DEPTH:
                    mark: Any = event.start_mark
                    raise SpecError("nested too deeply", file=file, line=mark.line + 1, column=mark.column + 1)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    finally:
        parser.dispose()


def _syntax_hint(reason: str, text: str, line: int) -> str:
    near = text.splitlines()[max(0, line - 1) : line + 1]
    if "flow" in reason and any("${" in one for one in near):
        return "put ${…} inside [ ] or { } in quotes"
    if "cannot start any token" in reason:
        return "indent with spaces, and put text that begins with a special character in quotes"
    if "mapping values are not allowed" in reason:
        return "put a value that contains ': ' in quotes"
    return ""


def _place(text: str, position: int) -> tuple[int, int]:
    before = text if position < 0 else text[:position]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
