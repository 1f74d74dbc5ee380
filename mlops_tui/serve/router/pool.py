"""Connections to one version's server: kept open, taken in turns, and replaced where the server closed them."""

from __future__ import annotations

import asyncio

import httptools

from mlops_tui.serve.router.wire import Headers, Response

#: An answer that is longer is no prediction.
_ANSWER_BYTES = 256 << 20
_CONNECT_S = 5.0


class Unavailable(Exception):
    """The server did not answer: it is not there, or went away.

    Attributes:
        was_sent: Whether it may have got the request, which may be what ended it.
    """

    was_sent = False


class TooSlow(Unavailable):
    """The server has not answered in time."""

    was_sent = True


class Lost(Unavailable):
    """The server went away with the request."""

    was_sent = True


class _Stale(Lost):
    """A connection that was kept had been closed meanwhile; nothing of an answer came."""


class Pool:
    """Connections to a server.

    Args:
        port: Where it listens.
        host: On which machine.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._port = port
        self._host = host
        self._idle: list[_Connection] = []

    async def ask(self, head: bytes, body: bytes, limit_s: float) -> Response:
        """The answer to a request.

        Args:
            head: Its first lines.
            body: What follows them.
            limit_s: How long the answer may take.

        Raises:
            Unavailable: There is none.
        """
        was_sent = False
        try:
            async with asyncio.timeout(limit_s):
                while self._idle:
                    connection = self._idle.pop()
                    if connection.is_open:
                        try:
                            return await self._asked(connection, head, body)
                        except _Stale:
                            was_sent = True
                return await self._asked(await self._connected(), head, body)
        except Unavailable as error:
            error.was_sent = error.was_sent or was_sent
            raise
        except TimeoutError as error:
            raise TooSlow(f"no answer within {limit_s:g} s") from error

    def close(self) -> None:
        """Closes the connections that wait."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _asked(self, connection: _Connection, head: bytes, body: bytes) -> Response:
        try:
            response = await connection.ask(head, body)
        except BaseException:  # cancellation as well
            connection.close()  # what is still to come would be taken for the next answer
            raise
        if response.is_kept_alive:
            self._idle.append(connection)
        else:
            connection.close()
        return response

    async def _connected(self) -> _Connection:
        try:
            async with asyncio.timeout(_CONNECT_S):
                loop = asyncio.get_running_loop()
                return (await loop.create_connection(_Connection, self._host, self._port))[1]
        except (OSError, TimeoutError) as error:
            raise Unavailable(str(error) or "no connection") from error


class _Connection(asyncio.Protocol):
    """One connection, with at most one request under way."""

    def __init__(self) -> None:
        self.is_open = True
        self._answer: asyncio.Future[Response] | None = None
        self._is_used = self._has_begun = False

    async def ask(self, head: bytes, body: bytes) -> Response:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: Headers = []
        self._chunks: list[bytes] = []
        self._length = 0
        self._has_begun = False
        self._answer = asyncio.get_running_loop().create_future()
        # one write for small requests: a second one would wait for the first to be acknowledged
        self._transport.write(head + body if len(body) < 65536 else head)
        if len(body) >= 65536:
            self._transport.write(body)
        try:
            return await self._answer
        finally:
            self._answer = None
            self._is_used = True

    def close(self) -> None:
        self.is_open = False
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.close()  # nobody asked
            return
        self._has_begun = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(Lost("its answer is no HTTP"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        went = "it closed the connection"
        self._fail(_Stale(went) if self._is_used and not self._has_begun else Lost(went))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self._length += len(body)
        if self._length > _ANSWER_BYTES:
            self._fail(Lost(f"its answer is longer than {_ANSWER_BYTES} bytes"))
            self.close()
        else:
            self._chunks.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # more is to come
            self._headers.clear()
            return
        if self._answer is not None and not self._answer.done():
            body = b"".join(self._chunks)
            self._answer.set_result(Response(status, self._headers, body, self._parser.should_keep_alive()))

    def _fail(self, error: Unavailable) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
