"""How a stage is to be run, as it says under ``meta: {mlops: {...}}``, where DVC looks at nothing.

Owns the words and their checks. What the machine has and who waits for what is the business of ``capacity`` and
``schedule``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_store.errors import SpecError, nearest
from mlops_tui import quantities
from mlops_tui.pipeline.spec import Stage

#: The executor that starts commands on this machine, as they are.
LOCAL = "local"
_KEYS = ("retries", "timeout", "cpus", "memory", "gpus", "mutex", "env", "executor")
_RETRIES = ("times", "backoff", "factor", "max")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a failed stage is tried again.

    Attributes:
        times: Attempts after the first.
        backoff_s: Wait before the second attempt.
        factor: By how much each further wait is longer than the one before, at least 1.
        max_s: The longest wait.
    """

    times: int = 0
    backoff_s: float = 0.0
    factor: float = 2.0
    max_s: float = math.inf

    def wait_s(self, attempt: int) -> float:
        """Seconds between the end of an attempt (the first is 1) and the start of the next."""
        try:
            wanted_s = self.backoff_s * self.factor ** (attempt - 1)
        except OverflowError:
            wanted_s = math.inf
        return min(wanted_s, self.max_s, quantities.LONGEST_S) if self.backoff_s else 0.0


@dataclass(frozen=True, slots=True)
class Demand:
    """What a stage needs for itself while it runs; memory is counted, not enforced."""

    cpus: int = 0
    memory_bytes: int = 0
    gpus: int = 0
    mutexes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it needs nothing."""
        return not (self.cpus or self.memory_bytes or self.gpus or self.mutexes)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one stage; ``timeout_s`` is for each attempt, None for no limit."""

    retries: Retries = field(default_factory=Retries)
    timeout_s: float | None = None
    demand: Demand = field(default_factory=Demand)
    environment: Mapping[str, str] = field(default_factory=dict)
    executor: str = LOCAL


DEFAULT = Options()


def read(stage: Stage) -> Options:
    """The options of a stage.

    Raises:
        SpecError: An unknown key or a value that is not understood; points at the stage.
    """
    if not isinstance(stage.meta, Mapping) or "mlops" not in stage.meta:
        return DEFAULT
    return _Reader(stage).options(stage.meta["mlops"])


def read_all(stages: Iterable[Stage]) -> dict[str, Options]:
    """The options of stages by name.

    Raises:
        SpecError: See ``read``.
    """
    return {stage.name: read(stage) for stage in stages}


class _Reader:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def options(self, content: Any) -> Options:
        body = self.mapping(content, "", _KEYS)

        def get(key: str, check: Callable[[Any, str], Any], default: Any) -> Any:
            return check(body[key], key) if key in body else default

        return Options(
            retries=get("retries", self.retries, Retries()),
            timeout_s=get("timeout", self.positive_time, None),
            demand=Demand(
                cpus=get("cpus", self.count, 0),
                memory_bytes=get("memory", self.size, 0),
                gpus=get("gpus", self.count, 0),
                mutexes=get("mutex", self.names, ()),
            ),
            environment=get("env", self.environment, {}),
            executor=get("executor", self.name, LOCAL),
        )

    def retries(self, value: Any, place: str) -> Retries:
        if not isinstance(value, Mapping):
            return Retries(self.count(value, place))
        body = self.mapping(value, place, _RETRIES)
        if "times" not in body:
            raise self.wrong(place, "has no 'times'", "say how often: retries: {times: 3, backoff: 2s}")
        backoff_s = self.time(body.get("backoff", 0), f"{place}.backoff")
        factor = body.get("factor", 2.0)
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 1 <= factor < math.inf:
            raise self.wrong(f"{place}.factor", f"must be a number from 1 on, not {factor!r}")
        max_s = self.time(body["max"], f"{place}.max") if "max" in body else math.inf
        return Retries(self.count(body["times"], f"{place}.times"), backoff_s, float(factor), max_s)

    def mapping(self, value: Any, place: str, known: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise self.wrong(place, f"must be a mapping, not {value!r}")
        for key in value:
            if key not in known:
                raise self.wrong(f"{place}.{key}" if place else str(key), "is unknown", nearest(str(key), known))
        return value

    def count(self, value: Any, place: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
            raise self.wrong(place, f"must be a whole number from 0 on, not {value!r}")
        return value

    def time(self, value: Any, place: str) -> float:
        try:
            return quantities.seconds(value)
        except ValueError:
            raise self.wrong(place, f"must be a time, not {value!r}", "for example 30s, 10m, 1h 30m") from None

    def positive_time(self, value: Any, place: str) -> float:
        length_s = self.time(value, place)
        if not length_s:
            raise self.wrong(place, "must be longer than nothing", "leave it out for no limit")
        return length_s

    def size(self, value: Any, place: str) -> int:
        try:
            return quantities.size_bytes(value)
        except ValueError:
            raise self.wrong(place, f"must be a size, not {value!r}", "for example 512MB, 4GB, 16GiB") from None

    def name(self, value: Any, place: str) -> str:
        if not isinstance(value, str) or not value:
            raise self.wrong(place, f"must be a name, not {value!r}")
        return value

    def names(self, value: Any, place: str) -> tuple[str, ...]:
        found = value if isinstance(value, list) else [value]
        return tuple(dict.fromkeys(self.name(one, place) for one in found))

    def environment(self, value: Any, place: str) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise self.wrong(place, f"must map names to values, not {value!r}")
        found = {}
        for key, content in value.items():
            if not isinstance(key, str) or not _VARIABLE.match(key):
                raise self.wrong(place, f"{key!r} cannot be the name of an environment variable")
            if not isinstance(content, str | int | float) or "\0" in str(content):
                raise self.wrong(f"{place}.{key}", f"must be a text or a number, not {content!r}")
            found[key] = str(content).lower() if isinstance(content, bool) else str(content)
        return found

    def wrong(self, place: str, message: str, hint: str = "") -> SpecError:
        stage = self._stage
        where = f"stage {stage.name!r}: meta.mlops{'.' if place else ''}{place}"
        return SpecError(f"{where} {message}", file=stage.file, line=stage.line, column=stage.column, hint=hint)
