"""Who answers a request: the split as it stands now, with the servers of its versions. Never changed, only replaced."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlops_store.records import Split
from mlops_tui.serve.router.arms import Arm, Part
from mlops_tui.serve.router.counting import Comparison
from mlops_tui.serve.router.wire import Request
from mlops_tui.traffic import assignment


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: a split with the versions that its words name now; ``split`` is None where there is none."""

    model: str
    stable: int
    split: Split | None = None
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The servers that this needs, the stable version's first."""
        names = self.split.weights if self.split else {}
        shadows = self.split.shadows if self.split else ()
        return (
            Part(self.stable),
            *(Part(self.versions[name]) for name in names if name in self.versions),
            *(Part(self.versions[name], is_shadow=True) for name in shadows if name in self.versions),
        )


@dataclass(frozen=True)
class Table:
    """The servers with their shares.

    Attributes:
        model: The model.
        stable: Takes what no other does, and what others cannot answer.
        weights: Version -> weight, the stable one's included.
        arms: Version -> its server.
        shadows: Those that get copies.
        key: What decides who gets which version; see ``Split``.
        trial: The split's.
        changed_at: When the split was changed, Unix seconds.
        comparisons: What is compared meanwhile.
    """

    model: str
    stable: Arm
    weights: Mapping[str, float] = field(default_factory=dict)
    arms: Mapping[str, Arm] = field(default_factory=dict)
    shadows: Sequence[Arm] = ()
    key: str = ""
    trial: int = 0
    changed_at: float = 0.0
    comparisons: Sequence[Comparison] = ()

    def key_of(self, request: Request) -> int | None:
        """The hash of a request's key; None where there is none."""
        kind, _, name = self.key.partition(" ")
        if not kind:
            return None
        found = request.header(name.encode()) if kind == "header" else assignment.field(request.body, name)
        return None if found is None else assignment.hashed(found, self.model)

    def choose(self, key: int | None) -> Arm:
        """The server of the version that a request gets; one that should have a key but has none goes by chance."""
        if not self.arms:
            return self.stable
        if key is None:
            return self.arms[assignment.by_chance(self.weights, random.random())]  # noqa: S311 nobody gains by guessing
        return self.arms[assignment.by_key(self.weights, key)]


def table(wanted: Wanted, arms: Mapping[Part, Arm], before: Table | None) -> Table | None:
    """The table that comes nearest to what is wanted with the servers that there are.

    Candidates that have not been loaded yet have no share. Until the stable version is there, the one of before stays.

    Returns:
        None when there is no stable version to begin with.
    """
    stable = arms.get(Part(wanted.stable))
    if stable is None or not stable.was_ready:
        stable = before.stable if before is not None else None
    if stable is None:
        return None
    split = wanted.split
    if split is None:
        return Table(wanted.model, stable)
    shares: dict[str, float] = {}
    chosen: dict[str, Arm] = {}
    for name, share in () if split.is_paused else split.weights.items():
        arm = arms.get(Part(wanted.versions.get(name, 0)))
        if share > 0 and arm is not None and arm.was_ready and arm is not stable:
            shares[str(arm.part.version)], chosen[str(arm.part.version)] = share, arm
    rest = max(0.0, 100.0 - sum(shares.values()))
    name = str(stable.part.version)
    shadows = [arms.get(Part(wanted.versions.get(word, 0), is_shadow=True)) for word in split.shadows]
    return Table(
        wanted.model,
        stable,
        {name: rest, **shares} if chosen else {},
        {name: stable, **chosen} if chosen else {},
        [arm for arm in shadows if arm is not None and arm.was_ready],
        split.key,
        split.trial,
        split.changed_at,
        [
            Comparison(split.trial, arm.part.version, stable.part.version, share / (share + rest), split.changed_at)
            for share, arm in zip(shares.values(), chosen.values(), strict=True)
            if rest > 0
        ],
    )
