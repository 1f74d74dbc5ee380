"""No group of rows may be predicted worse than a floor, however good the whole is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_tui.registry.gates import groups, judged
from mlops_tui.registry.gates.candidate import Candidate, Finding

#: Rows that a group needs to be judged.
LEAST = 30


inputs = judged.inputs


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Accuracy, or the mean absolute error, in each group of a column; smaller groups are named, not judged."""
    import numpy as np

    found = judged.read(candidate, candidate.version, options)
    low, high, least = options.get("min"), options.get("max"), options.get("least", LEAST)
    score, name = groups.scores(found)
    judged_groups: dict[str, tuple[float, int]] = {}
    small: list[str] = []
    for label, rows in groups.split(found, options["column"]):
        counted = rows & np.isfinite(score)
        count = int(counted.sum())
        if count < least:
            small.append(label)
        else:
            judged_groups[label] = (float(score[counted].mean()), count)
    facts = {
        "measure": name,
        "groups": {label: {"value": value, "rows": count} for label, (value, count) in judged_groups.items()},
        "too_small": small,
        "min": low,
        "max": high,
    }
    if not judged_groups:
        return Finding(False, f"no group of {options['column']} has {least} rows", facts)
    bad = {
        label: value
        for label, (value, _) in judged_groups.items()
        if (low is not None and value < low) or (high is not None and value > high)
    }
    bound = f"under {low:g}" if low is not None else f"over {high:g}"
    left_out = f"; {len(small)} too small to judge" if small else ""
    if bad:
        worst = (min if low is not None else max)(bad, key=lambda label: bad[label])
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        told = f"{name} {bad[worst]:.4g} where {options['column']} is {worst}"
        return Finding(False, f"{told} (n {judged_groups[worst][1]:,}){more}: {bound}{left_out}", facts)
    by_value = sorted(judged_groups, key=lambda label: judged_groups[label][0], reverse=low is None)
    worst = by_value[0]
    message = f"{len(judged_groups)} groups, the worst {worst}: {name} {judged_groups[worst][0]:.4g}{left_out}"
    return Finding(True, message, facts)
