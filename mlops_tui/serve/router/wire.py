"""Requests and answers as the router holds them, and as bytes of HTTP/1.1.

What comes in is parsed by httptools and written anew, so that the two sides of the router never disagree about where
a message ends. Headers between two neighbours are not passed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

import httptools

from mlops_tui.serve.faults import MODEL_FAILED, Fault

Headers = list[tuple[bytes, bytes]]

#: A target that everybody reads alike; all paths of a server are of this form.
_PATH = rb"/[A-Za-z0-9._~/-]*"
_PLAIN_PATH, _PLAIN = re.compile(_PATH), re.compile(_PATH + rb"(\?[^#]*)?")
_MODEL_FAILED = MODEL_FAILED.encode()
#: What is about one connection, and what the router says itself.
_OWN = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te"),
        *(b"trailer", b"transfer-encoding", b"upgrade", b"content-length", b"host", b"authorization", b"expect"),
        *(b"x-request-id", b"x-model-version", b"date", b"server"),
    )
)


@dataclass(slots=True)
class Request:
    """A whole request; names of headers are in lower case."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes
    is_kept_alive: bool = True

    @property
    def path(self) -> bytes:
        """The target without what follows a question mark."""
        return self.target.partition(b"?")[0]

    def header(self, name: bytes) -> str | None:
        """What a header says, None where there is none."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None


@dataclass(slots=True)
class Response:
    """A whole answer."""

    status: int
    headers: Headers
    body: bytes
    is_kept_alive: bool = True

    @property
    def is_failure(self) -> bool:
        """Whether the version is to blame: in MLflow's protocol both bad requests and failing models are 400."""
        if self.status == 400:
            return any(name == _MODEL_FAILED for name, _ in self.headers)
        return self.status >= 500


def plain_target(target: bytes) -> bytes | None:
    """A target as a server behind the router reads it: no other host, nothing quoted in its path.

    Returns:
        The path and the query, None where there is no endpoint with such a path.
    """
    if _PLAIN.fullmatch(target):
        return target
    try:
        found = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError:
        return None
    path = unquote_to_bytes(found.path or b"/")
    if not _PLAIN_PATH.fullmatch(path):
        return None
    return path if found.query is None else path + b"?" + found.query


def request_head(request: Request, identity: bytes, token: bytes) -> bytes:
    """The first lines of a request for a version's server; the body follows them."""
    lines = [request.method + b" " + request.target + b" HTTP/1.1", b"host: model", b"x-request-id: " + identity]
    lines += [name + b": " + value for name, value in request.headers if name not in _OWN]
    lines += [b"authorization: Bearer " + token, b"content-length: %d" % len(request.body), b"", b""]
    return b"\r\n".join(lines)


def response_bytes(
    response: Response, extra: Iterable[tuple[bytes, bytes]] = (), *, closes: bool = False, has_body: bool = True
) -> bytes:
    """A whole answer for a client.

    Args:
        response: The answer.
        extra: Headers of the router's own.
        closes: Whether the connection is closed after it.
        has_body: False where only the head was asked for.
    """
    lines = [_status_line(response.status)]
    lines += [name + b": " + value for name, value in response.headers if name not in _OWN]
    lines += [name + b": " + value for name, value in extra]
    if closes:
        lines.append(b"connection: close")
    lines += [b"content-length: %d" % len(response.body), b"", response.body if has_body else b""]
    return b"\r\n".join(lines)


def refusal(status: int, code: str, message: str) -> Response:
    """An answer of the router's own in MLflow's form of errors."""
    fault = Fault(message, code, status)
    headers = {"content-type": fault.media_type, **fault.headers}
    return Response(status, [(name.encode(), value.encode()) for name, value in headers.items()], fault.content)


def _status_line(status: int) -> bytes:
    line = _LINES.get(status)
    if line is None:
        line = _LINES[status] = b"HTTP/1.1 %d Status" % status
    return line


_LINES = {one.value: f"HTTP/1.1 {one.value} {one.phrase}".encode() for one in HTTPStatus}
