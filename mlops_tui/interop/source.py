"""What every reader yields, and where it notes what it could not read."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mlops_store.import_records import ImportedRun
from mlops_store.texts import storable

#: Problems that are kept word for word; more are counted only.
KEPT_PROBLEMS = 500
#: A name or a text longer than this is cut.
MAX_KEY = 1000
MAX_TEXT = 1_000_000

#: Namespace of the ids of runs whose tool has none of our form.
_NAMESPACE = uuid.UUID("5f3c1f0e-6f4b-5d0e-9a55-7a1e0a6b7c11")
#: Of MLflow's ``utils/validation.py``.
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}", re.ASCII)
_INT64 = 1 << 63
#: Seconds; the year 33658.
_LATEST_S = 1e12


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not read.

    Attributes:
        place: The file, run or model.
        message: Why, or what of it.
    """

    place: str
    message: str


@dataclass
class Problems:
    """What was not read, in the order in which it was met.

    Attributes:
        kept: The first ones.
        count: How many there were.
    """

    kept: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, place: str, message: str) -> None:
        """Notes one."""
        self.count += 1
        if len(self.kept) < KEPT_PROBLEMS:
            self.kept.append(Problem(storable(place), storable(message)))


class SourceFile(NamedTuple):
    """A file of a run.

    Attributes:
        path: Its path within the run; made by the reader, not yet to be trusted.
        origin: Where its bytes are; nothing out of ``root`` is read.
        root: The folder that it must lie in.
        data: Its bytes, where they are no file of their own but a part of ``origin``.
        made_at: Unix seconds; for such a part.
    """

    path: str
    origin: str
    root: str
    data: bytes | None = None
    made_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """A run with its files."""

    run: ImportedRun
    files: tuple[SourceFile, ...] = ()


class Experiment(NamedTuple):
    """An experiment, which may have no runs."""

    name: str
    created_at: float
    description: str = ""
    deleted_at: float | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A store of another tool, opened.

    Attributes:
        kind: Of ``kinds.KINDS``.
        path: Where it is, absolute.
        runs: Yields the runs, parents before their children where the source allows it.
        count: How many runs there will be about; None where that is not known beforehand.
        experiments: Those that the source describes.
        tool: Whose it is, where several kinds are of one tool; the kind by default.
        is_by_path: Whether runs are told apart by where they lie only: one that lacks points that were there before
            is another run in the same place.
    """

    kind: str
    path: str
    runs: Callable[[], Iterator[Found]]
    count: int | None = None
    experiments: tuple[Experiment, ...] = ()
    tool: str = ""
    is_by_path: bool = False


def made_id(kind: str, *parts: str) -> str:
    """The id of a run that has none of our form: 32 hexadecimal digits, the same for the same parts."""
    return uuid.uuid5(_NAMESPACE, "\0".join((kind, *parts)).encode("utf-8", "backslashreplace").decode()).hex


def safe_id(kind: str, run_id: str) -> str:
    """A run's id as its tool has it, where MLflow would take it for one; else one made of it."""
    return run_id if _RUN_ID.fullmatch(run_id) else made_id(kind, run_id)


def texts(values: Mapping[str, object]) -> dict[str, str]:
    """Params or tags as the store keeps them: what is no text becomes one, what is too long is cut."""
    return {storable(str(key))[:MAX_KEY]: storable(text_of(value))[:MAX_TEXT] for key, value in values.items()}


def text_of(value: object) -> str:
    """A value as MLflow would log it: ``str``, but JSON for lists and mappings."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        import json

        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def whole(value: object) -> int | None:
    """A number that fits 64 bits, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0:
        return None
    number = int(value)
    return number if -_INT64 <= number < _INT64 else None


def moment(value: object, scale: float = 1.0) -> float | None:
    """Unix seconds of a number of seconds times ``scale``; None for what is no moment."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0:
        return None
    try:
        seconds = value / scale
    except OverflowError:
        return None
    return seconds if -_LATEST_S < seconds < _LATEST_S else None
