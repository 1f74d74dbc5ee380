"""What labels say of predictions. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Container
from typing import Any

from mlops_store.records import Tally

#: Answers that are longer are not kept for labels.
_MOST_BYTES = 64 << 10


def first_prediction(body: bytes, request: str, redacted: Container[str] = ()) -> tuple[str, str] | None:
    """The first prediction of an answer, as JSON, with the name of its row; None where that is no plain value.

    Rows of one request are alike, and would be counted as if they were not: the first one stands for them.

    Args:
        body: An answer of MLflow's scoring protocol.
        request: The id of the request; with several rows they are called ``ID:0``, ``ID:1``, ….
        redacted: Names of outputs that must not be kept as they are.
    """
    if len(body) > _MOST_BYTES:
        return None
    try:
        found = json.loads(body)["predictions"]
        first = found[0] if isinstance(found, list) else found
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    if isinstance(first, dict):
        if any(name in redacted for name in first):
            return None
        first = next(iter(first.values()), None) if len(first) == 1 else None
    if isinstance(first, list):
        first = first[0] if len(first) == 1 else None
    if first is None or isinstance(first, dict | list):
        return None
    name = f"{request}:0" if isinstance(found, list) and len(found) > 1 else request
    return name, json.dumps(first)


def compared(prediction: Any, label: Any) -> Tally:
    """One answer that a label came for, as a tally."""
    a, b = _number(prediction), _number(label)
    if a is None or b is None:
        return Tally(labelled=1, wrong=int(str(prediction) != str(label)))
    distance = abs(a - b)
    is_wrong = not math.isclose(a, b, rel_tol=1e-9)
    return Tally(
        labelled=1, wrong=int(is_wrong), measured=1, distance_sum=distance, distance_squares=distance * distance
    )


def _number(value: Any) -> float | None:
    """A number, also one that is written as a text; truth values are 0 and 1."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and abs(found) < 1e150 else None
