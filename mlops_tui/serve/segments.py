"""Closing the files of a log of requests: JSON lines that nobody writes to any longer become Parquet.

A program of its own (``python -m mlops_tui.serve.segments DIR``), so that the server goes on answering meanwhile. A
file is whole under its new name before the old one is deleted; whoever finds both takes the Parquet.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys

from mlops_tui.drift.watches import LOG_CLOSED, LOG_OPEN

#: What a backslash begins in JSON: two halves of a character, one alone, anything else.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
#: Other programs come first.
_NICENESS = 10


def start(directory: str) -> subprocess.Popen[bytes]:
    """Begins to close the files of a folder, beside what this process does.

    Raises:
        OSError: No process can be started.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", __spec__.name, directory],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    )


def has_open(directory: str) -> bool:
    """Whether there are files that may have to be closed."""
    try:
        return any(name.endswith(LOG_OPEN) for name in os.listdir(directory))
    except OSError:
        return False


def close_all(directory: str) -> int:
    """Closes every file that is not written to; returns how many these were.

    What cannot be read or converted is left as it is, and told on stderr.

    Raises:
        OSError: The disk takes no more.
    """
    closed = 0
    for name in sorted(name for name in os.listdir(directory) if name.endswith(LOG_OPEN)):
        path = os.path.join(directory, name)
        try:
            closed += _close(path)
        except OSError:
            raise
        except Exception as error:  # whatever a library raises on a file: the next ones are closed
            sys.stderr.write(f"{path} cannot be closed ({type(error).__name__}: {error})\n")
    return closed


def _close(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # another process was first
        return False
    with os.fdopen(descriptor, "rb") as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # its server holds it
            return False
        if not os.fstat(descriptor).st_nlink:
            return False
        content = file.read()
        lines = content[: content.rfind(b"\n") + 1]  # who was killed may have left half a line
        if lines and not _converted(path, lines):
            return False
        os.unlink(path)
    return bool(lines)


def _converted(path: str, lines: bytes) -> bool:
    from mlops_tui.drift import json_lines, profiles

    try:
        content = profiles.to_parquet(json_lines.parse(_storable(lines)))
    except json_lines.Malformed as error:
        sys.stderr.write(f"{path} {error.message}\n")
        return False
    stem, _ = os.path.splitext(path)
    directory, name = os.path.split(stem)
    part = os.path.join(directory, f".{name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, stem + LOG_CLOSED)
    return True


def _storable(lines: bytes) -> bytes:
    """JSON lines of characters alone: JSON may also say halves of them, which no text of UTF-8 can hold."""
    return _ESCAPE.sub(lambda found: b"?" if found["half"] else found[0], lines)


if __name__ == "__main__":
    os.nice(_NICENESS)
    close_all(sys.argv[1])
