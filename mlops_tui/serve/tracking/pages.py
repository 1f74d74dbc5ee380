"""Tokens of pages: where in a list the next page begins."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from mlops_tui.serve.tracking.problems import invalid

_MOST = 1 << 53


def token(offset: int, of: Mapping[str, Any] | None = None) -> str:
    """What asks for the page that begins at an offset; ``of`` is what else has to be asked for then."""
    return base64.b64encode(json.dumps({"offset": offset, **(of or {})}).encode()).decode()


def offset(token: str, of: Mapping[str, Any] | None = None) -> int:
    """Where the page begins that a token asks for; 0 without one.

    Raises:
        Fault: It is no token, or one of another question.
    """
    if not token:
        return 0
    try:
        found = json.loads(base64.b64decode(token, validate=True))
        start = found["offset"]
        if isinstance(start, bool) or not isinstance(start, int) or not 0 <= start < _MOST:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise invalid(f"Invalid page token: {token[:200]}") from error
    for key, value in (of or {}).items():
        if found.get(key) != value:
            raise invalid(f"The page token is of another search: {key} must be {found.get(key)!r}")
    return start
