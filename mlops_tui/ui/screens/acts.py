"""Doing an act off the event loop, and telling the application how it went."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from mlops_store.errors import MlopsError, StoreError
from mlops_store.store import Store
from mlops_tui.ui.messages import Did, Failed
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import AT_WORK, LATE_S, Session


def perform(screen: ProjectScreen, act: Callable[[], Did], *, group: str = "act") -> None:
    """Does an act in a thread; then ``Did`` or ``Failed`` goes to the screen and from there to the application.

    Args:
        screen: Where it was asked for.
        act: What is done.
        group: Of the worker; any other than that of common acts is for what takes long and cannot be undone.
    """
    session = screen.session
    begun = session.begin_act(is_awaited=group == "act")

    def work() -> None:
        try:
            done = act()
        except MlopsError as error:
            screen.post_message(Failed(error))
        else:
            done.record(session)  # here, so that whoever waits for its end can take it back
            screen.post_message(done)
        finally:
            session.end_act(begun)

    def say() -> None:
        if not begun.is_set():
            screen.remark(AT_WORK, "dim")

    screen.run_worker(work, thread=True, group=group, exit_on_error=True)
    screen.set_timer(LATE_S, say)


def store_of(session: Session) -> Store:
    """The store of the project.

    Raises:
        StoreError: There is none yet.
    """
    if session.store is None:
        raise StoreError("there is no store yet", "run something first, or mlops-tui init")
    return session.store


def called(root: str, *arguments: str) -> Any:
    """What a command with ``--json`` prints, run as a process of its own, so that the dashboard loads nothing for it.

    Args:
        root: The project's directory.
        arguments: The words after the program's name.

    Raises:
        StoreError: The command failed; the error says what it said.
    """
    command = [sys.executable, "-P", "-m", "mlops_tui", "-C", root, *arguments]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if ended.returncode:
        message, _, hint = ended.stderr.strip().partition("\n")
        raise StoreError(message.removeprefix("mlops-tui: ") or f"exit code {ended.returncode}", hint.strip())
    return json.loads(ended.stdout)
