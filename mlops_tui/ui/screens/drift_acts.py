"""What the drift screen does beside seeing to incidents: checking batches."""

from __future__ import annotations

from mlops_tui.ui import messages, spawn
from mlops_tui.ui.session import Session


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
