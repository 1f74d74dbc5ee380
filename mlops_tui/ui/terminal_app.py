"""A Textual application that lives well on a real terminal: few bytes, and a clean end whatever happens to it."""

from __future__ import annotations

import os
import termios
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, ClassVar

from rich.console import RenderableType
from rich.terminal_theme import TerminalTheme
from textual import events
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.await_remove import AwaitRemove
from textual.dom import DOMNode
from textual.filter import ANSIToTruecolor
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget

from mlops_tui.ui import frames, strips, tmux
from mlops_tui.ui.output import Output
from mlops_tui.ui.painting import PaintingScreen
from mlops_tui.ui.terminal import LEAVE_S, TerminalDriver, erases_in_colour, leave_within
from mlops_tui.ui.text import clean
from mlops_tui.ui.type_ahead import TypeAheadApp

#: Characters of a text that the desktop shows.
MOST_ANNOUNCED = 200


class TerminalApp(TypeAheadApp):
    """Writes only the cells that changed, leaves when its terminal does, and ends within ``LEAVE_S``."""

    #: Whether Textual's private hook is as ``frames`` knows it; its own output is used where it is not.
    writes_cells: ClassVar[bool] = frames.supported(App)

    def __init__(self) -> None:
        super().__init__(TerminalDriver)
        strips.lighten()
        self._refresh_truecolor_filter(self.ansi_theme)
        self._output = Output(None if self.no_color else self.console._color_system, erases=erases_in_colour())
        self._is_leaving = False
        self._after_frame: list[Callable[[], object]] = []
        self.problem: BaseException | None = None

    @property
    def is_colour_poor(self) -> bool:
        """Whether backgrounds cannot be relied on (16 colours or none)."""
        return self.no_color or self.console.color_system in (None, "standard")

    # drawing

    def _refresh_truecolor_filter(self, theme: TerminalTheme) -> None:
        self._filters = [
            strips.Truecolor(theme, enabled=not self.native_ansi_color) if isinstance(one, ANSIToTruecolor) else one
            for one in self._filters
        ]

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        driver = self._driver
        if not isinstance(driver, TerminalDriver) or not self.writes_cells:
            super()._display(screen, renderable)
            return
        try:
            if renderable is None or self._batch_count or not self._running or self._closed:
                return
            if driver.is_behind:
                return  # terminal_drained asks for what is left out here
            pieces = frames.spans(renderable)
            if pieces is None:
                self._output.forget()
                super()._display(screen, renderable)
                return
            self._output.resize(*self.size)
            self._send(driver, self._output.frame(pieces))
            if self._output.has_given_up:
                self.call_later(self.paint_all)
        finally:
            self.post_display_hook()

    def _send(self, driver: TerminalDriver, frame: str) -> None:
        if not frame:
            return
        cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        # input methods open their window where the cursor is: it matters only where one can type
        if cursor != Offset(0, 0) and hasattr(self.screen.focused, "cursor_screen_offset"):
            frame += f"\x1b[{cursor.y + 1};{cursor.x + 1}H"
        self._previous_cursor_position = cursor
        driver.write(f"{SYNC_START}{frame}{SYNC_END}" if self._sync_available else frame)

    def _prune(self, *nodes: Widget, parent: DOMNode | None = None) -> AwaitRemove:
        # behind a dialog that is gone all stands where it stood: Textual would lay out the whole screen again
        return super()._prune(*nodes, parent=None if parent is self else parent)

    # screens in front of each other

    def push_screen(self, *args: Any, **options: Any) -> Any:
        """As in Textual, without painting what is covered."""
        below = self.screen if self.screen_stack else None
        with below.covering() if isinstance(below, PaintingScreen) else nullcontext():
            done = super().push_screen(*args, **options)
        if isinstance(self.screen, PaintingScreen):
            self.screen.put_in_front()
        return done

    def pop_screen(self) -> AwaitComplete:
        """As in Textual; what was covered is painted."""
        screen = self.screen
        done = super().pop_screen()
        if isinstance(self.screen, PaintingScreen):
            self.screen.uncover(screen)
        return done

    # what can wait

    def after_frame(self, act: Callable[[], object]) -> None:
        """Does something after the next frame: it is about what is shown no more, and nobody waits for it."""
        self._after_frame.append(act)

    async def _replace_screen(self, screen: Screen[Any]) -> Screen[Any]:
        is_kept = self.is_screen_installed(screen) or screen in self.screen_stack
        # one with an id, as the palette has, may be asked for again before it is gone: there can only be one
        if screen.id and not is_kept:
            return await super()._replace_screen(screen)
        # as Textual does it, which takes it down at once, and has all of the screen painted
        screen.post_message(events.ScreenSuspend())
        if not is_kept:
            self.capture_mouse(None)
            self.after_frame(screen.remove)
        return screen

    def post_display_hook(self) -> None:
        """Does what has waited for the frame."""
        super().post_display_hook()
        if self._after_frame:
            self.call_later(self._do_what_waited)

    def _do_what_waited(self) -> None:
        while self._after_frame:
            self._after_frame.pop()()

    # drawing again

    def paint_all(self, *, layout: bool = False) -> None:
        """Paints all of the screen: what the terminal shows may be anything, or is not what was meant."""
        if isinstance(self.screen, PaintingScreen):
            self.screen.paint_all(layout=layout)
        else:
            self.screen.refresh(layout=layout)

    def action_redraw(self) -> None:
        """Draws everything again."""
        self._output.forget()
        self.paint_all(layout=True)

    def terminal_returned(self) -> None:
        """The terminal may show anything: draws everything again."""
        self.action_redraw()

    def terminal_drained(self) -> None:
        """Frames were left out while the terminal was slow: draws what differs now."""
        self.paint_all()

    # telling somebody who looks elsewhere

    def announce(self, text: str) -> None:
        """Rings the bell and, where the terminal may know it (OSC 9), has the desktop show a text.

        Inside tmux the text is wrapped for the terminal around it, which needs ``allow-passthrough on`` there.
        """
        driver = self._driver
        if isinstance(driver, TerminalDriver):
            # a text that began with a digit and a semicolon would mean something else to some terminals
            note = f"\x1b]9;mlops-tui: {clean(text, MOST_ANNOUNCED)}\x1b\\" if os.environ.get("TERM") != "linux" else ""
            driver.write(f"{tmux.wrapped(note) if note and tmux.is_around() else note}\x07")

    # leaving

    def terminal_lost(self, code: int) -> None:
        """Leaves with an exit code, because a signal came or the terminal is gone."""
        self.leave(code)

    def leave(self, code: int = 0) -> None:
        """Ends the application, at the latest after ``LEAVE_S``."""
        if self._is_leaving:
            return
        self._is_leaving = True
        driver = self._driver
        if isinstance(driver, TerminalDriver):
            leave_within(LEAVE_S, code, lambda: _restore(driver))
        self.exit(code, return_code=code)

    def _fatal_error(self) -> None:
        # Textual would print a traceback with the values of all locals: the caller of run() tells of the error.
        self._close_messages_no_wait()

    def _handle_exception(self, error: Exception) -> None:
        if self.problem is None and not self._is_leaving:  # what breaks because it is being taken down is no news
            self.problem = error
        super()._handle_exception(error)


def _restore(driver: TerminalDriver) -> None:
    """Sets the terminal's modes back without ever waiting for it."""
    if driver.attrs_before is not None:
        try:
            termios.tcsetattr(driver.fileno, termios.TCSANOW, driver.attrs_before)
        except termios.error:
            return  # it is gone
    file = driver.drawing_descriptor
    try:
        os.set_blocking(file, False)
        # what is being written may end within a sequence
        os.write(
            file,
            b"\x1b\\"
            + driver.farewell.encode()
            + b"\x1b[?1003l\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h",
        )
    except OSError:
        return  # it takes nothing: there is no more to do
    finally:
        os.set_blocking(file, True)  # the description is shared with the shell
