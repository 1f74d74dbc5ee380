"""Requests of one row each as one table, and the predictions of that as one each: a model costs as much for both.

Pure. Whether a model answers the same for rows alone and together has to be seen: some look at all rows at once, and
sums of floating-point numbers may end in another bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: So many rows are tried together, besides two.
_TRIED_ROWS = 32


def is_one_row(data: Any) -> bool:
    """Whether a request is of one row, in a form that can be joined: a table or an array."""
    is_table = hasattr(data, "iloc") and hasattr(data, "columns")
    return (is_table or getattr(data, "ndim", 0) > 0) and len(data) == 1


def kind(data: Any) -> tuple[Any, ...]:
    """What two requests of one row have to have in common to be joined."""
    if hasattr(data, "iloc"):
        return ("table", tuple(data.columns), tuple(data.dtypes))
    return ("array", data.dtype, data.shape)


def joined(rows: Sequence[Any]) -> Any:
    """Rows of one kind, one below the other."""
    import numpy as np
    import pandas as pd

    first = rows[0]
    if not hasattr(first, "iloc"):
        return np.concatenate(rows)
    dtypes = set(first.dtypes)
    if len(dtypes) == 1 and getattr(dtypes.pop(), "kind", "O") in "biuf":  # ten times faster than concat
        values = np.concatenate([row.to_numpy() for row in rows])
        return pd.DataFrame(values, columns=first.columns)
    return pd.concat(rows, ignore_index=True)


def parted(predictions: Any, count: int) -> list[Any] | None:
    """The predictions of each row, as the model gives them for a row alone; None where they are not one for each."""
    if not hasattr(predictions, "__len__") or not getattr(predictions, "shape", True) or len(predictions) != count:
        return None
    if hasattr(predictions, "iloc"):
        return [predictions.iloc[place : place + 1].reset_index(drop=True) for place in range(count)]
    if isinstance(predictions, str | bytes | dict):
        return None
    return [predictions[place : place + 1] for place in range(count)]


def is_row_by_row(predict: Callable[[Any], Any], example: Any) -> bool:
    """Whether a model was seen to answer each row the same, bit by bit, alone and among others.

    Args:
        predict: The model.
        example: Some rows as it takes them; None or none of them says nothing.
    """
    if not hasattr(example, "iloc") or not len(example):
        return False
    try:
        alone = [predict(example.iloc[place : place + 1].reset_index(drop=True)) for place in range(len(example))]
        for count in (2, _TRIED_ROWS):
            places = [place % len(example) for place in range(count)]
            together = parted(predict(_picked(example, places)), count)
            if together is None or not all(
                _is_same(one, alone[place]) for one, place in zip(together, places, strict=True)
            ):
                return False
    except (Exception, SystemExit):  # a model may raise what it likes, and will be told of when it is asked
        return False
    return True


def _picked(example: pd.DataFrame, places: Sequence[int]) -> pd.DataFrame:
    return example.iloc[list(places)].reset_index(drop=True)


def _is_same(one: Any, other: Any) -> bool:
    from mlops_tui.serve import answers

    if type(one) is not type(other) or getattr(one, "dtype", None) != getattr(other, "dtype", None):
        return False
    return answers.encoded(one) == answers.encoded(other)
