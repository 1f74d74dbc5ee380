"""A YAML file's nodes, asked for by kind: what is of another kind is an error that names its place.

Knows no schema and no stage.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mlops_store.errors import SpecError, nearest
from mlops_tui.pipeline import yaml12

_KINDS = {bool: "a boolean", int: "a number", float: "a number", str: "text", type(None): "nothing"}


class Page:
    """A YAML file.

    Args:
        file: How errors name it.
        data: All of it.

    Raises:
        SpecError: Not UTF-8, or not YAML.
    """

    def __init__(self, file: str, data: bytes) -> None:
        self.file = file
        self.text = yaml12.decode(data, file)
        self.root = yaml12.compose(self.text, file)

    def fields(self, node: Node, what: str, known: Iterable[str] | None = None) -> dict[str, Node]:
        """The values of a mapping by key.

        Args:
            node: The mapping.
            what: How errors name it.
            known: The keys that may stand there; None for any.

        Raises:
            SpecError: Not a mapping, or a key that is not known.
        """
        found = {}
        for key, item in self.pairs(node, what):
            name = self.string(key, "a key")
            if known is not None and name not in known:
                raise self.wrong(key, f"unknown key {name!r}", nearest(name, known))
            found[name] = item
        return found

    def pairs(self, node: Node, what: str) -> list[tuple[Node, Node]]:
        """The keys and values of a mapping, ``<<`` merged in.

        Raises:
            SpecError: Not a mapping, or a key stands twice.
        """
        if not isinstance(node, MappingNode):
            raise self.wrong(node, f"{what} must be a mapping, not {self.kind(node)}")
        return yaml12.items(node, self.file)

    def items(self, node: Node, what: str) -> list[Node]:
        """The items of a list.

        Raises:
            SpecError: Not a list.
        """
        if not isinstance(node, SequenceNode):
            raise self.wrong(node, f"{what} must be a list, not {self.kind(node)}")
        return list(node.value)

    def string(self, node: Node, what: str) -> str:
        """The text of a scalar.

        Raises:
            SpecError: Not text.
        """
        if isinstance(node, ScalarNode) and node.tag == yaml12.TEXT_TAG:
            return str(node.value)
        if not isinstance(node, ScalarNode) or not isinstance(text := yaml12.value(node, self.file), str):
            raise self.wrong(node, f"{what} must be text, not {self.kind(node)}", self._quote_hint(node))
        return text

    def flag(self, node: Node, what: str) -> bool:
        """The value of a boolean.

        Raises:
            SpecError: Neither true nor false.
        """
        value = yaml12.value(node, self.file) if isinstance(node, ScalarNode) else None
        if not isinstance(value, bool):
            raise self.wrong(node, f"{what} must be true or false, not {self.kind(node)}")
        return value

    def value(self, node: Node) -> Any:
        """The value of any node.

        Raises:
            SpecError: It holds something that neither dvc.lock nor JSON can keep.
        """
        return yaml12.value(node, self.file)

    def remarks(self, node: Node) -> Any:
        """The value of a ``meta``, which nobody computes with: a date is its text.

        Raises:
            SpecError: It holds something that JSON cannot keep.
        """
        return yaml12.value(node, self.file, has_dates=True)

    def is_null(self, node: Node) -> bool:
        """Whether nothing stands there."""
        return isinstance(node, ScalarNode) and yaml12.value(node, self.file) is None

    def kind(self, node: Node) -> str:
        """What a node is, in words."""
        if isinstance(node, MappingNode):
            return "a mapping"
        if isinstance(node, SequenceNode):
            return "a list"
        value = yaml12.value(node, self.file)
        return _KINDS.get(type(value), type(value).__name__)

    def wrong(self, node: Node, message: str, hint: str = "", part: str = "") -> SpecError:
        """The error that points at a node, or at a part of its text."""
        start, end = node.start_mark, node.end_mark
        offset = self.text[start.index : end.index].find(part) if part else -1
        if offset <= 0:
            return yaml12.wrong(node, message, self.file, hint)
        before = self.text[: start.index + offset]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return SpecError(message, file=self.file, line=line, column=column, hint=hint)

    def _quote_hint(self, node: Node) -> str:
        is_plain = isinstance(node, ScalarNode) and yaml12.value(node, self.file) is not None
        is_written = "${" not in self.text[node.start_mark.index : node.end_mark.index]
        return "put it in quotes" if is_plain and is_written else ""
