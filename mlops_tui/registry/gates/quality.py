"""The training data must be whole: enough rows, few missing values, few repeated rows, no column without content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_store.records import Profile
from mlops_tui.registry.gates import training
from mlops_tui.registry.gates.candidate import Candidate, Finding


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data's digest."""
    return {"data": training.profile(candidate).digest}


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Looks at all rows for counts, and at the rows that were kept for repeated ones."""
    profile = training.profile(candidate)
    missing = {name: share for name, share in _missing(profile) if share > 0}
    constant = [name for name, column in profile.summary["columns"].items() if _is_constant(column)]
    facts: dict[str, Any] = {"rows": profile.row_count, "missing": missing, "constant": constant}
    problems: list[str] = []
    least = options.get("min_rows")
    if least is not None and profile.row_count < least:
        problems.append(f"{profile.row_count:,} rows, under {least:,}")
    most_missing = options.get("max_missing")
    if most_missing is not None:
        worst = sorted(
            (name for name, share in missing.items() if share > most_missing), key=lambda name: -missing[name]
        )
        if worst:
            told = [f"{name} ({missing[name]:.1%})" for name in worst]
            problems.append(f"more than {most_missing:.1%} missing in {training.some(told)}")
    if constant and not options.get("constants", True):
        problems.append(f"one value only in {training.some(constant)}")
    most_repeated = options.get("max_duplicates")
    if most_repeated is not None:
        facts["duplicates"] = repeated = _repeated(candidate, profile)
        if repeated > most_repeated:
            problems.append(f"{repeated:.1%} of the rows stand there before, over {most_repeated:.1%}")
    if problems:
        return Finding(False, "; ".join(problems), facts)
    most = max(missing.values(), default=0.0)
    return Finding(True, f"{profile.row_count:,} rows, at most {most:.1%} missing in a column", facts)


def _missing(profile: Profile) -> Iterator[tuple[str, float]]:
    """Column -> the share of its rows that hold nothing usable: no value, ±inf, or text that is no number."""
    for name, column in profile.summary["columns"].items():
        lost = sum(column.get(key, 0) for key in ("missing", "infinite", "unparsable"))
        yield name, lost / profile.row_count


def _is_constant(column: Mapping[str, Any]) -> bool:
    if not column["count"]:
        return True
    if "distinct" in column:
        return int(column["distinct"]) == 1
    return column.get("min") is not None and column.get("min") == column.get("max")


def _repeated(candidate: Candidate, profile: Profile) -> float:
    """The share of the kept rows that equal an earlier one."""
    from mlops_tui.drift import profiles

    frame = profiles.sample(candidate.store, profile)
    try:
        return float(frame.duplicated().mean())
    except TypeError:  # lists and dictionaries cannot be hashed
        return float(frame.astype(str).duplicated().mean())
