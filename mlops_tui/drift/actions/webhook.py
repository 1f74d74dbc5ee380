"""Posts a message as JSON to a URL. Redirects are not followed: what is told stays with whom it was meant for."""

from __future__ import annotations

import json
import socket
from http.client import HTTPMessage
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from mlops_tui.drift.actions import messages
from mlops_tui.drift.actions.messages import Message, Undelivered

if TYPE_CHECKING:
    from mlops_tui.config.monitors import MonitorConfig
    from mlops_tui.project import Project

TIMEOUT_S = 10.0


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Leaves the answer as the error that it is then."""


def send(_project: Project, monitor: MonitorConfig, message: Message, _channel: str) -> None:
    """Posts the message; any answer of 200 to 299 counts.

    Raises:
        Undelivered: It was not taken.
    """
    url = messages.resolved(monitor.actions.webhook)
    place = urlsplit(url)
    if place.scheme not in ("http", "https") or not place.hostname:
        raise Undelivered("the webhook is no http or https URL")
    request = Request(  # noqa: S310 the scheme was looked at
        url,
        data=json.dumps(message.content).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "mlops-tui"},
    )
    try:
        with build_opener(_NoRedirects).open(request, timeout=TIMEOUT_S) as answer:
            answer.read(1)
    except HTTPError as error:
        raise Undelivered(f"{place.hostname} answered {error.code}") from error
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        why = "no answer in time" if isinstance(reason, socket.timeout | TimeoutError) else str(reason)[:200]
        raise Undelivered(f"{place.hostname} could not be reached: {why}") from error
