"""``${…}`` in the nodes of a ``dvc.yaml``: templates become values, with the place of the template.

Knows what a template says and how values become text; which values there are is the context's business.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mlops_store.errors import SpecError
from mlops_tui.pipeline import yaml12
from mlops_tui.pipeline.context import Context, Unresolved
from mlops_tui.pipeline.nodes import Page
from mlops_tui.pipeline.params import flatten

_TEMPLATE = re.compile(r"(?<!\\)\$\{(.*?)\}")
_EXPRESSION = re.compile(r"[^.\[\]]+(?:[ \t\r]*(?:\.[^.\[\]]+|\[[^.\[\]]+\]))*[ \t\r]*")
_CMD = "cmd"
#: The key of what ``foreach`` and ``matrix`` go over, where any value may stand, but no template alone as a key.
ITERATED = "foreach"
_TAG = "tag:yaml.org,2002:"


class Interpolation:
    """Resolves the templates of a file.

    Args:
        page: The file.
        parsing: ``parsing`` of DVC's configuration: how a dict in a command becomes options.
    """

    def __init__(self, page: Page, parsing: Mapping[str, str] | None = None) -> None:
        self._page = page
        self._parsing = parsing or {}
        self._has_templates = "${" in page.text

    def resolve(self, node: Node, context: Context, key: str = "") -> Node:
        """A node with every template in it resolved; the node itself when there is none.

        Args:
            node: Any node without cycles.
            context: What templates may name.
            key: The key of the stage that the node belongs to: a dict may stand in ``cmd`` alone, a list nowhere.
                '' for what is not a stage's, where both may; see also ``ITERATED``.

        Raises:
            SpecError: A template is not understood, names nothing, or has a value that cannot stand there.
        """
        return self._resolve(node, context, key, {}) if self._has_templates else node

    def refuse(self, node: Node, what: str) -> None:
        """Refuses templates where DVC resolves none.

        Raises:
            SpecError: There is one.
        """
        if not self._has_templates:
            return
        pending, seen = [node], set[int]()
        while pending:
            current = pending.pop()
            if id(current) in seen:
                continue
            seen.add(id(current))
            if isinstance(current, ScalarNode):
                if match := _TEMPLATE.search(current.value):
                    raise self._page.wrong(
                        current, f"{match[0]} cannot stand in {what}", "write the value itself", match[0]
                    )
            elif isinstance(current, MappingNode):
                pending += [part for pair in current.value for part in pair]
            else:
                pending += current.value

    def _resolve(self, node: Node, context: Context, key: str, done: dict[int, Node]) -> Node:
        if isinstance(node, ScalarNode):
            return self._scalar(node, context, key) if "${" in node.value else node
        if id(node) not in done:  # an aliased node is resolved once, so that nested aliases cannot explode
            if isinstance(node, MappingNode):
                done[id(node)] = self._mapping(node, context, key, done)
            else:
                items = [self._resolve(item, context, key, done) for item in node.value]
                is_same = all(new is old for new, old in zip(items, node.value, strict=True))
                done[id(node)] = node if is_same else _like(SequenceNode, node, items)
        return done[id(node)]

    def _mapping(self, node: MappingNode, context: Context, key: str, done: dict[int, Node]) -> Node:
        pairs = yaml12.items(node, self._page.file)
        resolved = {}
        is_same = True
        for name, item in pairs:
            new_name, new_item = (self._resolve(part, context, key, done) for part in (name, item))
            is_same = is_same and new_name is name and new_item is item
            if not isinstance(new_name, ScalarNode):
                raise self._page.wrong(name, f"{name.value} is {self._page.kind(new_name)}, which cannot be a key")
            if key == ITERATED and is_template(name):
                raise self._page.wrong(
                    name, f"{name.value} cannot be a key of what stages are generated from", "write the key itself"
                )
            resolved[new_name.tag, new_name.value] = (new_name, new_item)
        return node if is_same else _like(MappingNode, node, list(resolved.values()))

    def _scalar(self, node: ScalarNode, context: Context, key: str) -> Node:
        text: str = node.value
        matches = list(_TEMPLATE.finditer(text))
        if len(matches) == 1 and matches[0][0] == text:
            return _node(self._value(node, matches[0], context, key), node)
        made, end = "", 0
        for match in matches:
            value = self._value(node, match, context, key)
            try:
                made += text[end : match.start()] + to_text(value, self._parsing if key == _CMD else None)
            except Unresolved as problem:
                raise self._wrong(node, match, problem) from None
            end = match.end()
        return _node((made + text[end:]).replace("\\${", "${"), node)

    def _value(self, node: ScalarNode, match: re.Match[str], context: Context, key: str) -> Any:
        try:
            if not _EXPRESSION.fullmatch(match[1].expandtabs()):
                raise Unresolved(f"{match[0]} is not understood", "write ${key}, ${a.b} or ${list[0]}")
            value = context.select(match[1])
            if key not in ("", ITERATED) and (isinstance(value, list) or (isinstance(value, Mapping) and key != _CMD)):
                what = "a list" if isinstance(value, list) else "a mapping"
                raise Unresolved(f"{match[0]} is {what}, which cannot stand in {key!r}")
        except Unresolved as problem:
            raise self._wrong(node, match, problem) from None
        return value

    def _wrong(self, node: Node, match: re.Match[str], problem: Unresolved) -> SpecError:
        return self._page.wrong(node, problem.message, problem.hint, match[0])


def is_template(node: Node) -> bool:
    """Whether a node is one template and nothing else."""
    return isinstance(node, ScalarNode) and _TEMPLATE.fullmatch(node.value) is not None


def to_text(value: Any, parsing: Mapping[str, str] | None = None) -> str:
    """A value inside other text: a dict as the options of a command, anything else as Python shows it.

    Args:
        value: Scalars, lists and dicts.
        parsing: See ``Interpolation``.

    Raises:
        Unresolved: A dict holds a list of lists or dicts.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, Mapping):
        return str(value)
    words: list[str] = []
    for name, item in flatten(value).items():
        words += _options(name, item, parsing or {})
    return " ".join(words).rstrip()


def _options(name: str, value: Any, parsing: Mapping[str, str]) -> list[str]:
    if isinstance(value, bool):
        if value:
            return [f"--{name}"]
        return [f"--no-{name}"] if parsing.get("bool") == "boolean_optional" else []
    if not isinstance(value, list):
        return [f"--{name}", shlex.quote(value) if isinstance(value, str) else str(value)]
    words = []
    for item in value:
        if isinstance(item, list | Mapping):
            raise Unresolved(f"{name!r} is a list of lists or mappings, which cannot become options")
        words.append(shlex.quote(item) if isinstance(item, str) else str(item))
    if parsing.get("list") == "append":
        return [word for item in words for word in (f"--{name}", item)]
    return [f"--{name}", *words] if words else []


def _node(value: Any, place: Node) -> Node:
    """The node that stands for a value, at the place of the template."""
    if isinstance(value, Mapping):
        pairs = [(_node(key, place), _node(item, place)) for key, item in value.items()]
        return _like(MappingNode, place, pairs)
    if isinstance(value, list):
        return _like(SequenceNode, place, [_node(item, place) for item in value])
    tag, text = "str", value
    if isinstance(value, bool):
        tag, text = "bool", "true" if value else "false"
    elif value is None:
        tag, text = "null", ""
    elif isinstance(value, int | float):
        tag, text = type(value).__name__, repr(value)
    return ScalarNode(_TAG + tag, text, place.start_mark, place.end_mark)


def _like(kind: type[MappingNode] | type[SequenceNode], place: Node, value: list[Any]) -> Node:
    tag = "map" if kind is MappingNode else "seq"
    return kind(_TAG + tag, value, place.start_mark, place.end_mark)
