"""Guard rules: when a candidate has to give its share of the requests back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from mlops_store.records import Period, Tally
from mlops_tui.config.traffic import TrafficConfig
from mlops_tui.traffic import lengths

#: The percentile that latency is judged by.
_SHARE = 0.95


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


def broken(rules: TrafficConfig, candidate: Lately, stable: Lately | None) -> str:
    """What a candidate has done that a rule forbids, in words; "" where it has done nothing.

    Requests that fail because clients send nonsense fail with every version, so a share of errors has to be larger than
    the stable version's, too, where that has answered enough.
    """
    if candidate.requests < rules.min_requests:
        return ""
    rate = candidate.errors / candidate.requests
    is_known = stable is not None and stable.requests >= rules.min_requests
    if rules.max_error_rate is not None and rate > rules.max_error_rate:
        other = stable.errors / stable.requests if stable is not None and is_known else 0.0
        if rate > other:
            return (
                f"{candidate.errors} of {candidate.requests} requests failed in {rules.window_s:g} s "
                f"({rate:.1%}, allowed {rules.max_error_rate:.1%})"
            )
    if rules.max_latency_ratio is not None and stable is not None and is_known:
        own, other_s = (lengths.percentile(one.lengths, _SHARE) for one in (candidate, stable))
        if own is not None and other_s and own / other_s > rules.max_latency_ratio:
            return (
                f"95 of 100 answers took up to {own * 1e3:.3g} ms, {own / other_s:.2f} times the stable version's "
                f"{other_s * 1e3:.3g} ms (allowed {rules.max_latency_ratio:g} times)"
            )
    return ""


def mistaken(rules: TrafficConfig, periods: Sequence[Period]) -> str:
    """What labels say of a candidate that a rule forbids, in words; "" where they say nothing.

    Args:
        rules: The rules.
        periods: What was counted since it is compared with the stable version.
    """
    ours, theirs = (_total([getattr(period, side) for period in periods]) for side in ("of_candidate", "of_stable"))
    if rules.max_wrong is not None and ours.labelled >= rules.min_requests:
        rate = ours.wrong / ours.labelled
        other = theirs.wrong / theirs.labelled if theirs.labelled >= rules.min_requests else 0.0
        if rate > max(rules.max_wrong, other):
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
