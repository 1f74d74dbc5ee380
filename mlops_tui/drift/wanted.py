"""A schema file: the numbers and the categories as ``{"numerical": [names], "categorical": [names]}``."""

from __future__ import annotations

import json
from typing import Any

from mlops_store.errors import UsageError, nearest
from mlops_store.texts import storable

KINDS = ("numerical", "categorical")


def read(path: str) -> dict[str, str]:
    """The kind of each column that a schema file names, in its order.

    Raises:
        UsageError: The file cannot be read, is no such object, or names a column twice or none at all.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            value = json.load(file)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})", "check the path") from error
    except (ValueError, RecursionError) as error:
        raise _wrong(path, "is no JSON") from error
    if not isinstance(value, dict):
        raise _wrong(path, "is no JSON object")
    found: dict[str, str] = {}
    for kind, names in value.items():
        if kind not in KINDS:
            raise UsageError(f"{path} has an unknown member {kind!r}", nearest(kind, KINDS))
        for name in _names(path, kind, names):
            if name in found:
                raise _wrong(path, f"names the column {name!r} twice")
            found[name] = kind
    if not found:
        raise _wrong(path, "names no columns")
    return found


def _names(path: str, kind: str, names: Any) -> list[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _wrong(path, f"has no list of names under {kind!r}")
    return [storable(name) for name in names]


def _wrong(path: str, what: str) -> UsageError:
    return UsageError(f"{path} {what}", 'write {"numerical": ["age"], "categorical": ["city"]}')
