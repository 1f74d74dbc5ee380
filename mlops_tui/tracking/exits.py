"""How the process ended: which status its live runs get.

Inside ``with start_run()`` the exception tells. Outside, ``sys.last_value`` holds an uncaught exception when the exit
functions run, whatever ``sys.excepthook`` is; ``sys.exit`` is wrapped to learn its code, because the interpreter
tells that to nobody. Signals are left to the script: a run whose process was killed is ended as KILLED by the next
process that folds its journal, and a handler of ours could delay a SIGTERM during a long call into C.
"""

from __future__ import annotations

import atexit
import sys

from mlops_tui.tracking import session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_TRACEBACK_LIMIT = 100_000

_is_watching = False
_before: object = None
_noted: tuple[object, int] | None = None


def watch() -> None:
    """Ends the live runs when the process exits. Later calls do nothing."""
    global _is_watching, _before
    if _is_watching:
        return
    _is_watching = True
    _before = getattr(sys, "last_value", None)
    _wrap_exit()
    atexit.register(_at_exit)


def outcome(error: BaseException) -> tuple[str, int | None, str]:
    """Status, exit code and traceback for a run that this exception ended."""
    if isinstance(error, SystemExit):
        return _of_code(error.code)
    if isinstance(error, GeneratorExit):
        return "FINISHED", None, ""
    if isinstance(error, KeyboardInterrupt):
        return "KILLED", 130, _traceback(error)
    return "FAILED", 1, _traceback(error)


def _of_code(code: object) -> tuple[str, int | None, str]:
    if code is None or code == 0:
        return "FINISHED", 0, ""
    if isinstance(code, int):
        return "FAILED", code, f"exit code {code}"
    return "FAILED", 1, str(code)[:_TRACEBACK_LIMIT]


def _traceback(error: BaseException) -> str:
    import traceback

    try:
        text = "".join(traceback.format_exception(error))
    except Exception as failure:  # formatting runs the script's own __str__
        text = f"{type(error).__name__} (cannot be shown: {type(failure).__name__})"
    # the end of a traceback says what happened
    return text if len(text) <= _TRACEBACK_LIMIT else "…" + text[-_TRACEBACK_LIMIT:]


def _wrap_exit() -> None:
    original = sys.exit

    def exit(status: object = None, /) -> NoReturn:  # noqa: A001 — it stands for sys.exit
        global _noted
        _noted = (status, _written())
        original(status)  # type: ignore[arg-type]

    exit.__doc__ = original.__doc__
    sys.exit = exit


def _written() -> int:
    """Moves when anything is logged: an exit that the script caught and went on from does not count."""
    return sum(run.journal.size_bytes() for run in session.live)


def _at_exit() -> None:
    import os

    from mlops_tui.tracking import background

    ended = ("FINISHED", 0, "") if _noted is None or _noted[1] != _written() else _of_code(_noted[0])
    error = getattr(sys, "last_value", None)
    # an interactive session goes on after an exception
    if error is not None and error is not _before and not hasattr(sys, "ps1"):
        ended = outcome(error)
    for run in reversed(session.live[:]):
        if run.pid == os.getpid():
            run.end(*ended)
    background.stop()
