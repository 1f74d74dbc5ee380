"""An address for scripts of stages that log with MLflow, which costs nothing until one connects.

Owns the socket, the secret and the process of the server; what it answers is ``serve.tracking.for_stages``'s business.
Stages outlive a supervisor that is killed: the next one listens at the same address again, or takes over the server.
"""

from __future__ import annotations

import _socket  # socket itself takes as long to import as a trivial stage takes to run
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from mlops_store import processes
from mlops_tui.pipeline import plan
from mlops_tui.project import Project

#: What a user sets whose scripts log elsewhere.
ELSEWHERE = "MLFLOW_TRACKING_URI"
#: What would make MLflow's client prefer something else to what it is told here.
_IN_THE_WAY = ("MLFLOW_EXPERIMENT_ID", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
_PROXIES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
_FILE = "loopback.json"
_HOST = "127.0.0.1"
_WAITING = 512
_END_S = 10.0
#: A server that ends this often without having been told to is not started again.
_MOST_FAILURES = 3


def is_installed() -> bool:
    """Whether the programs that a server needs are installed."""
    from importlib.util import find_spec

    return find_spec("uvicorn") is not None and find_spec("starlette") is not None


@dataclass(frozen=True, slots=True)
class _Server:
    """The process that answers; ``child`` is None where an earlier supervisor has started it."""

    pid: int
    ticks: int
    child: subprocess.Popen[bytes] | None = None

    @property
    def is_alive(self) -> bool:
        if self.child is not None:
            return self.child.poll() is None
        return processes.start_ticks(self.pid) == self.ticks

    def end(self) -> None:
        """Ends it, and waits until it is gone."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.is_alive:
                return
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
            deadline = time.monotonic() + _END_S
            while self.is_alive and time.monotonic() < deadline:
                time.sleep(0.01)


class Loopback:
    """Where the stages of one pipeline run log to with MLflow. Safe to use from several threads.

    Args:
        project: The project.
        the_plan: What is run.
    """

    def __init__(self, project: Project, the_plan: plan.Plan) -> None:
        self._project = project
        self._run_id = the_plan.run_id
        self._experiment = the_plan.experiment
        self._path = os.path.join(plan.folder(project, the_plan.run_id), _FILE)
        self._mutex = threading.Lock()
        self._port = 0
        self._secret = ""
        self._socket: _socket.socket | None = None
        self._server: _Server | None = None
        self._failures = 0
        self._take_over()

    def environment(self, run_id: str, given: Mapping[str, str]) -> dict[str, str]:
        """What a stage's environment has to be for MLflow's client to log into the stage's own run.

        Args:
            run_id: The stage's run.
            given: The environment so far.

        Returns:
            All of the environment: ``given`` itself where the user has told MLflow where to log, where the programs
            of a server are not installed, or where the server has ended by itself too often.
        """
        if given.get(ELSEWHERE) or not self._is_installed:
            return dict(given)
        with self._mutex:
            if self._failures >= _MOST_FAILURES or (not self._port and self._listen() is None):
                return dict(given)
        found = {name: value for name, value in given.items() if name not in _IN_THE_WAY}
        found.setdefault("MLFLOW_EXPERIMENT_NAME", self._experiment)
        found[ELSEWHERE] = f"http://{_HOST}:{self._port}"
        found["MLFLOW_RUN_ID"] = run_id
        found["MLFLOW_TRACKING_TOKEN"] = f"{run_id}.{self._secret}"
        if any(found.get(name) for name in _PROXIES):
            for name in ("no_proxy", "NO_PROXY"):
                found[name] = ",".join(filter(None, (found.get(name, ""), _HOST)))
        return found

    def look(self) -> str:
        """Starts the server if somebody has connected and there is none; returns why it can't be, or ""."""
        with self._mutex:
            if not self._port or self._failures >= _MOST_FAILURES:
                return ""
            if self._server is not None:
                if self._server.is_alive:
                    return ""
                self._failures += 1 if self._server.child is not None else 0
                self._server = None
            if self._failures >= _MOST_FAILURES:
                self._close()
                return "the server for scripts that log with MLflow ends by itself: supervisor.log says why"
            listening = self._socket or self._listen()
            if listening is not None and select.select([listening], [], [], 0)[0]:
                self._start(listening)
        return ""

    def close(self) -> None:
        """Ends the server, and listens no more."""
        with self._mutex:
            if self._server is not None:
                self._server.end()
                self._server = None
            self._close()
            if self._port:
                with suppress(OSError):
                    os.unlink(self._path)
                self._port = 0

    @cached_property
    def _is_installed(self) -> bool:
        return is_installed()

    def _take_over(self) -> None:
        """Goes on with the address that an earlier supervisor has told the stages, and with its server."""
        try:
            with open(self._path, encoding="ascii") as file:
                content = json.load(file)
            self._port, self._secret = content["port"], content["secret"]
            if content["pid"]:
                self._server = _Server(content["pid"], content["ticks"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # there was none, or it was killed while writing

    def _listen(self) -> _socket.socket | None:
        """Listens at the address, or at a free one where there is none yet; None where that cannot be."""
        # small answers are sent at once only where the protocol is named
        made = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, _socket.IPPROTO_TCP)
        try:
            made.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
            made.bind((_HOST, self._port))
            made.listen(_WAITING)
            self._port = made.getsockname()[1]
            self._secret = self._secret or os.urandom(24).hex()
            self._save()
        except OSError:
            made.close()
            return None
        self._socket = made
        return made

    def _start(self, listening: _socket.socket) -> None:
        descriptor = listening.fileno()
        module = "mlops_tui.serve.tracking.for_stages"
        child = subprocess.Popen(
            # -P: the project's directory may hold modules with the names of ours or of the standard library
            [sys.executable, "-P", "-m", module, self._project.main_root, self._run_id, str(descriptor)],
            cwd=self._project.main_root,
            # only this user can read it there
            env={**os.environ, "MLOPS_SERVE_TOKEN": self._secret},
            stdin=subprocess.DEVNULL,
            pass_fds=(descriptor,),
        )
        self._server = _Server(child.pid, processes.start_ticks(child.pid) or 0, child)
        with suppress(OSError):  # only the next supervisor would need it
            self._save()

    def _save(self) -> None:
        server = self._server or _Server(0, 0)
        content = {"port": self._port, "secret": self._secret, "pid": server.pid, "ticks": server.ticks}
        made = os.open(f"{self._path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(made, "w", encoding="ascii") as file:
            json.dump(content, file)
        os.replace(f"{self._path}.new", self._path)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
