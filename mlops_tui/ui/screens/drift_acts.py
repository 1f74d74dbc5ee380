"""What the drift screen does: seeing to incidents, and checking batches."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_store import incidents, processes
from mlops_tui.ui import messages, spawn
from mlops_tui.ui.screens.acts import store_of
from mlops_tui.ui.session import Session


def acknowledge(session: Session, numbers: Sequence[int]) -> messages.Did:
    """Marks open incidents as seen; runs in a thread.

    Raises:
        NotFound: One of them does not exist.
        Refused: One of them has been resolved meanwhile; then none is marked.
    """
    store = store_of(session)

    def undo() -> None:
        with store.write() as db:
            for incident in before:
                incidents.put_back(db, incident, processes.user())

    with store.write() as db:
        before = [incidents.get(db, number) for number in numbers]
        for number in numbers:
            incidents.acknowledge(db, number, processes.user())
    notice = f"incident {numbers[0]} acknowledged" if len(numbers) == 1 else f"{len(numbers)} incidents acknowledged"
    return messages.Did(f"mlops-tui drift incidents ack {' '.join(map(str, numbers))}", undo, notice)


def check(session: Session) -> messages.Did:
    """Checks new batches in a process of its own, because that needs pandas; runs in a thread.

    Raises:
        MlopsError: The check could not be made.
    """
    found = spawn.verb(session.project, "drift", "check")
    checked = [report for report in found if report["by"] == "rows"]
    drifted = sum(report["status"] != "ok" for report in checked)
    parts = []
    if checked:
        parts.append(f"{len(checked)} new {'batch' if len(checked) == 1 else 'batches'} checked, {drifted} drifted")
    if labelled := len(found) - len(checked):
        parts.append(f"labels of {labelled} {'batch' if labelled == 1 else 'batches'} came")
    return messages.Did("mlops-tui drift check", None, "; ".join(parts) or "no new batches")
