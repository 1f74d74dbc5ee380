"""Who gets which version: by chance, or by a key so that the same key gets the same version. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

#: Bodies that are longer are not looked into for a key.
_MOST_BYTES = 4 << 20


def by_chance(weights: Mapping[str, float], chance: float) -> str:
    """The name whose stretch of the weights a number falls into.

    Args:
        weights: Name -> weight, at least one above 0.
        chance: From 0 to 1, 1 excluded.
    """
    place = chance * sum(weights.values())
    for name, weight in weights.items():
        place -= weight
        if place < 0:
            return name
    return max(weights, key=weights.__getitem__)


def by_key(weights: Mapping[str, float], number: int) -> str:
    """The name that a key gets: always the same, and in proportion to the weights over many keys.

    When a weight rises, keys go to that name and between no others; when it falls, from that name only.

    Args:
        weights: Name -> weight, at least one above 0.
        number: The key's hash, see ``hashed``.

    Source:
        Weighted rendezvous hashing: Schindelhauer, Schomaker, Weighted distributed hash tables (2005).
    """
    return min((_distance(number, name, weight), name) for name, weight in weights.items() if weight > 0)[1]


def _distance(number: int, name: str, weight: float) -> float:
    digest = hashlib.blake2b(f"{number}/{name}".encode(), digest_size=8).digest()
    uniform = (int.from_bytes(digest, "big") + 0.5) / 2**64
    return -math.log(uniform) / weight


def hashed(key: str, model: str) -> int:
    """A number from 0 to 2**63 - 1 for a key; another one for another model."""
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8, key=model.encode()[:64]).digest()
    return int.from_bytes(digest, "big") >> 1


def field(body: bytes, name: str) -> str | None:
    """What a field of a request's body says: of the body itself, or of its first row. None where it has no such field.

    Args:
        body: JSON in one of the forms of MLflow's scoring protocol.
        name: The field.
    """
    if len(body) > _MOST_BYTES:
        return None
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    found = content.get(name)
    if found is None:
        found = _of_first_row(content, name)
    if found is None or isinstance(found, dict | list):
        return None
    return found if isinstance(found, str) else json.dumps(found)


def _of_first_row(content: Mapping[str, Any], name: str) -> Any:
    table = content.get("dataframe_split")
    if isinstance(table, dict):
        columns, rows = table.get("columns"), table.get("data")
        if isinstance(columns, list) and name in columns and isinstance(rows, list) and rows:
            place = columns.index(name)
            return rows[0][place] if isinstance(rows[0], list) and place < len(rows[0]) else None
    for key in ("dataframe_records", "instances", "inputs"):
        rows = content.get(key)
        if isinstance(rows, dict):
            column = rows.get(name)
            return column[0] if isinstance(column, list) and column else column
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            return rows[0].get(name)
    return None
