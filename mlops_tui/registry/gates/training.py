"""The training data that was kept with a version, for gates that look at it."""

from __future__ import annotations

from mlops_store import drift
from mlops_store.errors import Refused
from mlops_store.records import Profile
from mlops_tui.registry.gates.candidate import Candidate

#: Columns named in a message.
_NAMED = 3


def profile(candidate: Candidate) -> Profile:
    """What is known of it.

    Raises:
        Refused: None was kept.
    """
    version = candidate.version
    if version.profile_id is None:
        raise Refused(
            f"{version.model}/{version.version} was logged without its training data",
            "log it with them: mlops.log_model(model, reference=features)",
        )
    return drift.profile(candidate.store.read(), version.profile_id)


def some(columns: list[str]) -> str:
    """The first few columns for a message, and how many more there are."""
    more = len(columns) - _NAMED
    return ", ".join(columns[:_NAMED]) + (f" and {more} more" if more > 0 else "")
