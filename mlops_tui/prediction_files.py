"""The file that ``log_predictions`` writes and comparisons read: Parquet, a row for each prediction.

Columns are ``id`` (where ids were given), ``y_true``, ``y_pred``, ``y_score`` (where scores were given) and
``slice:NAME``. Every column is 64-bit whole numbers, doubles, or texts by a dictionary; what is missing is NaN or null.
What kind of predictions these are stands under ``mlops.predictions`` in the schema's metadata, as JSON.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Where the files of a run lie among its artifacts, and how they end.
FOLDER, ENDING = "predictions/", ".parquet"
TASKS = ("classification", "regression")
_METADATA = b"mlops.predictions"
_SLICE = "slice:"
#: Characters kept of a label, an id or a value of a slice.
_TEXT_LIMIT = 500
#: Numbers from here on are as good as infinite to whoever judges predictions: their squares have to be finite.
LARGEST = 1e150
_SIGNED_64 = 1 << 63


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts: the number of each row's text, -1 where there is none, and the texts."""

    codes: npt.NDArray[np.int32]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a run predicted, row by row.

    Attributes:
        task: 'classification' or 'regression'.
        truth: What was to be predicted.
        predicted: What was predicted, in the order of ``truth``.
        ids: What names each row; None where rows were logged without ids.
        scores: Shape (n,), the probability of the greater of two labels, or (n, k) of each of ``labels``.
        labels: The labels in the order of ``scores``.
        slices: Further facts about each row, by name.
    """

    task: str
    truth: npt.NDArray[Any] | Texts
    predicted: npt.NDArray[Any] | Texts
    ids: npt.NDArray[Any] | Texts | None = None
    scores: npt.NDArray[np.float64] | None = None
    labels: tuple[str, ...] = ()
    slices: Mapping[str, npt.NDArray[Any] | Texts] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.truth)


def path_of(name: str) -> str:
    """The artifact that holds the predictions of that name."""
    return f"{FOLDER}{name}{ENDING}"


def name_of(path: str) -> str:
    """The name of the predictions that an artifact holds; "" for other artifacts."""
    is_one = path.startswith(FOLDER) and path.endswith(ENDING)
    return path[len(FOLDER) : -len(ENDING)] if is_one else ""


def encode(
    truth: Any,
    predicted: Any,
    ids: Any = None,
    scores: Any = None,
    labels: Sequence[Any] | None = None,
    slices: Any = None,
    task: str | None = None,
) -> bytes:
    """The bytes of the file; loads pyarrow, and not pandas.

    Args:
        truth: A list, array, series or tensor.
        predicted: As many.
        ids: As many, or None.
        scores: As many, each a number or a row of numbers, or None.
        labels: What the columns of ``scores`` stand for.
        slices: Columns by name: a mapping or a DataFrame, or None.
        task: 'classification' or 'regression'; by default regression where a number has a fraction, which is
            scikit-learn's rule (``type_of_target``).

    Raises:
        ValueError: The lengths differ, or something is no column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"y_true": _column(truth), "y_pred": _column(predicted)}
    if ids is not None:
        columns = {"id": _as_names(_column(ids, is_name=True)), **columns}
    if slices is not None:
        columns |= {f"{_SLICE}{str(name)[:_TEXT_LIMIT]}": _column(slices[name]) for name in slices}
    count = len(columns["y_true"])
    for name, column in columns.items():
        if len(column) != count:
            raise ValueError(f"{name} has {len(column)} rows, y_true {count}")
    chosen = task or _task(columns["y_true"], columns["y_pred"])
    if chosen not in TASKS:
        raise ValueError(f"task is {chosen!r}, not {' or '.join(TASKS)}")
    if chosen == "regression":
        for name in ("y_true", "y_pred"):
            if isinstance(columns[name], Texts):
                raise ValueError(f"{name} of a regression must be numbers")
    arrays = {name: _arrow(column) for name, column in columns.items()}
    if scores is not None:
        arrays["y_score"] = _scores(scores, count)
    facts = {"version": 1, "task": chosen, "labels": [str(label) for label in labels or ()]}
    schema = pa.schema([(name, column.type) for name, column in arrays.items()])
    table = pa.Table.from_arrays(
        list(arrays.values()), schema=schema.with_metadata({_METADATA: json.dumps(facts).encode()})
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    written: bytes = sink.getvalue().to_pybytes()
    return written


def decode(data: bytes) -> Predictions:
    """The predictions that a file holds.

    Raises:
        ValueError: It is not such a file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data))
        facts = json.loads(table.schema.metadata[_METADATA])
        columns = {name: _read(table.column(name)) for name in table.column_names if name != "y_score"}
        scores = _read_scores(table.column("y_score")) if "y_score" in table.column_names else None
        return Predictions(
            task=str(facts["task"]),
            truth=columns["y_true"],
            predicted=columns["y_pred"],
            ids=columns.get("id"),
            scores=scores,
            labels=tuple(map(str, facts["labels"])),
            slices={name.removeprefix(_SLICE): column for name, column in columns.items() if name.startswith(_SLICE)},
        )
    except (pa.ArrowException, OSError, KeyError, TypeError) as error:
        raise ValueError(f"not a file of predictions ({type(error).__name__})") from error


def _column(values: Any, *, is_name: bool = False) -> npt.NDArray[Any] | Texts:
    """Whatever holds values as whole numbers, as doubles, or as texts; ``is_name`` as of ``_mixed``."""
    import numpy as np

    if hasattr(values, "detach"):  # a tensor of PyTorch, which may be elsewhere than in memory
        values = values.detach().cpu()
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if not hasattr(values, "__array__"):
        return _mixed(list(values), is_name=is_name)
    found = np.asarray(values)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found.ravel()
    if found.ndim != 1:
        raise ValueError(f"a column has one dimension, not {found.ndim}")
    if found.dtype.kind in "bi" or (found.dtype.kind == "u" and found.dtype.itemsize < 8):
        return found.astype(np.int64)
    if found.dtype.kind == "f":
        return found.astype(np.float64)
    return _mixed(found.tolist(), is_name=is_name)


def _mixed(values: list[Any], *, is_name: bool = False) -> npt.NDArray[Any] | Texts:
    """Values of any types in the narrowest column that holds them all.

    Whole numbers that 64 bits do not hold, or some of which are missing, become doubles; texts, where they are names:
    those are exact.
    """
    import numpy as np

    plain = [value.item() if isinstance(value, np.generic) else value for value in values]
    known = [value for value in plain if not _is_missing(value)]
    if any(isinstance(value, list | tuple | dict) for value in known):
        raise ValueError("a column has one dimension")
    if known and all(isinstance(value, int) for value in known):
        if len(known) == len(plain) and all(-_SIGNED_64 <= value < _SIGNED_64 for value in known):
            return np.array([int(value) for value in plain], dtype=np.int64)
        return _coded(plain) if is_name else _doubles(plain)
    if all(isinstance(value, int | float) for value in known):
        return _doubles(plain)
    return _coded(plain)


def _coded(values: list[Any]) -> Texts:
    import numpy as np

    codes: dict[str, int] = {}
    numbers = [-1 if _is_missing(value) else codes.setdefault(_text(value), len(codes)) for value in values]
    return Texts(np.array(numbers, dtype=np.int32), tuple(codes))


def _doubles(values: list[Any]) -> npt.NDArray[np.float64]:
    import numpy as np

    return np.array([float("nan") if _is_missing(value) else float(value) for value in values], dtype=np.float64)


def _is_missing(value: Any) -> bool:
    return value is None or value is not value or type(value).__name__ in ("NAType", "NaTType") or _is_nan(value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value


def _text(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text[:_TEXT_LIMIT].encode("utf-8", "replace").decode("utf-8")


def _as_names(column: npt.NDArray[Any] | Texts) -> npt.NDArray[Any] | Texts:
    """A column that tells rows apart: doubles become whole numbers, or texts where some are missing or no such ones."""
    import numpy as np

    if isinstance(column, Texts) or column.dtype.kind != "f":
        return column
    is_known = ~np.isnan(column)
    known = column[is_known]
    is_whole = bool((np.isfinite(known) & (known == np.floor(known)) & (abs(known) < 2**53)).all())
    if is_whole and len(column) and is_known.all():
        return column.astype(np.int64)
    # whole numbers are written as those of a run that misses none
    return _coded([None if value != value else int(value) if is_whole else repr(value) for value in column.tolist()])


def _task(truth: npt.NDArray[Any] | Texts, predicted: npt.NDArray[Any] | Texts) -> str:
    import numpy as np

    for column in (truth, predicted):
        if not isinstance(column, Texts) and column.dtype.kind == "f":
            finite = column[np.isfinite(column)]
            if (finite != np.floor(finite)).any():
                return "regression"
    return "classification"


def _arrow(column: npt.NDArray[Any] | Texts) -> Any:
    """A column for pyarrow, made from memory: ``pa.array`` would load pandas."""
    import numpy as np
    import pyarrow as pa

    if not isinstance(column, Texts):
        kind = pa.float64() if column.dtype.kind == "f" else pa.int64()
        return pa.Array.from_buffers(kind, len(column), [None, pa.py_buffer(np.ascontiguousarray(column))])
    encoded = [text.encode("utf-8") for text in column.texts]
    offsets = array("i", [0])
    for text in encoded:
        offsets.append(offsets[-1] + len(text))
    texts = pa.Array.from_buffers(
        pa.string(), len(encoded), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    )
    is_there = np.packbits(column.codes >= 0, bitorder="little")
    codes = pa.Array.from_buffers(
        pa.int32(),
        len(column),
        [pa.py_buffer(is_there), pa.py_buffer(np.ascontiguousarray(np.maximum(column.codes, 0)))],
    )
    return pa.DictionaryArray.from_arrays(codes, texts, safe=False)


def _scores(scores: Any, count: int) -> Any:
    import numpy as np
    import pyarrow as pa

    if hasattr(scores, "detach"):
        scores = scores.detach().cpu()
    if hasattr(scores, "to_numpy"):
        scores = scores.to_numpy()
    found = np.ascontiguousarray(scores, dtype=np.float32)
    if found.ndim not in (1, 2) or len(found) != count:
        raise ValueError(f"y_score has the shape {found.shape}, y_true {count} rows")
    flat = pa.Array.from_buffers(pa.float32(), found.size, [None, pa.py_buffer(found.ravel())])
    return flat if found.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, found.shape[1])


def _read(column: Any) -> npt.NDArray[Any] | Texts:
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column.to_numpy()  # type: ignore[no-any-return]
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.unify_dictionaries().chunk(0) if whole.num_chunks else pa.array([], column.type)
    codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return Texts(codes, tuple(map(str, whole.dictionary.to_pylist())))


def _read_scores(column: Any) -> npt.NDArray[np.float64]:
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_fixed_size_list(column.type):
        return np.asarray(column.to_numpy(), dtype=np.float64)
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float64).reshape(-1, column.type.list_size)


__all__ = ["ENDING", "FOLDER", "TASKS", "Predictions", "Texts", "decode", "encode", "name_of", "path_of"]
