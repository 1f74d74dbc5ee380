"""What the router counts: per second and version for people and guard rules, per comparison for verdicts.

Counted in memory by the event loop, and written once a second by a thread: requests never wait for the store, and what
could not be written is kept for the next time.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mlops_store import traffic_counts
from mlops_store.records import ShadowCount, Tally, TrafficCount, WaitingAnswer
from mlops_store.store import Store
from mlops_tui.serve.router.arms import Part
from mlops_tui.traffic import lengths

#: Counts that wait for a store that cannot be written, in seconds; older ones are forgotten.
_WAITING_S = 600
#: Keys of a trial whose first request is counted; those of more people change no verdict.
_MOST_KEYS = 1_000_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """A candidate beside the stable version, with its share of the requests that both get, since a split was changed.

    Guard rules look at what came since then, so that no two splits have one in common.
    """

    trial: int
    candidate: int
    stable: int
    share: float
    since: float


@dataclass(slots=True)
class _Second:
    requests: int = 0
    errors: int = 0
    diverted: int = 0
    lengths: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Sums:
    requests: int = 0
    errors: int = 0
    timed: int = 0
    log_sum: float = 0.0
    log_squares: float = 0.0


@dataclass(slots=True)
class _Shadow:
    compared: int = 0
    agreed: int = 0
    failed: int = 0
    skipped: int = 0
    numbers: int = 0
    distance_sum: float = 0.0


@dataclass(slots=True)
class _Batch:
    """What was counted since the last writing."""

    seconds: dict[tuple[Part, int], _Second] = field(default_factory=dict)
    sums: dict[tuple[Comparison, bool], _Sums] = field(default_factory=dict)
    shadows: dict[tuple[int, int, int], _Shadow] = field(default_factory=dict)
    keys: dict[int, list[int]] = field(default_factory=dict)
    answers: list[tuple[Comparison, bool, str, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.seconds or self.sums or self.shadows or self.keys or self.answers)


@dataclass(frozen=True, slots=True)
class Recent:
    """What was counted of a version lately."""

    requests: int
    errors: int
    lengths: dict[int, int]


class Counting:
    """The counts of a model's router.

    Args:
        model: The model.
        window_s: How far guard rules look back.
    """

    def __init__(self, model: str, window_s: float) -> None:
        self._model = model
        self.window_s = window_s
        self._batch = _Batch()
        self._waiting: deque[_Batch] = deque()
        self._recent: deque[tuple[Part, int, _Second]] = deque()
        self._periods: dict[Comparison, int] = {}
        self._seen: set[int] = set()
        self._trial = 0
        self._compacted_at = 0.0
        self.requests: Counter[Part] = Counter()
        self.errors: Counter[Part] = Counter()

    def remember(self, trial: int, keys: set[int]) -> None:
        """Takes up a trial that an earlier router has begun."""
        self._trial, self._seen = trial, keys

    # counting, by the event loop

    def add(self, part: Part, length_s: float | None, *, is_error: bool, is_diverted: bool = False) -> None:
        """Counts a request; ``length_s`` is None where there was no answer."""
        now = int(time.time())
        second = self._batch.seconds.get((part, now))
        if second is None:
            second = self._batch.seconds[part, now] = _Second()
            self._recent.append((part, now, second))
        second.requests += 1
        second.errors += is_error
        second.diverted += is_diverted
        if length_s is not None:
            number = lengths.bucket(length_s)
            second.lengths[number] = second.lengths.get(number, 0) + 1
        self.requests[part] += 1
        self.errors[part] += is_error

    def compare(
        self, comparisons: Iterable[Comparison], version: int, length_s: float | None, *, is_error: bool
    ) -> None:
        """Counts a request for each comparison that its version is a side of."""
        for comparison in comparisons:
            is_candidate = version == comparison.candidate
            if not is_candidate and version != comparison.stable:
                continue
            sums = self._batch.sums.get((comparison, is_candidate))
            if sums is None:
                sums = self._batch.sums[comparison, is_candidate] = _Sums()
            sums.requests += 1
            sums.errors += is_error
            if length_s is not None:
                log = math.log(max(length_s, 1e-6))
                sums.timed += 1
                sums.log_sum += log
                sums.log_squares += log * log

    def keep(self, comparisons: Iterable[Comparison], version: int, name: str, prediction: str) -> None:
        """Keeps an answer (JSON) for the label that may come for it, for each comparison that it counts for."""
        for comparison in comparisons:
            is_candidate = version == comparison.candidate
            if is_candidate or version == comparison.stable:
                self._batch.answers.append((comparison, is_candidate, name, prediction))

    def is_first(self, trial: int, key: int) -> bool:
        """Whether nothing was counted of a key in a trial yet: requests of one person say the same thing again."""
        if trial != self._trial:
            self._trial, self._seen = trial, set()
        if key in self._seen or len(self._seen) >= _MOST_KEYS:
            return False
        self._seen.add(key)
        self._batch.keys.setdefault(trial, []).append(key)
        return True

    def add_shadow(
        self,
        version: int,
        against: int,
        *,
        is_equal: bool | None = None,
        is_failed: bool = False,
        numbers: int = 0,
        distance_sum: float = 0.0,
    ) -> None:
        """Counts an answer of a shadow; one that was not asked has neither been compared nor has it failed."""
        key = (version, against, int(time.time()) // 60 * 60)
        found = self._batch.shadows.setdefault(key, _Shadow())
        if is_equal is not None:
            found.compared += 1
            found.agreed += is_equal
            found.numbers += numbers
            found.distance_sum += distance_sum
        elif is_failed:
            found.failed += 1
        else:
            found.skipped += 1

    def recent(self, since: float = 0.0) -> dict[int, Recent]:
        """Version -> what was counted of it within the window, and not before a time."""
        found: dict[int, list[_Second]] = {}
        for part, at, second in self._recent:
            if not part.is_shadow and at >= since:
                found.setdefault(part.version, []).append(second)
        return {
            version: Recent(
                sum(second.requests for second in seconds),
                sum(second.errors for second in seconds),
                lengths.merged(second.lengths for second in seconds),
            )
            for version, seconds in found.items()
        }

    # writing

    def take(self) -> bool:
        """Puts what was counted aside for ``write``; False when there is nothing to be written."""
        limit = time.time() - self.window_s
        while self._recent and self._recent[0][1] < limit:
            self._recent.popleft()
        if self._batch:
            self._batch, batch = _Batch(), self._batch
            self._waiting.append(batch)
            while len(self._waiting) > _WAITING_S:
                self._waiting.popleft()
        return bool(self._waiting)

    def write(self, store: Store) -> None:
        """Writes what was put aside; in a thread.

        Raises:
            StoreError: The store cannot be written now; what waits is kept.
        """
        periods = dict(self._periods)
        batches = list(self._waiting)
        now = time.time()
        with store.write() as db:
            for batch in batches:
                traffic_counts.add(db, self._model, _counts(batch))
                for (comparison, is_candidate), sums in batch.sums.items():
                    period = periods.get(comparison)
                    if period is None:
                        period = periods[comparison] = traffic_counts.begin_period(
                            db,
                            self._model,
                            trial=comparison.trial,
                            candidate=comparison.candidate,
                            stable=comparison.stable,
                            share=comparison.share,
                            at=now,
                        )
                    tally = Tally(sums.requests, sums.errors, sums.timed, sums.log_sum, sums.log_squares)
                    traffic_counts.add_tally(db, period, is_candidate=is_candidate, tally=tally)
                traffic_counts.add_answers(
                    db,
                    (
                        WaitingAnswer(name, periods[comparison], is_candidate, prediction)
                        for comparison, is_candidate, name, prediction in batch.answers
                    ),
                    now,
                )
                for (version, against, at), found in batch.shadows.items():
                    count = ShadowCount(
                        *(version, against, found.compared, found.agreed, found.failed, found.skipped),
                        *(found.numbers, found.distance_sum),
                    )
                    traffic_counts.add_shadow(db, self._model, at, count)
                for trial, keys in batch.keys.items():
                    traffic_counts.add_keys(db, self._model, trial, keys)
            if now - self._compacted_at > 60:
                traffic_counts.compact(db, self._model, now)
                self._compacted_at = now
        self._periods = periods
        for _ in batches:
            self._waiting.popleft()


def _counts(batch: _Batch) -> Iterator[TrafficCount]:
    for (part, at), second in batch.seconds.items():
        yield TrafficCount(
            *(part.version, part.is_shadow, at, 1, second.requests, second.errors, second.diverted, second.lengths)
        )
