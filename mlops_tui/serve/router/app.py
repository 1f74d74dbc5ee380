"""The router itself: answers requests by the table of the moment, and follows the split in the store meanwhile."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence

from mlops_store.records import Split
from mlops_tui.serve import launching
from mlops_tui.serve.request_log import request_id
from mlops_tui.serve.router import routing, wire
from mlops_tui.serve.router.arms import Arm, Part
from mlops_tui.serve.router.copies import Copies
from mlops_tui.serve.router.counting import Counting
from mlops_tui.serve.router.pool import TooSlow, Unavailable
from mlops_tui.serve.router.routing import Table, Wanted
from mlops_tui.serve.router.wire import Request, Response
from mlops_tui.traffic import truth

_log = logging.getLogger("mlops_tui.serve")
#: How long a request waits for a stable version that has died to be back, in seconds.
_HOLD_S = 15.0
_PAUSE_S = 0.02
#: How long nothing more is said of requests that were not answered, in seconds.
_TELLING_S = 1.0
_OPEN = (b"/ping", b"/health")

#: Makes the command that serves a part.
Command = Callable[[Part], Sequence[str]]


class Router:
    """Shares out requests among the servers of versions.

    Args:
        model: The model.
        command: Makes the command that serves a part.
        limit_s: How long a prediction may take.
        counting: Where requests are counted.
        token: What clients must bring along; "" lets everybody in who asks by a name of this machine.
    """

    def __init__(self, model: str, command: Command, limit_s: float, counting: Counting, token: str = "") -> None:
        self._model = model
        self._command = command
        self._limit_s = limit_s
        self._counting = counting
        self._token = token.encode()
        self._wanted: Wanted | None = None
        self._arms: dict[Part, Arm] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.table: Table | None = None
        #: Whether answers are kept for the labels that may come for them.
        self.keeps_answers = False
        #: Outputs that are not kept as they are.
        self.redacted: tuple[str, ...] = ()
        self.arranged = asyncio.Event()
        #: (part, state) of servers that died or cannot be started, for whoever tells people; taken out by them.
        self.news: deque[tuple[Part, str]] = deque(maxlen=100)
        self._states: dict[Part, str] = {}
        self._told_at = 0.0
        self._copies = Copies(counting)

    # servers

    @property
    def split(self) -> Split | None:
        """The split that is followed."""
        return self._wanted.split if self._wanted is not None else None

    @property
    def wanted(self) -> Wanted | None:
        """What is followed."""
        return self._wanted

    @property
    def states(self) -> dict[str, str]:
        """Part -> state of each server."""
        return {str(part): self._arms[part].state for part in sorted(self._arms)}

    @property
    def pids(self) -> dict[str, int | None]:
        """Part -> number of its process."""
        return {str(part): self._arms[part].pid for part in sorted(self._arms)}

    @property
    def has_settled(self) -> bool:
        """Whether it is known of each server if it can be started."""
        return all(arm.has_settled for arm in self._arms.values())

    def follow(self, wanted: Wanted) -> None:
        """Shares requests out in another way from now on; servers that it needs are started, others ended."""
        if wanted != self._wanted:
            self._wanted = wanted
            self._arrange()

    def _arrange(self) -> None:
        wanted = self._wanted
        if wanted is None:
            return
        for part in wanted.parts:
            if part not in self._arms:
                self._arms[part] = Arm(part, self._command(part), self._limit_s, self._arrange)
        for part, arm in self._arms.items():
            if self._states.get(part) != arm.state and arm.state not in ("starting", "ready"):
                self.news.append((part, arm.state))
        self._states = {part: arm.state for part, arm in self._arms.items()}
        self.table = routing.table(wanted, self._arms, self.table)
        for part in set(self._arms) - set(wanted.parts):
            if self.table is None or self._arms[part] is not self.table.stable:
                self._spawn(self._arms.pop(part).end())
        self.arranged.set()

    async def end(self) -> None:
        """Ends all servers."""
        self._wanted = None
        arms = list(self._arms.values())
        self._arms.clear()
        await asyncio.gather(*(arm.end() for arm in arms), *self._tasks, self._copies.end(), return_exceptions=True)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # requests

    async def answer(self, request: Request) -> bytes:
        """The bytes that answer a request."""
        has_body = request.method != b"HEAD"
        if not has_body:
            request.method = b"GET"  # what comes back would be waited for in vain
        identity = request_id(request.header(b"x-request-id")).encode()
        response, arm = await self._answered(request, identity)
        extra = [(b"x-request-id", identity)]
        if arm is not None:
            extra.append((b"x-model-version", b"%d" % arm.part.version))
        return wire.response_bytes(response, extra, closes=not request.is_kept_alive, has_body=has_body)

    async def _answered(self, request: Request, identity: bytes) -> tuple[Response, Arm | None]:
        path = request.path
        if path in _OPEN:
            return self._health(), None
        if self._token:
            if not launching.is_token(launching.bearer(request.header(b"authorization") or ""), self._token):
                message = "A bearer token is needed: Authorization: Bearer …"
                return wire.refusal(401, "UNAUTHENTICATED", message), None
        elif not launching.is_local_name(request.header(b"host") or ""):  # only this machine reaches the router
            return wire.refusal(403, "PERMISSION_DENIED", launching.NOT_LOCAL), None
        if path == b"/metrics" and request.method == b"GET":
            return self._metrics(), None
        target = wire.plain_target(request.target)
        if target is None:
            return wire.refusal(404, "ENDPOINT_NOT_FOUND", "There is no such endpoint"), None
        if target is not request.target:  # another way to say /invocations must not lead past the split
            request.target = target
            path = request.path
        table = self.table
        assert table is not None
        if path != b"/invocations" or request.method != b"POST":
            return await self._stable_answer(request, identity)
        if not table.arms and not table.shadows:
            return await self._invoked(table, table.stable, None, request, identity)
        key = table.key_of(request)
        return await self._invoked(table, table.choose(key), key, request, identity)

    async def _invoked(
        self, table: Table, arm: Arm, key: int | None, request: Request, identity: bytes
    ) -> tuple[Response, Arm | None]:
        """The answer of a version, or of the stable one in its place."""
        started = time.perf_counter()
        answering: Arm | None = arm
        length_s: float | None = None
        is_error = True
        try:
            response = await arm.ask(request, identity)
        except TooSlow:
            response = wire.refusal(504, "DEADLINE_EXCEEDED", "Request processing time exceeded limit")
            self._counting.add(arm.part, None, is_error=True)
        except Unavailable as error:
            self._tell(arm, error)
            is_stable = arm is table.stable
            was_sent = is_stable and error.was_sent
            response, answering = await self._stable_answer(request, identity, was_sent=was_sent)
            if is_stable and response.status < 500:  # it was away for a moment only
                length_s, is_error = time.perf_counter() - started, False
            self._counting.add(arm.part, length_s, is_error=is_error, is_diverted=not is_stable)
        else:
            length_s = time.perf_counter() - started
            is_error = response.is_failure
            if 400 <= response.status < 500 and not is_error:
                other = await self._refused(table, arm, request, identity)
                if other is None:  # the client's doing says nothing of the version
                    return response, answering
                response, answering, is_error = other, table.stable, True
            self._counting.add(arm.part, length_s, is_error=is_error, is_diverted=answering is not arm)
        # of a key only the first request says something new
        if table.comparisons and (not table.key or (key is not None and self._counting.is_first(table.trial, key))):
            self._counting.compare(table.comparisons, arm.part.version, length_s, is_error=is_error)
            if self.keeps_answers and response.status == 200 and answering is arm:
                first = truth.first_prediction(response.body, identity.decode(), self.redacted)
                if first is not None:
                    self._counting.keep(table.comparisons, arm.part.version, *first)
        for shadow in table.shadows:
            self._copies.send(shadow, request, identity, response, answering)
        return response, answering

    async def _refused(self, table: Table, arm: Arm, request: Request, identity: bytes) -> Response | None:
        """The stable version's answer to what another one does not take; None where it takes it neither.

        Versions differ in what their signatures ask for: only what none of them takes is the client's doing.
        """
        if arm is table.stable:
            return None
        try:
            response = await table.stable.ask(request, identity)
        except (TooSlow, Unavailable):
            return None
        return response if response.status == 200 else None

    async def _stable_answer(
        self, request: Request, identity: bytes, *, was_sent: bool = False
    ) -> tuple[Response, Arm | None]:
        """The stable version's answer, when it is back where it is away; a request that ends it is not sent again."""
        deadline = time.monotonic() + _HOLD_S
        asked = int(was_sent)
        while True:
            table = self.table
            assert table is not None
            arm = table.stable
            if arm.is_ready:
                try:
                    return await arm.ask(request, identity), arm
                except TooSlow:
                    told = wire.refusal(504, "DEADLINE_EXCEEDED", "Request processing time exceeded limit")
                    return told, arm
                except Unavailable as error:
                    asked += error.was_sent
                    self._tell(arm, error)
                    await asyncio.sleep(_PAUSE_S)  # that it is gone may not be known yet
            if asked > 1 or time.monotonic() > deadline:
                return wire.refusal(503, "TEMPORARILY_UNAVAILABLE", "No version of the model answers now"), None
            await arm.wait_ready(0.25)

    def _tell(self, arm: Arm, error: Unavailable) -> None:
        """Says that a version did not answer; not for each request, where there are many."""
        if time.monotonic() - self._told_at > _TELLING_S:
            self._told_at = time.monotonic()
            _log.warning("version %s did not answer: %s", arm.part, error)

    # about itself

    def _health(self) -> Response:
        if self.table is not None and self.table.stable.is_ready:
            return Response(200, [(b"content-type", b"application/json")], b"\n")
        return wire.refusal(503, "TEMPORARILY_UNAVAILABLE", "The stable version of the model does not answer now")

    def _metrics(self) -> Response:
        lines = [
            "# HELP mlops_router_requests_total Requests for predictions.",
            "# TYPE mlops_router_requests_total counter",
            *(
                f'mlops_router_requests_total{{version="{part}"}} {count}'
                for part, count in self._counting.requests.items()
            ),
            "# HELP mlops_router_errors_total Requests for predictions that failed.",
            "# TYPE mlops_router_errors_total counter",
            *(
                f'mlops_router_errors_total{{version="{part}"}} {count}'
                for part, count in self._counting.errors.items()
            ),
            "# HELP mlops_router_share Share of the requests that a version gets.",
            "# TYPE mlops_router_share gauge",
        ]
        table = self.table
        if table is not None:
            weights = table.weights or {str(table.stable.part): 100.0}
            lines += [f'mlops_router_share{{version="{name}"}} {share / 100}' for name, share in weights.items()]
        headers = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]
        return Response(200, headers, "".join(f"{line}\n" for line in lines).encode())
