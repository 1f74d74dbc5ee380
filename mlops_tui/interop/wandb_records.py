"""What the records of a W&B run say, from the bytes of protocol buffers.

Source:
    wandb/proto/wandb_internal.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mlops_store.curves import Point
from mlops_tui.interop import json_values, protobuf
from mlops_tui.interop.others import Others
from mlops_tui.interop.protobuf import Value
from mlops_tui.interop.source import moment

_HISTORY, _SUMMARY, _CONFIG, _STATS, _ARTIFACT, _RUN, _EXIT, _ENVIRONMENT = 2, 3, 5, 7, 8, 17, 18, 26
#: Fields of a run and of its environment that are texts -> our names.
_RUN_TEXTS = {
    1: "id",
    2: "entity",
    3: "project",
    6: "group",
    7: "job_type",
    8: "name",
    9: "notes",
    12: "sweep",
    13: "host",
}
_ENVIRONMENT_TEXTS = {2: "python", 6: "program", 11: "root", 12: "host", 13: "username"}
_NOTHING = object()


@dataclass
class Log:
    """What the records of a run say.

    Attributes:
        texts: ``id``, ``entity``, ``project``, ``group``, ``job_type``, ``name``, ``notes``, ``sweep``, ``host``,
            ``python``, ``program``, ``root``, ``username``, ``git_remote``, ``git_commit``, as far as they are known.
        labels: The run's tags.
        arguments: Of the command.
        config: By dotted names.
        summary: By dotted names.
        series: Points of each metric in the order of arrival.
        started_at: Unix seconds.
        last_at: Of the newest record with a time.
        runtime_s: How long it ran, once it has ended.
        exit_code: Once it has ended.
        others: What is no number.
    """

    texts: dict[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    series: dict[str, list[Point]] = field(default_factory=dict)
    started_at: float | None = None
    last_at: float | None = None
    runtime_s: int = 0
    exit_code: int | None = None
    others: Others = field(default_factory=Others)
    _samples: int = 0

    def add(self, record: bytes) -> None:
        """Takes in one record.

        Raises:
            ValueError: It is none.
        """
        readers = {
            _HISTORY: self._history,
            _SUMMARY: lambda data: self._update(self.summary, data),
            _CONFIG: lambda data: self._update(self.config, data),
            _STATS: self._stats,
            _ARTIFACT: self._artifact,
            _RUN: self._run,
            _EXIT: self._exit,
            _ENVIRONMENT: self._environment,
        }
        for number, value in protobuf.fields(record):
            if number in readers:
                readers[number](protobuf.message(value))

    @property
    def last_step(self) -> int:
        """The greatest step of a metric."""
        return max((points[-1][0] for points in self.series.values()), default=0)

    def _history(self, data: bytes) -> None:
        step: int | None = None
        values: dict[str, Any] = {}
        for number, value in protobuf.fields(data):
            if number == 1:
                key, content = _item(protobuf.message(value))
                if content is not _NOTHING:
                    values[key] = content
            elif number == 2:
                found = protobuf.last(protobuf.message(value), 1)
                step = 0 if found is None else protobuf.signed(found)
        if step is None:
            given = json_values.number(values.get("_step"))
            step = int(given) if given is not None and abs(given) < 1 << 62 else 0
        at = moment(json_values.number(values.get("_timestamp")))
        if at is not None:
            self.last_at = at
        self._points(values, step, round((at or self.started_at or 0.0) * 1000))

    def _points(self, values: dict[str, Any], step: int, ms: int, prefix: str = "") -> None:
        for key, value in json_values.leaves(json_values.with_objects(values)):
            if key.startswith("_"):
                continue
            number = json_values.number(value)
            if number is None:
                self.others.add(json_values.kind(value), key)
            else:
                self.series.setdefault(prefix + key, []).append((step, ms, number))

    def _stats(self, data: bytes) -> None:
        values: dict[str, Any] = {}
        at: float | None = None
        for number, value in protobuf.fields(data):
            if number == 2:
                at = _timestamp(protobuf.message(value))
            elif number == 3:
                key, content = _item(protobuf.message(value))
                values[key] = content
        self._points(values, self._samples, round((at or 0.0) * 1000), "system/")
        self._samples += 1

    def _update(self, target: dict[str, Any], data: bytes) -> None:
        for number, value in protobuf.fields(data):
            if number not in (1, 2):
                continue
            key, content = _item(protobuf.message(value))
            for old in [old for old in target if old == key or old.startswith(key + ".")]:
                del target[old]
            if number == 1 and content is not _NOTHING and not key.startswith("_"):
                target.update(json_values.leaves({key: content}))

    def _run(self, data: bytes) -> None:
        labels = []
        for number, value in protobuf.fields(data):
            if number in _RUN_TEXTS:
                self.texts[_RUN_TEXTS[number]] = protobuf.text(value)
            elif number == 4:
                self._update(self.config, protobuf.message(value))
            elif number == 5:
                self._update(self.summary, protobuf.message(value))
            elif number == 10:
                labels.append(protobuf.text(value))
            elif number == 17:
                started_at = _timestamp(protobuf.message(value))
                if self.started_at is None:
                    self.started_at = started_at
            elif number == 21:
                self._git(protobuf.message(value))
        self.labels = labels or self.labels

    def _environment(self, data: bytes) -> None:
        arguments = []
        for number, value in protobuf.fields(data):
            if number in _ENVIRONMENT_TEXTS:
                self.texts[_ENVIRONMENT_TEXTS[number]] = protobuf.text(value)
            elif number == 5:
                arguments.append(protobuf.text(value))
            elif number == 9:
                self._git(protobuf.message(value))
        self.arguments = arguments or self.arguments

    def _git(self, data: bytes) -> None:
        for number, value in protobuf.fields(data):
            if number in (1, 2):
                self.texts["git_remote" if number == 1 else "git_commit"] = protobuf.text(value)

    def _exit(self, data: bytes) -> None:
        self.exit_code = 0
        for number, value in protobuf.fields(data):
            if number == 1:
                self.exit_code = protobuf.signed(value)
            elif number == 2:
                self.runtime_s = protobuf.signed(value)

    def _artifact(self, data: bytes) -> None:
        name = protobuf.last(data, 5)
        self.others.add("artifact", "" if name is None else protobuf.text(name))


def _item(data: bytes) -> tuple[str, Any]:
    """Key and value of an item; nested keys are joined with dots, and ``_NOTHING`` stands for no value."""
    key, nested = "", list[str]()
    content: Any = _NOTHING
    for number, value in protobuf.fields(data):
        if number == 1:
            key = protobuf.text(value)
        elif number == 2:
            nested.append(protobuf.text(value))
        elif number in (8, 16):
            content = _json(value)
        elif number == 6:
            content = protobuf.double(value)
        elif number == 5:
            content = _zigzag(value)
        elif number == 4:
            content = bool(value)
        elif number == 7:
            content = protobuf.text(value)
        elif number == 3:
            content = None
    return key or ".".join(nested), content


def _json(value: Value) -> Any:
    data = protobuf.message(value)
    try:
        return json_values.loads(data)
    except ValueError:
        return data.decode("utf-8", "backslashreplace")


def _zigzag(value: Value) -> int:
    if not isinstance(value, int):
        raise ValueError("no number")
    return value >> 1 ^ -(value & 1)


def _timestamp(data: bytes) -> float | None:
    seconds = nanos = 0
    for number, value in protobuf.fields(data):
        if number == 1:
            seconds = protobuf.signed(value)
        elif number == 2:
            nanos = protobuf.signed(value)
    return moment(seconds + nanos / 1e9) if abs(seconds) < 1 << 52 else None


def items(log: Log) -> Iterator[tuple[str, float]]:
    """The numbers of the summary that no history has: those that the script put there itself."""
    for key, value in json_values.with_objects(log.summary).items():
        number = json_values.number(value)
        if number is not None and key not in log.series and not key.startswith("_"):
            yield key, number
