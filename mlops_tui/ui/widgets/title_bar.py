"""The line at the top of every screen: which project, which branch, where we are, and what is running."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.strip import Strip

from mlops_store.errors import MlopsError
from mlops_tui.ui import shown
from mlops_tui.ui.loading import Loader
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell, clean, cut, cut_left
from mlops_tui.ui.theme import sign, state_sign, style_of


class Activity(NamedTuple):
    """What the title bar shows: the branch, how many runs are live, and the oldest of them."""

    branch: str = ""
    live: int = 0
    name: str = ""
    started_at: float = 0.0


class TitleBar(Loader[Activity]):
    """One line; ``place`` says which screen this is."""

    DEFAULT_CSS = "TitleBar { height: 1; width: 1fr; background: $panel; color: $foreground; }"

    def __init__(self, place: str = "") -> None:
        super().__init__()
        self._place = place

    def retitle(self, place: str) -> None:
        """Changes what stands for the screen."""
        if place != self._place:
            self._place = place
            self.refresh()

    def on_mount(self, _: events.Mount) -> None:
        """Loads for the first time."""
        self.reload()

    def load(self, session: Session) -> Activity:
        """Reads the branch and the live runs."""
        branch = git_branch(session.project.root)
        if session.store is None:
            return Activity(branch)
        rows = (
            session.store.read()
            .execute(
                "SELECT name, started_at FROM runs WHERE status IN ('RUNNING', 'SCHEDULED') AND parent_id IS NULL "
                "AND deleted_at IS NULL ORDER BY started_at LIMIT 100"
            )
            .fetchall()
        )
        if not rows:
            return Activity(branch)
        return Activity(branch, len(rows), rows[0][0], rows[0][1])

    def show(self, records: Activity) -> None:
        """Draws the line."""
        self.refresh()

    def show_problem(self, error: MlopsError) -> None:
        """The panes say what is wrong; here is no room."""
        self.refresh()

    def is_live(self, records: Activity) -> bool:
        """The duration grows while something runs."""
        return records.live > 0

    def tick(self, records: Activity) -> None:
        """Draws the new duration."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line: project and place on the left, activity on the right."""
        width, base = self.size.width, self.rich_style
        right = self._activity(width // 2)
        room = width - sum(cell_len(cell.text) for cell in right)
        segments = []
        used = 0
        for cell in self._left(room - 2):
            text = cut(cell.text, max(0, room - used))
            used += cell_len(text)
            segments.append(Segment(text, base + style_of(self.app, cell.tone)))
        segments.append(Segment(" " * max(0, room - used), base))
        segments += [Segment(cell.text, base + style_of(self.app, cell.tone)) for cell in right]
        return Strip(segments, width)

    def _left(self, room: int) -> list[Cell]:
        from mlops_tui.ui.session import session_of

        project = session_of(self).project
        cells = [Cell(" "), Cell(clean(project.name, 60), "strong")]
        if self._place:
            cells += [Cell(f" {sign('right')} ", "dim"), Cell(clean(self._place, 80), "title")]
        activity = self.records or Activity()
        if project.view_of:
            cells += [Cell("  "), Cell("view only", "warning")]
        elif activity.branch:
            cells += [Cell("  "), Cell(f"{sign('branch')} {clean(activity.branch, 40)}", "dim")]
        left = room - sum(cell_len(cell.text) for cell in cells) - 2
        path = clean(shown.short_path(project.view_of or project.root), 200)
        if left >= 8:
            cells += [Cell("  "), Cell(cut_left(path, left), "faint")]
        return cells

    def _activity(self, room: int) -> list[Cell]:
        activity = self.records or Activity()
        if not activity.live:
            return []
        running = shown.running(time.time() - activity.started_at)
        more = f" +{activity.live - 1}" if activity.live > 1 else ""
        name = cut(clean(activity.name, 60), max(4, room - len(running) - len(more) - 5))
        mark = state_sign("running")
        return [Cell(f"{mark.text} {name}{more} ", mark.tone), Cell(f"{running} ", "dim")]


def git_branch(root: str) -> str:
    """The branch that is checked out, read from ``.git/HEAD`` without running git; "" outside a repository."""
    directory = os.path.abspath(root)
    while True:
        git = os.path.join(directory, ".git")
        if os.path.exists(git):
            return _head(git)
        parent = os.path.dirname(directory)
        if parent == directory:
            return ""
        directory = parent


def _head(git: str) -> str:
    try:
        if os.path.isfile(git):  # a worktree: the file names the real directory
            with open(git, encoding="utf-8", errors="replace") as file:
                git = os.path.join(os.path.dirname(git), file.read(4096).partition("gitdir:")[2].strip())
        with open(os.path.join(git, "HEAD"), encoding="utf-8", errors="replace") as file:
            head = file.read(4096).strip()
    except OSError:
        return ""
    if head.startswith("ref:"):
        return head.removeprefix("ref:").strip().removeprefix("refs/heads/")
    return head[:8]
