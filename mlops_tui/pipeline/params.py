"""Values of params files: YAML, JSON, TOML and Python, read as DVC reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mlops_store.errors import SpecError
from mlops_tui.pipeline import yaml12

DEFAULT_FILE = "params.yaml"


def read_file(path: str, name: str, *, has_dates: bool = False) -> Any:
    """The content of a params or metrics file; ``{}`` for an empty one.

    Args:
        path: Where the file is. Its ending decides: ``.json``, ``.toml``, ``.py``, else YAML 1.2.
        name: How errors name it.
        has_dates: Dates may stand there; ``refuse_dates`` then tells of those that are used.

    Raises:
        FileNotFoundError: No such file.
        SpecError: It is a directory, unreadable, not UTF-8 or not well formed.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SpecError(f"cannot be read ({error.strerror})", file=name) from error
    return parse(data, name, has_dates=has_dates)


def parse(data: bytes, name: str, *, has_dates: bool = False) -> Any:
    """The content of a params or metrics file's bytes; see ``read_file``.

    Raises:
        SpecError: Not UTF-8 or not well formed.
    """
    text = yaml12.decode(data, name)
    read = {".json": _json, ".toml": _toml, ".py": _python}.get(os.path.splitext(name)[1].lower())
    content = read(text, name) if read else yaml12.load(text, name, has_dates=has_dates)
    if not has_dates:
        refuse_dates(content, name)
    return {} if content is None or content == [] or content == "" else content


def refuse_dates(content: Any, name: str, place: str = "") -> None:
    """Refuses values that DVC could not keep in ``dvc.lock``.

    Args:
        content: What ``read_file`` or ``select`` returned.
        name: How the error names the file.
        place: The dotted key of ``content``.

    Raises:
        SpecError: A date stands somewhere in it.
    """
    if isinstance(content, yaml12.Date) or type(content).__module__ == "datetime":
        raise SpecError(
            f"{place} is a date, which neither dvc.lock nor JSON can keep", file=name, hint="put it in quotes"
        )
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(content, Mapping):
        inner = content.items()
    elif isinstance(content, list | tuple):
        inner = enumerate(content)
    for key, value in inner:
        refuse_dates(value, name, f"{place}.{key}" if place else str(key))


def select(content: Any, keys: Iterable[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The values of dotted keys, and the keys that are not there.

    Args:
        content: What ``read_file`` returned.
        keys: Dotted keys, list indexes included (``layers.0.units``); none at all means the whole file.

    Returns:
        Key -> value in the order asked for, and the missing keys.
    """
    wanted = list(keys)
    if not wanted:
        return (dict(content) if isinstance(content, Mapping) else {}), ()
    found: dict[str, Any] = {}
    missing = []
    for key in wanted:
        try:
            found[key] = _get(content, key.split("."))
        except KeyError:
            missing.append(key)
    return found, tuple(missing)


def flatten(content: Any, prefix: str = "") -> dict[str, Any]:
    """Leaf values by dotted key; lists count as leaves, empty mappings vanish."""
    if not isinstance(content, Mapping):
        return {prefix: content} if prefix else {}
    leaves: dict[str, Any] = {}
    for key, value in content.items():
        leaves.update(flatten(value, f"{prefix}.{key}" if prefix else str(key)))
    return leaves


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The keys of flattened values that are in one of both only, or differ."""
    return [key for key in {**old, **new} if key not in old or key not in new or old[key] != new[key]]


def _get(content: Any, parts: list[str]) -> Any:
    for part in parts:
        if isinstance(content, Mapping):
            if part in content:
                content = content[part]
                continue
            # YAML keys may be numbers or booleans; a dotted key names them by their text
            matches = [key for key in content if not isinstance(key, str) and str(key) == part]
            if not matches:
                raise KeyError(part)
            content = content[matches[0]]
        elif isinstance(content, list | tuple) and part.isdigit() and int(part) < len(content):
            content = content[int(part)]
        else:
            raise KeyError(part)
    return content


def _json(text: str, name: str) -> Any:
    import json

    if not text.strip():
        return None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise SpecError(error.msg, file=name, line=error.lineno, column=error.colno) from error
    except RecursionError as error:
        raise SpecError("nested too deeply", file=name) from error


def _toml(text: str, name: str) -> Any:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        line, column = (int(place[1]), int(place[2])) if place else (0, 0)
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise SpecError(reason, file=name, line=line, column=column) from error


def _python(text: str, name: str) -> Any:
    import ast

    try:
        tree = ast.parse(text, filename=name)
    except (SyntaxError, ValueError, RecursionError) as error:
        line, column = (error.lineno or 0, error.offset or 0) if isinstance(error, SyntaxError) else (0, 0)
        raise SpecError(getattr(error, "msg", str(error)), file=name, line=line, column=column) from error
    return _constants(tree.body)


def _constants(body: Iterable[Any], *, only_self: bool = False) -> dict[str, Any]:
    """Assignments of literals: module constants, class attributes, and ``self.x`` in ``__init__``."""
    import ast

    found: dict[str, Any] = {}
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            found[statement.name] = _constants(statement.body)
        elif isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            found.update(_constants(statement.body, only_self=True))
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            name = _target(targets[0], only_self) if len(targets) == 1 else None
            if name is None or statement.value is None:
                continue
            try:
                found[name] = ast.literal_eval(statement.value)
            except (ValueError, TypeError, SyntaxError, RecursionError):
                continue  # an expression is no constant, so it is no param
    return found


def _target(target: Any, only_self: bool) -> str | None:
    import ast

    if isinstance(target, ast.Name) and not only_self:
        return target.id
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
        return target.attr
    return None
