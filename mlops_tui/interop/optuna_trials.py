"""What a trial of Optuna is as a run, however it is stored."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mlops_store.curves import Point
from mlops_store.import_records import ImportedRun
from mlops_store.records import RunStatus
from mlops_tui.interop import json_values
from mlops_tui.interop.source import made_id, texts

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


def number(value: object) -> float:
    """A value as a number, NaN for what is none."""
    found = json_values.number(value)
    return float("nan") if found is None else found


def moment(written: object) -> float | None:
    """A time, Unix seconds; without a zone it is that of the machine. None for what is none."""
    try:
        return datetime.fromisoformat(str(written)).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def value_name(directions: Sequence[str], objective: int) -> str:
    """What the metric of an objective is called: there may be several."""
    return "value" if len(directions) < 2 else f"values_{objective}"


def trial_run(
    path: str,
    study: str,
    label: int,
    *,
    state: str,
    started_at: float | None,
    ended_at: float | None,
    changed_at: float,
    params: Mapping[str, Any],
    tags: Mapping[str, Any],
    series: dict[str, list[Point]],
) -> ImportedRun:
    """A trial as a run.

    Args:
        path: Of the storage.
        study: The study's name, as the store can keep it.
        label: The trial's number in its study.
        state: In Optuna's words.
        started_at: None of one that waits for its turn.
        ended_at: None of one that goes on.
        changed_at: When the storage was last written to.
        params: As the objective saw them.
        tags: Of study and trial.
        series: Its metrics.
    """
    return ImportedRun(
        run_id=made_id(KIND, os.path.realpath(path), study, str(label)),
        name=f"trial {label}",
        experiment=study,
        status=STATES.get(state, RunStatus.KILLED),
        started_at=started_at if started_at is not None else ended_at or changed_at,
        ended_at=ended_at,
        params=texts(params),
        tags=texts({**tags, "optuna.state": state, "optuna.trial": str(label)}),
        series=series,
    )
