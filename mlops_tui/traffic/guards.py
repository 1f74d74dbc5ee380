"""Guard rules: when a candidate has to give its share of the requests back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from mlops_store.records import Period, Tally
from mlops_tui.config.traffic import TrafficConfig
from mlops_tui.traffic import lengths, sequential
from mlops_tui.traffic.sequential import Events

#: The percentile that latency is judged by.
_SHARE = 0.95
#: What may happen to requests -> those that it may happen to.
_OF = {"errors": "requests", "wrong": "labelled"}


class Lately(Protocol):
    """What was counted of a version lately."""

    @property
    def requests(self) -> int:
        """Requests that were meant for it."""
        ...

    @property
    def errors(self) -> int:
        """Of these, those that failed."""
        ...

    @property
    def lengths(self) -> Mapping[int, int]:
        """Bucket -> answers; see ``lengths.bucket``."""
        ...


def failing(rules: TrafficConfig, candidate: Lately) -> str:
    """That more of a candidate's requests fail than a rule allows, in words; "" where they do not.

    That alone says nothing against it: see ``is_worse``.
    """
    if rules.max_error_rate is None or candidate.requests < rules.min_requests:
        return ""
    rate = candidate.errors / candidate.requests
    if rate <= rules.max_error_rate:
        return ""
    return (
        f"{candidate.errors} of {candidate.requests} requests failed in {rules.window_s:g} s "
        f"({rate:.1%}, allowed {rules.max_error_rate:.1%})"
    )


def slow(rules: TrafficConfig, candidate: Lately, stable: Lately | None) -> str:
    """That a candidate takes longer than a rule allows, in words; "" where it does not."""
    if rules.max_latency_ratio is None or stable is None:
        return ""
    if min(candidate.requests, stable.requests) < rules.min_requests:
        return ""
    own, other_s = (lengths.percentile(one.lengths, _SHARE) for one in (candidate, stable))
    if own is None or not other_s or own / other_s <= rules.max_latency_ratio:
        return ""
    return (
        f"95 of 100 answers took up to {own * 1e3:.3g} ms, {own / other_s:.2f} times the stable version's "
        f"{other_s * 1e3:.3g} ms (allowed {rules.max_latency_ratio:g} times)"
    )


def is_worse(rules: TrafficConfig, periods: Sequence[Period], what: Literal["errors", "wrong"]) -> bool:
    """Whether more of a candidate's requests fail, or are answered wrongly, than of the stable version's.

    What both do alike (clients send nonsense, a database is down) is nothing that taking the candidate out would mend:
    the difference has to be more than chance makes, by the test of the verdict, at whatever time it is looked at. Where
    the stable version has had too little to do, a candidate is judged by itself.

    Args:
        rules: How much that is, and how sure to be.
        periods: What was counted since they are compared.
        what: Which of the two.
    """
    if sum(getattr(period.of_stable, _OF[what]) for period in periods) < rules.min_requests:
        return True
    events = [Events(one.share, getattr(one.of_candidate, what), getattr(one.of_stable, what)) for one in periods]
    return sequential.rate_ratio(events, rules.confidence).low > 1


def mistaken(rules: TrafficConfig, periods: Sequence[Period]) -> str:
    """What labels say of a candidate that a rule forbids, in words; "" where they say nothing.

    Args:
        rules: The rules.
        periods: What was counted since it is compared with the stable version.
    """
    ours, theirs = (_total([getattr(period, side) for period in periods]) for side in ("of_candidate", "of_stable"))
    if rules.max_wrong is not None and ours.labelled >= rules.min_requests:
        rate = ours.wrong / ours.labelled
        if rate > rules.max_wrong and is_worse(rules, periods, "wrong"):
            return (
                f"{ours.wrong} of {ours.labelled} labelled predictions are wrong "
                f"({rate:.1%}, allowed {rules.max_wrong:.1%})"
            )
    if rules.max_distance_ratio is not None and min(ours.measured, theirs.measured) >= rules.min_requests:
        own, stable = ours.distance_sum / ours.measured, theirs.distance_sum / theirs.measured
        if own > rules.max_distance_ratio * stable:
            return (
                f"predictions are off by {own:.4g}, those of the stable version by {stable:.4g} "
                f"(allowed {rules.max_distance_ratio:g} times)"
            )
    return ""


def _total(tallies: Sequence[Tally]) -> Tally:
    return Tally(
        labelled=sum(tally.labelled for tally in tallies),
        wrong=sum(tally.wrong for tally in tallies),
        measured=sum(tally.measured for tally in tallies),
        distance_sum=sum(tally.distance_sum for tally in tallies),
    )
