"""A reference and a current sample as shares of the same bins or labels, read from a ``ColumnReport.detail``. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeGuard


@dataclass(frozen=True, slots=True)
class Numbers:
    """Two histograms over the same bins.

    Attributes:
        edges: Of the bins, ascending; one more than there are bins.
        reference: Share of the reference's values in each bin, 0 to 1.
        current: The same of the current sample.
        reference_mean: None where it is not known.
        current_mean: None where it is not known.
    """

    edges: tuple[float, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]
    reference_mean: float | None = None
    current_mean: float | None = None


@dataclass(frozen=True, slots=True)
class Categories:
    """The shares of the same labels in both samples; ``others`` is the share of all labels that are not listed."""

    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]
    others: tuple[float, float] = (0.0, 0.0)


def read(detail: Mapping[str, Any]) -> Numbers | Categories | None:
    """The two samples of a ``ColumnReport.detail``; None when it has nothing that can be drawn."""
    reference, current = detail.get("reference"), detail.get("current")
    if not isinstance(reference, Mapping) or not isinstance(current, Mapping):
        return None
    before, now = _counts(reference), _counts(current)
    if not before or len(before) != len(now):
        return None
    if isinstance(edges := reference.get("edges"), list):
        means = [value if is_number(value) else None for value in (reference.get("mean"), current.get("mean"))]
        return _numbers(edges, before, now, means)
    if isinstance(labels := reference.get("labels"), list) and len(labels) == len(before):
        return _categories(labels, (before, _other(reference)), (now, _other(current)))
    return None


def _numbers(
    edges: Sequence[Any], before: Sequence[float], now: Sequence[float], means: Sequence[float | None]
) -> Numbers | None:
    if len(edges) != len(before) + 1 or not all(map(is_number, edges)) or not sum(before) + sum(now) > 0:
        return None
    if not 0 < edges[-1] - edges[0] < math.inf or any(after <= at for at, after in pairwise(edges)):
        return None
    return Numbers(tuple(edges), _shares(before, sum(before)), _shares(now, sum(now)), means[0], means[1])


def _categories(
    labels: Sequence[Any], before: tuple[Sequence[float], float], now: tuple[Sequence[float], float]
) -> Categories | None:
    totals = sum(before[0]) + before[1], sum(now[0]) + now[1]
    if not sum(totals) > 0:
        return None
    return Categories(
        tuple(str(label) for label in labels),
        _shares(before[0], totals[0]),
        _shares(now[0], totals[1]),
        (_shares([before[1]], totals[0])[0], _shares([now[1]], totals[1])[0]),
    )


def merged(samples: Numbers, most: int) -> Numbers:
    """At most ``most`` bins: neighbours are put together where there are more."""
    count = len(samples.reference)
    size = math.ceil(count / most)
    if size == 1:
        return samples
    starts = range(0, count, size)
    width = (samples.edges[-1] - samples.edges[0]) / count
    return Numbers(
        tuple(samples.edges[0] + width * size * number for number in range(len(starts) + 1)),
        tuple(sum(samples.reference[start : start + size]) for start in starts),
        tuple(sum(samples.current[start : start + size]) for start in starts),
        samples.reference_mean,
        samples.current_mean,
    )


def _counts(summary: Mapping[str, Any]) -> list[float]:
    counts = summary.get("counts")
    if not isinstance(counts, list) or not all(is_number(count) and count >= 0 for count in counts):
        return []
    return counts


def _other(summary: Mapping[str, Any]) -> float:
    other = summary.get("other", 0)
    return float(other) if is_number(other) and other > 0 else 0.0


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value of a JSON document is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shares(counts: Sequence[float], total: float) -> tuple[float, ...]:
    return tuple(count / total if total > 0 else 0.0 for count in counts)
