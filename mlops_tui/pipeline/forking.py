"""A supervisor that is a copy of the process which starts it: all that both need is loaded already.

Owns what such a copy must let go of: the session, the terminal, descriptors, signals, and the name that the system
shows. What a supervisor does is ``supervisor``'s.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

from mlops_store.database import Connection

_NAME = "mlops_tui.pipeline.supervisor"


@dataclass(slots=True)
class Child:
    """A process that was forked from this one."""

    pid: int

    def poll(self) -> int | None:
        """None while it lives; else something else, once it is no zombie any more."""
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            return 0
        return None if pid == 0 else status


def is_safe() -> bool:
    """Whether this process can be copied: Linux says that it has one thread, and no connection to SQLite is open.

    A lock that another thread holds would stay locked in the copy for ever, and a connection carried along would
    believe in locks on the file that the copy does not have.
    """
    try:
        return len(os.listdir("/proc/self/task")) == 1 and not Connection.open_count
    except OSError:
        return False


def start(act: Callable[[], int], *, directory: str, log_path: str, words: tuple[str, ...]) -> Child:
    """Runs a function in a copy of this process, which ends with it; it has a session of its own.

    Args:
        act: Returns the exit code.
        directory: The copy's working directory.
        log_path: The file to which the copy's stdout and stderr are appended.
        words: What is shown behind the supervisor's name in the list of processes.

    Raises:
        OSError: It cannot be started.
    """
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        pid = os.fork()
        if pid:
            return Child(pid)
        code = 1
        try:
            _detach(log, directory)
            _rename(words)
            code = act()
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
        finally:
            os._exit(code)  # what this process has begun, its copy must not end
    finally:
        os.close(log)


def _detach(log: int, directory: str) -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for standard, own in ((0, nothing), (1, log), (2, log)):
        os.dup2(own, standard)
    # what Python opens is closed in children, and here still belongs to objects; the rest came with this process
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor > 2 and _is_inherited(descriptor):
            os.close(descriptor)
    # what its starter has put there instead, and perhaps not written out yet, is not for this process
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stderr = open(2, "w", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    if sys.path[0] in ("", os.getcwd()):
        del sys.path[0]  # the project's directory may hold modules with the names of ours or of the standard library
    os.chdir(directory)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.freeze()  # what is there stays, and is shared for as long as nobody looks at it
    gc.set_threshold(50_000)


def _is_inherited(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:  # that of the listing itself
        return False


def _rename(words: tuple[str, ...]) -> None:
    """Writes over the words of the command line, as far as there is room: nobody shall take this for its starter."""
    with open("/proc/self/stat", "rb") as file:
        begin, end = map(int, file.read().rpartition(b")")[2].split()[45:47])
    title = os.fsencode("\0".join((_NAME, *words)))[: end - begin - 1]
    try:
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(begin)
            memory.write(title.ljust(end - begin, b"\0"))
    except OSError:
        return  # a hardened system does not let it: the run is none the worse for that
