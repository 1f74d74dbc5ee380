"""What two registries say of a model, mark by mark, and which of them has changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mlops_store.mirror_marks import Mark
from mlops_store.records import RegisteredModel


class Mirror(Protocol):
    """Another registry. A mark is something that it says of a model, with a text as its value; "" for nothing."""

    name: str

    def ours(self, model: RegisteredModel) -> Mapping[str, str]:
        """Mark -> what it should hold of our model."""
        ...

    def theirs(self, model: RegisteredModel) -> Mapping[str, str]:
        """Mark -> what it holds; raises MlopsError where it cannot be read."""
        ...

    def write(self, model: RegisteredModel, mark: str, value: str, *, is_trial: bool = False) -> None:
        """Lets it hold that; raises MlopsError where it cannot. A trial raises the same and writes nothing."""
        ...

    def move(self, mark: str, value: str) -> tuple[int, str] | None:
        """The version and stage that a value of theirs means among ours; None where it names no stage."""
        ...


@dataclass(frozen=True, slots=True)
class Difference:
    """A mark that the two registries hold different values of.

    Attributes:
        mirror: 'mlflow' or 'gto'.
        model: The model.
        mark: What the values are of: ``@production`` (an alias), ``v3`` (a version's stage).
        ours: What we would have there; "" for nothing.
        theirs: What is there.
        state: 'behind' (only ours has changed, or nothing is there: it will be written), 'ahead' (only theirs has
            changed), or 'conflict' (both have, or it is not known who).
        error: Why the last write failed; "" when none did.
    """

    mirror: str
    model: str
    mark: str
    ours: str
    theirs: str
    state: str
    error: str = ""


def differences(
    mirror: str,
    model: str,
    ours: Mapping[str, str],
    theirs: Mapping[str, str],
    known: Mapping[str, Mark],
    before: Mapping[str, str] | None = None,
) -> list[Difference]:
    """Every mark of which the two hold different values.

    Args:
        mirror: The other registry.
        model: The model.
        ours: What we would have there.
        theirs: What is there.
        known: What both held when they last agreed.
        before: What we would have had there before the act that is followed, for marks of which nothing is known.
    """
    found = []
    for mark in sorted({*ours, *theirs}):
        own, other = ours.get(mark, ""), theirs.get(mark, "")
        if own == other:
            continue
        seen = known.get(mark)
        agreed = seen.agreed if seen is not None else None
        is_new = agreed is None and not other
        if agreed is None and before is not None:
            agreed = before.get(mark, "")
        if is_new or (not other and not agreed):
            state = "behind"
        elif agreed is None:
            state = "conflict"
        else:
            state = "behind" if other == agreed else "ahead" if own == agreed else "conflict"
        found.append(Difference(mirror, model, mark, own, other, state, seen.error if seen is not None else ""))
    return found
