"""When rows are from: a column of dates as Unix seconds, and the windows of time that they fall into.

Windows are cut in UTC; those of whole weeks begin on a Monday.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.samples import FloatArray

DAY_S = 86400.0
WEEK_S = 7 * DAY_S
#: The first Monday of Unix time.
_MONDAY_S = 4 * DAY_S
#: Numbers count seconds since 1970 up to 1e11, then milliseconds, microseconds and nanoseconds; below, they are none.
_SMALLEST = 1e8
_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (math.inf, 1e9))


def seconds(column: pd.Series[Any]) -> FloatArray:
    """The column as Unix seconds; NaN where a value is no point in time.

    Dates and times, ISO 8601 text (UTC where no zone is written), and numbers since 1970 in seconds to nanoseconds.
    """
    import numpy as np
    import pandas as pd
    from pandas.api import types

    if types.is_bool_dtype(column.dtype):
        return np.full(len(column), np.nan)
    if types.is_numeric_dtype(column.dtype):
        return _since_1970(column.to_numpy(dtype=np.float64, na_value=np.nan))
    if not types.is_datetime64_any_dtype(column.dtype):
        found = pd.to_numeric(column.astype(object), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isfinite(found).any() and np.isfinite(found).sum() * 2 > column.notna().sum():
            return _since_1970(found)
        text = column.map(lambda value: None if value is None or value is pd.NaT else str(value), na_action="ignore")
        column = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    moments = pd.DatetimeIndex(column)
    moments = moments.tz_convert("UTC").tz_localize(None) if moments.tz is not None else moments
    values = moments.as_unit("ns").asi8.astype(np.float64) / 1e9
    values[moments.isna()] = np.nan
    return values


def _since_1970(values: FloatArray) -> FloatArray:
    import numpy as np

    found = np.where(np.isfinite(values) & (values >= _SMALLEST), values, np.nan)
    known = found[np.isfinite(found)]
    if not len(known):
        return found
    typical = float(np.median(known))
    return np.asarray(found / next(factor for most, factor in _UNITS if typical < most), dtype=np.float64)


def starts(moments: FloatArray, length_s: float) -> FloatArray:
    """Where the windows begin that moments fall into; NaN stays NaN."""
    import numpy as np

    shift = _MONDAY_S if length_s % WEEK_S == 0 else 0.0
    return np.asarray(np.floor((moments - shift) / length_s) * length_s + shift, dtype=np.float64)


def title(start: float, length_s: float) -> str:
    """The name of a window of time: ``2026-11-26``, ``2026-11-26 17:00``, or to the second; in UTC."""
    moment = datetime.fromtimestamp(start, UTC)
    if length_s % DAY_S == 0:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%d %H:%M}" if length_s % 60 == 0 else f"{moment:%Y-%m-%d %H:%M:%S}"
