"""Counts what of a run is no number, no text and no file, so that it can be listed once a kind."""

from __future__ import annotations

from mlops_tui.interop.source import Problems

_NAMED = 5


class Others:
    """What a run has that is not taken over."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, int]] = {}

    def add(self, kind: str, name: str) -> None:
        """Counts one."""
        named = self._counts.setdefault(kind, {})
        named[name] = named.get(name, 0) + 1

    def __bool__(self) -> bool:
        return bool(self._counts)

    def list(self, place: str, problems: Problems) -> None:
        """Makes one problem of each kind."""
        for kind, named in sorted(self._counts.items()):
            names = ", ".join(sorted(named)[:_NAMED]) + (" …" if len(named) > _NAMED else "")
            problems.add(place, f"{sum(named.values()):,} of the kind {kind} not imported: {names}")
