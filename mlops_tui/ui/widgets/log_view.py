"""A log with a search: matches stand out and are counted, keys go from one to the next and to the first error."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right

from textual.app import ComposeResult
from textual.widget import Widget

from mlops_tui.pipeline import log_search
from mlops_tui.pipeline.log_search import Search, Sought
from mlops_tui.ui import keymap, threads
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.widgets.log_text import LogText
from mlops_tui.ui.widgets.prompt import Prompt
from mlops_tui.ui.widgets.text_view import TextView

#: Seconds between two counts shown while a long log is being searched.
_PACE_S = 0.1


class LogView(Widget):
    """A log that can be searched.

    Args:
        empty: What to say when there is nothing in the file, or no file.
    """

    DEFAULT_CSS = """
    LogView { height: 1fr; width: 1fr; layout: vertical; }
    LogView > .log--found { height: 1; display: none; background: $panel; padding: 0 1; }
    """
    BINDINGS = keymap.bindings("search")

    def __init__(self, empty: str = "nothing written yet", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = LogText(empty)
        self._note = TextView(can_focus=False, classes="log--found")
        self._search: Search | None = None
        self._title = ""
        self._origin = 0
        self._was_following = False
        self._is_complete = False
        self._has_jumped = False
        self._is_busy = False
        self._is_again = False

    def compose(self) -> ComposeResult:
        """The text, and a line on what was found."""
        yield self._text
        yield self._note

    @property
    def text(self) -> LogText:
        """The text."""
        return self._text

    def show(self, path: str, empty: str = "") -> None:
        """Shows a file from its end; the one that is shown already stays as it is. See ``LogText.show``."""
        if path != self._text.path:
            self.action_end_search()
        self._text.show(path, empty)

    # searching

    def _look_for(self, title: str, sought: Sought, origin: int) -> None:
        """Begins to search, and goes to the first match from a line on as soon as it is known."""
        self._search, self._title, self._origin = Search(self._text.path, sought), title, origin
        self._is_complete = self._has_jumped = False
        self._text.pattern, self._text.marked = sought.pattern, -1
        self._text.refresh()
        self.refresh_bindings()
        self._go_on()

    def _go_on(self) -> None:
        search = self._search
        assert search is not None
        self._is_busy, self._is_again = True, False

        def look() -> None:
            told_at, is_more = time.monotonic(), True
            while is_more and threads.is_wanted():
                try:
                    is_more = search.step()
                except OSError:
                    is_more = False  # the text says why it cannot be read
                if is_more and time.monotonic() - told_at >= _PACE_S:
                    told_at = time.monotonic()
                    self.app.call_later(self._found, search, False)
            if threads.is_wanted():
                self.app.call_later(self._found, search, True)

        self.run_worker(look, thread=True, group="search", exclusive=True)

    def _found(self, search: Search, is_complete: bool) -> None:
        """Shows what is known by now."""
        if search is not self._search:
            return
        self._is_complete = self._is_complete or is_complete
        self._is_busy = not is_complete
        if not self._has_jumped and search.found:
            place = bisect_left(search.found, self._origin)
            if place < len(search.found) or is_complete:
                self._has_jumped = True
                self._text.go_to(search.found[place % len(search.found)])
        self._tell()
        if self._is_again and not self._is_busy:
            self._go_on()

    def _tell(self) -> None:
        search = self._search
        self._note.display = search is not None
        if search is None:
            return
        count = len(search.found)
        line: list[Cell] = [Cell(self._title, "strong"), Cell("  ")]
        if not count:
            line.append(
                Cell("no line" if self._is_complete else "searching", "warning" if self._is_complete else "dim")
            )
        else:
            place = bisect_right(search.found, self._text.marked)
            more = "" if self._is_complete else "+"
            line += [Cell(f"{place:,} of {count:,}{more}", "accent"), Cell("  n next  N previous  esc end", "dim")]
        lines: list[CellValue] = [tuple(line)]
        self._note.show(lines)

    def on_log_text_grown(self, message: LogText.Grown) -> None:
        """Searches what was appended, too."""
        message.stop()
        if self._search is None:
            return
        if self._is_busy:
            self._is_again = True  # two threads must not step one search
        else:
            self._go_on()

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What goes from match to match is there only while there is a search."""
        return self._search is not None if action in ("match", "end_search") else True

    def action_begin_search(self) -> None:
        """Opens the line to type into."""
        if not self.query(Prompt) and self._text.path:
            self._origin, self._was_following = self._text.top, self._text.is_following
            self.mount(Prompt("/", hint="text in the log"))

    def action_first_error(self) -> None:
        """Goes to the first line of the log that tells of an error."""
        if self._text.path:
            self._look_for("errors", log_search.ERRORS, 0)

    def action_match(self, by: int) -> None:
        """Goes to the next or former match, from the last on to the first."""
        found = self._search.found if self._search is not None else ()
        if not found:
            return
        here = self._text.marked if self._text.marked >= 0 else self._text.top
        place = bisect_right(found, here) if by > 0 else bisect_left(found, here) - 1
        self._text.go_to(found[place % len(found)])
        self._tell()

    def action_end_search(self) -> None:
        """Shows no matches any more; the lines in sight stay."""
        if self._search is None:
            return
        self.workers.cancel_group(self, "search")
        self._search = None
        self._text.pattern, self._text.marked = None, -1
        self._text.refresh()
        self._tell()
        self.refresh_bindings()

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        """Searches as one types."""
        message.stop()
        if message.value:
            self._look_for(f"/{message.value}", log_search.text(message.value), self._origin)
        else:
            self.action_end_search()

    def on_prompt_submitted(self, message: Prompt.Submitted) -> None:
        """Keeps the search."""
        message.stop()
        self._close(message.prompt)

    def on_prompt_cancelled(self, message: Prompt.Cancelled) -> None:
        """Ends the search where it began."""
        message.stop()
        self.action_end_search()
        self._text.return_to(self._origin, is_following=self._was_following)
        self._close(message.prompt)

    def _close(self, prompt: Prompt) -> None:
        prompt.remove()
        self._text.focus()
