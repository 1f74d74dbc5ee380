"""A body that is a table, as the data frame that the model takes: columns by name, values in the signature's types.

What the signature does not name is left out, what it requires must be there. Knows no model. pandas is loaded with
the first table.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlops_tui.serve import enforcement
from mlops_tui.serve.bodies import CSV, PARQUET, RECORDS, SPLIT, Body
from mlops_tui.serve.faults import Fault, because
from mlops_tui.serve.schemas import ANY, NUMPY_TYPES, Column, Schema, Tensor

if TYPE_CHECKING:
    import pandas as pd


def take(body: Body, schema: Schema) -> Any:
    """The model's input in a table.

    Returns:
        A DataFrame; for a signature of tensors the array or arrays that it asks for.

    Raises:
        Fault: It is no table, a value is not of its column's type, or a column is missing.
    """
    quick = _numbers(body, schema)
    if quick is not None:
        return quick
    table = _READ[body.form](body.data, schema)
    if body.form in (SPLIT, RECORDS):
        _cast(table, schema)
    return enforcement.enforce(table, schema)


def _numbers(body: Body, schema: Schema) -> pd.DataFrame | None:
    """The table where all is as most requests have it: a rectangle of numbers of one type, columns by name.

    Ten times faster than column by column. Returns None for any other body, right or wrong.
    """
    if not schema.names or not schema.common_dtype or not body.data:
        return None
    import numpy as np
    import pandas as pd

    names = schema.names
    try:
        if body.form == SPLIT and body.data.keys() == {"columns", "data"}:
            given = body.data["columns"]
            values = np.array(body.data["data"], dtype=schema.common_dtype)
            if values.ndim != 2 or values.shape[1] != len(given) or len(set(given)) < len(given):
                return None
            if tuple(given) != names:
                values = values[:, [given.index(name) for name in names]]
        elif body.form == RECORDS:
            rows = [[record[name] for name in names] for record in body.data]
            values = np.array(rows, dtype=schema.common_dtype)
        else:
            return None
        return pd.DataFrame(values, columns=list(names)) if values.ndim == 2 else None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


def _split(data: Any, schema: Schema) -> pd.DataFrame:
    import pandas as pd

    if not isinstance(data, dict):
        raise Fault(f"Invalid input. Dataframe split format must be a dictionary. Got {_kind(data)}.")
    if "data" not in data or set(data) - {"columns", "data", "index"}:
        raise Fault(
            "Invalid input. Dataframe split format must have 'data' field and optionally 'columns' and 'index' "
            f"fields. Got {', '.join(sorted(data)[:8]) or 'none'}."
        )
    columns = data.get("columns")
    if schema.names and isinstance(columns, list):
        twice = [name for name in schema.names if columns.count(name) > 1]
        if twice:
            raise Fault(f"Invalid input. The column {twice[0]!r} is there twice in dataframe_split.")
    rows = data["data"]
    if isinstance(rows, list) and len({len(row) for row in rows if isinstance(row, list)}) > 1:
        raise Fault("Invalid input. The rows of dataframe_split are not equally long.")
    try:
        return pd.DataFrame(index=data.get("index"), columns=columns, data=rows)
    except Exception as error:  # whatever pandas raises on what is no table
        raise _no_table("dataframe_split", error) from error


def _records(data: Any, _: Schema) -> pd.DataFrame:
    import pandas as pd

    if not isinstance(data, list):
        raise Fault(f"Invalid input. Dataframe records format must be a list of records. Got {_kind(data)}.")
    if len({len(row) for row in data if isinstance(row, list)}) > 1:
        raise Fault("Invalid input. The rows of dataframe_records are not equally long.")
    try:
        return pd.DataFrame(data=data)
    except Exception as error:  # whatever pandas raises on what is no table
        raise _no_table("dataframe_records", error) from error


def _csv(text: str, schema: Schema) -> pd.DataFrame:
    import pandas as pd

    # columns without names are those of that place
    dtypes: dict[Any, Any] = {
        column.name or place: _pandas_type(column) for place, column in enumerate(schema.columns) if column.type != ANY
    } | {tensor.name: tensor.dtype for tensor in schema.tensors if tensor.name}
    try:
        return pd.read_csv(io.StringIO(text), dtype=dtypes or None)
    except Exception as error:  # whatever pandas raises on what is no CSV
        raise Fault(f"Failed to parse input as a Pandas DataFrame. Error: {because(error)}") from error


def _parquet(content: bytes, _: Schema) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(io.BytesIO(content))
    except Exception as error:  # whatever pyarrow raises on what is no Parquet
        raise Fault(f"Failed to parse input as a Pandas DataFrame. Error: {because(error)}") from error


_READ: dict[str, Callable[[Any, Schema], pd.DataFrame]] = {
    SPLIT: _split,
    RECORDS: _records,
    CSV: _csv,
    PARQUET: _parquet,
}


def _cast(table: pd.DataFrame, schema: Schema) -> None:
    """Gives the columns that the signature knows its types, as far as JSON could not say them."""
    inputs: tuple[Column | Tensor, ...] = schema.columns or schema.tensors
    if schema.names:
        pairs: list[tuple[Any, Column | Tensor]] = list(zip(schema.names, inputs, strict=True))
    elif schema.tensors:
        pairs = [(name, inputs[0]) for name in table.columns]
    else:
        pairs = list(zip(table.columns, inputs, strict=False))
    for name, one in pairs:
        if name not in table.columns:
            continue
        try:
            table[name] = _converted(table[name], one)
        except Exception as error:  # whatever a conversion of a stranger's values raises
            kind = one.type if isinstance(one, Column) else one.dtype
            raise Fault(
                "Invalid input. Data is not compatible with model signature. "
                f"Failed to convert column {name} to type {kind!r}. Error: {because(error)}"
            ) from error


def _converted(values: Any, one: Column | Tensor) -> Any:
    import pandas as pd

    if isinstance(one, Tensor):
        # a column of lists gets its type with its shape
        return values if isinstance(values.iloc[0], list) else values.astype(one.dtype)
    if one.type == ANY or (one.type == "string" and isinstance(values.dtype, pd.StringDtype)):
        return values
    if one.type == "binary":
        return values.map(lambda text: base64.decodebytes(bytes(text, "utf8")))
    if one.type == "datetime":
        return pd.to_datetime(values).dt.as_unit("ns")
    return values.astype(_pandas_type(one))


def _pandas_type(column: Column) -> str:
    return "object" if column.type in ("string", "binary") else NUMPY_TYPES[column.type]


def _kind(data: Any) -> str:
    return {"list": "list", "dict": "dictionary"}.get(type(data).__name__, f"type {type(data).__name__}")


def _no_table(form: str, error: Exception) -> Fault:
    return Fault(f"Invalid input. Provided {form} field is not a valid dataframe representation. {because(error)}")
