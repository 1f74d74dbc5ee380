"""The servers behind the router: one process a version, started again when it dies, and ended when nobody needs it."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mlops_tui.serve.launching import TOKEN_VARIABLE
from mlops_tui.serve.router.pool import Pool, Unavailable
from mlops_tui.serve.router.wire import Request, Response, request_head

_log = logging.getLogger("mlops_tui.serve")
#: How long a version may take to be loaded, in seconds, and to finish what it has begun.
_LOADING_S = 300.0
_ENDING_S = 60.0
_CLOSING_S = 2.0
#: How a command begins the line that says why it ends.
_CAUSE = "mlops-tui: "
#: Waits before a server that died is started again; the first one again after it has lived for a while.
_WAITS_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
_STEADY_S = 30.0
#: Seconds beyond the time of a prediction that its server has for saying that it took too long.
_GRACE_S = 5.0
_PORT = re.compile(rb"http://\S+:(\d+)\s*$")
#: Linux ends the server when the router is gone, however that came about; what follows ``-c`` then becomes the server.
_STUB = (
    "import os, sys\n"
    "try:\n"
    "    import ctypes\n"
    "    ctypes.CDLL(None).prctl(1, 15)\n"
    "except (ImportError, OSError, AttributeError):\n"
    "    pass\n"
    "if os.getppid() == int(sys.argv[1]):\n"
    "    os.execv(sys.argv[2], sys.argv[2:])\n"
)


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """A version and what it does: answer, or be compared."""

    version: int
    is_shadow: bool = False

    def __str__(self) -> str:
        return f"{self.version} shadow" if self.is_shadow else str(self.version)


class Arm:
    """A version's server.

    Args:
        part: What it serves.
        command: Starts it, with a free port of its own choice; it prints its address.
        limit_s: How long a prediction may take.
        changed: Called when ``state`` has changed.

    Attributes:
        state: 'starting', 'ready', 'down' (it died and comes back), or what keeps it from starting.
        was_ready: Whether it has ever answered.
        in_flight: Requests that it has not answered yet.
    """

    def __init__(self, part: Part, command: Sequence[str], limit_s: float, changed: Callable[[], None]) -> None:
        self.part = part
        self.state = "starting"
        self.was_ready = False
        self.in_flight = 0
        self._command = command
        self._limit_s = limit_s
        self._changed = changed
        self._token = secrets.token_urlsafe(24)
        self._pool: Pool | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._said: deque[str] = deque(maxlen=20)
        self._ready = asyncio.Event()
        self._is_ending = False
        self._task = asyncio.get_running_loop().create_task(self._keep())

    @property
    def is_ready(self) -> bool:
        """Whether it answers."""
        return self._pool is not None

    @property
    def has_settled(self) -> bool:
        """Whether it is known if it can be loaded."""
        return self.was_ready or self.state != "starting"

    @property
    def pid(self) -> int | None:
        """Of its process."""
        return self._process.pid if self._process is not None else None

    async def ask(self, request: Request, identity: bytes) -> Response:
        """Its answer to a request.

        Raises:
            Unavailable: There is none.
        """
        pool = self._pool
        if pool is None:
            raise Unavailable(f"version {self.part} is {self.state}")
        self.in_flight += 1
        try:
            head = request_head(request, identity, self._token.encode())
            return await pool.ask(head, request.body, self._limit_s + _GRACE_S)
        finally:
            self.in_flight -= 1

    async def wait_ready(self, limit_s: float) -> bool:
        """Waits until it answers; False when it did not within a time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._ready.wait()
        return self.is_ready

    async def end(self) -> None:
        """Lets it finish what it has begun, and ends it."""
        deadline = time.monotonic() + _ENDING_S
        while self.in_flight and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        self._is_ending = True
        if self._pool is not None:
            self._pool.close()
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_ENDING_S):
                while self._process is not None and self._process.returncode is None:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            self._signal(signal.SIGKILL)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _become(self, state: str) -> None:
        if state != self.state and not self._is_ending:
            self.state = state
            self._changed()

    async def _keep(self) -> None:
        """Starts the server as often as it takes."""
        attempt = 0
        while not self._is_ending:
            await asyncio.sleep(_WAITS_S[min(attempt, len(_WAITS_S) - 1)])
            began = time.monotonic()
            try:
                await self._live()
            except OSError as error:
                self._said.append(str(error))
            attempt = 1 if self.was_ready and time.monotonic() - began > _STEADY_S else attempt + 1
            if not self._is_ending:
                self._become("down" if self.was_ready else self._problem())

    async def _live(self) -> None:
        """Starts the server once, and returns when it has ended."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", _STUB, str(os.getpid()), *self._command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, TOKEN_VARIABLE: self._token},
            start_new_session=True,  # ctrl+c is for the router, which ends it when nobody waits for it any more
        )
        self._process = process
        assert process.stdout is not None
        assert process.stderr is not None
        listening = asyncio.get_running_loop().create_task(self._listen(process.stderr))
        try:
            async with asyncio.timeout(_LOADING_S):
                port = await _port(process.stdout)
            if port is not None:
                self._pool = Pool(port)
                self.was_ready = True
                self._ready.set()
                self._become("ready")
                while await process.stdout.read(65536):
                    pass
        except TimeoutError:
            self._said.append(f"it was not loaded within {_LOADING_S:g} s")
        finally:
            self._ready.clear()
            pool, self._pool = self._pool, None
            if pool is not None:
                pool.close()
            if process.returncode is None:
                # it has closed its output, so it has ended, or is of no use
                with suppress(TimeoutError):
                    async with asyncio.timeout(_CLOSING_S):
                        await process.wait()
                self._signal(signal.SIGKILL)
                await process.wait()
            with suppress(TimeoutError):  # a process of its own may hold the stream open
                async with asyncio.timeout(_CLOSING_S):
                    await listening

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        """Passes on what the server says."""
        while line := await _line(stream):
            said = line.decode("utf-8", "replace").rstrip()
            self._said.append(said)
            _log.info("version %s: %s", self.part, said)

    def _problem(self) -> str:
        lines = [line for line in self._said if line.strip()]
        causes = [line.removeprefix(_CAUSE) for line in lines if line.startswith(_CAUSE)]  # what follows one is a hint
        return (causes or lines)[-1][:300] if lines else "it ended without a word"


async def _port(stream: asyncio.StreamReader) -> int | None:
    """The port that a server tells, after whatever its model prints while it is loaded; None where it ends before."""
    while line := await _line(stream):
        if (found := _PORT.search(line)) is not None:
            return int(found[1])
    return None


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line; of one that is longer than a reader holds, such as an error with a table in it, only the end."""
    while True:
        with suppress(ValueError):
            return await stream.readline()
