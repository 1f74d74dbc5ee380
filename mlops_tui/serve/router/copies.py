"""Copies of requests for shadows: their answers are compared with those that were given, and thrown away."""

from __future__ import annotations

import asyncio
import time

from mlops_tui.serve.router.arms import Arm
from mlops_tui.serve.router.counting import Counting
from mlops_tui.serve.router.pool import Unavailable
from mlops_tui.serve.router.wire import Request, Response
from mlops_tui.traffic import agreement

#: Copies that a shadow is given at a time; of those that come while it is at them none is made.
_AT_A_TIME = 32
#: Of requests and answers that are longer no copies are made.
_MOST_BYTES = 256 << 10


class Copies:
    """What shadows are sent.

    Args:
        counting: Where comparisons are counted.
    """

    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, shadow: Arm, request: Request, identity: bytes, given: Response, answering: Arm | None) -> None:
        """Sends a copy of a request that was answered; nobody waits for it.

        Args:
            shadow: Who gets it.
            request: The request.
            identity: Its id.
            given: The answer that was given; only right ones are compared.
            answering: Who gave it.
        """
        if answering is None or given.status != 200:
            return
        version, against = shadow.part.version, answering.part.version
        if shadow.in_flight >= _AT_A_TIME or max(len(request.body), len(given.body)) > _MOST_BYTES:
            self._counting.add_shadow(version, against)
            return
        task = asyncio.get_running_loop().create_task(self._compare(shadow, request, identity, given.body, against))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Waits for those that are under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _compare(self, shadow: Arm, request: Request, identity: bytes, given: bytes, against: int) -> None:
        started = time.perf_counter()
        version = shadow.part.version
        try:
            response = await shadow.ask(request, identity)
        except Unavailable:
            self._counting.add(shadow.part, None, is_error=True)
            self._counting.add_shadow(version, against, is_failed=True)
            return
        length_s = time.perf_counter() - started
        # the other version could answer it
        self._counting.add(shadow.part, length_s, is_error=response.status == 400 or response.status >= 500)
        if response.status != 200:
            self._counting.add_shadow(version, against, is_failed=True)
            return
        found = agreement.compared(given, response.body)
        self._counting.add_shadow(
            version, against, is_equal=found.is_equal, numbers=found.numbers, distance_sum=found.distance_sum
        )
