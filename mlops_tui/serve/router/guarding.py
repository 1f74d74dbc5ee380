"""Guard rules at work: what a candidate does, what labels and monitors say of it; then it gets no more requests."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from mlops_store import traffic_counts
from mlops_store.errors import NotFound, Refused
from mlops_store.store import Store
from mlops_tui.config.traffic import TrafficConfig
from mlops_tui.serve.router import watching
from mlops_tui.serve.router.app import Router
from mlops_tui.serve.router.counting import Counting
from mlops_tui.traffic import guards, splits

#: Who rolls back in the audit log.
ACTOR = "router"


class Broken(NamedTuple):
    """What a candidate has done that rules forbid, in words: requests that failed, and answers that took long."""

    failing: str
    slow: str


class Guard:
    """The rules of one router.

    Args:
        router: Whose candidates are looked at.
        counting: What was counted of them.
    """

    def __init__(self, router: Router, counting: Counting) -> None:
        self._router = router
        self._counting = counting

    def broken(self, rules: TrafficConfig) -> dict[str, Broken]:
        """Candidate -> the rules that it has broken lately, by what the router counted."""
        table, wanted = self._router.table, self._router.wanted
        if table is None or wanted is None or not table.comparisons:
            return {}
        recent = self._counting.recent(table.changed_at)
        stable = recent.get(table.stable.part.version)
        found = {
            name: Broken(guards.failing(rules, recent[version]), guards.slow(rules, recent[version], stable))
            for name, version in wanted.versions.items()
            if str(version) in table.arms and version in recent
        }
        return {name: broken for name, broken in found.items() if any(broken)}

    def act(self, store: Store, rules: TrafficConfig, broken: Mapping[str, Broken], *, has_labels: bool) -> None:
        """Takes candidates down to nothing that have broken a rule; in a thread.

        Args:
            store: Where that is recorded.
            rules: The rules.
            broken: Those that ``broken`` found.
            has_labels: Whether labels have come that were not looked at.

        Raises:
            StoreBusy: Others write the store; it is to be called again.
        """
        wanted = self._router.wanted
        split = wanted.split if wanted is not None else None
        if split is None or split.is_paused or not any(split.weights.values()):
            return
        found = self._reasons(store, rules, broken, has_labels=has_labels)
        for name, reason in found.items():
            with suppress(Refused, NotFound):  # somebody was faster
                splits.roll_back(store, split.model, [name], reason=reason, actor=ACTOR)
        if alarm := watching.alarm(store.read(), rules, split.changed_at):
            with suppress(Refused, NotFound):
                splits.roll_back(store, split.model, reason=alarm, actor=ACTOR)

    def _reasons(
        self, store: Store, rules: TrafficConfig, broken: Mapping[str, Broken], *, has_labels: bool
    ) -> dict[str, str]:
        """Candidate -> what it has done that the stable version has not, since the split was changed."""
        wanted = self._router.wanted
        assert wanted is not None
        assert wanted.split is not None
        found: dict[str, str] = {}
        for name, share in wanted.split.weights.items():
            version = wanted.versions.get(name)
            if share <= 0 or version is None or not (has_labels or name in broken):
                continue
            periods = traffic_counts.periods(store.read(), wanted.model, wanted.split.trial, version, wanted.stable)
            since = [period for period in periods if period.began_at >= wanted.split.changed_at]
            failing, slow = broken.get(name, Broken("", ""))
            if failing and not guards.is_worse(rules, since, "errors"):
                failing = ""
            if reason := failing or slow or (guards.mistaken(rules, since) if has_labels else ""):
                found[name] = reason
        return found
