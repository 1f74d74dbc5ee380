"""The course of incidents from window to window: when one opens, worsens, flaps, and is over. Pure.

An incident opens when ``needed`` of the last ``windows`` windows have its cause, and is over when as many as
``windows``, and three at least, went by without it. It worsens, and what somebody has seen to opens again, when it
gets more severe or a quarter more columns join it. One that comes and goes is found as Nagios does it: the share of
changes among the last 21 windows, newer ones weighing more, 20 % and more begins it, less than 5 % ends it; meanwhile
the incident stays open and nobody is told anew. A window that could not be read says nothing of other causes.

Source:
    Nagios Core, Detection and Handling of State Flapping (nagios.com, Nagios Core documentation).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mlops_store.incident_records import UNRESOLVED
from mlops_store.records import IncidentState, Severity
from mlops_tui.config.alerting import REMEMBERED, AlertRule
from mlops_tui.drift.incidents.causes import Cause, likeness

#: Windows without it after which an incident is over at the earliest.
CALM = 3
#: New columns for each so many known ones make an incident worse.
SPREAD = 4
FLAPS_FROM = 0.20
STEADY_BELOW = 0.05
_LEAST_WEIGHT, _MOST_WEIGHT = 0.8, 1.2


@dataclass(frozen=True, slots=True)
class Course:
    """An incident as far as its course depends on it.

    Attributes:
        number: The incident's id; 0 of one that is not kept yet.
        state: Where it is.
        severity: The worst since it opened.
        kinds: Of its alerts.
        columns: Of all its windows since it opened.
        windows: Those with it, as far as they are remembered.
        was_open: Whether it ever opened.
        is_flapping: Whether it comes and goes.
        is_gone: Whether no window with it is left: those that had it were checked again, and have it no more.
    """

    number: int
    state: IncidentState
    severity: Severity
    kinds: frozenset[str]
    columns: frozenset[str]
    windows: frozenset[int] = frozenset()
    was_open: bool = False
    is_flapping: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What a window did to an incident.

    Attributes:
        before: The incident before; None for a new one.
        after: The incident now.
        change: 'opened', 'reopened', 'worsened', 'pending', 'muted', 'resolved', 'passed' (never opened and gone), or
            '' where it only went on.
        cause: What of the window belongs to it; None where the window does not have it.
    """

    before: Course | None
    after: Course
    change: str
    cause: Cause | None = None

    @property
    def is_told(self) -> bool:
        """Whether a person is to be told."""
        return self.change in ("opened", "reopened", "worsened")


def steps(
    known: Sequence[Course],
    order: Sequence[int],
    window: int,
    causes: Sequence[Cause],
    rule: AlertRule,
    *,
    unread: Collection[int] = (),
) -> list[Step]:
    """What a window did to the incidents of its monitor.

    Args:
        known: The incidents that are not over, or were seen in one of the windows.
        order: The last windows, oldest first; no more than are remembered.
        window: Which of them was looked at: the last, or an earlier one that came late or was checked again.
        causes: What this one has.
        rule: When an incident opens.
        unread: Windows of which nothing is known.
    """
    found = []
    left = list(known)
    until = order[: order.index(window) + 1]
    for cause, course in _matched(causes, known):
        if course is not None:
            left = [other for other in left if other is not course]
        found.append(_seen(course, cause, until, rule, unread))
    return found + [step for course in left if (step := _missed(course, order, window, rule, unread)) is not None]


def numbered(course: Course, number: int) -> Course:
    """The same with a number of its own."""
    return replace(course, number=number)


def flapping(presence: Sequence[bool], *, is_flapping: bool) -> bool:
    """Whether something that was there in these windows, oldest first, comes and goes."""
    changes = [one is not other for one, other in pairwise(presence)][-(REMEMBERED - 1) :]
    slope = (_MOST_WEIGHT - _LEAST_WEIGHT) / (REMEMBERED - 2)
    # the newest change has the last place; what came before the first window counts as no change
    weights = (_MOST_WEIGHT - slope * age for age in range(REMEMBERED - 1))
    share = sum(weight for weight, is_change in zip(weights, reversed(changes), strict=False) if is_change)
    share /= REMEMBERED - 1
    return share >= STEADY_BELOW if is_flapping else share >= FLAPS_FROM


def _matched(causes: Sequence[Cause], known: Sequence[Course]) -> list[tuple[Cause, Course | None]]:
    """Each cause with the incident that it goes on with; the likest pairs first."""
    pairs = sorted(
        (
            (likeness(course.columns, course.kinds, cause), -place, rank)
            for place, cause in enumerate(causes)
            for rank, course in enumerate(known)
        ),
        reverse=True,
    )
    chosen: dict[int, int] = {}
    for how_sure, place, rank in pairs:
        if how_sure > 0 and -place not in chosen and rank not in chosen.values():
            chosen[-place] = rank
    return [(cause, known[chosen[place]] if place in chosen else None) for place, cause in enumerate(causes)]


def _seen(before: Course | None, cause: Cause, order: Sequence[int], rule: AlertRule, unread: Collection[int]) -> Step:
    known = before or Course(0, IncidentState.PENDING, cause.severity, cause.kinds, cause.columns)
    now = replace(
        known,
        windows=known.windows | {order[-1]},
        columns=cause.columns | (frozenset() if known.state is IncidentState.RESOLVED else known.columns),
        kinds=known.kinds | cause.kinds,
        is_gone=False,
    )
    presence = _presence(now, order, unread)
    now = replace(now, is_flapping=flapping(presence, is_flapping=known.is_flapping))
    if cause.muted_by:
        change = "" if known.state is IncidentState.MUTED else "muted"
        return Step(before, replace(now, state=IncidentState.MUTED), change, cause)
    is_worse = cause.severity.rank > known.severity.rank
    if known.state in UNRESOLVED:
        if not is_worse and (now.is_flapping or not _has_spread(known, cause)):
            return Step(before, now, "", cause)
        severity = cause.severity if is_worse else known.severity
        return Step(before, replace(now, state=IncidentState.OPEN, severity=severity), "worsened", cause)
    now = replace(now, severity=cause.severity if known.state is IncidentState.RESOLVED or is_worse else known.severity)
    if sum(presence[-rule.windows :]) < rule.needed and not (now.is_flapping and known.was_open):
        change = "" if known.state is IncidentState.PENDING and before is not None else "pending"
        return Step(before, replace(now, state=IncidentState.PENDING), change, cause)
    is_news = not (known.was_open and now.is_flapping)
    change = ("reopened" if known.was_open else "opened") if is_news else ""
    return Step(before, replace(now, state=IncidentState.OPEN, was_open=True), change, cause)


def _has_spread(known: Course, cause: Cause) -> bool:
    """Whether so many columns have joined that it is to be looked at again."""
    joined = frozenset().union(*(one.columns for one in cause.signs if one.severity is not Severity.INFO))
    return len(joined - known.columns) * SPREAD >= max(1, len(known.columns))


def _missed(before: Course, order: Sequence[int], window: int, rule: AlertRule, unread: Collection[int]) -> Step | None:
    if before.state is IncidentState.RESOLVED or (window in unread and not before.is_gone):
        return None
    now = replace(before, windows=before.windows - {window})
    presence = _presence(now, order, unread)
    now = replace(now, is_flapping=flapping(presence, is_flapping=before.is_flapping))
    is_calm = len(presence) >= CALM and not any(presence[-max(CALM, rule.windows) :])
    if before.is_gone or (is_calm and not now.is_flapping):
        change = "resolved" if before.was_open else "passed"
        return Step(before, replace(now, state=IncidentState.RESOLVED, is_flapping=False), change)
    return Step(before, now, "")


def _presence(course: Course, order: Sequence[int], unread: Collection[int]) -> list[bool]:
    return [window in course.windows for window in order if window in course.windows or window not in unread]
