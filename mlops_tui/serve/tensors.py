"""A body under ``instances`` or ``inputs``, as the arrays or the data frame that the model takes.

``instances`` lists rows, ``inputs`` names columns or is one array; both come from TensorFlow's serving API. Knows no
model.
"""

from __future__ import annotations

from typing import Any

from mlops_tui.serve import enforcement
from mlops_tui.serve.bodies import INSTANCES, Body
from mlops_tui.serve.faults import Fault, because
from mlops_tui.serve.schemas import ANY, NUMPY_TYPES, Column, Schema, Tensor


def take(body: Body, schema: Schema) -> Any:
    """The model's input under ``instances`` or ``inputs``.

    Raises:
        Fault: A value is not of its type, arrays are ragged or not equally long, or an input is missing.
    """
    data = body.data
    if body.form == INSTANCES and isinstance(data, list) and data and isinstance(data[0], dict):
        found: Any = _columns_of(data, schema)
    else:
        found = _typed(data, schema)
    if body.form == INSTANCES and isinstance(found, dict):
        _require_equal_lengths(found, schema)
    return enforcement.enforce(found, schema)


def _columns_of(rows: list[Any], schema: Schema) -> dict[str, Any]:
    import numpy as np

    columns: dict[str, list[Any]] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise Fault("Invalid input. Ensure that all instances are of one kind: either named values or lists.")
        for name, value in row.items():
            columns.setdefault(name, []).append(_as_type(value, schema.by_name.get(name)))
    try:
        return {name: np.array(values) for name, values in columns.items()}
    except ValueError as error:
        raise Fault(f"Invalid input. {because(error)}") from error


def _typed(data: Any, schema: Schema) -> Any:
    is_list = isinstance(data, list)
    is_rows = is_list and all(isinstance(item, dict) for item in data)
    if schema.is_known:
        if len(schema.names) == 1 and is_list and not any(isinstance(item, dict) for item in data):
            data = {schema.names[0]: data}  # the only column's values
        elif not schema.names and not is_list and not _is_scalar(data):
            raise Fault(
                "Invalid input. Failed to parse input data. This model contains an un-named model signature which "
                "expects a single n-dimensional array or a single value as input, however, an input of type "
                f"{type(data).__name__} was found."
            )
    if isinstance(data, dict):
        return {name: _as_type(values, schema.by_name.get(name)) for name, values in data.items()}
    if is_rows:
        return [{name: _as_type(value, schema.by_name.get(name)) for name, value in row.items()} for row in data]
    inputs: tuple[Column | Tensor, ...] = schema.columns or schema.tensors
    return _as_type(data, inputs[0] if inputs else None)


def _as_type(data: Any, one: Column | Tensor | None) -> Any:
    """Values as numpy has them in a column's or tensor's type; of any type where it is not known."""
    import numpy as np

    if isinstance(one, Column) and one.type == ANY:
        return data
    try:
        if one is None:
            return np.array(data)
        if isinstance(one, Tensor):
            return np.array(data, dtype=one.dtype)
        dtype = NUMPY_TYPES[one.type]
        return np.array(data, dtype=dtype) if isinstance(data, list) else np.array([data], dtype=dtype)[0]
    except (ValueError, TypeError, OverflowError) as error:
        raise Fault(f"Invalid input. {because(error)}") from error


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _require_equal_lengths(found: dict[str, Any], schema: Schema) -> None:
    import numpy as np

    names = schema.required if schema.names else tuple(found)
    arrays = [found[name] for name in names if isinstance(found.get(name), list | np.ndarray)]
    lengths = {len(values) if np.ndim(values) else None for values in arrays}
    if len(lengths) > 1 or None in lengths:
        raise Fault("Invalid input. The length of values for each input/column name are not the same")
