"""What a column holds, and so how it can be compared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: Whole numbers with at most this many distinct values are categories.
WHOLE_CATEGORIES = 10

#: Where rows of several windows stand after each other, a count of them begins anew at no more of the rows.
_MOST_RESTARTS = 1 / 30

#: The kinds that methods compare; columns of any other kind are listed as not checked, with the reason.
COMPARABLE = ("numerical", "categorical")

UNCHECKED = {
    "text": "free text (more than half of its values are distinct) is not checked value by value, but by its words",
    "datetime": "dates and times are not checked: they move on by nature",
    "empty": "the reference has no values to compare with",
    "other": "values of this type are not checked",
}

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")


def infer(column: pd.Series[Any]) -> str:
    """The kind of a column: 'numerical', 'categorical', or a key of ``UNCHECKED``.

    Floats are numbers; whole numbers are categories up to 10 distinct values; text is categories unless more than half
    of its values are distinct; booleans are categories.

    Source:
        Evidently 0.7.23, ``infer_column_type``; texts that all look like ISO dates are told apart here in addition.
    """
    from pandas.api import types

    dtype = column.dtype
    if not column.notna().any():
        return "empty"
    if types.is_bool_dtype(dtype) or isinstance(dtype, _categorical_dtype()):
        return "categorical"
    if types.is_integer_dtype(dtype):
        return "categorical" if column.nunique() <= WHOLE_CATEGORIES else "numerical"
    if types.is_float_dtype(dtype):
        return "numerical"
    if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        return "datetime"
    if types.is_numeric_dtype(dtype):
        return "other"  # complex numbers
    return _infer_objects(column)


def _infer_objects(column: pd.Series[Any]) -> str:
    from pandas.api import types

    found = types.infer_dtype(column, skipna=True)
    if found in ("boolean",):
        return "categorical"
    if found in ("decimal", "floating", "integer", "mixed-integer-float"):
        return "numerical"
    if found in ("date", "datetime", "datetime64", "time", "timedelta", "timedelta64", "period", "interval"):
        return "datetime"
    if found not in ("string", "mixed", "mixed-integer", "bytes", "categorical"):
        return "other"
    values = column.dropna()
    try:
        distinct = values.nunique()
    except TypeError:  # lists and dictionaries cannot be hashed
        return "other"
    if found == "string" and all(_DATE.fullmatch(str(value)) for value in values.iloc[:1000]):
        return "datetime"
    return "text" if distinct > len(values) * 0.5 else "categorical"


def is_counter(column: pd.Series[Any]) -> bool:
    """Whether the column counts up by one from row to row, as a row number does."""
    from pandas.api import types

    if not types.is_integer_dtype(column.dtype) or len(column) < 3 or column.hasnans:
        return False
    values = column.to_numpy(dtype="int64", na_value=0)
    return bool((values[1:] - values[:-1] == 1).all())


def was_counter(column: pd.Series[Any]) -> bool:
    """Whether rows of one window or of several, or some rows of them, were counted.

    Windows begin anew or skip numbers, and rows that are left out leave gaps: a count of them hardly ever goes back.
    """
    from pandas.api import types

    if not types.is_integer_dtype(column.dtype) or len(column) < 3 or column.hasnans:
        return False
    values = column.to_numpy(dtype="int64", na_value=0)
    return int((values[1:] <= values[:-1]).sum()) <= len(values) * _MOST_RESTARTS


def family(column: pd.Series[Any]) -> str:
    """'number', 'text', 'boolean', 'date' or 'other': what the values are, whatever they stand for."""
    from pandas.api import types

    dtype = column.dtype
    if types.is_bool_dtype(dtype):
        return "boolean"
    if types.is_numeric_dtype(dtype):
        return "number"
    if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        return "date"
    found = types.infer_dtype(column, skipna=True)
    names = {"string": "text", "boolean": "boolean", "bytes": "text", "date": "date", "datetime": "date"}
    numbers = ("decimal", "floating", "integer", "mixed-integer-float")
    return "number" if found in numbers else names.get(found, "other")


def _categorical_dtype() -> type:
    import pandas as pd

    return pd.CategoricalDtype
