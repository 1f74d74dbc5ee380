"""Samples in a few numbers: moments, quantiles, a histogram or the commonest labels, as JSON can hold them.

Two samples summarised with the same edges or labels can be drawn over each other. What is not finite becomes None,
because JSON has no word for it.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from mlops_tui.drift.samples import FloatArray, Labels, Numbers

#: Most bins that a drawing gets.
BINS = 20
#: Most labels that are listed one by one; the rest is one number.
LISTED = 20
#: Most characters of a label that are kept.
LABEL_LENGTH = 80
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
#: The part of the values at either end that may lie outside the edges, and is counted in the outermost bins.
_TAIL = 0.005


def of_numbers(sample: Numbers, edges: FloatArray) -> dict[str, Any]:
    """Summary of a numerical sample; ``std`` has ddof 0."""
    summary: dict[str, Any] = {
        "count": sample.count,
        "missing": sample.missing,
        "infinite": sample.infinite,
        "unparsable": sample.unparsable,
        "edges": [plain(edge) for edge in edges],
        "counts": _binned(sample, edges),
    }
    if sample.count:
        summary["mean"], summary["std"] = plain(sample.mean), plain(sample.std)
        summary["min"], summary["max"] = plain(sample.low), plain(sample.high)
        summary["quantiles"] = {str(level): plain(sample.quantile(level)) for level in QUANTILES}
    return summary


def of_labels(sample: Labels, listed: tuple[str, ...]) -> dict[str, Any]:
    """Summary of a categorical sample: the rows of each listed label, and of all others together."""
    of_name = dict(zip(sample.names, sample.counts.tolist(), strict=True))
    counts = [of_name.get(name, 0) for name in listed]
    return {
        "count": sample.count,
        "missing": sample.missing,
        "distinct": len(sample.names),
        "labels": [name if len(name) <= LABEL_LENGTH else name[: LABEL_LENGTH - 1] + "…" for name in listed],
        "counts": counts,
        "other": sample.count - sum(counts),
    }


def edges(*samples: Numbers) -> FloatArray:
    """At most 20 equal bins that suit all the samples, the farthest half percent at either end left out."""
    filled = [sample for sample in samples if sample.count]
    if not filled:
        return np.array([0.0, 1.0])
    low = min(sample.quantile(_TAIL) for sample in filled)
    high = max(sample.quantile(1 - _TAIL) for sample in filled)
    if all(sample.is_integer for sample in filled) and high - low < 2.0**52:
        low, high = math.floor(low), math.ceil(high)
        width = max(1, math.ceil((high - low + 1) / BINS))
        bins = math.ceil((high - low + 1) / width)
        return np.asarray(low - 0.5 + width * np.arange(bins + 1), dtype=np.float64)
    if not high - low > max(1e-12 * max(abs(low), abs(high)), 1e-300):  # as good as one value
        margin = max(0.5, abs(low) * 1e-6)
        return np.array([low - margin, high + margin])
    # halves, because the whole span may be more than a double can hold
    return np.asarray(np.linspace(low / 2, high / 2, BINS + 1) * 2, dtype=np.float64)


def commonest(*samples: Labels) -> tuple[str, ...]:
    """At most 20 labels, those with the largest share in any of the samples, in their common order."""
    from mlops_tui.drift.samples import ordered

    shares: dict[str, float] = {}
    for sample in samples:
        total = max(sample.count, 1)
        for name, count in zip(sample.names, sample.counts.tolist(), strict=True):
            shares[name] = max(shares.get(name, 0.0), count / total)
    return ordered(sorted(shares, key=lambda name: (-shares[name], name))[:LISTED])


def plain(value: float | np.floating[Any]) -> float | None:
    """A float that JSON can hold, or None."""
    number = float(value)
    return number if math.isfinite(number) else None


def _binned(sample: Numbers, edges: FloatArray) -> list[int]:
    places = [0, *sample.below(edges[1:-1]).tolist(), sample.count]
    return [end - start for start, end in pairwise(places)]
