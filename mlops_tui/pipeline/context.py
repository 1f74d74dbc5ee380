"""What ``${…}`` may name: params.yaml, ``vars``, and ``item`` and ``key`` of generated stages; DVC's rules of merging.

A context never changes: what adds to it makes another. Knows nothing about templates and YAML nodes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlops_store.errors import nearest
from mlops_tui.pipeline.params import DEFAULT_FILE, flatten
from mlops_tui.pipeline.readings import Readings

_PLAIN = (bool, int, float, str, type(None))


class Unresolved(Exception):
    """Something that a template or ``vars`` asks for cannot be had.

    Args:
        message: What is wrong.
        hint: The edit that helps.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Context:
    """The values that templates may name.

    Attributes:
        values: All of them, dicts merged.
        origins: Where they come from and what came from there, in order.
        imports: File -> the top-level keys taken from it; None means all of it.
        reserved: Top-level keys that ``vars`` must not set.
    """

    values: Mapping[str, Any]
    origins: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    imports: Mapping[str, tuple[str, ...] | None] | None = None
    reserved: frozenset[str] = frozenset()

    def select(self, key: str) -> Any:
        """The value of a key such as ``a.b[0]``.

        Raises:
            Unresolved: There is none.
        """
        found: Any = self.values
        for part in key.replace("[", ".").replace("]", "").split("."):
            name = part.strip()
            try:
                found = found[int(name)] if isinstance(found, list) else _member(found, name)
            except (LookupError, ValueError):
                known = flatten(self.values)
                raise Unresolved(f"${{{key}}} is not defined", nearest(key.strip(), known)) from None
        return found

    def merged(self, origin: str, content: Mapping[str, Any]) -> Context:
        """This context with more values; dicts of one key are merged.

        Args:
            origin: How errors name where they come from.
            content: The values.

        Raises:
            Unresolved: A key that is there already would get another value, or is reserved, or a value is of a type
                that no template can use.
        """
        kept = _kept(content, origin)
        taken = self.reserved & kept.keys()
        if taken:
            raise Unresolved(f"{origin} sets {min(taken)!r}, which foreach and matrix set for each stage", "rename it")
        values = self._join(self.values, kept, origin, ())
        return replace(self, values=values, origins=(*self.origins, (origin, kept)))

    def extended(self, content: Mapping[str, Any]) -> Context:
        """This context with other values for top-level keys, which are reserved from then on.

        Raises:
            Unresolved: A value is of a type that no template can use.
        """
        kept = _kept(content, "foreach")
        return replace(self, values={**self.values, **kept}, reserved=self.reserved | kept.keys())

    def with_default(self, readings: Readings, directory: str) -> Context:
        """This context with the params.yaml of a directory, if there is one.

        Raises:
            Unresolved, SpecError: See ``with_file``.
        """
        path = os.path.normpath(os.path.join(directory, DEFAULT_FILE))
        if os.path.exists(os.path.join(readings.root, path)):
            return self.with_file(readings, directory, DEFAULT_FILE)
        readings.data(path)  # whoever keeps what rests on its absence must know
        return self

    def with_file(self, readings: Readings, directory: str, written: str) -> Context:
        """This context with what an item of ``vars`` names: ``file`` or ``file:key1,key2``.

        Args:
            readings: Reads the file.
            directory: What its path is relative to, relative to the project's root.
            written: The item.

        Raises:
            Unresolved: The file or a key is not there, it has been loaded before, or a value is there already.
            SpecError: The file is not understood.
        """
        name, _, listed = written.partition(":")
        keys = tuple(key for key in listed.split(",") if key)
        path = os.path.normpath(os.path.join(directory, name))
        imports = dict(self.imports or {})
        if path in imports:
            before = imports[path]
            if not keys and before is None:
                return self
            if not keys or before is None or set(keys) & set(before):
                how = "wholly" if before is None else f"in part ({', '.join(before)})"
                raise Unresolved(f"{path} is loaded {how} before {written!r}", "remove one of the two")
        content = _content(readings, path)
        if keys:
            missing = [key for key in keys if key not in content]
            if missing:
                raise Unresolved(f"{path} has no key {missing[0]!r}", nearest(missing[0], map(str, content)))
            content = {key: content[key] for key in keys}
        imports[path] = (*(imports.get(path) or ()), *keys) if keys else None
        return replace(self.merged(path, content), imports=imports)

    def _join(
        self, into: Mapping[str, Any], content: Mapping[str, Any], origin: str, above: tuple[str, ...]
    ) -> dict[str, Any]:
        joined = dict(into)
        for key, value in content.items():
            present = joined.get(key)
            if isinstance(present, Mapping) and isinstance(value, Mapping):
                joined[key] = self._join(present, value, origin, (*above, key))
            elif key in joined:
                path = (*above, key)
                raise Unresolved(
                    f"{origin} sets {'.'.join(path)!r}, which {self._origin(path)} has set", "rename one of the two"
                )
            else:
                joined[key] = value
        return joined

    def _origin(self, path: Iterable[str]) -> str:
        for origin, content in self.origins:
            found: Any = content
            for key in path:
                found = found.get(key, _member) if isinstance(found, Mapping) else _member
            if found is not _member:
                return origin
        return "foreach"


def _member(container: Any, name: str) -> Any:
    if not isinstance(container, Mapping):
        raise KeyError(name)
    return container[name]


def _content(readings: Readings, path: str) -> Mapping[Any, Any]:
    if os.path.isdir(os.path.join(readings.root, path)):
        raise Unresolved(f"{path} is a directory, not a file of values")
    content = readings.content(path)
    if content is None:
        raise Unresolved(f"{path} does not exist", "create it or correct the path")
    if not isinstance(content, Mapping):
        raise Unresolved(f"{path} must hold a mapping at its top")
    return content


def _kept(content: Mapping[Any, Any], origin: str) -> dict[str, Any]:
    """The part of a mapping that templates can name: what stands under text."""
    return {key: _usable(value, origin, key) for key, value in content.items() if isinstance(key, str)}


def _usable(value: Any, origin: str, place: str) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, list):
        return [_usable(item, origin, f"{place}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {key: _usable(item, origin, f"{place}.{key}") for key, item in value.items() if isinstance(key, str)}
    raise Unresolved(f"{origin}: {place!r} is a {type(value).__name__}, which no template can use")
