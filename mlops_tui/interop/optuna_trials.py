"""What a trial of Optuna is as a run, however it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_store.records import RunStatus
from mlops_tui.interop import json_values

KIND = "optuna"

STATES = {
    "RUNNING": RunStatus.RUNNING,
    "WAITING": RunStatus.SCHEDULED,
    "COMPLETE": RunStatus.FINISHED,
    "PRUNED": RunStatus.KILLED,
    "FAIL": RunStatus.FAILED,
}


def study_tags(attributes: Mapping[str, Any], directions: Sequence[str]) -> dict[str, Any]:
    """What each trial of a study is tagged with."""
    found = {f"optuna.study.{key}": value for key, value in attributes.items()}
    return {**found, "optuna.directions": ", ".join(directions)} if directions else found


def external(value: object, distribution: object) -> object:
    """A param as the objective saw it, from how it is stored.

    Source:
        optuna.distributions, ``to_external_repr``.
    """
    number = json_values.number(value)
    if number is None:
        return str(value)
    try:
        described = json_values.loads(str(distribution))
        name, attributes = described["name"], described["attributes"]
        if name == "CategoricalDistribution":
            return attributes["choices"][int(number)]
        if name.startswith("Int"):
            return int(number)
    except (ValueError, KeyError, IndexError, TypeError, OverflowError, AttributeError):
        return number
    return number
