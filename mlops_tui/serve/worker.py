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

from mlops_store.errors import MlopsError
from mlops_tui.serve import assembly, launching, server_log
from mlops_tui.serve.counters import Table
from mlops_tui.serve.metrics import WIDTH
from mlops_tui.serve.settings import Settings


def main() -> int:
    """Serves until it is told to end; the exit code."""
    told = json.loads(sys.stdin.readline())
    server_log.write_to_stderr()
    table = Table(told["rows"], WIDTH, told["table"])
    try:
        assembled = assembly.assemble(Settings.of_json(told["settings"]), table, told["row"])
    except MlopsError as error:
        _say({"error": type(error).__name__, "message": error.message, "hint": error.hint})
        return 1
    threading.Thread(target=_watch_parent, daemon=True).start()
    server = assembled.server
    ready = {"title": server.served.title, "name": server.served.name, "log": assembled.log_directory}
    with assembled.following:
        is_over = launching.run(server, socket.socket(fileno=told["socket"]), lambda: _say(ready))
    if not is_over:
        os._exit(0)  # a prediction hangs, and the interpreter would wait for its thread
    return 0


def _say(what: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _watch_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
