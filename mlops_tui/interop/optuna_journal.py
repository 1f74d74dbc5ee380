"""Optuna's ``JournalFileBackend``: a file of JSON lines, each an operation; what they come to is read in one pass.

A line without its end is being written and is left for the next time, as Optuna does.

Source:
    optuna.storages.journal, ``JournalStorage`` and ``JournalStorageReplayResult``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_store.curves import Point
from mlops_store.errors import Refused
from mlops_store.texts import storable
from mlops_tui.interop import json_values
from mlops_tui.interop.optuna_trials import KIND, external, moment, number, study_tags, trial_run, value_name
from mlops_tui.interop.source import Experiment, Found, Problems, Source

_STATES = ("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING")
_DIRECTIONS = ("not_set", "minimize", "maximize")
_ENDED = ("COMPLETE", "PRUNED", "FAIL")
#: How much of the beginning is looked at to recognise one, and the longest line that is taken for one.
_HEAD_BYTES, _LINE_BYTES = 4096, 64 * 1024 * 1024


@dataclass
class _Trial:
    study: int
    number: int
    state: str = "RUNNING"
    started_at: float | None = None
    ended_at: float | None = None
    params: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    steps: dict[int, float] = field(default_factory=dict)
    values: list[float] = field(default_factory=list)


@dataclass
class _Study:
    name: str
    directions: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)
    trials: int = 0


def recognises(path: str) -> bool:
    """Whether a path is such a file: its first line is an operation on a study."""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            line = file.read(_HEAD_BYTES).split(b"\n", 1)[0]
    except OSError:
        return False
    return line.startswith(b"{") and b'"op_code"' in line and b'"worker_id"' in line


def read(path: str, problems: Problems, artifact_roots: tuple[str, ...] = ()) -> Source:
    """Opens the file.

    Raises:
        Refused: It is no such file.
    """
    if not recognises(path):
        raise Refused(f"{path} is no journal of Optuna", "it holds a line of JSON for each operation")
    replay = _Replay()
    for place, line in _lines(path):
        replay.take(place, line, problems)
    first = min((trial.started_at for trial in replay.kept if trial.started_at is not None), default=0.0)
    experiments = tuple(Experiment(storable(study.name), first) for study in replay.studies.values())
    return Source(KIND, os.path.abspath(path), lambda: _runs(path, replay), len(replay.kept), experiments)


def _lines(path: str) -> Iterator[tuple[int, bytes]]:
    with open(path, "rb") as file:
        place = 0
        while line := file.readline(_LINE_BYTES):
            place += 1
            if line.endswith(b"\n"):
                yield place, line


class _Replay:
    """What the operations come to; those that Optuna would refuse (on what is over or is not there) change nothing."""

    def __init__(self) -> None:
        self.studies: dict[int, _Study] = {}
        self.trials: dict[int, _Trial] = {}
        self._made_studies = 0

    @property
    def kept(self) -> list[_Trial]:
        """The trials whose studies were not deleted."""
        return [trial for trial in self.trials.values() if trial.study in self.studies]

    def take(self, place: int, line: bytes, problems: Problems) -> None:
        """Takes one operation; one that is not understood is a problem."""
        try:
            entry = json_values.loads(line)
            self._apply(entry["op_code"], entry)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            problems.add(f"line {place}", f"it is no operation of Optuna ({type(error).__name__})")

    def _apply(self, code: int, entry: Mapping[str, Any]) -> None:
        if code == 0:
            name = str(entry["study_name"])
            if all(study.name != name for study in self.studies.values()):
                directions = [_DIRECTIONS[each] for each in entry["directions"]]
                self.studies[self._made_studies] = _Study(name, directions)
                self._made_studies += 1
        elif code == 1:
            self.studies.pop(entry["study_id"], None)
        elif code in (2, 3):
            study = self.studies.get(entry["study_id"])
            if study is not None and code == 2:
                study.attributes.update(entry["user_attr"])
        elif code == 4:
            self._create(entry)
        else:
            trial = self.trials.get(entry["trial_id"])
            if trial is not None and trial.state not in _ENDED:
                _change(trial, code, entry)

    def _create(self, entry: Mapping[str, Any]) -> None:
        study = self.studies.get(entry["study_id"])
        if study is None:
            return
        trial = _Trial(entry["study_id"], study.trials, started_at=moment(entry.get("datetime_start")))
        study.trials += 1
        self.trials[len(self.trials)] = trial
        if "state" in entry:  # one that was made elsewhere and added as it was
            trial.state = _STATES[entry["state"]]
            trial.ended_at = moment(entry.get("datetime_complete"))
            distributions = entry.get("distributions", {})
            for name, value in entry.get("params", {}).items():
                trial.params[str(name)] = external(value, distributions.get(name))
            trial.attributes.update(entry.get("user_attrs", {}))
            trial.steps.update(
                {int(step): number(value) for step, value in entry.get("intermediate_values", {}).items()}
            )
            values = entry.get("values") or ([entry["value"]] if entry.get("value") is not None else [])
            trial.values = [number(value) for value in values]


def _change(trial: _Trial, code: int, entry: Mapping[str, Any]) -> None:
    if code == 5:
        trial.params[str(entry["param_name"])] = external(entry["param_value_internal"], entry["distribution"])
    elif code == 6:
        state = _STATES[entry["state"]]
        if state == "RUNNING":
            trial.started_at = moment(entry.get("datetime_start")) or trial.started_at
        elif state in _ENDED:
            trial.ended_at = moment(entry.get("datetime_complete"))
        trial.state = state
        if entry.get("values") is not None:
            trial.values = [number(value) for value in entry["values"]]
    elif code == 7:
        trial.steps[int(entry["step"])] = number(entry["intermediate_value"])
    elif code == 8:
        trial.attributes.update(entry["user_attr"])


def _runs(path: str, replay: _Replay) -> Iterator[Found]:
    changed_at = os.stat(path).st_mtime
    for trial in replay.kept:
        study = replay.studies[trial.study]
        start_ms = round((trial.started_at or 0.0) * 1000)
        end_ms = round((trial.ended_at or trial.started_at or 0.0) * 1000)
        series: dict[str, list[Point]] = {}
        if trial.steps:
            series["intermediate_value"] = [(step, start_ms, value) for step, value in sorted(trial.steps.items())]
        for objective, value in enumerate(trial.values):
            series[value_name(study.directions, objective)] = [(0, end_ms, value)]
        run = trial_run(
            path,
            storable(study.name),
            trial.number,
            state=trial.state,
            started_at=trial.started_at,
            ended_at=trial.ended_at,
            changed_at=changed_at,
            params=trial.params,
            tags={**study_tags(study.attributes, study.directions), **trial.attributes},
            series=series,
        )
        yield Found(run)
