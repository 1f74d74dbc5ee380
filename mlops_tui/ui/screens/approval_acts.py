"""Asking for approvals, giving and refusing them, from any screen that shows versions."""

from __future__ import annotations

import shlex

from mlops_store.errors import Refused
from mlops_tui.registry import approvals, moves
from mlops_tui.ui.messages import Did, Failed
from mlops_tui.ui.screens.acts import perform, store_of
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session
from mlops_tui.ui.widgets.dialog import Ask

_TITLES = {
    "request": "Ask for approval of {}",
    "approve": "Approve {}",
    "reject": "Reject {}",
}


def ask(screen: ProjectScreen, name: str, version: int, stage: str, what: str, *, to_stage: str = "") -> None:
    """Asks for a comment and does the act.

    Args:
        screen: Where the question is asked.
        name: The model.
        version: Its version.
        stage: Where it stands.
        what: One of ``approvals.ACTS``.
        to_stage: Where it is to go; the next stage by default.
    """
    try:
        target = to_stage or moves.next_stage(screen.session.config.registry, name, version, stage)
    except Refused as error:
        screen.post_message(Failed(error))
        return

    def answered(comment: str | None) -> None:
        if comment is not None:
            perform(screen, lambda: act(screen.session, name, version, target, what, comment.strip()))

    def check(comment: str) -> str:
        return "a rejection needs a reason" if what == "reject" and not comment.strip() else ""

    title = _TITLES[what].format(f"{name} v{version} for {target}")
    screen.app.push_screen(Ask(title, hint="comment, kept in the audit log", check=check), answered)


def act(session: Session, name: str, version: int, stage: str, what: str, comment: str) -> Did:
    """Does it; runs in a thread.

    Raises:
        MlopsError: It would not count, or there is no such version any more.
    """
    found = approvals.act(store_of(session), session.config, name, version, stage, what, comment=comment)
    told = ["--reason", comment] if comment else []
    command = shlex.join(["mlops-tui", "models", what, name, str(version), "--to", stage, *told])
    return Did(command, None, f"{name} v{version} for {stage}: {found.message}")


__all__ = ["act", "ask"]
