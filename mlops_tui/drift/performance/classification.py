"""Classification metrics with intervals, as scikit-learn defines them; of several classes the mean over the classes.

Where a metric is not defined (one class only, no row predicted positive) the figure says so instead of being 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_tui.drift.performance import intervals
from mlops_tui.drift.performance.intervals import Figure, FloatArray, none

IntArray = npt.NDArray[np.intp]

#: Draws for the intervals of means over classes, which have no closed form.
DRAWS, SEED = 1000, 0
#: Probabilities are kept this far from 0 and 1 before a logarithm is taken, as scikit-learn does for doubles.
_LEAST = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Scored:
    """Rows whose truth is known.

    Attributes:
        truth: The number of each row's class.
        predicted: The number of the class that was predicted.
        proba: Shape (rows, classes), rows adding up to 1; None without probabilities.
        classes: Their names; of two, the second is the positive one.
        why_no_proba: Why there are none.
    """

    truth: IntArray
    predicted: IntArray
    proba: FloatArray | None
    classes: tuple[str, ...]
    why_no_proba: str = ""

    @property
    def is_binary(self) -> bool:
        """Whether there are two classes."""
        return len(self.classes) == 2


def figures(rows: Scored, names: tuple[str, ...]) -> dict[str, Figure]:
    """Each metric of the rows, of which there must be at least one."""
    return {name: METRICS[name](rows) for name in names}


def _confusion(rows: Scored) -> FloatArray:
    """Shape (classes, classes): rows of each truth (down) and prediction (across)."""
    size = len(rows.classes)
    counts = np.bincount(rows.truth * size + rows.predicted, minlength=size * size)
    return counts.reshape(size, size).astype(np.float64)


def _accuracy(rows: Scored) -> Figure:
    return intervals.share(float(np.count_nonzero(rows.truth == rows.predicted)), len(rows.truth))


def _precision(rows: Scored) -> Figure:
    if not rows.is_binary:
        return _macro(rows, lambda hit, false, missed, _: _ratio(hit, hit + false))
    (_, false), (_, hit) = _confusion(rows)
    if not hit + false:
        return none(f"no row was predicted {rows.classes[1]!r}")
    return intervals.share(hit, hit + false)


def _recall(rows: Scored) -> Figure:
    if not rows.is_binary:
        return _macro(rows, lambda hit, false, missed, _: _ratio(hit, hit + missed))
    _, (missed, hit) = _confusion(rows)
    if not hit + missed:
        return none(f"no row is {rows.classes[1]!r}")
    return intervals.share(hit, hit + missed)


def _specificity(rows: Scored) -> Figure:
    if not rows.is_binary:
        return _macro(rows, lambda hit, false, missed, rest: _ratio(rest, rest + false))
    (rest, false), _ = _confusion(rows)
    if not rest + false:
        return none(f"every row is {rows.classes[1]!r}")
    return intervals.share(rest, rest + false)


def _f1(rows: Scored) -> Figure:
    if not rows.is_binary:
        return _macro(rows, lambda hit, false, missed, _: _ratio(2 * hit, 2 * hit + false + missed))
    (_, false), (missed, hit) = _confusion(rows)
    if not hit + false + missed:
        return none(f"no row is {rows.classes[1]!r} or was predicted so")
    return intervals.f1(hit, false + missed)


Part = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]


def _macro(rows: Scored, part: Part) -> Figure:
    """The mean of a figure over the classes; its interval by drawing tables of counts, which is drawing rows."""
    confusion = _confusion(rows)
    if not (confusion.sum(axis=0) + confusion.sum(axis=1)).any():
        return none("there are no rows")
    total = confusion.sum()
    drawn = np.random.default_rng(SEED).multinomial(int(total), (confusion / total).ravel(), size=DRAWS)
    tables = np.concatenate([confusion[None], drawn.reshape(DRAWS, *confusion.shape)]).astype(np.float64)
    hit = tables.diagonal(axis1=1, axis2=2)
    false, missed = tables.sum(axis=1) - hit, tables.sum(axis=2) - hit
    values = part(hit, false, missed, total - hit - false - missed).mean(axis=1)
    low, high = np.percentile(values[1:], [2.5, 97.5])
    return Figure(float(values[0]), float(low), float(high), "bootstrap")


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """0 where there is nothing to divide by, as scikit-learn has it for the mean over classes."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _roc_auc(rows: Scored) -> Figure:
    if rows.proba is None:
        return none(rows.why_no_proba)
    present = np.bincount(rows.truth, minlength=len(rows.classes))
    if not present.all():
        absent = rows.classes[int(present.argmin())]
        return none(f"no row is {absent!r}")
    wanted = [1] if rows.is_binary else range(len(rows.classes))
    found = [intervals.area_by_rows(rows.proba[:, index], rows.truth == index) for index in wanted]
    value = float(np.mean([area for area, _ in found]))
    return intervals.area(value, np.mean([influence for _, influence in found], axis=0), int(present.min()))


def _average_precision(rows: Scored) -> Figure:
    from sklearn.metrics import average_precision_score

    if rows.proba is None:
        return none(rows.why_no_proba)
    present = np.bincount(rows.truth, minlength=len(rows.classes))
    wanted = [1] if rows.is_binary else range(len(rows.classes))
    if not all(present[index] for index in wanted):
        absent = rows.classes[next(index for index in wanted if not present[index])]
        return none(f"no row is {absent!r}")
    each = [float(average_precision_score(rows.truth == index, rows.proba[:, index])) for index in wanted]
    return intervals.logit(float(np.mean(each)), int(min(present[index] for index in wanted)))


def _log_loss(rows: Scored) -> Figure:
    if rows.proba is None:
        return none(rows.why_no_proba)
    given = rows.proba[np.arange(len(rows.truth)), rows.truth]
    return intervals.mean(-np.log(np.clip(given, _LEAST, 1.0)), low=0.0)


def _brier(rows: Scored) -> Figure:
    if rows.proba is None:
        return none(rows.why_no_proba)
    if rows.is_binary:
        return intervals.mean((rows.proba[:, 1] - (rows.truth == 1)) ** 2, low=0.0, high=1.0)
    wanted = np.eye(len(rows.classes))[rows.truth]
    return intervals.mean(((rows.proba - wanted) ** 2).sum(axis=1), low=0.0, high=2.0)


METRICS: dict[str, Callable[[Scored], Figure]] = {
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "f1": _f1,
    "precision": _precision,
    "recall": _recall,
    "specificity": _specificity,
    "accuracy": _accuracy,
    "log_loss": _log_loss,
    "brier": _brier,
}
