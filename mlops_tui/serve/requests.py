"""Reading the body of a request: no more than a bound, no longer than a bound, and not too many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import ClientDisconnect, Request

from mlops_tui.serve.faults import Fault

_HELD_BYTES = 256 << 20
#: So much of a body that is too long is read before the answer; beyond that the client sees its connection reset.
PASSED_OVER_BYTES = 64 << 20
_PAUSE_S = 0.5


class Holder(Protocol):
    """What counts the bytes of the bodies that a server holds."""

    @property
    def held_bytes(self) -> float:
        """How many there are now."""
        ...

    @held_bytes.setter
    def held_bytes(self, value: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client can ask of the server.

    ``held_bytes`` bounds the bodies of all requests together. ``body_s`` is how long a client may take to send a
    body, ``head_s`` what comes before it, ``prediction_s`` how long the model may take.
    """

    body_bytes: int = 16 << 20
    held_bytes: int = _HELD_BYTES
    head_s: float = 30.0
    body_s: float = 30.0
    prediction_s: float = 60.0

    @classmethod
    def of(cls, body_bytes: int, prediction_s: float) -> Limits:
        """Those of a server that is asked for predictions; a few of the longest bodies are held at a time."""
        return cls(body_bytes, max(_HELD_BYTES, 4 * body_bytes), prediction_s=prediction_s)


@asynccontextmanager
async def body(request: Request, limits: Limits, holder: Holder) -> AsyncIterator[bytes]:
    """The body; it counts as held until the context is left.

    Raises:
        Fault: 413 for a body that is or says that it is too long, 408 for one that comes too slowly, 503 when too much
            is held already.
    """
    chunks: list[bytes] = []
    held = 0
    announced = request.headers.get("content-length", "")
    is_long = announced.isdecimal() and int(announced) > limits.body_bytes
    try:
        try:
            async with asyncio.timeout(limits.body_s):
                if is_long:
                    raise _too_long(limits)
                async for chunk in request.stream():
                    held += len(chunk)
                    holder.held_bytes += len(chunk)
                    if held > limits.body_bytes:
                        raise _too_long(limits)
                    if holder.held_bytes > limits.held_bytes:
                        raise Fault("Too many requests are held already", "TEMPORARILY_UNAVAILABLE", 503, is_final=True)
                    chunks.append(chunk)
        except TimeoutError as error:
            message = f"The body of the request did not arrive within {limits.body_s:g} seconds"
            raise Fault(message, "DEADLINE_EXCEEDED", 408, is_final=True) from error
        except ClientDisconnect as error:
            raise Fault("The client has gone", status=499, is_final=True) from error
        except Fault as fault:
            if fault.status == 413:
                chunks.clear()
                with suppress(TimeoutError, ClientDisconnect):
                    async with asyncio.timeout(limits.body_s):
                        await _pass_over(request)
            raise
        yield b"".join(chunks)
    finally:
        holder.held_bytes -= held


async def _pass_over(request: Request) -> None:
    """Reads what a client goes on to send, and keeps none of it: it would not see an answer that came before that."""
    passed, chunks = 0, request.stream()
    while passed <= PASSED_OVER_BYTES:
        async with asyncio.timeout(_PAUSE_S):  # who only says how much there is does not wait for long
            chunk = await anext(chunks, None)
        if chunk is None:
            return
        passed += len(chunk)


def _too_long(limits: Limits) -> Fault:
    return Fault(f"The body is longer than {limits.body_bytes} bytes", status=413, is_final=True)
