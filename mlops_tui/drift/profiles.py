"""Reference profiles: what the data of a model looked like, kept with the model's version.

A profile has a summary of each column (a few KB) and a sample of the rows as a Parquet object, so that exact
two-sample statistics stay possible. The sample holds every row up to a cap, beyond it a seeded random choice; the
summary is of all rows and says which of both it was.
"""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

from mlops_store.errors import UsageError
from mlops_store.texts import storable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from mlops_store.records import Profile
    from mlops_store.store import Store
    from mlops_tui.drift.sketches.table import TableSketch

#: Rows that a sample holds at most.
SAMPLE_ROWS = 100_000
SAMPLE_SEED = 0
#: A column with fewer reference values than this is not compared.
SMALLEST_REFERENCE = 30


def save(
    store: Store, frame: pd.DataFrame, name: str, prediction: str | None = None, *, all_rows: TableSketch | None = None
) -> int:
    """Builds and keeps the profile of a frame; the same data is kept once.

    Args:
        store: Where to keep it.
        frame: One row an example: the features, and the model's predictions where they are known.
        name: What a person calls it.
        prediction: The column that holds the predictions.
        all_rows: What is known of all rows, where the frame has some of them only, chosen by chance.

    Returns:
        The profile's id.

    Raises:
        UsageError: The frame has no rows or columns, a name twice, or no such prediction column.
    """
    from mlops_store.drift import add_profile

    kept = keep(store.objects_dir, frame, name, prediction, all_rows=all_rows)
    with store.write() as db:
        return add_profile(db, **kept)


def keep(
    objects_dir: str,
    frame: pd.DataFrame,
    name: str,
    prediction: str | None = None,
    *,
    all_rows: TableSketch | None = None,
) -> dict[str, Any]:
    """Builds a profile and stores its sample and the profile that merges, but leaves the row to the caller.

    Returns:
        ``digest``, ``name``, ``row_count``, ``summary`` and ``sample_digest``: what ``drift.add_profile`` takes.

    Raises:
        UsageError: See ``save``.
    """
    from mlops_store.artifacts import put_bytes
    from mlops_tui.drift.sketches import frames, packing

    summary, sample = build(frame, prediction)
    if all_rows is not None:
        summary |= {"rows": all_rows.rows, "sample_seed": SAMPLE_SEED}
    merging = packing.packed(all_rows or frames.of_frame(frame))
    summary["merging"], _ = put_bytes(objects_dir, merging)
    sample_digest, _ = put_bytes(objects_dir, sample)
    text = json.dumps(summary, sort_keys=True, allow_nan=False)
    return {
        "digest": hashlib.sha256(f"{text}\0{sample_digest}".encode()).hexdigest(),
        "name": name,
        "row_count": summary["rows"],
        "summary": summary,
        "sample_digest": sample_digest,
    }


def build(
    frame: pd.DataFrame, prediction: str | None = None, *, sample_rows: int = SAMPLE_ROWS
) -> tuple[dict[str, Any], bytes]:
    """The summary of a frame and its sample as Parquet.

    Args:
        frame: One row an example.
        prediction: The column that holds a model's predictions.
        sample_rows: Rows to keep at most.

    Returns:
        ``{"rows", "sample_rows", "sample_seed", "is_small", "prediction", "columns": {name: …}}`` with, for each
        column, its kind, type, counts and what ``summaries`` says of it; and the bytes of the sample.

    Raises:
        UsageError: The frame has no rows or columns, a name twice, or no such prediction column.
    """
    import pandas as pd

    frame = pd.DataFrame(frame)
    frame = frame.set_axis([storable(str(name)) for name in frame.columns], axis="columns")
    _validate(frame, prediction)
    kept = frame if len(frame) <= sample_rows else frame.sample(sample_rows, random_state=SAMPLE_SEED).sort_index()
    seed = None if kept is frame else SAMPLE_SEED
    return described(frame, prediction, sample_rows=len(kept), sample_seed=seed), to_parquet(kept)


def described(
    frame: pd.DataFrame, prediction: str | None, *, sample_rows: int, sample_seed: int | None
) -> dict[str, Any]:
    """What is said of a frame, column by column; see ``build``."""
    return {
        "version": 1,
        "rows": len(frame),
        "sample_rows": sample_rows,
        "sample_seed": sample_seed,
        "is_small": len(frame) < SMALLEST_REFERENCE,
        "prediction": prediction,
        "columns": {str(name): _summary(frame[name]) for name in frame.columns},
    }


def merging(store: Store, profile: Profile) -> TableSketch:
    """The profile of all rows, which can be put together with others.

    Raises:
        UsageError: It was kept by an older version of the program, or its object is gone or damaged.
    """
    from mlops_store.artifacts import object_path
    from mlops_tui.drift.sketches import packing

    digest = profile.summary.get("merging")
    if digest is None:
        raise UsageError(f"{profile.name!r} was kept without a profile that merges", "register the model again")
    try:
        with open(object_path(store.objects_dir, digest), "rb") as file:
            return packing.unpacked(file.read())
    except OSError as error:
        raise UsageError(f"the profile of {profile.name!r} cannot be read ({error.strerror})") from error


def sample(store: Store, profile: Profile) -> pd.DataFrame:
    """The rows that were kept with a profile.

    Raises:
        UsageError: The profile has no sample, or its object is gone or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from mlops_store.artifacts import object_path

    hint = "register the model again with its reference data"
    if profile.sample_digest is None:
        raise UsageError(f"the profile {profile.name!r} has no sample of rows", hint)
    try:
        table = pq.ParquetFile(object_path(store.objects_dir, profile.sample_digest)).read()
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"the sample of the profile {profile.name!r} cannot be read ({error})", hint) from error
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    return frame


def to_parquet(frame: pd.DataFrame) -> bytes:
    """The frame's columns as a Parquet file; columns that Parquet cannot hold become text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = [to_arrow(frame[name]) for name in frame.columns]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, names=list(frame.columns)), out, compression="zstd")
    return out.getvalue()


def to_arrow(column: pd.Series[Any]) -> pa.Array:
    """A column as Parquet can hold it; what it cannot becomes text."""
    import pyarrow as pa

    from mlops_tui.drift.samples import label

    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        names = (label(value) for value in column)
        return pa.array(list(names), type=pa.string())


def _summary(column: pd.Series[Any]) -> dict[str, Any]:
    from mlops_tui.drift import kinds, summaries
    from mlops_tui.drift.samples import labels, numbers

    kind = kinds.infer(column)
    summary: dict[str, Any] = {"kind": kind, "type": str(column.dtype), "is_counter": kinds.is_counter(column)}
    if kind == "numerical":
        values = numbers(column)
        return summary | summaries.of_numbers(values, summaries.edges(values))
    if kind == "categorical":
        names = labels(column)
        return summary | summaries.of_labels(names, summaries.commonest(names))
    missing = int(column.isna().sum())
    return summary | {"count": len(column) - missing, "missing": missing, "note": kinds.UNCHECKED[kind]}


def _validate(frame: pd.DataFrame, prediction: str | None) -> None:
    if not len(frame.columns):
        raise UsageError("the reference has no columns")
    if not len(frame):
        raise UsageError("the reference has no rows")
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise UsageError(f"the reference has two columns called {repeated[0]!r}", "rename one of them")
    if prediction is not None and prediction not in frame.columns:
        raise UsageError(f"the reference has no column {prediction!r} for the predictions")
