"""Connections of clients: bounded heads and bodies, no waiting for slow ones, one answer after the other."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httptools

from mlops_tui.serve.requests import PASSED_OVER_BYTES, Limits
from mlops_tui.serve.router import wire
from mlops_tui.serve.router.wire import Headers, Request, Response

#: Bytes of the lines before a body.
_HEAD_BYTES = 64 << 10
#: How long a connection may wait for its next request, or a client for an answer to be taken, in seconds.
_IDLE_S = 75.0
_TAKING_S = 60.0

#: Answers a request: the bytes to be sent.
Answer = Callable[[Request], Awaitable[bytes]]


@dataclass(eq=False)
class Clients:
    """All connections of clients.

    Attributes:
        answer: What answers requests.
        limits: What a client can ask.
        most: Connections that may be open at a time; more are answered with 503.
        open: Those that are open.
        held_bytes: Of all bodies that are held.
        is_ending: Whether connections are closed after the next answer.
    """

    answer: Answer
    limits: Limits
    most: int
    open: set[Client] = field(default_factory=set)
    held_bytes: int = 0
    is_ending: bool = False

    def connect(self) -> Client:
        """The protocol of a new connection."""
        return Client(self)

    def sweep(self) -> None:
        """Closes connections that have waited for too long; to be called about once a second."""
        now = time.monotonic()
        for client in list(self.open):
            if client.deadline is not None and client.deadline < now:
                client.give_up()

    def end(self) -> None:
        """Closes connections that wait for nothing; the others close with their answer."""
        self.is_ending = True
        for client in list(self.open):
            client.close_if_idle()


class Client(asyncio.Protocol):
    """One connection.

    Args:
        clients: All of them.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._limits = clients.limits
        self.deadline: float | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._is_closed = self._is_refused = False
        self._in_head = self._in_body = False
        self._passed = 0
        self._begin()

    def _begin(self) -> None:
        self._target = b""
        self._headers: Headers = []
        self._chunks: list[bytes] = []
        self._head_bytes = self._length = self._held = 0

    # connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._clients.open.add(self)
        self._wait(self._limits.head_s)
        if len(self._clients.open) > self._clients.most:
            self._refuse(503, "TEMPORARILY_UNAVAILABLE", "Too many connections are open already")

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone; what it asked is answered to nobody."""
        self._is_closed = True
        self._clients.open.discard(self)
        self._release()
        for request in self._waiting:
            self._clients.held_bytes -= len(request.body)
        self._waiting.clear()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._is_refused:
            self._passed += len(data)
            if self._passed > PASSED_OVER_BYTES:
                self._transport.abort()
            return
        if not self._in_head and not self._in_body and self._task is None:
            self._wait(self._limits.head_s)
        if not self._in_body:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, "BAD_REQUEST", "The protocol cannot be changed here")
        except httptools.HttpParserError:
            self._refuse(400, "BAD_REQUEST", "The request is no HTTP")
        if self._head_bytes > _HEAD_BYTES and not self._in_body:
            self._too_long_head()

    def eof_received(self) -> bool:
        """The client sends no more; what is under way is still answered."""
        return self._task is not None

    def pause_writing(self) -> None:
        """The client takes its answers more slowly than they come."""
        if self._writable is None:
            self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """It has caught up, or is gone."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    def give_up(self) -> None:
        """Closes a connection that has taken too long."""
        if self._task is None and self._in_body and not self._is_refused:
            message = f"The body of the request did not arrive within {self._limits.body_s:g} seconds"
            self._refuse(408, "DEADLINE_EXCEEDED", message)
        else:
            self._transport.abort()

    def close_if_idle(self) -> None:
        """Closes it unless it waits for an answer or sends a request."""
        if self._task is None and not self._in_head and not self._in_body:
            self._transport.close()

    # what the parser finds

    def on_message_begin(self) -> None:
        """The first line begins."""
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._length += len(url)
        if self._length <= _HEAD_BYTES:
            self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._length += len(name) + len(value)
        if self._length > _HEAD_BYTES:
            self._too_long_head()
        else:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._in_head, self._in_body = False, True
        self._head_bytes = 0
        self._wait(self._limits.body_s)
        for name, value in self._headers:
            if name == b"content-length" and int(value) > self._limits.body_bytes:
                self._too_long()
            elif name == b"expect" and not self._is_refused:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._is_refused:
            return
        self._held += len(body)
        self._clients.held_bytes += len(body)
        if self._held > self._limits.body_bytes:
            self._too_long()
        elif self._clients.held_bytes > self._limits.held_bytes:
            self._refuse(503, "TEMPORARILY_UNAVAILABLE", "Too many requests are held already")
        else:
            self._chunks.append(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._in_body = False
        if self._is_refused or self._is_closed:
            return
        body = b"".join(self._chunks)
        alive = self._parser.should_keep_alive()
        self._waiting.append(Request(self._parser.get_method(), self._target, self._headers, body, alive))
        self._held = 0  # counted until it is answered
        self._begin()
        if self._task is None:
            self.deadline = None
            self._transport.pause_reading()
            self._task = asyncio.get_running_loop().create_task(self._answer())

    # answering

    async def _answer(self) -> None:
        """Answers what waits, in its order."""
        try:
            while self._waiting:
                request = self._waiting.popleft()
                try:
                    answer = await self._clients.answer(request)
                finally:
                    self._clients.held_bytes -= len(request.body)
                if self._is_closed:
                    return
                self._transport.write(answer)
                if not request.is_kept_alive or self._clients.is_ending:
                    self._transport.close()
                    return
                if self._writable is not None:
                    self._wait(_TAKING_S)
                    await self._writable
                    self.deadline = None
        finally:
            self._task = None
        if not self._is_closed:
            self._wait(_IDLE_S)
            self._transport.resume_reading()

    def _wait(self, length_s: float) -> None:
        self.deadline = time.monotonic() + length_s

    def _too_long_head(self) -> None:
        self._refuse(431, "BAD_REQUEST", f"The head of the request is longer than {_HEAD_BYTES} bytes")

    def _too_long(self) -> None:
        self._refuse(413, "BAD_REQUEST", f"The body is longer than {self._limits.body_bytes} bytes")

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answers and closes: the rest of the request is not taken."""
        if self._is_refused or self._transport.is_closing():
            return
        self._is_refused = True
        self._release()
        response: Response = wire.refusal(status, code, message)
        self._transport.write(wire.response_bytes(response, closes=True))
        if status == 413:  # who is still sending reads no answer before the end, and none at all where that is cut off
            self._wait(self._limits.body_s)
            self._transport.write_eof()
        else:
            self._transport.close()

    def _release(self) -> None:
        self._clients.held_bytes -= self._held
        self._held = 0
