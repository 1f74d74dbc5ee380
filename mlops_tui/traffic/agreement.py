"""Whether two answers to the same request say the same. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

#: Numbers that differ by less in proportion are the same: sums in another order.
_SAME = 1e-9


class Agreement(NamedTuple):
    """Whether all is the same; how many pairs of numbers there were, and the sum of their absolute differences."""

    is_equal: bool
    numbers: int
    distance_sum: float


def compared(one: bytes, other: bytes) -> Agreement:
    """How two answers of MLflow's scoring protocol compare."""
    try:
        pairs = [*_pairs(_predictions(one), _predictions(other))]
    except (ValueError, RecursionError):
        return Agreement(one == other, 0, 0.0)
    numbers = [(float(a), float(b)) for a, b in pairs if _is_number(a) and _is_number(b)]
    distances = [abs(a - b) for a, b in numbers if math.isfinite(a) and math.isfinite(b)]
    return Agreement(all(_is_same(a, b) for a, b in pairs), len(distances), sum(distances))


def _predictions(content: bytes) -> Any:
    found = json.loads(content)
    return found.get("predictions", found) if isinstance(found, dict) else found


def _pairs(one: Any, other: Any) -> Iterator[tuple[Any, Any]]:
    """The values that stand at the same place; what has no partner stands beside None."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*one, *other]):
            yield from _pairs(one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list):
        for a, b in zip(one, other, strict=False):
            yield from _pairs(a, b)
        yield from ((value, None) for value in one[len(other) :])
        yield from ((None, value) for value in other[len(one) :])
    else:
        yield one, other


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1e300)


def _is_same(one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other):
        return math.isclose(one, other, rel_tol=_SAME) or (one != one and other != other)
    return bool(one == other)
