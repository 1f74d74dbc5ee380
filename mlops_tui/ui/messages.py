"""What widgets and screens tell the application: small messages, sent up; nobody calls sideways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from mlops_store.errors import MlopsError

if TYPE_CHECKING:
    from mlops_tui.ui.ended_runs import EndedRun
    from mlops_tui.ui.session import Session


@dataclass(repr=False, eq=False)
class StoreChanged(Message, bubble=False):
    """The store has new commits (or has just appeared). Visible screens load again."""

    def can_replace(self, message: Message) -> bool:
        """One is as good as many."""
        return isinstance(message, StoreChanged)


@dataclass(repr=False, eq=False)
class ProjectChanged(Message, bubble=False):
    """Files of the project changed: ``paths`` are absolute."""

    paths: frozenset[str]


@dataclass(repr=False, eq=False)
class RunEnded(Message, bubble=False):
    """A run that took long has just ended."""

    run: EndedRun


@dataclass(repr=False, eq=False)
class Alerted(Message, bubble=False):
    """A monitor that wants the bell has new alerts; ``text`` is one line."""

    text: str


@dataclass(repr=False, eq=False)
class Go(Message):
    """Request: show the screen of that name (see ``places``), with its argument."""

    name: str
    argument: str = ""


@dataclass(repr=False, eq=False)
class GoBack(Message):
    """Request: show the place before this one."""


@dataclass(repr=False, eq=False)
class Did(Message):
    """An act was done. ``command`` is the line that does the same; ``undo`` takes it back (run in a thread)."""

    command: str
    undo: Callable[[], None] | None = None
    notice: str = ""
    is_recorded: bool = False

    def record(self, session: Session) -> None:
        """Keeps it for the command log and for undo, once."""
        if not self.is_recorded:
            self.is_recorded = True
            session.record(self.command, self.undo, self.notice.partition(" · ")[0])


@dataclass(repr=False, eq=False)
class Failed(Message):
    """Something that the user asked for did not work."""

    error: MlopsError


@dataclass(repr=False, eq=False)
class Notice(Message):
    """A short remark in the bar at the bottom; gone with the next key."""

    text: str
    tone: str = "info"


@dataclass(repr=False, eq=False)
class Copy(Message):
    """Request: put the text on the clipboard. ``what`` names it for the remark."""

    text: str
    what: str = ""
