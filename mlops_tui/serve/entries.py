"""What the log of requests says of a request and its answer: a line of JSON a row.

``{"id", "time", "version", "latency_s", "inputs": {…}, "prediction"}``, and ``probabilities`` where the model gave
them. Knows no file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mlops_tui.serve import answers
from mlops_tui.serve.redaction import Redaction

#: Arrays of more columns are pictures or the like, and no table.
_MOST_COLUMNS = 2_000
_CERTAIN = 1e-3
_ENCODER = json.JSONEncoder(default=answers.plain_value)


@dataclass(frozen=True, slots=True)
class Entry:
    """A request and its answer.

    Attributes:
        id: Its id; the rows of a request of several are called ``id:0``, ``id:1``, ….
        at: When it came, Unix seconds.
        latency_s: From its first byte to the answer, before that was sent.
        version: The version that answered; "" for a model in a folder.
        data: What the model was given.
        predictions: What it returned.
        rows: How many rows that is.
        size: Bytes of the request and the answer.
        outputs: What the model's signature calls what it returns.
    """

    id: str
    at: float
    latency_s: float
    version: str
    data: Any
    predictions: Any
    rows: int
    size: int = 0
    outputs: tuple[str, ...] = ()


def lines(entry: Entry, redaction: Redaction) -> bytes:
    """The lines of a request, column by column: a tenth of the time of a document a row."""
    rows = entry.rows
    names = [entry.id] if rows == 1 else [f"{entry.id}:{place}" for place in range(rows)]
    members: dict[str, Any] = {"id": names, "time": [entry.at] * rows, "version": [entry.version] * rows}
    members["latency_s"] = [round(entry.latency_s, 6)] * rows
    if taken := redaction.apply(inputs(entry.data)):
        members["inputs"] = taken
    predicted = redaction.answer(_predictions(entry.predictions, rows), entry.outputs)
    if isinstance(outputs := predicted.get("prediction"), dict) and len(outputs) <= 1:
        del predicted["prediction"]
        for values in outputs.values():
            predicted["prediction"] = values
    members |= predicted
    if rows == 1:
        return f"{_ENCODER.encode(_first(members))}\n".encode()  # a third of the time
    columns: list[list[str]] = []
    template = _template(members, columns)
    return "".join([f"{template % texts}\n" for texts in zip(*columns, strict=True)]).encode()


def _first(members: dict[str, Any]) -> dict[str, Any]:
    """The first row of columns."""
    return {name: _first(values) if isinstance(values, dict) else values[0] for name, values in members.items()}


def _template(members: dict[str, Any], columns: list[list[str]]) -> str:
    """A line with a place for each value; the values' texts are added to ``columns`` in that order."""
    parts = []
    for name, values in members.items():
        key = _ENCODER.encode(name).replace("%", "%%")
        if isinstance(values, dict):
            parts.append(f"{key}: {_template(values, columns)}")
        else:
            parts.append(f"{key}: %s")
            columns.append(_texts(values))
    return f"{{{', '.join(parts)}}}"


def _texts(values: list[Any]) -> list[str]:
    text = _ENCODER.encode(values)
    if not {'"', "{"} & set(text) and "[" not in text[1:]:  # numbers alone
        return text[1:-1].split(", ")
    return [_ENCODER.encode(value) for value in values]


def inputs(data: Any) -> dict[str, list[Any]]:
    """Column -> values, of a table; nothing of what is none."""
    if hasattr(data, "columns") and hasattr(data, "iloc"):
        dtypes = set(data.dtypes)
        if len(dtypes) == 1 and getattr(dtypes.pop(), "kind", "O") in "biuf":  # ten times faster
            return dict(zip(map(str, data.columns), data.to_numpy().T.tolist(), strict=True))
        return {str(name): data[name].tolist() for name in data.columns}
    if isinstance(data, dict):
        return {str(name): values.tolist() for name, values in data.items() if getattr(values, "ndim", 0) == 1}
    if getattr(data, "ndim", 0) == 2 and data.shape[1] <= _MOST_COLUMNS:
        return {str(place): column for place, column in enumerate(data.T.tolist())}
    return {}


def _predictions(predictions: Any, rows: int) -> dict[str, Any]:
    """What was answered, as columns: ``prediction``, and ``probabilities`` where the model gave those of classes."""
    if hasattr(predictions, "columns") and hasattr(predictions, "iloc"):
        return {"prediction": {str(name): predictions[name].tolist() for name in predictions.columns}}
    if isinstance(predictions, dict):
        found = {
            str(name): values.tolist() if hasattr(values, "tolist") else values for name, values in predictions.items()
        }
        if not all(isinstance(values, list) and len(values) == rows for values in found.values()):
            found = {name: [value if rows == 1 else None] * rows for name, value in found.items()}
        return {"prediction": found}
    values = predictions.tolist() if hasattr(predictions, "tolist") else predictions
    if not isinstance(values, list) or len(values) != rows:
        return {"prediction": [values if rows == 1 else None] * rows}
    if getattr(predictions, "ndim", 1) != 2:
        return {"prediction": values}
    named = {str(place): column for place, column in enumerate(predictions.T.tolist())}
    if len(named) == 1:
        return {"prediction": named["0"]}
    if predictions.dtype.kind == "f" and (predictions >= 0).all() and (abs(predictions.sum(1) - 1) < _CERTAIN).all():
        return {"prediction": predictions.argmax(1).tolist(), "probabilities": named}
    return {"prediction": named}
