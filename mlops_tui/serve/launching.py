"""Bringing a server up and down: its address, who may ask, slow connections, and a clean end.

Knows uvicorn; the application knows only ASGI.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import os
import resource
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Protocol

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mlops_store.errors import Refused, UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from mlops_tui.serve.requests import Limits

#: How long requests may go on after the server was told to end.
END_S = 60
#: How long a connection may wait for its next request; longer than clients keep theirs, so that they close them first.
KEEP_ALIVE_S = 75
#: Connections that are open at a time; more are answered with 503.
CONNECTIONS = 2_000
#: What comes before the body of a request is no longer.
HEAD_BYTES = 64 << 10
TOKEN_VARIABLE = "MLOPS_SERVE_TOKEN"  # noqa: S105 — the name of a variable, not what is in it
#: What is said to who asked by another name.
NOT_LOCAL = "This server is for this machine only, and is not known by the name that was asked for"
#: Names of this machine for itself; a client that says none is no browser.
_LOCAL_NAMES = ("localhost", "")


class Server(Protocol):
    """What is brought up and down."""

    @property
    def limits(self) -> Limits:
        """What a client can ask."""
        ...

    def application(self) -> ASGIApp:
        """The ASGI application."""
        ...

    def close(self) -> bool:
        """Ends what is under way; False where something cannot be ended."""
        ...


def listen(host: str, port: int) -> socket.socket:
    """A socket at an address; port 0 takes a free one.

    Raises:
        Refused: The address cannot be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # asyncio sends small answers at once only where the protocol is named
        made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(2_048)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Refused(f"cannot listen on {host} port {port}: {reason}", "give another --host or --port") from error
    return made


def token(host: str, path: str | None) -> str:
    """The token that clients must bring along: what a file or ``MLOPS_SERVE_TOKEN`` holds; "" for none.

    Args:
        host: Where the server listens; elsewhere than on loopback a token is needed.
        path: A file with the token in its first line.

    Raises:
        UsageError: It is needed and not given, or cannot be read.
    """
    found = os.environ.get(TOKEN_VARIABLE, "")
    if path is not None:
        try:
            with open(path, encoding="utf-8") as file:
                found = file.readline()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the token in {path} cannot be read ({error})") from error
    found = found.strip()
    if not found and (path is not None or not is_loopback(host)):
        raise UsageError(
            f"who listens on {host} needs a token, so that not everybody can ask" if path is None else "no token there",
            f"set {TOKEN_VARIABLE} or give --token-file FILE; clients send it as Authorization: Bearer TOKEN",
        )
    return found


def bearer(authorization: str) -> str:
    """The token that a header of a request brings along; "" where it brings none."""
    scheme, _, given = authorization.partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def is_token(given: str, wanted: bytes) -> bool:
    """Whether a token is the one that is needed; how long that takes tells nothing of it."""
    return hmac.compare_digest(given.encode("latin-1", "replace"), wanted)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return all(ipaddress.ip_address(str(address).partition("%")[0]).is_loopback for address in found)


@lru_cache(maxsize=256)
def is_local_name(host: str) -> bool:
    """Whether a ``Host`` header names a server that only this machine reaches; with or without a port.

    A page can make its own name lead to this machine; what it then asks comes with that name.
    """
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    name = name.strip("[]")
    if name.lower() in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def own_version() -> str:
    """This program's version; "" where it runs without being installed."""
    try:
        return version("mlops-tui")
    except PackageNotFoundError:
        return ""


def url(host: str, listening: socket.socket) -> str:
    """The address of a server as a person types it."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"


def config(server: Server) -> uvicorn.Config:
    """How uvicorn runs a server: it says nothing itself, and slow connections are closed."""
    return uvicorn.Config(
        server.application(),
        http=type("Connection", (_Connection,), {"head_s": server.limits.head_s}),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=END_S,
    )


def run(server: Server, listening: socket.socket, ready: Callable[[], None]) -> bool:
    """Serves until SIGTERM or SIGINT, then finishes the requests that are under way.

    Args:
        server: What answers.
        listening: Where.
        ready: Called as soon as requests are answered.

    Returns:
        What closing the server returned.
    """
    allow_connections()
    # uvicorn raises the signal that ended it once more, for the handlers that stood there before: these
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    _Running(config(server), ready).run([listening])
    return server.close()


def allow_connections() -> None:
    """Lets the process have as many open connections as are allowed, where the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS if hard == resource.RLIM_INFINITY else min(2 * CONNECTIONS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Running(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


class _Connection(HttpToolsProtocol):
    """A connection that is closed when the head of a request comes too slowly, or is too long."""

    head_s: float
    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _is_in_head = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._await_head()

    def _await_head(self) -> None:
        self._stop_timer()
        self._head_timer = self.loop.call_later(self.head_s, self.transport.close)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def on_message_begin(self) -> None:
        self._is_in_head, self._head_bytes = True, 0
        if self._head_timer is None:
            self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)
