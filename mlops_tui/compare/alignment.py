"""Which rows of two runs' predictions belong together, and what had to be left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_tui.prediction_files import LARGEST, Predictions, Texts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Incomparable(Exception):
    """Two runs' predictions cannot be compared; the text says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that two runs have in common.

    Attributes:
        task: 'classification' or 'regression'.
        names: What each row is called: its id, or its number from 0.
        truth: Labels, or numbers.
        first: What the baseline predicted; labels by the same texts as ``truth``.
        second: What the other run predicted.
        at_first: The places of the rows among those of the baseline.
        at_second: The places of the rows among those of the other run.
        left_out: Reason and number of rows that are not compared.
        remarks: Reason and number of rows that are compared, but oddly.
    """

    task: str
    names: npt.NDArray[Any]
    truth: npt.NDArray[Any]
    first: npt.NDArray[Any]
    second: npt.NDArray[Any]
    at_first: npt.NDArray[np.int64]
    at_second: npt.NDArray[np.int64]
    left_out: tuple[tuple[str, int], ...]
    remarks: tuple[tuple[str, int], ...]
    labels: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many rows are compared."""
        return len(self.truth)


def align(first: Predictions, second: Predictions) -> Rows:
    """The rows of two runs side by side.

    Raises:
        Incomparable: They are of different kinds, or nothing says which rows belong together.
    """
    import numpy as np

    task = _task(first, second)
    counts: dict[str, int] = {}
    if first.ids is not None and second.ids is not None:
        at_first, at_second, names = _by_ids(first.ids, second.ids, counts)
    elif first.count != second.count:
        raise Incomparable(f"{first.count:,} and {second.count:,} rows, and no ids that tell which belong together")
    else:
        at_first = at_second = np.arange(first.count)
        names = at_first
    sides = [(first, at_first), (second, at_second)]
    columns = [column for one, at in sides for column in (_taken(one.truth, at), _taken(one.predicted, at))]
    labels: tuple[str, ...] = ()
    truths: tuple[npt.NDArray[Any], npt.NDArray[Any]]
    predicted: tuple[npt.NDArray[Any], npt.NDArray[Any]]
    if task == "classification":
        coded, labels = _joint(columns)
        truths, predicted = (coded[0], coded[2]), (coded[1], coded[3])
        is_known = [codes >= 0 for codes in truths]
    else:
        numbers = [np.asarray(column, dtype=np.float64) for column in columns]
        truths, predicted = (numbers[0], numbers[2]), (numbers[1], numbers[3])
        is_known = [np.abs(column) < LARGEST for column in truths]
    keep = is_known[0] & is_known[1]
    _count(counts, "without a truth", int((~keep).sum()))
    differs = keep & (truths[0] != truths[1])
    if differs.any() and (first.ids is None or second.ids is None):
        raise Incomparable(f"the rows have no ids, and the truth of {int(differs.sum()):,} of them differs")
    _count(counts, "with another truth in either run", int(differs.sum()))
    keep &= ~differs
    remarks: tuple[tuple[str, int], ...] = ()
    if task == "regression":
        is_number = (np.abs(predicted[0]) < LARGEST) & (np.abs(predicted[1]) < LARGEST)
        _count(counts, "without a finite prediction", int((keep & ~is_number).sum()))
        keep &= is_number
    else:
        missing = int((keep & ((predicted[0] < 0) | (predicted[1] < 0))).sum())
        remarks = (("without a prediction in one run, which counts as wrong", missing),) if missing else ()
    if not keep.any():
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
        raise Incomparable(f"no row can be compared: {reasons or 'there are none'}")
    return Rows(
        task=task,
        names=names[keep],
        truth=truths[0][keep],
        first=predicted[0][keep],
        second=predicted[1][keep],
        at_first=at_first[keep],
        at_second=at_second[keep],
        left_out=tuple(counts.items()),
        remarks=remarks,
        labels=labels,
    )


def _task(first: Predictions, second: Predictions) -> str:
    if first.task == second.task:
        return first.task
    for one in (first, second):
        if isinstance(one.truth, Texts) or isinstance(one.predicted, Texts):
            raise Incomparable(f"the baseline's are of a {first.task}, these of a {second.task}")
    return "regression"  # whole numbers on one side only: predictions that happen to have no fraction


def _by_ids(
    first: npt.NDArray[Any] | Texts, second: npt.NDArray[Any] | Texts, counts: dict[str, int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[Any]]:
    import numpy as np

    is_text = isinstance(first, Texts) or isinstance(second, Texts)
    found = []
    for column in (first, second):
        ids, at = _texts(column) if is_text else (column, np.arange(len(column)))
        assert not isinstance(ids, Texts)
        _count(counts, "without an id", len(column) - len(at))
        values, where, times = np.unique(ids, return_index=True, return_counts=True)
        _count(counts, "with an id that occurs more than once", int(times[times > 1].sum()))
        found.append((values[times == 1], at[where[times == 1]]))
    common, in_first, in_second = np.intersect1d(found[0][0], found[1][0], assume_unique=True, return_indices=True)
    _count(counts, "only in the baseline", len(found[0][0]) - len(common))
    _count(counts, "only in the other run", len(found[1][0]) - len(common))
    at_first, at_second = found[0][1][in_first], found[1][1][in_second]
    order = np.argsort(at_first, kind="stable")  # as they were logged
    return at_first[order], at_second[order], common[order]


def _texts(column: npt.NDArray[Any] | Texts) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The ids as texts, and where they stand, without rows that have none."""
    import numpy as np

    if not isinstance(column, Texts):
        return np.array([str(value) for value in column.tolist()], dtype=object).astype(str), np.arange(len(column))
    at = np.flatnonzero(column.codes >= 0)
    return np.array(column.texts or ("",), dtype=str)[column.codes[at]], at


def _taken(column: npt.NDArray[Any] | Texts, at: npt.NDArray[np.int64]) -> npt.NDArray[Any] | Texts:
    return Texts(column.codes[at], column.texts) if isinstance(column, Texts) else column[at]


def _joint(columns: list[npt.NDArray[Any] | Texts]) -> tuple[list[npt.NDArray[np.int64]], tuple[str, ...]]:
    """The columns as numbers of labels that mean the same in all of them, -1 for what is missing."""
    import numpy as np

    split = [_labelled(column) for column in columns]
    names = sorted({name for _, mine in split for name in mine}, key=_rank)
    place = {name: number for number, name in enumerate(names)}
    coded = []
    for codes, mine in split:
        table = np.array([*(place[name] for name in mine), -1], dtype=np.int64)
        coded.append(table[codes])
    return coded, tuple(names)


def _labelled(column: npt.NDArray[Any] | Texts) -> tuple[npt.NDArray[Any], list[str]]:
    import numpy as np

    if isinstance(column, Texts):
        return column.codes, list(column.texts)
    is_there = np.isfinite(column)
    values, inverse = np.unique(column[is_there], return_inverse=True)
    codes = np.full(len(column), -1, dtype=np.int64)
    codes[is_there] = inverse
    return codes, [str(int(value)) if value == int(value) else repr(float(value)) for value in values.tolist()]


def _rank(name: str) -> tuple[int, float, str]:
    """Numbers in their order, then texts."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name


def _count(counts: dict[str, int], reason: str, number: int) -> None:
    if number:
        counts[reason] = counts.get(reason, 0) + number


__all__ = ["Incomparable", "Rows", "align"]
