"""How the process ended: which status its live runs get.

Inside ``with start_run()`` the exception tells. Outside, ``sys.last_value`` holds an uncaught exception when the exit
functions run, whatever ``sys.excepthook`` is; ``sys.exit`` is wrapped to learn its code, because the interpreter
tells that to nobody. Signals are left to the script: a run whose process was killed is ended as KILLED by the next
process that folds its journal, and a handler of ours could delay a SIGTERM during a long call into C.
"""

from __future__ import annotations

import os
import sys

from mlops_tui.tracking import background, journal, session

_TRACEBACK_LIMIT = 100_000
_BUDGET_S = 2.0
_BUSY_TIMEOUT_S = 0.2


def leave() -> None:
    """Ends the live runs of this process with the status that fits how it ends, and stores what can be stored."""
    noted = session.noted_exit
    # an exit that the script caught and went on from does not count
    ended = ("FINISHED", 0, "") if noted is None or noted[1] != journal.written() else _of_code(noted[0])
    error = getattr(sys, "last_value", None)
    # an interactive session goes on after an exception
    if error is not None and not hasattr(sys, "ps1"):
        ended = outcome(error)
    for run in reversed(session.live[:]):
        if run.pid == os.getpid():
            run.end(*ended)
    journal.close()
    background.stop()
    _fold()


def _fold() -> None:
    """Stores what stands in the journals, within a bounded time; a store that cannot be written is left to others."""
    import gc

    from mlops_store.errors import StoreBusy, StoreError
    from mlops_store.fold import fold
    from mlops_store.store import Store
    from mlops_tui.tracking import remarks

    gc.disable()  # nothing that is thrown away now is needed again, and a search of the script's objects takes long
    for store_path, journals_dir in session.roots.items():
        try:
            with Store(store_path, busy_timeout_s=_BUSY_TIMEOUT_S) as store:
                fold(store, journals_dir, wait_s=0.0, budget_s=_BUDGET_S)
        except StoreBusy:
            continue
        except (StoreError, OSError) as error:
            remarks.say(f"{error}; what was logged stays in {journals_dir} until it is stored")


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
