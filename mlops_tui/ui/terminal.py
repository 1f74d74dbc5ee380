"""The terminal as a thing that can hang up, stop, get stuck and send rubbish.

A driver for Textual that leaves when its terminal is gone, when it is told to (SIGHUP, SIGTERM), and at the latest
``LEAVE_S`` after it was asked to, however stuck the terminal is; that draws everything again after the process was
stopped and continued; and that takes any byte as input.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import struct
import sys
import termios
import threading
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from functools import partial
from typing import IO, Any, Protocol, cast

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from mlops_store.errors import UsageError
from mlops_tui.ui.outlet import Outlet
from mlops_tui.ui.pastes import Pastes
from mlops_tui.ui.replies import Replies, Reply

#: Seconds after which leaving is no longer waited for.
LEAVE_S = 1.5
#: Seconds between looks whether the terminal is still there.
LOOK_S = 1.0
#: Seconds after which a lone escape counts as the escape key.
ESCAPE_S = 0.1


class Owner(Protocol):
    """The application, as far as the driver needs to know it."""

    def terminal_lost(self, code: int) -> None:
        """Leave: the terminal is gone or a signal came."""

    def terminal_returned(self) -> None:
        """Draw everything again."""

    def terminal_drained(self) -> None:
        """The terminal has taken all that was written."""

    def terminal_replied(self, reply: Reply) -> None:
        """The terminal has replied to a question."""


def require() -> None:
    """Refuses to start where no dashboard can be shown.

    Raises:
        UsageError: stdin is no terminal, neither stdout nor stderr is one, or TERM says that it cannot draw.
    """
    if sys.__stdin__ is None or not sys.__stdin__.isatty():
        raise UsageError("the dashboard needs a terminal, and stdin is not one", _OTHERWISE)
    if drawing_file() is None:
        raise UsageError("the dashboard needs a terminal, and neither stdout nor stderr is one", _OTHERWISE)
    term = os.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        said = f"TERM is {term!r}" if term else "TERM is not set"
        raise UsageError(f"the dashboard cannot draw on this terminal: {said}", "try: TERM=xterm-256color mlops-tui")


_OTHERWISE = "over ssh add -t; every verb works without one: mlops-tui status, mlops-tui --help"


def drawing_file() -> IO[str] | None:
    """The stream to draw on: stdout, or stderr where only that is a terminal."""
    for file in (sys.__stdout__, sys.__stderr__):
        if file is not None and file.isatty():
            return file
    return None


#: What the names of terminals begin with that erase with the background colour; GNU screen is not among them.
_ERASING = ("xterm", "tmux", "alacritty", "foot", "ghostty", "kitty", "konsole", "linux", "putty", "rxvt", "st", "vte")


def erases_in_colour() -> bool:
    """Whether cells that the terminal erases get the background colour that is set, as nearly everywhere."""
    return os.environ.get("TERM", "").startswith(_ERASING) or "TMUX" in os.environ


class TerminalDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, made to survive its terminal."""

    def __init__(
        self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file = cast(Any, drawing_file() or sys.__stderr__)
        # until the first resize event Textual would lay out for COLUMNS × LINES; that size and the terminal's would
        # then chase each other for ever
        self._size = self._get_terminal_size()
        self._outlet: Outlet | None = None
        self._is_on = False
        self._replies = Replies()
        self._pastes = Pastes()
        #: Written before the terminal is given back.
        self.farewell = ""
        self._wake_read, self._wake_write = os.pipe()
        for number in (signal.SIGHUP, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._told_to_leave, number)

    @property
    def _owner(self) -> Owner:
        return cast(Owner, self._app)

    @property
    def drawing_descriptor(self) -> int:
        """The descriptor that is drawn on."""
        assert self._file is not None
        return self._file.fileno()

    @property
    def is_behind(self) -> bool:
        """Whether the terminal is so slow that frames should be left out."""
        return self._outlet is not None and self._outlet.is_behind

    def _get_terminal_size(self) -> tuple[int, int]:
        """Columns and rows of the terminal itself.

        Textual believes COLUMNS and LINES first, which a shell or Python's readline may have left in the environment.
        """
        try:
            size = os.get_terminal_size(self.drawing_descriptor)
        except OSError:
            return super()._get_terminal_size()
        return (size.columns or 80, size.lines or 24)

    def write(self, data: str) -> None:
        """Writes in a thread; never blocks."""
        if self._outlet is not None:
            self._outlet.write(data)

    @property
    def outlet(self) -> Outlet | None:
        """What writes; None while the terminal is not ours."""
        return self._outlet

    def ask(self, question: str) -> None:
        """Asks the terminal something; what it replies, if it does, reaches the owner and nobody else.

        Args:
            question: One that ends with the question for the terminal's attributes, which nearly all answer.
        """
        self._replies.expect()
        self.write(question)

    @property
    def cell_pixels(self) -> tuple[int, int] | None:
        """Width and height of a cell; None where the terminal does not tell."""
        try:
            size = struct.unpack("HHHH", fcntl.ioctl(self.drawing_descriptor, termios.TIOCGWINSZ, bytes(8)))
        except OSError:
            return None
        rows, columns, width, height = size
        return (width // columns, height // rows) if columns and rows and width >= columns and height >= rows else None

    def start_application_mode(self) -> None:
        """Takes over the terminal."""
        self._outlet = Outlet(self.drawing_descriptor, lambda: self._soon(self._owner.terminal_drained))
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._is_on = True
        if self._key_thread is None:  # the terminal was gone before it could be taken over
            self._soon(lambda: self._owner.terminal_lost(128 + signal.SIGHUP))

    def stop_application_mode(self) -> None:
        """Gives the terminal back."""
        self._is_on = False
        self._replies.wait()
        if self._outlet is not None:
            self._outlet.recall_all()
        self.write(self.farewell)
        self.farewell = ""  # said once: what the shell shows from here on is not ours
        super().stop_application_mode()

    def disable_input(self) -> None:
        """Ends the input thread, at once."""
        if not self.exit_event.is_set():
            os.write(self._wake_write, b".")
        super().disable_input()

    def close(self) -> None:
        """Lets the last bytes out, unless the terminal does not take them."""
        super().close()
        if self._outlet is not None:
            self._outlet.close(LEAVE_S / 2)
            self._outlet = None

    # signals

    def _told_to_leave(self, number: signal.Signals) -> None:
        if number == signal.SIGHUP and self._outlet is not None:
            self._outlet.is_broken = True  # nobody is there to see the last bytes
        self._owner.terminal_lost(128 + number)

    def _sigcont_application(self, *_: object) -> None:
        """After a stop that we were not told of (SIGSTOP), the modes are set again and all is drawn again."""
        if not self._auto_restart:
            return
        if self._is_on:
            self._set_modes()
        else:
            self.resume_application_mode()
        self._soon(self._owner.terminal_returned)

    def _set_modes(self) -> None:
        try:
            attributes = termios.tcgetattr(self.fileno)
            attributes[3] = self._patch_lflag(attributes[3])
            attributes[0] = self._patch_iflag(attributes[0])
            termios.tcsetattr(self.fileno, termios.TCSANOW, attributes)
        except termios.error:
            return
        self.write("\x1b[?1049h\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[?7l")
        self._enable_mouse_support()

    def _soon(self, act: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act)

    # input

    def run_input_thread(self) -> None:
        """Reads keys until told to end, or until the terminal is gone."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        selector = selectors.DefaultSelector()
        selector.register(self.fileno, selectors.EVENT_READ)
        selector.register(self._wake_read, selectors.EVENT_READ)
        try:
            while not self.exit_event.is_set():
                is_waiting = getattr(parser, "_timeout_time", 0.0) is not None or self._replies.is_holding
                ready = {key.fd for key, _ in selector.select(ESCAPE_S if is_waiting else LOOK_S)}
                if self._wake_read in ready:
                    self.exit_event.wait(LOOK_S)
                    break
                if self.fileno in ready:
                    data = self._read()
                    if data is None:
                        self._soon(lambda: self._owner.terminal_lost(128 + signal.SIGHUP))
                        return
                    typed, replies = self._replies.sift(decode(data)) if data else ("", [])
                    for reply in replies:
                        self._soon(partial(self._owner.terminal_replied, reply))
                    self._take(parser, typed)
                elif self._replies.is_holding and not ready:
                    self._take(parser, self._replies.release())
                elif not ready and not self._is_there():
                    self._soon(lambda: self._owner.terminal_lost(128 + signal.SIGHUP))
                    return
                for message in parser.tick():
                    self.process_message(message)
        finally:
            selector.close()
            if self.exit_event.is_set():
                os.read(self._wake_read, 64)
            try:
                for _ in parser.feed(""):
                    pass
            except (EOFError, ParseError):
                pass  # the input ended within a sequence

    def _take(self, parser: XTermParser, typed: str) -> None:
        typed = self._pastes.clean(typed)
        for message in parser.feed(typed) if typed else ():
            self.process_message(message)

    def _read(self) -> bytes | None:
        """What was typed; None when the terminal is gone."""
        try:
            return os.read(self.fileno, 4096) or None
        except InterruptedError:
            return b""
        except OSError:
            return None

    def _is_there(self) -> bool:
        try:
            termios.tcgetattr(self.fileno)
        except termios.error:
            return False
        return True


def leave_within(seconds: float, code: int, restore: Callable[[], None]) -> threading.Thread:
    """Ends the process with ``code`` after ``seconds``, whatever it is doing then.

    Args:
        seconds: To wait.
        code: The exit code.
        restore: Called just before, to set the terminal's modes back; must not block.
    """

    def leave() -> None:
        time.sleep(seconds)
        restore()
        os._exit(code)

    thread = threading.Thread(target=leave, name="leave", daemon=True)
    thread.start()
    return thread
