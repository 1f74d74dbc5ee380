"""Traffic splits as the audit log keeps them, their changes and verdicts in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mlops_store.records import Split
    from mlops_tui.traffic.verdicts import Verdict


class Values(NamedTuple):
    """What a verdict rests on, in words."""

    ours: str
    theirs: str
    ratio: str


def values(verdict: Verdict, dash: str = "–") -> Values:
    """What was measured of both versions, and the ratio with its bounds."""

    def value(found: float | None) -> str:
        if found is None:
            return dash
        if verdict.test == "latency":
            return f"{found * 1e3:.3g} ms"
        return f"{found:.4g}" if verdict.test == "distance" else f"{found:.3%}"

    bounds = f"{verdict.low:.3g} to {verdict.high:.3g}"
    estimate = dash if verdict.ratio is None else f"{verdict.ratio:.3g}"
    return Values(value(verdict.value), value(verdict.against_value), f"{estimate} ({bounds})")


def state(split: Split | None) -> dict[str, Any]:
    """What the audit log keeps of a split."""
    if split is None:
        return {}
    return {
        "stable": split.stable,
        "weights": dict(split.weights),
        "shadows": list(split.shadows),
        "key": split.key,
        "paused": split.is_paused,
    }


def actor(monitor: str) -> str:
    """Who a monitor is in the audit log."""
    return f"monitor {monitor}"


def sentence(before: Mapping[str, Any], after: Mapping[str, Any], action: str, arrow: str = "->") -> str:
    """What an act changed, in words: ``4 10% -> 25%``."""
    if action == "traffic.end":
        return f"traffic is no longer shared out, {before.get('stable', '?')} takes all of it"
    if action == "traffic.pause":
        return f"traffic split paused, {after.get('stable', '?')} takes all of it"
    if action == "traffic.resume":
        return "traffic split resumed"
    was, now = _mapping(before, "weights"), _mapping(after, "weights")
    said = [
        f"{_called(name)} {_percent(was.get(name))} {arrow} {_percent(now.get(name))}"
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name)
    ]
    old, new = _list(before, "shadows"), _list(after, "shadows")
    said += [f"{_called(name)} gets copies" for name in new if name not in old]
    said += [f"{_called(name)} gets no copies" for name in old if name not in new]
    if before.get("stable") != after.get("stable"):
        said.append(f"{_called(str(after.get('stable')))} takes the rest")
    if before.get("key", "") != after.get("key", ""):
        said.append(f"shared out by {after.get('key') or 'chance'}")
    if before.get("paused", False) != after.get("paused", False):
        said.append("paused" if after.get("paused") else "resumed")
    return f"traffic: {', '.join(said)}"


def _called(name: str) -> str:
    """What people call a version."""
    return f"v{name}" if name.isdecimal() else name


def _mapping(state: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What an entry holds, nothing where it was tampered with."""
    found = state.get(key)
    return found if isinstance(found, Mapping) else {}


def _list(state: Mapping[str, Any], key: str) -> list[Any]:
    found = state.get(key)
    return found if isinstance(found, list) else []


def _percent(share: object) -> str:
    return f"{share:g}%" if isinstance(share, int | float) else "–" if share is None else "?"
