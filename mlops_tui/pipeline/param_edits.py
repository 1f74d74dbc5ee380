"""Changing values in the text of a params file and nothing else: comments, order and spelling stay as they are.

A change is only made when the changed text reads as it should; what cannot be changed in place is refused. Finding a
value in YAML (and JSON, which is YAML) is done here, in TOML and Python in the modules of those names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

from mlops_store.errors import NotFound, SpecError, nearest
from mlops_tui.pipeline import links, params, yaml12

#: Where a value stands in a text: from, to; None where it cannot be changed by itself.
Span = tuple[int, int] | None


def edited(text: str, name: str, changes: Mapping[str, Any]) -> str:
    """The text of a params file with other values.

    Args:
        text: The whole file.
        name: Its name; the ending says what it is.
        changes: Dotted key -> value; each key must be there.

    Raises:
        NotFound: A key is not in the file.
        SpecError: The file is not understood, or a value cannot be changed without touching others.
    """
    for key, value in changes.items():
        text = _changed(text, name, key, value)
    return text


def texts(root: str, changes: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The texts that params files would have with other values, by file.

    Args:
        root: What the files' names are relative to.
        changes: Params file -> dotted key -> value.

    Raises:
        NotFound: A file or a key is not there.
        SpecError: See ``edited``.
    """
    found = {}
    for file, values in changes.items():
        try:
            with open(os.path.join(root, file), encoding="utf-8", newline="") as read:
                found[file] = edited(read.read(), file, values)
        except FileNotFoundError:
            raise NotFound(f"params file {file} is missing") from None
    return found


def write(root: str, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Gives values in params files; each file is replaced in one step.

    Raises:
        NotFound: See ``texts``.
        SpecError: See ``texts``.
        OSError: A file cannot be written.
    """
    for file, text in texts(root, changes).items():
        path = os.path.realpath(os.path.join(root, file))
        with links.replacing(path) as temporary:
            with open(temporary, "w", encoding="utf-8", newline="") as target:
                target.write(text)
            os.chmod(temporary, os.stat(path).st_mode & 0o7777)


def known_keys(content: Any) -> list[str]:
    """The dotted keys that a file's content has, those of whole mappings included."""
    found: list[str] = []

    def add(one: Any, prefix: str) -> None:
        if isinstance(one, Mapping):
            for key, inner in one.items():
                place = f"{prefix}.{key}" if prefix else str(key)
                found.append(place)
                add(inner, place)

    add(content, "")
    return found


def _changed(text: str, name: str, key: str, value: Any) -> str:
    content = params.parse(text.encode("utf-8", "surrogatepass"), name, has_dates=True)
    now, missing = params.select(content, [key])
    if missing:
        raise NotFound(f"{name} has no {key!r}", nearest(key, known_keys(content)))
    if repr(now[key]) == repr(value):
        return text
    wanted = repr(_with(content, key.split("."), value))
    find, renderings = _ways(name)
    span = find(text, name, key.split("."))
    for render in renderings if span is not None else ():
        start, end = span or (0, 0)
        gap = " " if start and text[start - 1] == ":" else ""
        candidate = text[:start] + gap + render(value) + text[end:]
        try:
            if repr(params.parse(candidate.encode("utf-8", "surrogatepass"), name, has_dates=True)) == wanted:
                return candidate
        except SpecError:
            continue  # this way of writing it does not fit there
    raise SpecError(f"{key} cannot be set to {value!r} by itself", file=name, hint="change the file by hand")


def _ways(name: str) -> tuple[Callable[[str, str, list[str]], Span], tuple[Callable[[Any], str], ...]]:
    """How to find a value in a file of this name, and the ways to write one, the nicest first."""
    ending = os.path.splitext(name)[1].lower()
    if ending == ".toml":
        from mlops_tui.pipeline import toml_edit

        return toml_edit.find, (toml_edit.render,)
    if ending == ".py":
        from mlops_tui.pipeline import python_edit

        return python_edit.find, (repr,)
    return _find, ((json.dumps,) if ending == ".json" else (_plain, _flow))


def _find(text: str, name: str, parts: list[str]) -> Span:
    node = yaml12.compose(text, name)
    for part in parts:
        if isinstance(node, MappingNode):
            pairs = yaml12.items(node, name)
            node = next((item for key, item in pairs if str(yaml12.value(key, name)) == part), None)
        elif isinstance(node, SequenceNode):
            node = node.value[int(part)]
        else:
            return None
    if node is None:
        return None
    start, end = node.start_mark.index, _end(node)
    if _is_block(node):
        before = text[:start].rstrip()
        if before.endswith(":"):  # the new value goes on the line of its key
            start = len(before)
    return start, end


def _is_block(node: Node) -> bool:
    return isinstance(node, CollectionNode) and not node.flow_style


def _end(node: Node) -> int:
    """Where the text of a node ends; the mark of a block says where the next thing begins."""
    while _is_block(node) and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(node, MappingNode) else last
    end: int = node.end_mark.index
    return end


def _plain(value: Any) -> str:
    from mlops_tui.pipeline import yaml_text

    if isinstance(value, Mapping | list | tuple):
        return _flow(value)
    return yaml_text.dump({"k": value}).removeprefix("k:").strip() or "null"


def _flow(value: Any) -> str:
    """A value on one line, texts between double quotes, as it may stand anywhere."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _plain(value)


def _with(content: Any, parts: list[str], value: Any) -> Any:
    """A copy of the content in which the value at a place is another."""
    if not parts:
        return value
    if isinstance(content, Mapping):
        place = next(key for key in content if key == parts[0] or (not isinstance(key, str) and str(key) == parts[0]))
        return {key: _with(item, parts[1:], value) if key == place else item for key, item in content.items()}
    items = [_with(item, parts[1:], value) if number == int(parts[0]) else item for number, item in enumerate(content)]
    return tuple(items) if isinstance(content, tuple) else items
