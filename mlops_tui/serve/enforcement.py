"""Holding data against a signature by MLflow's rules: columns by name, safe conversions only, shapes of tensors.

Pure. A fault says INVALID_PARAMETER_VALUE here: the body could be read, but is not what the model takes.
"""

from __future__ import annotations

from typing import Any

from mlops_tui.serve.faults import INVALID_PARAMETER_VALUE, Fault, because
from mlops_tui.serve.schemas import ANY, NUMPY_TYPES, Column, Schema, Tensor

_LISTED = 10


def enforce(data: Any, schema: Schema) -> Any:
    """The data as the signature has it: its columns in its order and types; as it is when the signature is empty.

    Args:
        data: A DataFrame, an array, a scalar, or a dictionary or list of these.
        schema: What the model takes.

    Raises:
        Fault: A column is missing, or values cannot be converted without loss.

    Source:
        ``mlflow.models.utils._enforce_schema``.
    """
    if not schema.is_known:
        return data
    try:
        return _tensors(data, schema) if schema.tensors else _columns(_table(data), schema)
    except Fault:
        raise
    except Exception as error:  # whatever pandas and numpy raise on a stranger's values
        raise _fault(because(error)) from error


def _table(data: Any) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    if not isinstance(data, dict):
        return pd.DataFrame([data] if np.isscalar(data) else data)
    values = data.values()
    is_one_row = all(np.isscalar(value) or value is None or _is_texts(value) for value in values)
    if is_one_row or all(getattr(value, "shape", None) == () for value in values):
        return pd.DataFrame([data])
    return pd.DataFrame({name: value.tolist() if np.ndim(value) > 1 else value for name, value in data.items()})


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _columns(table: Any, schema: Schema) -> Any:
    import pandas as pd

    if schema.names:
        _require(schema, [str(name) for name in table.columns])
        present = [column for column in schema.columns if column.name in table.columns]
        return pd.DataFrame({column.name: _column(table[column.name], column) for column in present})
    if len(table.columns) < len(schema.columns):
        raise _fault(
            f"Model inference is missing inputs. The model signature declares {len(schema.columns)} inputs but the "
            f"provided value only has {len(table.columns)} inputs."
        )
    pairs = zip(table.columns, schema.columns, strict=False)
    return pd.DataFrame({name: _column(table[name], column) for name, column in pairs})


def _require(schema: Schema, given: list[str]) -> None:
    missing = [name for name in schema.required if name not in given]
    if missing:
        extra = [name for name in given if name not in schema.by_name]
        more = f" Note that there were extra inputs: {extra[:_LISTED]}." if extra else ""
        raise _fault(f"Model is missing inputs {missing[:_LISTED]}.{more}")


def _column(values: Any, column: Column) -> Any:
    """One column in its type; a conversion that may lose something is refused."""
    import numpy as np
    import pandas as pd

    kind = column.type
    if kind == ANY:
        return values
    if values.dtype == object and kind not in ("binary", "string"):
        values = values.infer_objects()
    dtype = values.dtype
    is_object = getattr(dtype, "kind", "") == "O"
    if kind in ("string", "binary") and (is_object or isinstance(dtype, pd.StringDtype)):
        return values
    wanted = np.dtype(NUMPY_TYPES[kind])
    if wanted == dtype or (kind == "boolean" and is_object):
        return values
    if kind == "datetime" and (is_object or getattr(dtype, "kind", "") == "M"):
        return values.astype(wanted)
    if _is_safe(values, wanted):
        return values.astype(wanted)
    hint = ""
    if dtype == np.float64 and wanted.kind in "iu" and values.hasnans:
        hint = " Hint: the type mismatch is likely caused by missing values, which integer columns cannot hold."
    raise _fault(
        f"Incompatible input types for column {column.name}. Can not safely convert {dtype} to {wanted}.{hint}"
    )


def _is_safe(values: Any, wanted: Any) -> bool:
    import numpy as np

    dtype = values.dtype
    if getattr(dtype, "kind", "") == wanted.kind:
        return bool(dtype.itemsize <= wanted.itemsize)
    if dtype.kind == "u" and wanted.kind == "i":
        return bool(dtype.itemsize < wanted.itemsize)
    if dtype.kind in "iu" and wanted == np.float64 and dtype.itemsize <= 6:
        return True
    return dtype == np.int64 and wanted.kind == "f" and bool(values.isin((0, 1)).all())


def _tensors(data: Any, schema: Schema) -> Any:
    import numpy as np
    import pandas as pd

    if not schema.names:
        tensor = schema.tensors[0]
        if isinstance(data, pd.DataFrame):
            return _tensor_of_table(data, tensor)
        if not isinstance(data, np.ndarray):
            raise _fault(f"This model takes an array, but an input of type {type(data).__name__} was found.")
        return _shaped(data, tensor)
    if isinstance(data, np.ndarray) and len(schema.required) == 1:
        data = {schema.required[0]: data}
    if not isinstance(data, dict | pd.DataFrame):
        raise _fault(f"This model takes named arrays, but an input of type {type(data).__name__} was found.")
    _require(schema, [str(name) for name in data])
    if isinstance(data, pd.DataFrame):
        return {tensor.name: _stacked(data[tensor.name], tensor) for tensor in schema.tensors}
    return {tensor.name: _shaped(np.asarray(data[tensor.name]), tensor) for tensor in schema.tensors}


def _tensor_of_table(table: Any, tensor: Tensor) -> Any:
    if table.empty:
        raise _fault("Input DataFrame is empty.")
    if len(table.columns) == 1:
        return _stacked(table[table.columns[0]], tensor)
    if tensor.shape != (-1, len(table.columns)):
        raise _fault(
            f"The input table has {len(table.columns)} columns, but the model takes an array of shape {tensor.shape}."
        )
    return _shaped(table.to_numpy(), tensor)


def _stacked(values: Any, tensor: Tensor) -> Any:
    """A column of scalars or of flattened rows, as the tensor that it stands for."""
    import numpy as np

    if tensor.shape[0] != -1 or -1 in tensor.shape[1:]:
        raise _fault(f"A table cannot fill an array of shape {tensor.shape}: only its first size may vary.")
    if isinstance(values.iloc[0], list):
        stacked = np.vstack(values.tolist())
    elif tensor.shape in ((-1,), (-1, 1)):
        stacked = values.to_numpy()
    else:
        raise _fault(f"The column {values.name} holds single values, but the model takes an array of {tensor.shape}.")
    found = stacked.reshape(tensor.shape).astype(tensor.dtype)
    if len(found) != len(values):
        raise _fault(f"The values in column {values.name} do not have the shape {tensor.shape}.")
    return found


def _shaped(values: Any, tensor: Tensor) -> Any:
    import numpy as np

    wanted = np.dtype(tensor.dtype)
    if wanted.kind == "O" and tensor.shape == (-1,):
        return values
    fits = len(values.shape) == len(tensor.shape) and all(
        size in (-1, found) for size, found in zip(tensor.shape, values.shape, strict=True)
    )
    if not fits:
        raise _fault(f"Shape of input {values.shape} does not match expected shape {tensor.shape}.")
    if values.dtype.kind != wanted.kind or (wanted.kind not in "USO" and values.dtype != wanted):
        raise _fault(f"dtype of input {values.dtype} does not match expected dtype {wanted}")
    return values


def _fault(reason: str) -> Fault:
    return Fault(f"Failed to enforce the model's input schema. Error: {reason}", INVALID_PARAMETER_VALUE)
