"""What the drift screen does: acknowledging alerts, and checking batches."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_store import alerts, processes
from mlops_tui.ui import messages, spawn
from mlops_tui.ui.screens.acts import store_of
from mlops_tui.ui.session import Session


def acknowledge(session: Session, numbers: Sequence[int]) -> messages.Did:
    """Marks open alerts as seen; runs in a thread.

    Raises:
        NotFound: One of them does not exist.
        Refused: One of them has been resolved meanwhile; then none is marked.
    """
    store = store_of(session)

    def reopen() -> None:
        with store.write() as db:
            for number in numbers:
                alerts.reopen(db, number, processes.user())

    with store.write() as db:
        for number in numbers:
            alerts.acknowledge(db, number, processes.user())
    notice = f"alert {numbers[0]} acknowledged" if len(numbers) == 1 else f"{len(numbers)} alerts acknowledged"
    return messages.Did(f"mlops-tui drift ack {' '.join(map(str, numbers))}", reopen, notice)


def check(session: Session) -> messages.Did:
    """Checks new batches in a process of its own, because that needs pandas; runs in a thread.

    Raises:
        MlopsError: The check could not be made.
    """
    found = spawn.verb(session.project, "drift", "check")
    drifted = sum(report["status"] != "ok" for report in found)
    told = f"{len(found)} new {'batch' if len(found) == 1 else 'batches'} checked, {drifted} drifted"
    return messages.Did("mlops-tui drift check", None, told if found else "no new batches")
