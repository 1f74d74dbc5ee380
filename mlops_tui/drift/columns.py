"""One column of the current data against its reference: types aligned, a method chosen, score, effect and drawing.

Beside the score of the method stand two figures that are the same for all columns: the effect (how large the change
is) and a p-value of a two-sample test (how sure it is that there is one).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mlops_store.errors import UsageError
from mlops_store.records import ColumnReport
from mlops_tui.drift import choice, kinds, summaries
from mlops_tui.drift.methods import IDS, Method, get
from mlops_tui.drift.pairs import LabelPair, NotKept, NumberPair, Pair
from mlops_tui.drift.profiles import SAMPLE_ROWS, SMALLEST_REFERENCE
from mlops_tui.drift.samples import FloatArray, Labels, Numbers, Sample, labels, numbers

if TYPE_CHECKING:
    import pandas as pd

#: Text that is no number is left out up to this share of a numerical column; beyond it the column is not compared.
MOST_UNPARSABLE = 0.5


@dataclass(frozen=True, slots=True)
class Known:
    """A column of the reference, ready for comparisons.

    Attributes:
        name: The column's name.
        kind: As ``kinds.infer`` says or the configuration wants.
        family: What its values are by type: see ``kinds.family``.
        held: Its values, or what makes them of a column with so many rows that they are not kept; None when the kind is
            not comparable.
        role: 'feature' or 'prediction'.
    """

    name: str
    kind: str
    family: str
    held: Sample | Callable[[], Sample] | None
    role: str = "feature"

    @property
    def sample(self) -> Sample | None:
        """The column's values; None when the kind is not comparable."""
        return self.held() if callable(self.held) else self.held


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project says about methods: ids by column name, thresholds by column name or method id."""

    methods: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def method(self, pair: Pair, name: str) -> Method:
        """The method for a column: the configured one, else Evidently's default.

        Raises:
            UsageError: The configured method is unknown or cannot compare columns of this kind.
        """
        wanted = self.methods.get(name)
        if wanted is None:
            kind = cast(choice.Kind, pair.kind)
            return get(choice.default(kind, pair.reference.count, pair.distinct))
        method = get(wanted)
        if pair.kind not in method.kinds:
            fitting = ", ".join(known for known in IDS if pair.kind in get(known).kinds)
            raise UsageError(
                f"the method {wanted!r} cannot compare {name!r}, which is {pair.kind}", f"one of these can: {fitting}"
            )
        return method

    def threshold(self, method: Method, name: str) -> float:
        """The threshold for a column: its own, else its method's, else the default."""
        return self.thresholds.get(name, self.thresholds.get(method.id, method.threshold))


def prepare(column: pd.Series[Any], kind: str, *, name: str, role: str = "feature") -> Known:
    """A reference column, converted and sorted once; each time it is compared where that would take much memory."""
    held: Sample | Callable[[], Sample] | None = None
    if kind in kinds.COMPARABLE:
        make: Callable[[], Sample] = partial(numbers if kind == "numerical" else labels, column)
        held = make if len(column) > SAMPLE_ROWS else make()
    return Known(name, kind, kinds.family(column), held, role)


def compare(known: Known, column: pd.Series[Any], settings: Settings) -> ColumnReport:
    """The report on one column of the current data.

    Where nothing could be compared, ``score`` is None and ``detail["finding"]`` says why.

    Raises:
        UsageError: The configured method does not suit the column.
    """
    reference = known.sample
    if reference is None or reference.count < SMALLEST_REFERENCE:
        return unchecked(known, len(column))
    current = numbers(column) if isinstance(reference, Numbers) else labels(column)
    return judge(known, reference, current, settings, lambda: kinds.family(column))


def unchecked(known: Known, current_count: int) -> ColumnReport:
    """The report on a column that the reference cannot be compared in: of another kind, or of too few values."""
    sample = known.sample
    if sample is None:
        return unscored(known, current_count, "unchecked", kinds.UNCHECKED.get(known.kind, kinds.UNCHECKED["other"]))
    message = f"the reference has {sample.count} values, at least {SMALLEST_REFERENCE} are needed"
    return unscored(known, current_count, "unchecked", message)


def judge(
    known: Known,
    reference: Sample,
    current: Sample,
    settings: Settings,
    family: Callable[[], str],
    make: Callable[[Numbers, Numbers], NumberPair] = NumberPair,
) -> ColumnReport:
    """The report on two samples of one column.

    Args:
        known: The column of the reference.
        reference: Its values.
        current: The current ones, of the same kind.
        settings: Methods and thresholds.
        family: What the current values are by type: see ``kinds.family``.
        make: Puts two samples of numbers side by side.

    Raises:
        UsageError: The configured method does not suit the column.
    """
    if isinstance(reference, Labels) and isinstance(current, Labels):
        current = aligned(reference, current)
    if isinstance(current, Numbers) and current.unparsable > MOST_UNPARSABLE * (current.row_count - current.missing):
        message = f"{current.unparsable} of {current.row_count} values are no numbers"
        return unscored(known, current.count, "retyped", message)
    if not current.count:
        return unscored(known, 0, "empty", f"none of its {current.row_count} rows has a value")
    pair = _pair(reference, current, make)
    method = settings.method(pair, known.name)
    try:
        score = _score(method, pair)
    except NotKept as reason:
        return unscored(known, current.count, "incomparable", f"{method.id} cannot be computed: {reason}")
    if score is None:
        return unscored(known, current.count, "incomparable", "its values are too large to compute with")
    threshold = settings.threshold(method, known.name)
    effect, p_value = _two_sample(pair)
    detail = _drawing(pair) | {
        "score_is": "p-value" if method.is_p_value else "distance",
        "distinct": pair.distinct,
        "p_value": score if method.id == "ks" else p_value,
        "shift": _shift(pair),
    }
    if finding := _retyped(known, reference, current, family):
        detail["finding"] = finding
    return ColumnReport(
        column=known.name,
        role=known.role,
        kind=known.kind,
        method=method.id,
        score=score,
        threshold=threshold,
        is_drifted=method.is_drift(score, threshold),
        effect=effect,
        reference_count=pair.reference.count,
        current_count=pair.current.count,
        detail=detail,
    )


def unscored(known: Known, current_count: int, finding: str, message: str) -> ColumnReport:
    """The report on a column that could not be compared, and why."""
    return ColumnReport(
        column=known.name,
        role=known.role,
        kind=known.kind,
        method=None,
        score=None,
        threshold=None,
        is_drifted=False,
        effect=None,
        reference_count=sample.count if (sample := known.sample) else 0,
        current_count=current_count,
        detail={"finding": {"kind": finding, "message": message}},
    )


def _pair(reference: Sample, current: Sample, make: Callable[[Numbers, Numbers], NumberPair]) -> Pair:
    if isinstance(reference, Numbers) and isinstance(current, Numbers):
        return make(reference, current)
    assert isinstance(reference, Labels)
    assert isinstance(current, Labels)
    return LabelPair(reference, current)


def _score(method: Method, pair: Pair) -> float | None:
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            score = method.score(pair)
    except OverflowError:
        return None
    return score if math.isfinite(score) else None


def _two_sample(pair: Pair) -> tuple[float, float]:
    """Effect and p-value.

    Effect: the largest difference in the probability of any interval (-∞, x], or of any set of labels: the statistic
    of Kolmogorov and Smirnov, or the total variation distance; 0 to 1. P-value: asymptotic Kolmogorov–Smirnov, or
    Pearson's test of the 2 × k table of counts. Both tests count the reference as a sample, too.
    """
    from scipy.special import chdtrc, kolmogorov

    n, m = pair.reference.count, pair.current.count
    if isinstance(pair, NumberPair):
        effect = pair.walk.apart
        return effect, float(kolmogorov(effect * math.sqrt(n * m / (n + m))))
    reference, current = pair.counts
    effect = float(np.abs(reference / n - current / m).sum() / 2)
    total = reference + current
    statistic = float(((reference - total * n / (n + m)) ** 2 / (total * n / (n + m))).sum()) + float(
        ((current - total * m / (n + m)) ** 2 / (total * m / (n + m))).sum()
    )
    return effect, float(chdtrc(len(total) - 1, statistic)) if len(total) > 1 else 1.0


def _shift(pair: Pair) -> dict[str, Any]:
    """What changed most, for a title: the mean in standard deviations and the spread, or the label that moved most."""
    if isinstance(pair, NumberPair):
        reference, current = pair.reference, pair.current
        return {
            "from": summaries.plain(reference.mean),
            "to": summaries.plain(current.mean),
            "std": summaries.plain((current.mean - reference.mean) / reference.std) if reference.std > 0 else None,
            "spread": summaries.plain(current.std / reference.std) if reference.std > 0 else None,
        }
    shares = tuple(counts / counts.sum() for counts in pair.counts)
    place = int(np.argmax(np.abs(shares[1] - shares[0])))
    name = pair.names[place][: summaries.LABEL_LENGTH]
    return {"label": name, "from": float(shares[0][place]), "to": float(shares[1][place])}


def _drawing(pair: Pair) -> dict[str, Any]:
    if isinstance(pair, NumberPair):
        edges: FloatArray = summaries.edges(pair.reference, pair.current)
        return {
            "reference": summaries.of_numbers(pair.reference, edges),
            "current": summaries.of_numbers(pair.current, edges),
        }
    listed = summaries.commonest(pair.reference, pair.current)
    known, now = set(pair.reference.names), set(pair.current.names)
    return {
        "reference": summaries.of_labels(pair.reference, listed),
        "current": summaries.of_labels(pair.current, listed),
        "new_labels": len(now - known),
        "lost_labels": len(known - now),
    }


def aligned(reference: Labels, current: Labels) -> Labels:
    """The current labels named as the reference names them, where one has True and False and the other 1 and 0."""
    pairs = {"False": "0", "True": "1"}
    if set(current.names) <= set(pairs) and set(reference.names) <= set(pairs.values()):
        return Labels(tuple(pairs[name] for name in current.names), current.counts, current.missing)
    if set(current.names) <= set(pairs.values()) and set(reference.names) <= set(pairs):
        back = {number: name for name, number in pairs.items()}
        return Labels(tuple(back[name] for name in current.names), current.counts, current.missing)
    return current


def _retyped(known: Known, reference: Sample, current: Sample, family: Callable[[], str]) -> dict[str, str] | None:
    """The finding on a column that could be compared although its type is another."""
    if isinstance(current, Numbers):
        if current.unparsable:
            message = f"{current.unparsable} of {current.row_count} values are no numbers and were left out"
            return {"kind": "retyped", "message": message}
        return None
    assert isinstance(reference, Labels)
    held = family()
    if held == known.family or set(reference.names) & set(current.names):
        return None
    return {"kind": "retyped", "message": f"holds {held} values, the reference {known.family} values"}
