"""Groups of predicted rows by a column that was logged with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlops_store.errors import Refused, nearest
from mlops_tui.prediction_files import LARGEST, Predictions, Texts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: More groups than this are no groups, but a measurement.
MOST = 100


def split(found: Predictions, column: str) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Each group's name and which rows are in it; rows without a value are in none.

    Raises:
        Refused: No such column was logged, or it has too many values.
    """
    import numpy as np

    if column not in found.slices:
        hint = nearest(column, found.slices) or "log it: mlops.log_predictions(y_true, y_pred, ids, slices=frame)"
        raise Refused(f"no column {column!r} was logged with the predictions", hint)
    values = found.slices[column]
    if isinstance(values, Texts):
        codes, names = values.codes.astype(np.int64), list(values.texts)
    else:
        known = np.isfinite(values)
        distinct, inverse = np.unique(values[known], return_inverse=True)
        codes = np.full(len(values), -1, dtype=np.int64)
        codes[known] = inverse
        names = [f"{value:g}" for value in distinct]
    present = np.unique(codes[codes >= 0])
    if len(present) > MOST:
        raise Refused(
            f"{column!r} has {len(present):,} values, more than the {MOST} groups that can be judged",
            "log a column of groups: quantiles, regions, age bands",
        )
    for code in present:
        yield names[code], codes == code


def scores(found: Predictions) -> tuple[npt.NDArray[np.float64], str]:
    """The score of each row, and the name of its mean: right or wrong, or the absolute error.

    It is NaN without a truth, and where it is too large to compute with.
    """
    import numpy as np

    if found.task == "classification":
        truth, predicted = texts(found.truth), texts(found.predicted)
        return np.where(truth == "", np.nan, (truth == predicted).astype(np.float64)), "accuracy"
    numbers: list[Any] = [found.truth, found.predicted]
    with np.errstate(over="ignore", invalid="ignore"):
        errors = np.abs(numbers[1].astype(np.float64) - numbers[0].astype(np.float64))
    return np.where(errors < LARGEST, errors, np.nan), "mean absolute error"


def texts(column: npt.NDArray[Any] | Texts) -> npt.NDArray[Any]:
    """A column of labels as texts; "" where there is none."""
    import numpy as np

    if isinstance(column, Texts):
        return np.array([*column.texts, ""], dtype=object)[column.codes]
    return np.array(["" if value != value else f"{value:g}" for value in column.tolist()], dtype=object)
