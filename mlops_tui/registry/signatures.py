"""What a model takes and gives: column names and types in MLflow's words, and a small example of its input.

Owns the inference from data. Knows no model and no store. pandas and numpy are imported when data is looked at.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_store.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

#: Rows kept of an input example.
EXAMPLE_ROWS = 5

_TYPES = {
    **dict.fromkeys(("bool", "boolean"), "boolean"),
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "integer"),
    **dict.fromkeys(("int64", "uint32", "uint64"), "long"),
    **dict.fromkeys(("float16", "float32"), "float"),
    "float64": "double",
    **dict.fromkeys(("str", "string"), "string"),
}
_DTYPES = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "datetime": "datetime64[us]",
}
_INFERRED = {"string": "string", "boolean": "boolean", "integer": "long", "floating": "double", "bytes": "binary"}


def frame(data: Any) -> Any:
    """The data as a model takes it: arrays, frames and sparse matrices as they are, the rest as a data frame.

    Raises:
        UsageError: No table can be made of it.
    """
    if hasattr(data, "dtype") or hasattr(data, "columns"):
        return data
    import pandas as pd

    try:
        return pd.DataFrame(data)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the input example is not a table ({error})", "give a few rows as a DataFrame") from error


def schema(data: Any) -> list[dict[str, Any]]:
    """The columns (or the one tensor) of some data as MLflow's schema lists them.

    Returns:
        ``[{"name", "type", "required"}, …]`` for a frame, ``[{"type": "tensor", "tensor-spec": …}]`` for an array.

    Source:
        MLflow's model signature, ``mlflow.types.schema``.
    """
    if hasattr(data, "columns"):
        return [_column(str(name), data.iloc[:, position]) for position, name in enumerate(data.columns)]
    if hasattr(data, "iloc"):
        return [_column("" if data.name is None else str(data.name), data)]
    shape = [-1, *(int(size) for size in data.shape[1:])]
    # MLflow knows texts of any length only
    dtype = {"U": "str", "S": "bytes"}.get(data.dtype.kind, str(data.dtype))
    return [{"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}}]


def _column(name: str, values: pd.Series[Any]) -> dict[str, Any]:
    dtype: Any = values.dtype
    if hasattr(dtype, "categories"):
        dtype = dtype.categories.dtype
    kind = _TYPES.get(str(dtype).lower())
    if kind is None and str(dtype).startswith("datetime64"):
        kind = "datetime"
    if kind is None:
        from pandas.api.types import infer_dtype

        kind = _INFERRED.get(infer_dtype(values, skipna=True), "any")
    named = {"name": name} if name else {}
    return {**named, "type": kind, "required": not bool(values.isna().any())}


def example(data: Any) -> dict[str, Any]:
    """The first rows as the body of a scoring request, so that they can be sent as they are.

    Source:
        MLflow's scoring protocol: ``dataframe_split`` for frames, ``inputs`` for arrays.
    """
    if hasattr(data, "columns"):
        # not DataFrame.to_json, which rounds, the largest numbers to infinity
        rows = data.head(EXAMPLE_ROWS).astype(object).to_numpy().tolist()
        return {"dataframe_split": {"columns": [str(name) for name in data.columns], "data": _plain(rows)}}
    if not hasattr(data, "tolist"):  # a sparse matrix
        data = data[:EXAMPLE_ROWS].toarray()
    return {"inputs": _plain(data[:EXAMPLE_ROWS].tolist())}


def rows(kept: Mapping[str, Any], signature: Mapping[str, Any]) -> Any:
    """The rows of an example that ``example`` made: a frame with the signature's types, or an array.

    Raises:
        UsageError: They are not of these types.
    """
    try:
        if "dataframe_split" in kept:
            import pandas as pd

            split = kept["dataframe_split"]
            found = pd.DataFrame(split["data"], columns=split["columns"])
            types = {name: _DTYPES[kind] for name, kind in columns(signature).items() if kind in _DTYPES}
            # a missing value makes whole numbers floats, as it did where the example came from
            present = [name for name in types if name in found.columns and not found[name].isna().any()]
            return found.astype({name: types[name] for name in present})
        import numpy as np

        tensor = (signature.get("inputs") or [{}])[0].get("tensor-spec") or {}
        return np.asarray(kept["inputs"], dtype=tensor.get("dtype"))
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"the input example does not fit its signature ({error})", "log the model again") from error


def _plain(value: Any) -> Any:
    """The value as JSON can hold it; missing and infinite ones become null."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if hasattr(value, "isoformat"):
        return value.isoformat() if value == value else None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else _text_or_none(value)


def _text_or_none(value: Any) -> str | None:
    import pandas as pd

    return None if value is pd.NA else str(value)


def given(signature: Any) -> dict[str, Any]:
    """A signature that the caller made, as plain data: a mapping, or MLflow's ``ModelSignature``.

    Raises:
        UsageError: It is neither.
    """
    if hasattr(signature, "to_dict"):
        signature = signature.to_dict()
    if not isinstance(signature, Mapping):
        raise UsageError(
            f"a signature cannot be {type(signature).__name__}",
            'give {"inputs": [{"name": …, "type": "double"}], "outputs": […]} or leave it out',
        )
    parts = {key: signature[key] for key in ("inputs", "outputs", "params") if signature.get(key)}
    try:
        # MLflow keeps each part as JSON text
        return {key: json.loads(part) if isinstance(part, str) else part for key, part in parts.items()}
    except ValueError as error:
        raise UsageError(f"the signature is not JSON ({error})") from error


def columns(signature: Mapping[str, Any]) -> dict[str, str]:
    """The names of the input columns with their types; empty when the input is not a table with names."""
    return {str(item["name"]): str(item.get("type", "")) for item in signature.get("inputs", ()) if item.get("name")}
