"""Quality of a window's rows: how many there are, which of them repeat others, and how old the newest is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlops_store.records import Measure
from mlops_tui import quantities
from mlops_tui.drift import titles
from mlops_tui.drift.quality.finding import Finding, chance, threshold
from mlops_tui.drift.samples import Numbers, numbers

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.config.monitor_quality import QualityConfig
    from mlops_tui.drift.checks.examined import Examined

#: So many earlier windows say how many rows are usual.
EARLIER_WINDOWS = 8
#: Twice or half as many rows as usual are no longer usual, …
_LARGE_FACTOR = 2.0
#: … nor is less than this far beyond the most and the fewest that there were, …
_BEYOND_EARLIER = 1.25
#: … nor less than so many standard deviations of their logarithm.
_DEVIATIONS = 5.0
#: Ids that stand twice are told from this share of the rows on.
REPEATED_IDS = 0.01


def findings(examined: Examined) -> Iterator[Finding]:
    """The figures of the window's rows."""
    bounds = examined.monitor.quality
    yield row_count(examined.row_count, examined.earlier_rows, bounds)
    if examined.is_sampled:
        why = {"why": "rows chosen by chance do not show which of all rows repeat others"}
        yield Finding(Measure("quality", "duplicate_share", count=len(examined.frame), detail=why), 1.0)
    else:
        yield _duplicates(examined, bounds)
        for name in bounds.unique:
            if name in examined.frame.columns:
                yield _repeated(name, examined.frame[name])
        yield from _ids(examined)
    for name, age_s in bounds.fresh.items():
        if name in examined.frame.columns:
            yield _age(name, examined.frame[name], examined.delivered_at, age_s)


def row_count(rows: int, earlier: Sequence[int], bounds: QualityConfig) -> Finding:
    """The number of rows beside that of earlier windows.

    Args:
        rows: The window's.
        earlier: Those of the windows before it.
        bounds: The project's own.
    """
    usual = None
    low, high = bounds.min_rows, bounds.max_rows
    if len(earlier) >= EARLIER_WINDOWS:
        logs = np.log(np.maximum(1, np.array(earlier, dtype=np.float64)))
        middle = float(np.median(logs))
        usual = math.exp(middle)
        # 1.4826 makes the median deviation that of a normal distribution
        far = max(math.log(_LARGE_FACTOR), _DEVIATIONS * 1.4826 * float(np.median(np.abs(logs - middle))))
        margin = math.log(_BEYOND_EARLIER)
        low = math.floor(math.exp(min(middle - far, logs.min() - margin))) if low is None else low
        high = math.ceil(math.exp(max(middle + far, logs.max() + margin))) if high is None else high
    is_few, is_many = low is not None and rows < low, high is not None and rows > high
    measure = Measure(
        "quality", "row_count", value=float(rows), reference=usual, is_breach=is_few or is_many, count=rows,
        threshold=_plain(high if is_many else low), detail={"low": low, "high": high, "windows": len(earlier)},
    )  # fmt: skip
    own = bounds.min_rows if is_few else bounds.max_rows
    if own is None:
        told = f"{rows:,}, usually about {usual or 0:,.0f}"
    else:
        told = f"{rows:,}, {'at least' if is_few else 'at most'} {own:,} wanted"
    return Finding(measure, heading="few rows" if is_few else "many rows", told=told)


def _duplicates(examined: Examined, bounds: QualityConfig) -> Finding:
    frame, reference = examined.frame, examined.reference.frame
    common = [name for name in frame.columns if name in reference.columns]
    try:
        keys, keys_before = _keys(frame), _keys(reference[common] if common else reference)
    except TypeError:  # lists and the like have no hash
        why = {"why": "some values cannot be compared with each other"}
        return Finding(Measure("quality", "duplicate_share", count=len(frame), detail=why), 1.0)
    rows, rows_before = len(keys), len(keys_before)
    repeats, repeats_before = rows - _distinct(keys), rows_before - _distinct(keys_before)
    share, before = repeats / rows, repeats_before / rows_before
    expected = before
    if rows > rows_before and repeats_before:
        # more rows meet more often: pairs that are equal, in as many pairs as this window has
        _, counts = np.unique(keys_before, return_counts=True)
        equal = float((counts * (counts - 1.0)).sum()) / (rows_before * (rows_before - 1.0))
        expected = max(before, min(1.0, equal * (rows - 1) / 2))
    bound = bounds.max_duplicates
    limit = threshold(expected) if bound is None else bound
    is_large = share >= limit > expected if bound is None else share > limit
    # rows that repeat come in groups: of few columns or of a delivery that came twice
    p_value = chance(repeats, rows, expected * rows_before, rows_before) if is_large and bound is None else 0.0
    measure = Measure(
        "quality", "duplicate_share", value=share, reference=before, threshold=limit, is_breach=is_large, count=rows
    )
    told = f"{before:.0%} → {share:.0%} of the rows"
    return Finding(measure, p_value if is_large else 1.0, "repeated rows", told)


def _ids(examined: Examined) -> Iterator[Finding]:
    """Columns of whole numbers or texts that never repeat a value in the reference."""
    reference = examined.reference.frame
    for known in examined.prepared.features:
        name = known.name
        if name not in examined.frame.columns or name in examined.monitor.quality.unique:
            continue
        if isinstance(known.sample, Numbers):
            sample = known.sample
            is_id = sample.is_integer and sample.count > 1 and bool((sample.values[1:] > sample.values[:-1]).all())
        else:
            is_id = known.kind == "text" and bool(reference[name].is_unique)
        if is_id:
            yield _repeated(name, examined.frame[name], len(reference))


def _repeated(name: str, column: pd.Series[Any], reference_rows: int | None = None) -> Finding:
    """How many rows repeat an id; against so many rows of the reference that do not, or as the project demands."""
    values = column.dropna()
    try:
        rows, repeats = len(values), int(values.duplicated().sum())
    except TypeError:  # lists and the like have no hash
        why = {"why": "some values cannot be compared with each other"}
        return Finding(Measure("quality", "repeated_share", name, count=len(values), detail=why), 1.0)
    share, p_value = repeats / max(1, rows), 0.0
    is_large = repeats > 0
    if reference_rows is not None:
        is_large = share >= REPEATED_IDS
        # no pair of the reference's rows is equal: how likely are so many of the window's pairs, when any may be
        pairs, pairs_before = rows * (rows - 1.0), reference_rows * (reference_rows - 1.0)
        p_value = (pairs / (pairs + pairs_before)) ** repeats if is_large else 1.0
    measure = Measure(
        "quality", "repeated_share", name, share, reference=None if reference_rows is None else 0.0,
        threshold=0.0 if reference_rows is None else REPEATED_IDS, is_breach=is_large, count=rows,
    )  # fmt: skip
    told = f"{titles.name(name)} {share:.0%} of the rows" if share >= 0.01 else f"{titles.name(name)} {repeats} rows"
    return Finding(measure, p_value, "repeated ids", told)


def _age(name: str, column: pd.Series[Any], delivered_at: float, most_s: float) -> Finding:
    newest, count = _newest(column)
    if newest is None:
        why = {"why": "none of its values is a time"}
        measure = Measure("quality", "age_s", name, threshold=most_s, is_breach=True, detail=why)
        return Finding(measure, heading="not fresh", told=f"{titles.name(name)} holds no times")
    age_s = delivered_at - newest
    measure = Measure("quality", "age_s", name, age_s, threshold=most_s, is_breach=age_s > most_s, count=count)
    told = f"the newest {titles.name(name)} was {quantities.time_text(round(max(0.0, age_s)))} old"
    return Finding(measure, heading="not fresh", told=told)


def _newest(column: pd.Series[Any]) -> tuple[float | None, int]:
    """The newest time as Unix seconds, which numbers are taken for, and how many times there are."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column.dtype):
        values = numbers(column).values
        return (float(values[-1]) if len(values) else None), len(values)
    times = pd.to_datetime(column, errors="coerce", utc=True, format="mixed").dropna()
    return (times.max().timestamp() if len(times) else None), len(times)


def _keys(frame: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """A hash of each row: equal rows have the same, others with a chance of 2 to the power of -64 a pair."""
    import pandas as pd

    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64)


def _distinct(keys: npt.NDArray[np.uint64]) -> int:
    return len(np.unique(keys))


def _plain(value: float | None) -> float | None:
    return None if value is None else float(value)
