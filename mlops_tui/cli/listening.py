"""Options of the verbs that start servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from mlops_store.errors import Refused

Verb = TypeVar("Verb", bound=Callable[..., None])

_WHERE = (
    click.option("--host", default="127.0.0.1", show_default=True, metavar="H", help="Where to listen."),
    click.option("--port", default=5000, show_default=True, type=click.IntRange(0, 65535), metavar="N", help="0: any."),
    click.option("--token-file", metavar="FILE", help="The token that clients must send. [MLOPS_SERVE_TOKEN]"),
)
_PREDICTING = (
    click.option(
        "--max-body", default=16, show_default=True, type=click.IntRange(1, 4096), metavar="MB", help="Of a request."
    ),
    click.option(
        "--timeout", default=60.0, show_default=True, type=click.FloatRange(0.001), metavar="S", help="Of a prediction."
    ),
    click.option("--trust", multiple=True, metavar="TYPE", help="Trust this type in models' files; may be repeated."),
    click.option(
        "--log/--no-log", "is_logged", default=None, help="Log requests. [where a monitor has requests = MODEL]"
    ),
    click.option(
        "--log-room",
        default=1024,
        show_default=True,
        type=click.IntRange(128, 1 << 20),
        metavar="MB",
        help="Of all logs.",
    ),
)


def listening_options(verb: Verb) -> Verb:
    """``host``, ``port`` and ``token_file``."""
    for option in reversed(_WHERE):
        verb = option(verb)
    return verb


def predicting_options(verb: Verb) -> Verb:
    """``max_body``, ``timeout``, ``trust``, ``is_logged`` and ``log_room``."""
    for option in reversed(_PREDICTING):
        verb = option(verb)
    return verb


def require_server() -> None:
    """Sees to it that there is what servers are made of.

    Raises:
        Refused: The extra is not installed.
    """
    try:
        import httptools
        import starlette
        import uvicorn
    except ImportError as error:
        raise Refused("serving needs Starlette, uvicorn and httptools", "pip install 'mlops-tui[serve]'") from error
    del httptools, starlette, uvicorn
