"""The log of a stage or run: a window on a file of any size that may still grow."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from mlops_tui.ui import keymap, threads
from mlops_tui.ui.text import fit
from mlops_tui.ui.theme import style_of
from mlops_tui.ui.widgets.log_file import LogFile

#: Seconds between looks at a file that may grow.
LOOK_S = 0.25


class LogText(ScrollView, can_focus=True):
    """A log; the newest lines stay in sight until one scrolls up, and again after ``f`` or at the end.

    Args:
        empty: What to say when there is nothing in the file, or no file.
    """

    DEFAULT_CSS = """
    LogText {
        height: 1fr; width: 1fr; background: $background; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS = keymap.bindings("scroll", "log")

    class Grown(Message):
        """More of the file is known."""

    def __init__(self, empty: str = "nothing written yet", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._empty = empty
        self._file: LogFile | None = None
        self._seen: tuple[float, int] | None = None
        self._lines: dict[int, str] = {}
        self._column = 0
        self._timer: Timer | None = None
        self._problem = ""
        self._is_busy = False
        self.is_following = True
        #: What stands out in the lines, None for nothing.
        self.pattern: re.Pattern[str] | None = None
        #: The line that stands out as a whole, -1 for none.
        self.marked = -1

    @property
    def path(self) -> str:
        """The file that is shown, "" for none."""
        return self._file.path if self._file else ""

    @property
    def line_count(self) -> int:
        """Lines known so far."""
        return self._file.line_count if self._file else 0

    def show(self, path: str, empty: str = "") -> None:
        """Shows a file from its end; the one that is shown already stays as it is.

        Args:
            path: The file; "" for none.
            empty: What to say while it is empty; "" for the same as before.
        """
        if empty and empty != self._empty:
            self._empty = empty
            self.refresh()
        if path == self.path:
            return
        self._file = LogFile(path) if path else None
        self._seen, self._column, self._problem = None, 0, ""
        self._lines.clear()
        self.is_following = True
        self._resize()
        self._look()

    def on_mount(self) -> None:
        """Begins to look at the file."""
        self._timer = self.set_interval(LOOK_S, self._look)
        self._look()

    def on_resize(self, _: events.Resize) -> None:
        """Keeps the end in sight, and loads the lines that there is room for now."""
        self._resize()
        self._fetch()

    # following the file

    def _look(self) -> None:
        """Loads what is new, if anything is; a look costs one ``stat``."""
        if self._file is None or self._is_busy or not self.is_mounted or not self.screen.is_current:
            return
        try:
            status = os.stat(self._file.path)
            seen = (status.st_mtime, status.st_size)
        except OSError:
            seen = (0.0, -1)
        if seen != self._seen:
            self._seen = seen
            self._index()

    def _index(self) -> None:
        self._is_busy = True
        file = self._file
        assert file is not None

        def index() -> None:
            problem = ""
            try:
                while file.update() and threads.is_wanted():
                    pass
            except OSError as error:
                problem = f"cannot be read: {error.strerror}"
            self.app.call_later(self._indexed, file, problem)

        self.run_worker(index, thread=True, group="index")

    def _indexed(self, file: LogFile, problem: str) -> None:
        self._is_busy = False
        if file is not self._file:
            self._seen = None
            self._look()
            return
        self._problem = problem
        last = max(self._lines, default=-1)
        self._lines.pop(last, None)  # it may have been unfinished
        if last > file.line_count:
            self._lines.clear()
        self._resize()
        self._fetch(refresh=True)
        self.post_message(self.Grown())

    def _resize(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, self.line_count)
        if self.is_following:
            self.scroll_to(y=self.line_count, animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Loads what came in sight."""
        super().watch_scroll_y(old_value, new_value)
        self._fetch()

    def _fetch(self, *, refresh: bool = False) -> None:
        height = max(1, self.scrollable_content_region.height)
        top = self.scroll_offset.y
        window = range(top, min(top + height, self.line_count))
        if self._file is None or all(line in self._lines for line in window):
            if refresh:
                self.refresh()
            return
        start, stop = max(0, top - height), top + 2 * height
        file = self._file

        def load() -> None:
            try:
                lines = file.lines(start, stop)
            except OSError:
                lines = []  # it went away; the next look says so
            if threads.is_wanted():
                self.app.call_later(self._fetched, file, start, lines)

        self.run_worker(load, thread=True, group="lines", exclusive=True)

    def _fetched(self, file: LogFile, start: int, lines: list[str]) -> None:
        if file is self._file:
            self._lines = dict(enumerate(lines, start))
            self.refresh()

    # drawing

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        region = self.scrollable_content_region
        base = self.rich_style
        if not self.line_count or self._problem:
            text = (self._problem or self._empty) if y == 0 else ""
            return Strip([Segment(fit(f" {text}", region.width), base + style_of(self.app, "dim"))], region.width)
        line = y + self.scroll_offset.y
        text = self._lines.get(line, "")
        if line == self.marked:
            base += Style(bold=True)
        if self.pattern is None or not text:
            return Strip([Segment(fit(text[self._column :], region.width), base)], region.width)
        found = Style(reverse=True) if line == self.marked else style_of(self.app, "mark") + Style(underline=True)
        segments = []
        for piece, is_found in _parted(text, self.pattern, self._column):
            segments.append(Segment(piece, base + found if is_found else base))
        return Strip(segments).adjust_cell_length(region.width, base)

    # going to a line

    @property
    def top(self) -> int:
        """The first line in sight."""
        return int(self.scroll_offset.y)

    def go_to(self, line: int) -> None:
        """Marks a line, and brings it in sight where it is not."""
        self.marked = line
        self.is_following = False
        height = max(1, self.scrollable_content_region.height)
        if not self.top <= line < self.top + height:
            self.scroll_to(y=max(0, line - height // 3), animate=False, force=True)
        self.refresh()

    def return_to(self, top: int, *, is_following: bool) -> None:
        """Shows what was in sight before."""
        self.is_following = is_following
        self.scroll_to(y=self.line_count if is_following else top, animate=False, force=True)

    # keys

    def action_follow(self) -> None:
        """Keeps the newest lines in sight, or stops that."""
        self.is_following = not self.is_following
        self._resize()

    def _scroll(self, y: int) -> None:
        self.is_following = False
        self.scroll_to(y=y, animate=False)
        self.is_following = y >= self.max_scroll_y

    def action_scroll_lines(self, by: int) -> None:
        """Scrolls by lines."""
        self._scroll(self.scroll_offset.y + by)

    def action_scroll_pages(self, pages: float) -> None:
        """Scrolls by pages."""
        self._scroll(self.scroll_offset.y + int(pages * max(2, self.scrollable_content_region.height)))

    def action_scroll_top(self) -> None:
        """Scrolls to the beginning."""
        self._scroll(0)

    def action_scroll_bottom(self) -> None:
        """Scrolls to the end and follows."""
        self._scroll(self.line_count)

    def action_scroll_columns(self, by: int) -> None:
        """Shows what is further right or left."""
        self._column = max(0, self._column + by)
        self.refresh()

    def on_mouse_scroll_up(self, _: events.MouseScrollUp) -> None:
        """Stops following."""
        self.is_following = False

    def on_mouse_scroll_down(self, _: events.MouseScrollDown) -> None:
        """Follows again at the end."""
        self.is_following = self.scroll_offset.y >= self.max_scroll_y - 2


def _parted(text: str, pattern: re.Pattern[str], column: int) -> Iterator[tuple[str, bool]]:
    """The pieces of a line from a column on, and whether each is what was found."""
    at = column
    for match in pattern.finditer(text):
        start, end = max(at, match.start()), match.end()
        if end > start:
            yield text[at:start], False
            yield text[start:end], True
            at = end
    yield text[at:], False
