"""The application that answers MLflow's clients: finds the endpoint, reads its arguments, calls it, sends the answer.

Quick endpoints are called in the thread that answers, because handing a call to another one takes longer than the call;
where the store is locked by another process they are called once more elsewhere, so that nobody else waits. No call is
quick that brings a large body along.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs

from starlette.requests import Request

from mlops_store import audit, experiments
from mlops_store.errors import MlopsError, NotFound, Refused, StoreBusy, StoreFull, StoreReadOnly, UsageError
from mlops_store.store import Store
from mlops_tui.serve import launching, requests
from mlops_tui.serve.faults import Fault
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.tracking import wire
from mlops_tui.serve.tracking.own_logs import OwnLogs
from mlops_tui.serve.tracking.problems import invalid, unsupported
from mlops_tui.serve.tracking.routes import Call, Context, Endpoint, Stream, Table
from mlops_tui.serve.tracking.table import ENDPOINTS, is_left_out

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

#: Calls that wait for the store or read much of it at a time.
_THREADS = 8
#: What a load balancer asks has no token.
_OPEN = ("/health",)
#: Longer bodies are read, and the calls that they are for made, in other threads.
_LARGE_BYTES = 64 << 10
_JSON = "application/json"
#: Clients print links to pages, which are here in a terminal.
_ROOT = "This is the tracking server of mlops-tui. Its runs are shown by: mlops-tui\n"
_log = logging.getLogger("mlops_tui.serve")
_Result = TypeVar("_Result")


class TrackingServer:
    """A store behind MLflow's REST API.

    Args:
        context: What the endpoints work on.
        version: This program's version, for ``/version``.
        limits: What a client can ask.
        token: What requests must bring along as a bearer token; "" lets everybody in.
        is_local: Only this machine reaches the server.
    """

    def __init__(
        self, context: Context, version: str, limits: Limits, token: str = "", *, is_local: bool = False
    ) -> None:
        self.limits = limits
        self.held_bytes = 0.0
        self._context = context
        with context.store.write() as db:
            experiments.require_default(db)
        self._quick = replace(context, store=Store(context.store.path, busy_timeout_s=0.0))
        self._texts = {"/": _ROOT, "/health": "OK", "/version": version}
        self._token = token.encode()
        self._is_local = is_local
        self._table = Table(ENDPOINTS)
        self._readers = {id(one): wire.reader(one.arguments) for one in ENDPOINTS if isinstance(one, Call)}
        self._own_logs = OwnLogs(context.store)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="answer")

    def application(self) -> TrackingServer:
        """The ASGI application."""
        return self

    def close(self) -> bool:
        """Waits for what is being written, and closes the store."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._quick.store.close()
        self._context.store.close()
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        request = Request(scope, receive)
        if self._own_logs.is_due():
            self._threads.submit(self._own_logs.take_in)
        try:
            self._require_permission(request)
            endpoint, found = self._endpoint(request)
            if isinstance(endpoint, Stream):
                scope["path_params"] = found
                response: Any = await endpoint.answer(self._context, request)
            elif isinstance(endpoint, bytes):
                response = _Answer(endpoint, "text/plain; charset=utf-8")
            else:
                given, is_large = await self._given(endpoint, found, request)
                response = _Answer(await self._answered(endpoint, given, request, is_large=is_large))
        except Fault as fault:
            response = _told(fault)
        except MlopsError as error:
            response = _told(_fault(error))
        except Exception:  # the connection must be answered whatever happened
            _log.exception("%s %s failed", request.method, request.url.path)
            response = _told(Fault("The server failed; its log says why", "INTERNAL_ERROR", 500))
        await response(scope, receive, send)

    def _require_permission(self, request: Request) -> None:
        if self._token:
            if request.scope["path"] in _OPEN:
                return
            if not self._is_token(launching.bearer(request.headers.get("authorization", "")), request):
                message = "A bearer token is needed: set MLFLOW_TRACKING_TOKEN"
                raise Fault(message, "UNAUTHENTICATED", 401, is_final=True)
        elif self._is_local and not launching.is_local_name(request.headers.get("host", "")):
            raise Fault(launching.NOT_LOCAL, "PERMISSION_DENIED", 403, is_final=True)

    def _is_token(self, given: str, request: Request) -> bool:
        """Whether what a request brings along lets it in."""
        return launching.is_token(given, self._token)

    def _endpoint(self, request: Request) -> tuple[Endpoint | bytes, Mapping[str, str]]:
        path, method = request.scope["path"], request.method
        if path.startswith("//"):  # an address that ends with / before a path that begins with it
            path = path[1:]
        text = self._texts.get(path)
        if text is not None and method in ("GET", "HEAD"):
            return text.encode(), {}
        methods, found = self._table.find(path)
        endpoint = methods.get("GET" if method == "HEAD" else method)
        if endpoint is not None:
            return endpoint, found
        if methods or text is not None:
            allowed = ", ".join(methods) or "GET"
            raise Fault(f"{path} is not for {method}, but for {allowed}", status=405, is_final=True)
        if is_left_out(path):
            raise unsupported(f"{path} is an endpoint of MLflow that this server does not have")
        raise Fault(f"{method} {path} is not an endpoint of this server", "ENDPOINT_NOT_FOUND", 404, is_final=True)

    async def _given(
        self, call: Call[Any], found: Mapping[str, str], request: Request
    ) -> tuple[Mapping[str, Any], bool]:
        """The arguments in a request, as they come, and whether these are so many that other threads read them."""
        query, is_large = request.scope["query_string"], False
        if query and request.method in ("GET", "HEAD"):
            given: Mapping[str, Any] = wire.asked(parse_qs(query.decode("latin-1"), True), call.arguments)
        else:
            _require_json(request)
            async with requests.body(request, self.limits, self) as body:
                is_large = len(body) > _LARGE_BYTES
                given = await self._elsewhere(wire.decoded, body) if is_large else wire.decoded(body)
        return ({**given, **found} if found else given), is_large

    async def _answered(self, call: Call[Any], given: Mapping[str, Any], request: Request, *, is_large: bool) -> bytes:
        """The answer of an endpoint to arguments."""
        read = self._readers[id(call)]
        if is_large:
            arguments = await self._elsewhere(read, given)
        else:
            arguments = read(given)
            if call.is_quick:
                try:
                    return _answer(call, self._quick, arguments, request)
                except StoreBusy:
                    pass
        return await self._elsewhere(_answer, call, self._context, arguments, request)

    async def _elsewhere(self, function: Callable[..., _Result], *arguments: Any) -> _Result:
        """What a function returns that is called in another thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)


def _answer(call: Call[Any], context: Context, arguments: Any, request: Request) -> bytes:
    with audit.asked_from(lambda: _origin(request)):
        return wire.encoded(call.answer(context, arguments))


def _origin(request: Request) -> str:
    """Where a request comes from, for the audit log: the address, and the name that the client gives itself."""
    address = request.client.host if request.client is not None else "?"
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    name = ""
    if scheme.lower() == "basic":
        with suppress(ValueError):
            name = base64.b64decode(given.strip(), validate=True).decode().partition(":")[0]
    return f"{address} {name}".strip()


def _require_json(request: Request) -> None:
    """Refuses bodies of another type: a page of another site can send those without being asked."""
    if request.method not in ("POST", "PUT"):
        return
    kind = request.headers.get("content-type")
    if kind is None:
        raise invalid("Bad Request. Content-Type header is missing.")
    if kind.partition(";")[0].strip() != _JSON:
        raise invalid(f"Bad Request. Content-Type must be one of {[_JSON]}.")


def _fault(error: MlopsError) -> Fault:
    """An error of ours in MLflow's words."""
    if isinstance(error, NotFound):
        return Fault(error.message, "RESOURCE_DOES_NOT_EXIST", 404)
    if isinstance(error, UsageError):
        return invalid(str(error))
    if isinstance(error, Refused):
        return Fault(str(error), "INVALID_STATE")
    if isinstance(error, StoreBusy | StoreFull):
        return Fault(error.message, "TEMPORARILY_UNAVAILABLE", 503)
    if isinstance(error, StoreReadOnly):
        return Fault(error.message, "PERMISSION_DENIED", 403)
    return Fault(error.message, "INTERNAL_ERROR", 500)


def _told(fault: Fault) -> _Answer:
    extra = [(name.encode(), value.encode()) for name, value in fault.headers.items()]
    return _Answer(fault.content, fault.media_type, fault.status, extra)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A whole answer; Starlette's own class takes four times as long to make one."""

    content: bytes
    media_type: str = _JSON
    status: int = 200
    extra: Sequence[tuple[bytes, bytes]] = ()

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", self.media_type.encode()),
            (b"content-length", str(len(self.content)).encode()),
            *self.extra,
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.content})
