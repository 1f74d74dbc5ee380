"""How a command ends: every failure becomes one sentence on stderr and an exit code, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from mlops_store.errors import MlopsError
from mlops_tui.cli.text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

LOG_LIMIT_BYTES = 1_000_000


def reported(program: click.Command, arguments: Sequence[str] | None) -> int:
    """Runs the program, tells of what went wrong, and returns the exit code."""
    words = None if arguments is None else list(arguments)
    return guarded(lambda: program.main(args=words, prog_name="mlops-tui", standalone_mode=False))


def guarded(act: Callable[[], object]) -> int:
    """Does something, tells of what went wrong, and returns the exit code: its own if it returns a number.

    What went wrong unexpectedly is one line here; its traceback is appended to an error log that the line names.
    """
    _make_output_safe()
    try:
        return _ended(act)
    except BrokenPipeError:
        _forget_stdout()
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        _tell("interrupted")
        return 1


def _ended(act: Callable[[], object]) -> int:
    try:
        result = act()
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except MlopsError as error:
        _tell(error.message, error.hint)
        return error.exit_code
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except OSError as error:
        return _operating_system(error)
    except Exception as error:  # the last line before a person would see a traceback
        code = _told_of_words(error)
        if code is not None:
            return code
        if (known := _of_store(error)) is not None:
            _tell(known.message, known.hint)
            return known.exit_code
        _tell(f"unexpected {type(error).__name__}: {error}", f"the traceback is in {_record(error)}")
        return 1


def _told_of_words(error: Exception) -> int | None:
    """Tells of a command line that was not understood; the exit code, None for any other error."""
    if "click" not in sys.modules:  # nobody has read a command line with it, and it takes long to load
        return None
    import click

    if isinstance(error, click.exceptions.Abort):
        _tell("interrupted")
        return 1
    if isinstance(error, click.UsageError):
        if type(error).__name__ == "NoArgsIsHelpError":  # a noun without its verb; click before 8.2 has no such class
            sys.stderr.write(f"{error.format_message()}\n")
            return 2
        path = error.ctx.command_path if error.ctx else "mlops-tui"
        _tell(error.format_message(), f"see: {path} --help")
        return 2
    if isinstance(error, click.ClickException):
        _tell(error.format_message())
        return error.exit_code
    return None


def _of_store(error: Exception) -> MlopsError | None:
    """What a person can do about an error that SQLite met while rows were read; None for any other error."""
    if "sqlite3" not in sys.modules:
        return None
    import sqlite3

    from mlops_store import database

    return database.explain(error, "the store") if isinstance(error, sqlite3.Error) else None


def _operating_system(error: OSError) -> int:
    if error.errno == 32:  # click hides a broken pipe behind an OSError of its own
        raise BrokenPipeError from error
    where = f": {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
    reason = error.strerror or str(error) or type(error).__name__
    _tell(f"{reason[:1].lower()}{reason[1:]}{where}", f"the traceback is in {_record(error)}")
    return 1


def _tell(message: str, hint: str = "") -> None:
    lines = [f"mlops-tui: {clean(message, 2000)}"]
    lines += [f"  {clean(line, 2000)}" for line in hint.splitlines() if line.strip()]
    sys.stderr.write("\n".join(lines) + "\n")


def _record(error: BaseException) -> str:
    """Appends the traceback to the error log and returns the log's path."""
    import time
    import traceback

    head = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {' '.join(sys.argv)}"
    text = f"{head}\n{''.join(traceback.format_exception(error))}\n"
    for path in _log_paths():
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            is_long = os.path.exists(path) and os.path.getsize(path) > LOG_LIMIT_BYTES
            with open(path, "w" if is_long else "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue  # the next place may be writable
        return path
    return "no file: nowhere to write it"


def _log_paths() -> tuple[str, ...]:
    """Where an error log may go, best first. An empty directory is left empty."""
    from mlops_tui import project

    state_home = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    own = os.path.join(state_home, "mlops-tui", "error.log")
    state_dir = project.find().state_dir
    inside = (os.path.join(state_dir, "error.log"),) if os.path.isdir(state_dir) else ()
    return (*inside, own)


def _make_output_safe() -> None:
    """A character that the terminal's encoding lacks is written as an escape instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _forget_stdout() -> None:
    # the interpreter flushes stdout at its end and would complain about the closed pipe again
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    finally:
        os.close(nowhere)
