"""Connections to the servers behind a router."""

from __future__ import annotations

import asyncio

import pytest

from mlops_tui.serve.router.pool import Lost, Pool


async def test_a_connection_whose_answer_is_no_http_is_closed() -> None:
    closed = asyncio.Event()

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"no http at all\r\n\r\n")
        await reader.read()
        closed.set()
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    async with server:
        pool = Pool(server.sockets[0].getsockname()[1])
        with pytest.raises(Lost, match="no HTTP"):
            await pool.ask(b"GET / HTTP/1.1\r\n\r\n", b"", 5)
        async with asyncio.timeout(5):
            await closed.wait()
