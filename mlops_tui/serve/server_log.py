"""What servers tell of themselves, line by line on stderr."""

from __future__ import annotations

import logging
import sys

from mlops_store.texts import printable, storable


class _Formatter(logging.Formatter):
    """Lines without what a terminal would obey: models raise errors with whatever they were sent.

    What goes on in another line is indented, so that nothing that was sent looks like an entry of the log.
    """

    def format(self, record: logging.LogRecord) -> str:
        lines = storable(super().format(record)).splitlines()
        return "\n    ".join(printable(line, "\t") for line in lines)


class _Stderr(logging.Handler):
    """Writes to what is stderr at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except Exception:  # as every handler of the standard library
            self.handleError(record)


def write_to_stderr() -> None:
    """Writes the log of this package to stderr from now on; once, however often it is asked for."""
    logger = logging.getLogger("mlops_tui.serve")
    logger.setLevel(logging.INFO)
    if not any(isinstance(handler, _Stderr) for handler in logger.handlers):
        handler = _Stderr()
        handler.setFormatter(_Formatter("%(asctime)s %(message)s"))
        logger.addHandler(handler)
