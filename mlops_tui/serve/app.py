"""The application that answers: ``/invocations``, ``/labels``, ``/ping``, ``/health``, ``/version`` and ``/metrics``.

Predictions run in threads, so that the others are answered while the model computes. What goes wrong in the model is
told to the client without its traceback, which goes to the log.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mlops_tui.serve import labels, launching, requests
from mlops_tui.serve.entries import Entry
from mlops_tui.serve.faults import BAD_REQUEST, Fault
from mlops_tui.serve.labels import LabelLog
from mlops_tui.serve.metrics import MEDIA_TYPE, Metrics
from mlops_tui.serve.predicting import Answer, Joining, Predictor, Work
from mlops_tui.serve.request_log import RequestLog, request_id
from mlops_tui.serve.requests import Limits
from mlops_tui.serve.served import Served

#: What a load balancer asks has no token.
_OPEN = ("/ping", "/health")
_ID_HEADER = "x-request-id"
#: Says which version gave an answer; a model in a folder has none.
_VERSION_HEADER = "x-model-version"
_MESSAGES = {404: "ENDPOINT_NOT_FOUND"}

Endpoint = Callable[[Request], Awaitable[Response]]


class Server:
    """One served model behind its endpoints.

    Args:
        served: The model; ``swap`` puts another one in its place.
        version: This program's version, for ``/version``.
        limits: What a client can ask.
        token: What requests must bring along as a bearer token; "" lets everybody in who asks by a name of this
            machine.
        log: Where requests are written down; None for nowhere.
        label_log: Where labels of these requests are written down.
        metrics: Where everything is counted; several servers may count together.
        joining: How requests of one row are joined.
    """

    def __init__(
        self,
        served: Served,
        version: str,
        limits: Limits,
        token: str = "",
        log: RequestLog | None = None,
        label_log: LabelLog | None = None,
        metrics: Metrics | None = None,
        joining: Joining | None = None,
    ) -> None:
        self._served = served
        self._version = version
        self.limits = limits
        self._token = token.encode()
        self._request_log = log
        self._label_log = label_log
        self.metrics = metrics or Metrics(served.facts)
        self._predictor = Predictor(self.metrics, joining or Joining(), os.cpu_count() or 1)

    def application(self) -> ASGIApp:
        """The ASGI application."""
        invocations, others = self._guarded("/invocations", self._invocations), self._starlette()

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] == "/invocations" and scope["method"] == "POST":
                # what is asked all the time needs no table of routes
                response = await invocations(Request(scope, receive, send))
                await response(scope, receive, send)
            else:
                await others(scope, receive, send)

        return answer

    def _starlette(self) -> Starlette:
        routes = {
            "/invocations": (self._invocations, "POST"),
            "/labels": (self._labels, "POST"),
            "/ping": (self._ping, "GET"),
            "/health": (self._ping, "GET"),
            "/version": (self._version_text, "GET"),
            "/metrics": (self._metrics_text, "GET"),
        }
        return Starlette(
            routes=[
                Route(path, self._guarded(path, endpoint), methods=[method])
                for path, (endpoint, method) in routes.items()
            ],
            exception_handlers={HTTPException: self._not_here},
        )

    @property
    def served(self) -> Served:
        """The model that answers the next request."""
        return self._served

    def swap(self, served: Served) -> None:
        """Lets another model answer from the next request on; those under way keep theirs. Any thread may call it."""
        self._served = served
        self.metrics.model = served.facts

    def close(self) -> bool:
        """Starts no further prediction; False when one is still under way, which nothing can end."""
        is_over = self._predictor.close()
        if self._request_log is not None:
            self._request_log.close()
        return is_over

    def _guarded(self, path: str, endpoint: Endpoint) -> Endpoint:
        """The endpoint for those who may ask it, its faults in MLflow's form, and everything counted."""

        async def answer(request: Request) -> Response:
            try:
                if path not in _OPEN:
                    self._require_permission(request)
                response = await endpoint(request)
            except Fault as fault:
                response = _told(fault)
            self.metrics.count(path, response.status_code)
            return response

        return answer

    def _require_permission(self, request: Request) -> None:
        if not self._token:  # so that only this machine reaches the server
            if not launching.is_local_name(request.headers.get("host", "")):
                raise Fault(launching.NOT_LOCAL, "PERMISSION_DENIED", 403, is_final=True)
            return
        if not launching.is_token(launching.bearer(request.headers.get("authorization", "")), self._token):
            raise Fault("A bearer token is needed: Authorization: Bearer …", "UNAUTHENTICATED", 401, is_final=True)

    async def _ping(self, _: Request) -> Response:
        return Response("\n", media_type="application/json")

    async def _version_text(self, _: Request) -> Response:
        return Response(self._version, media_type="application/json")

    async def _metrics_text(self, _: Request) -> Response:
        return Response(self.metrics.text(), headers={"content-type": MEDIA_TYPE})

    async def _invocations(self, request: Request) -> Response:
        started = time.perf_counter()
        served = self._served
        identity = request_id(request.headers.get(_ID_HEADER)) if self._request_log is not None else ""
        self.metrics.in_progress += 1
        try:
            async with requests.body(request, self.limits, self.metrics) as content:
                content_type = request.headers.get("content-type")
                work = Work(served, content, content_type)
                found = await self._predictor.predict(work, self.limits.prediction_s)
        except Fault as fault:
            response = _told(fault)
        else:
            if self._request_log is not None:
                await self._request_log.keep(_entry(identity, found, time.perf_counter() - started))
            response = Response(found.content, media_type="application/json")
        finally:
            self.metrics.in_progress -= 1
            self.metrics.requests.add(time.perf_counter() - started)
        if served.version:
            response.headers[_VERSION_HEADER] = served.version
        if identity:
            response.headers[_ID_HEADER] = identity
        return response

    async def _labels(self, request: Request) -> Response:
        return await labels.answer(request, self.limits, self.metrics, self._label_log)

    async def _not_here(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        self.metrics.count("", error.status_code)
        message = f"{request.method} {request.url.path} is not an endpoint of this server"
        fault = Fault(message, _MESSAGES.get(error.status_code, BAD_REQUEST), error.status_code, is_final=True)
        response = _told(fault)
        response.headers.update(error.headers or {})
        return response


def _entry(identity: str, answer: Answer, latency_s: float) -> Entry:
    return Entry(
        id=identity,
        at=answer.at,
        latency_s=latency_s,
        version=answer.served.version,
        data=answer.data,
        predictions=answer.predictions,
        rows=answer.rows,
        size=answer.size,
        outputs=answer.served.schema.outputs,
    )


def _told(fault: Fault) -> Response:
    return Response(fault.content, fault.status, fault.headers, fault.media_type)
