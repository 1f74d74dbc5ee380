"""How requests are shared out among the versions of a model, and what was counted. Imported from ``records``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Split:
    """How the requests for a model are shared out.

    Versions are named as a person named them: ``4``, an alias or a stage; a stage's version changes when it is moved.

    Attributes:
        model: The registered model.
        revision: Grows with each change.
        trial: Grows when what is compared changes; weights do not change it.
        stable: The version that takes what no other does.
        weights: Candidate -> its share of the requests in per cent, 0 to 100, in the order in which they were added.
        shadows: Versions that get a copy of each request, and whose answers nobody gets.
        key: What decides who gets which version: "" (chance, each time), ``header NAME`` or ``field NAME``.
        paused_at: Since when the stable version takes everything, Unix seconds; None where it does not.
        paused_why: Who or what paused it.
        changed_at: Unix seconds.
    """

    model: str
    revision: int
    trial: int
    stable: str
    weights: Mapping[str, float] = field(default_factory=dict)
    shadows: tuple[str, ...] = ()
    key: str = ""
    paused_at: float | None = None
    paused_why: str = ""
    changed_at: float = 0.0

    @property
    def is_paused(self) -> bool:
        """Whether the stable version takes everything."""
        return self.paused_at is not None

    @property
    def stable_weight(self) -> float:
        """What is left for the stable version, in per cent."""
        return max(0.0, 100.0 - sum(self.weights.values()))


@dataclass(frozen=True, slots=True)
class TrafficCount:
    """What was counted of a version's requests in one stretch of time.

    Attributes:
        version: The version.
        is_shadow: Whether it only got copies.
        at: Where the stretch begins, Unix seconds.
        width_s: How long it is: 1, or 60 of what is older.
        requests: Requests that were meant for it.
        errors: Of these, those it answered with a status of 500 or more, or not at all.
        diverted: Of these, those that another version answered in its place.
        lengths: Number of a bucket of time -> how many answers took so long.
    """

    version: int
    is_shadow: bool
    at: int
    width_s: int
    requests: int
    errors: int
    diverted: int
    lengths: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over the requests of one side of a comparison.

    Attributes:
        requests: How many there were.
        errors: Of these, those that failed.
        timed: Answers with a time.
        log_sum: Sum of the natural logarithms of their seconds.
        log_squares: Sum of the squares of these.
        labelled: Answers that a label came for.
        wrong: Of these, those that said something else.
        measured: Of these, those where both are numbers.
        distance_sum: Sum of the absolute differences of these.
        distance_squares: Sum of the squares of these.
    """

    requests: int = 0
    errors: int = 0
    timed: int = 0
    log_sum: float = 0.0
    log_squares: float = 0.0
    labelled: int = 0
    wrong: int = 0
    measured: int = 0
    distance_sum: float = 0.0
    distance_squares: float = 0.0


@dataclass(frozen=True, slots=True)
class Period:
    """A time in which a candidate got the same share of the requests that it and the stable version got.

    ``share`` is between 0 and 1, both excluded.
    """

    id: int
    trial: int
    candidate: int
    stable: int
    share: float
    began_at: float
    of_candidate: Tally = Tally()
    of_stable: Tally = Tally()


@dataclass(frozen=True, slots=True)
class WaitingAnswer:
    """An answer that waits for a label: what a version predicted (JSON) in a period."""

    request: str
    period_id: int
    is_candidate: bool
    prediction: str


@dataclass(frozen=True, slots=True)
class ShadowCount:
    """How a shadow's answers compared with those that were given.

    Attributes:
        version: The shadow.
        against: The version whose answers were given.
        compared: Answers that were compared.
        agreed: Of these, those that were equal.
        failed: Requests that the shadow did not answer, or with an error.
        skipped: Requests that it got no copy of, because too many waited.
        numbers: Pairs of numbers among the answers.
        distance_sum: Sum of the absolute differences of these.
    """

    version: int
    against: int
    compared: int
    agreed: int
    failed: int
    skipped: int
    numbers: int
    distance_sum: float

    @property
    def agreement(self) -> float | None:
        """The share of equal answers."""
        return self.agreed / self.compared if self.compared else None

    @property
    def mean_distance(self) -> float | None:
        """The mean absolute difference of numbers."""
        return self.distance_sum / self.numbers if self.numbers else None


@dataclass(frozen=True, slots=True)
class Router:
    """A process that shares out the requests for a model.

    ``arms`` maps a version, ``4`` or ``4 shadow``, to 'starting', 'ready', 'down', or what is wrong with it.
    """

    host: str
    pid: int
    url: str
    started_at: float
    arms: Mapping[str, str] = field(default_factory=dict)
