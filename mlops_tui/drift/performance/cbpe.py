"""CBPE: what a classifier's metrics would be if its calibrated probabilities are right, without a single label.

Each row counts as much as a hit and as a miss as its calibrated probability says; of several classes each against the
rest, and the mean of these.

Source:
    NannyML 0.13, ``performance_estimation.confidence_based``; Kivimäki et al., Confidence-based Estimators for
    Predictive Performance in Model Monitoring (2025).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from mlops_tui.drift.performance import chance, sampling
from mlops_tui.drift.performance.calibration import Calibrator
from mlops_tui.drift.performance.classification import IntArray, Scored
from mlops_tui.drift.performance.intervals import Z95, BoolArray, Figure, FloatArray, none

#: The metrics that can be estimated; log loss and Brier score are not defined without labels.
METRICS = ("roc_auc", "average_precision", "f1", "precision", "recall", "specificity", "accuracy")


class Estimator:
    """Learned from labelled rows with probabilities, of which every class must be seen."""

    def __init__(self, rows: Scored) -> None:
        assert rows.proba is not None
        self.rows = rows
        wanted = [1] if rows.is_binary else range(len(rows.classes))
        self._calibrators = [Calibrator(rows.proba[:, index], rows.truth == index) for index in wanted]
        self._spreads: dict[str, float] = {}

    @property
    def is_calibrating(self) -> bool:
        """Whether the probabilities of any class are changed."""
        return any(each.is_needed for each in self._calibrators)

    def probabilities(self, proba: FloatArray) -> FloatArray:
        """Calibrated probabilities, shape (rows, classes)."""
        if self.rows.is_binary:
            positive = self._calibrators[0](proba[:, 1])
            return np.column_stack([1 - positive, positive])
        found = np.column_stack([each(proba[:, index]) for index, each in enumerate(self._calibrators)])
        total = found.sum(axis=1, keepdims=True)
        evenly = np.full_like(found, 1 / found.shape[1])
        return np.asarray(np.divide(found, total, out=evenly, where=total != 0))

    def spread(self, name: str) -> float:
        """NannyML's, see ``sampling``."""
        if name not in self._spreads:
            self._spreads[name] = sampling.of_class(name, self.rows)
        return self._spreads[name]

    def estimates(self, names: Sequence[str], predicted: IntArray, proba: FloatArray) -> dict[str, Figure]:
        """Metrics of rows without labels.

        An interval is where the realized figure falls 95 times of 100 if the probabilities are right: it counts the
        chance in the window's labels and in the labelled rows.

        Args:
            names: Some of ``METRICS``.
            predicted: The number of each row's predicted class.
            proba: The model's probabilities, not calibrated, finite.
        """
        calibrated = self.probabilities(proba)
        spreads = chance.spreads(predicted, calibrated, proba)
        return {name: self._estimate(name, predicted, calibrated, proba, spreads) for name in names}

    def _estimate(
        self, name: str, predicted: IntArray, calibrated: FloatArray, proba: FloatArray, spreads: Mapping[str, float]
    ) -> Figure:
        if name == "accuracy":
            value = float(calibrated[np.arange(len(predicted)), predicted].mean())
        else:
            wanted = [1] if self.rows.is_binary else range(len(self.rows.classes))
            each = [_of_class(name, predicted == k, calibrated[:, k], proba[:, k]) for k in wanted]
            if self.rows.is_binary and each[0] is None:
                return none(f"no row was predicted {self.rows.classes[1]!r}, or none can be expected to be it")
            value = float(np.mean([one or 0.0 for one in each]))
        learned = self.spread(name)
        by_chance = spreads.get(name, learned / math.sqrt(len(predicted)))
        if not math.isfinite(learned + by_chance):
            return none("the labelled rows do not say how far it strays by chance")
        half = Z95 * math.hypot(by_chance, learned / math.sqrt(len(self.rows.truth)))
        return Figure(value, max(0.0, value - half), min(1.0, value + half), "CBPE")


def _of_class(name: str, predicted: BoolArray, share: FloatArray, scores: FloatArray) -> float | None:
    if name in ("roc_auc", "average_precision"):
        ranked = share[np.argsort(scores)[::-1]]
        return _area(ranked) if name == "roc_auc" else _average_precision(ranked)
    hit, missed = float(share[predicted].sum()), float(share[~predicted].sum())
    false, rest = float((1 - share[predicted]).sum()), float((1 - share[~predicted]).sum())
    part, whole = {
        "f1": (2 * hit, 2 * hit + false + missed),
        "precision": (hit, hit + false),
        "recall": (hit, hit + missed),
        "specificity": (rest, rest + false),
    }[name]
    return part / whole if whole else None


def _area(ranked: FloatArray) -> float | None:
    hits, misses = np.concatenate([[0.0], np.cumsum(ranked)]), np.concatenate([[0.0], np.cumsum(1 - ranked)])
    if not hits[-1] or not misses[-1]:
        return None
    return float(np.trapezoid(hits, misses) / (hits[-1] * misses[-1]))


def _average_precision(ranked: FloatArray) -> float | None:
    hits = np.cumsum(ranked)
    if not hits[-1]:
        return None
    precision = hits / np.arange(1, len(hits) + 1)
    return float((ranked * precision).sum() / hits[-1])
