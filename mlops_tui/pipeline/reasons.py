"""One thing that makes a stage stale, as data and in words. Knows nothing about how it is found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops_tui.pipeline import params

#: Values below one param that a reason names.
_MOST_LEAVES = 3


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that makes a stage stale.

    ``kind`` is 'never run', 'command', 'dep', 'param', 'out', 'data' (of a ``.dvc`` file), 'always' or 'upstream';
    ``how`` 'modified', 'deleted', 'new', 'not in cache' or 'unreadable'. ``path`` names the file (for 'upstream' the
    stage), ``key`` the param.
    ``old`` and ``new`` are values of a param, commands, or the MD5 of a file, beside which stand its sizes in bytes.
    """

    kind: str
    path: str = ""
    how: str = ""
    key: str = ""
    old: Any = None
    new: Any = None
    old_size: int | None = None
    new_size: int | None = None

    @property
    def reason(self) -> str:
        """One sentence for a person."""
        if self.kind == "param":
            return _param_reason(self)
        if self.how == "unreadable":
            return f"{self.path} cannot be read ({self.new})"
        if self.kind == "dep":
            words = {"deleted": "is missing", "new": "is a new dependency"}
            return f"{self.path} {words.get(self.how, 'changed')}"
        if self.kind == "out":
            words = {"deleted": "missing", "not in cache": "not in the cache", "new": "is a new output"}
            return f"output {self.path} {words.get(self.how, 'changed')}"
        if self.kind == "data":
            words = {"deleted": "is missing", "not in cache": "is not in the cache", "new": "has no hash yet"}
            return f"{self.path} {words.get(self.how, 'changed')}"
        words = {
            "never run": "never run",
            "command": "command changed",
            "always": "runs every time",
            "upstream": f"upstream {self.path} is stale",
        }
        return words[self.kind]


def _param_reason(change: Change) -> str:
    if not change.key:
        return f"{change.path} is missing"
    if change.how == "deleted":
        return f"{change.path}: {change.key} is missing"
    if change.how == "new":
        return f"{change.path}: {change.key} is new ({_shown(change.new)})"
    if isinstance(change.old, Mapping) and isinstance(change.new, Mapping):
        return f"{change.path}: {_leaves(change.key, change.old, change.new)}"
    return f"{change.path}: {change.key} {_shown(change.old)} → {_shown(change.new)}"


def _leaves(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The values below a key that differ, at most three of them."""
    before, after = params.flatten(old, key), params.flatten(new, key)
    differing = [
        f"{leaf} {_shown(before[leaf]) if leaf in before else 'nothing'} → "
        f"{_shown(after[leaf]) if leaf in after else 'nothing'}"
        for leaf in params.differing(before, after)
    ]
    text = ", ".join(differing[:_MOST_LEAVES]) or key
    return text if len(differing) <= _MOST_LEAVES else f"{text} and {len(differing) - _MOST_LEAVES} more"


def _shown(value: Any) -> str:
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
