"""Groups of people must not be treated too differently."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_store.errors import Refused
from mlops_tui.registry.gates import groups, judged
from mlops_tui.registry.gates.candidate import Candidate, Finding

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_WORDS = {
    "demographic_parity": "selection rate",
    "equal_opportunity": "true positive rate",
    "equalized_odds": "true or false positive rate",
}


inputs = judged.inputs


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """The greatest difference between groups of a column in how often they are predicted positive.

    Source:
        fairlearn.metrics.demographic_parity_difference, equal_opportunity_difference, equalized_odds_difference
        (method 'between_groups', agg 'worst_case').
    """
    found = judged.read(candidate, candidate.version, options)
    if found.task != "classification":
        return Finding(False, "fairness between groups is defined for classes, and these are numbers")
    measure, most = options.get("measure", "demographic_parity"), options["max"]
    truth, predicted = groups.texts(found.truth), groups.texts(found.predicted)
    positive = _positive({*truth.tolist(), *predicted.tolist()} - {""}, options.get("positive"))
    by_group = {
        label: (int(rows.sum()), *_rates(truth[rows] == positive, predicted[rows] == positive))
        for label, rows in groups.split(found, options["column"])
    }
    if len(by_group) < 2:
        return Finding(False, f"{options['column']} has no two groups to compare")
    columns = {"demographic_parity": (1,), "equal_opportunity": (2,), "equalized_odds": (2, 3)}[measure]
    gaps = [_gap([rates[place] for rates in by_group.values()]) for place in columns]
    gap = max(gaps)
    facts = {
        "measure": measure,
        "difference": gap,
        "max": most,
        "positive": positive,
        "groups": {
            label: {
                "rows": count,
                "selection_rate": chosen,
                "true_positive_rate": _json(tpr),
                "false_positive_rate": _json(fpr),
            }
            for label, (count, chosen, tpr, fpr) in by_group.items()
        },
    }
    sizes = [rates[0] for rates in by_group.values()]
    message = (
        f"{_WORDS[measure]} of {positive!r} differs by {gap:.3f} between {len(by_group)} groups of "
        f"{options['column']} (n {min(sizes):,} to {max(sizes):,}), limit {most:g}"
    )
    return Finding(gap <= most, message, facts)


def _rates(truth: npt.NDArray[np.bool_], chosen: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    """Selection rate, true positive rate and false positive rate; NaN where there is nothing to take a share of."""

    def share(of: npt.NDArray[np.bool_]) -> float:
        return float(of.mean()) if len(of) else math.nan

    return share(chosen), share(chosen[truth]), share(chosen[~truth])


def _gap(rates: list[float]) -> float:
    known = [rate for rate in rates if rate == rate]
    return max(known) - min(known) if known else 0.0


def _json(rate: float) -> float | None:
    return rate if rate == rate else None


def _positive(labels: set[str], wanted: str | None) -> str:
    """The label that counts as chosen: the one asked for, else the greater of two, as scikit-learn orders them."""
    if wanted is not None:
        if wanted not in labels:
            raise Refused(f"no row has the label {wanted!r}", f"labels: {', '.join(sorted(labels)[:10])}")
        return wanted
    if len(labels) > 2:
        raise Refused(f"there are {len(labels)} labels", 'say which one counts: positive = "…"')
    try:
        return max(labels, key=float)
    except ValueError:
        return max(labels)
