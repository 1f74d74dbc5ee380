"""The command line: one module a noun, each loaded only when its verb is called.

Every act that a key of the dashboard does is a verb here. Exit codes: 0 done, 1 failed or refused, 2 not understood.
Data goes to stdout, everything else to stderr. ``--json`` prints strict JSON; NaN and the infinities, which JSON
does not have, are the strings "NaN", "Infinity" and "-Infinity", as on MLflow's wire.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line.

    Args:
        arguments: The words after the program's name; those of the process by default.

    Returns:
        The exit code: 0 done, 1 failed or refused, 2 not understood.
    """
    import sys

    from mlops_tui.cli import opening
    from mlops_tui.cli.failures import guarded, reported

    words = sys.argv[1:] if arguments is None else list(arguments)
    act = opening.plain(words)
    if act is not None:
        code = guarded(act)
    else:
        from mlops_tui.cli.root import program

        code = reported(program, arguments)
    if arguments is None and (words in (["status"], ["run"]) or opening.has_opened):
        _leave(code)
    return code


def _leave(code: int) -> None:
    """Ends the process: nothing is left to do, and taking the interpreter down takes a tenth of the time.

    After the dashboard its watch may still be at work, and Python aborts when it is taken down around a thread that
    is within a library written in C++.
    """
    import os
    import sys

    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return  # the interpreter's own end deals with a pipe that nobody reads
    os._exit(code)


__all__ = ["main"]
