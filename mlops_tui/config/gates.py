"""``[gates.NAME]``: what a version must pass before it may go to a stage. ``registry.gates`` does the checking."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_store.errors import nearest
from mlops_tui import quantities
from mlops_tui.config.reader import Reader


@dataclass(frozen=True, slots=True)
class GateConfig:
    """One gate.

    Attributes:
        name: The table's name.
        kind: What is checked: a key of ``KINDS``.
        stages: The stages that it guards.
        options: What the kind needs to know, as ``KINDS`` says; only what was written.
    """

    name: str
    kind: str
    stages: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


Read = Callable[[Reader, object, str], Any]


def _number(reader: Reader, value: object, place: str) -> float:
    found = reader.number(value, place)
    if not math.isfinite(found):
        raise reader.error(place, f"must be a finite number, not {found}")
    return found


def _positive(reader: Reader, value: object, place: str) -> float:
    found = _number(reader, value, place)
    if found < 0:
        raise reader.error(place, f"must be 0 or more, not {found:g}")
    return found


def _share(reader: Reader, value: object, place: str) -> float:
    found = _number(reader, value, place)
    if not 0 <= found <= 1:
        raise reader.error(place, f"must be a share from 0 to 1, not {found:g}")
    return found


def _length(reader: Reader, value: object, place: str) -> float:
    return reader.length(value, place, 'for example "20ms" or "30d"')


def _size(reader: Reader, value: object, place: str) -> int:
    try:
        return quantities.size_bytes(value)
    except ValueError as error:
        raise reader.error(place, f"must be a size, not {value!r}", 'for example "50MB"') from error


def _words(reader: Reader, value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(word, str) and word for word in value):
        raise reader.error(place, "must be a list of words", 'for example ["pytest", "tests/model"]')
    return tuple(value)


def _text(reader: Reader, value: object, place: str) -> str:
    return reader.text(value, place)


def _texts(reader: Reader, value: object, place: str) -> tuple[str, ...]:
    return reader.texts(value, place)


def _paths(reader: Reader, value: object, place: str) -> tuple[str, ...]:
    return reader.paths(value, place)


def _rows(reader: Reader, value: object, place: str) -> int:
    return max(1, reader.count(value, place))


def _flag(reader: Reader, value: object, place: str) -> bool:
    return reader.flag(value, place)


#: Differences between groups that a fairness gate knows.
FAIRNESS = ("demographic_parity", "equal_opportunity", "equalized_odds")


def _fairness(reader: Reader, value: object, place: str) -> str:
    return reader.choice(value, place, FAIRNESS)


#: Kind -> its options and how each is read.
KINDS: Mapping[str, Mapping[str, Read]] = {
    "metric": {"metric": _text, "min": _number, "max": _number},
    "holder": {"metric": _text, "margin": _positive},
    "predictions": {"predictions": _text, "margin": _positive},
    "slices": {"predictions": _text, "column": _text, "min": _number, "max": _number, "least": _rows},
    "fairness": {"predictions": _text, "column": _text, "measure": _fairness, "positive": _text, "max": _positive},
    "approval": {"count": _rows, "four_eyes": _flag, "approvers": _texts, "keys": _paths, "expires": _length},
    "size": {"max": _size},
    "age": {"max": _length},
    "latency": {"max": _length, "rows": _rows},
    "signature": {},  # what the model takes and gives
    "signed": {"keys": _paths},  # by whom, with a key
    "code": {},
    "card": {"requires": _texts, "reviewed": _flag},
    "drift": {"monitor": _text, "batches": _rows, "max": _share},
    "quality": {"min_rows": _rows, "max_missing": _share, "max_duplicates": _share, "constants": _flag},
    "command": {"command": _words, "timeout": _length, "deps": _texts},
}

#: Kind -> the options that it cannot do without.
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "metric": ("metric",),
    "holder": ("metric",),
    "slices": ("column",),
    "fairness": ("column", "max"),
    "size": ("max",),
    "age": ("max",),
    "latency": ("max",),
    "command": ("command",),
}


def read(reader: Reader, name: str, body: object, stages: Sequence[str], monitors: Collection[str] = ()) -> GateConfig:
    """The gate that a table describes.

    Args:
        reader: Reads values of the file.
        name: The table's name.
        body: Its content.
        stages: The stages that there are; the first one cannot be guarded, because that is where versions begin.
        monitors: The monitors that there are.

    Raises:
        SpecError: A key, kind or value is not understood, or one that is needed is missing.
    """
    place = f"gates.{name}"
    kind = reader.table(body, place, None).get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        known = ", ".join(KINDS)
        hint = (nearest(kind, KINDS) if isinstance(kind, str) else "") or f"one of: {known}"
        raise reader.error(f"{place}.kind", f"cannot be {kind!r}" if kind is not None else "is missing", hint)
    options = KINDS[kind]
    table = reader.table(body, place, ("kind", "stage", *options))
    guarded = reader.texts(table["stage"], f"{place}.stage") if "stage" in table else tuple(stages[-2:-1])
    for stage in guarded:
        if stage not in stages[1:]:
            why = "is where versions begin" if stage in stages else "is no stage"
            raise reader.error(f"{place}.stage", f"{stage!r} {why}", nearest(stage, stages[1:]))
    for key in _REQUIRED.get(kind, ()):
        if key not in table:
            raise reader.error(place, f"needs {key!r}", f"add: {key} = …")
    if kind in ("metric", "slices") and not {"min", "max"} & table.keys():
        raise reader.error(place, "needs 'min', 'max' or both", "add: min = 0.9")
    if kind == "quality" and not table.keys() & options.keys():
        raise reader.error(place, "checks nothing", f"add one of: {', '.join(options)}")
    monitor = table.get("monitor")
    if kind == "drift" and monitor is not None and monitor not in monitors:
        raise reader.error(f"{place}.monitor", f"{monitor!r} is no monitor", nearest(str(monitor), monitors))
    read_options = {key: parse(reader, table[key], f"{place}.{key}") for key, parse in options.items() if key in table}
    return GateConfig(name, kind, guarded, read_options)
