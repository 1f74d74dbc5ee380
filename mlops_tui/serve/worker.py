"""One of several processes that answer at the same address: a program of its own, started by a ``Crew``.

It is told on stdin what to be, and tells on stdout whether it answers; when stdin ends, whoever started it is gone, and
it ends as if it were told to.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from typing import TextIO

from mlops_store.errors import MlopsError
from mlops_tui.serve import assembly, launching, server_log
from mlops_tui.serve.counters import Table
from mlops_tui.serve.metrics import WIDTH
from mlops_tui.serve.settings import Settings


def main() -> int:
    """Serves until it is told to end; the exit code."""
    told = json.loads(sys.stdin.readline())
    told_to = _own_output()
    server_log.write_to_stderr()
    table = Table(told["rows"], WIDTH, told["table"])
    try:
        assembled = assembly.assemble(Settings.of_json(told["settings"]), table, told["row"])
    except MlopsError as error:
        _say(told_to, {"error": type(error).__name__, "message": error.message, "hint": error.hint})
        return 1
    threading.Thread(target=_watch_parent, daemon=True).start()
    server = assembled.server
    ready = {"title": server.served.title, "name": server.served.name, "log": assembled.log_directory}
    with assembled.following:
        is_over = launching.run(server, socket.socket(fileno=told["socket"]), lambda: _say(told_to, ready))
    if not is_over:
        os._exit(0)  # a prediction hangs, and the interpreter would wait for its thread
    return 0


def _own_output() -> TextIO:
    """Stdout, for what the crew reads: one line, after which a pipe fills up. What models print goes to stderr."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def _say(to: TextIO, what: dict[str, str]) -> None:
    to.write(json.dumps(what) + "\n")
    to.flush()


def _watch_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
