"""Predictions as JSON, as MLflow's scoring server writes them: NaN and infinities are bare words."""

from __future__ import annotations

import base64
import datetime
import json
from typing import Any


def encoded(predictions: Any) -> bytes:
    """The body of an answer: ``{"predictions": …}``; tables as records.

    Args:
        predictions: What a model's ``predict`` returned: an array, a table, a list or a plain value.

    Raises:
        TypeError: It holds what JSON cannot hold.
    """
    return json.dumps({"predictions": _plain(predictions)}, default=plain_value).encode()


def _plain(predictions: Any) -> Any:
    if hasattr(predictions, "to_frame") and hasattr(predictions, "iloc"):
        predictions = predictions.to_frame()
    if hasattr(predictions, "to_dict") and hasattr(predictions, "columns"):
        return [{str(name): value for name, value in row.items()} for row in predictions.to_dict(orient="records")]
    return predictions.tolist() if hasattr(predictions, "tolist") else predictions


def plain_value(value: Any) -> Any:
    """What JSON can hold instead of a value that it cannot.

    Raises:
        TypeError: There is nothing.
    """
    if hasattr(value, "tolist"):  # arrays and numbers of numpy
        return value.tolist()
    if isinstance(value, bytes | bytearray):
        return base64.encodebytes(value).decode("ascii")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    raise TypeError(f"a prediction of type {type(value).__name__} has no JSON form")
