"""Pages of answers: how many there may be on one, and the token that leads to the next."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from mlops_tui.serve.tracking.problems import invalid, wrong_type

Item = TypeVar("Item")

_GREATEST = 1 << 53


def require_size(asked: int, greatest: int) -> None:
    """Refuses a page without room or with too much. Fault: it is one."""
    if asked < 1:
        raise invalid(f"Invalid value {asked} for parameter 'max_results' supplied. It must be a positive integer")
    if asked > greatest:
        raise wrong_type("max_results", asked)


def start(token: str, question: Mapping[str, Any] | None = None) -> int:
    """How many come before the page that a token leads to; 0 without one.

    Args:
        token: As the client got it.
        question: What was asked for with it; see ``page``.

    Raises:
        Fault: It is no token, or one of another question.
    """
    if not token:
        return 0
    said = opened(token)
    offset = said.get("offset")
    if type(offset) is not int or not 0 <= offset < _GREATEST:
        raise wrong(said)
    for key, value in (question or {}).items():
        if said.get(key) != value:
            what = "Experiment IDs" if key == "experiment_ids" else key.replace("_", " ").capitalize()
            raise invalid(f"{what} in the page token do{'' if what.endswith('s') else 'es'} not match the search's")
    return offset


def page(
    found: Sequence[Item], offset: int, size: int, question: Mapping[str, Any] | None = None
) -> tuple[Sequence[Item], dict[str, Any]]:
    """A page, and what the answer says of the next one.

    Args:
        found: What follows ``offset``: one more than the page takes, if there is one.
        offset: How many came before.
        size: How many the page takes.
        question: What must be asked for with the token.
    """
    if len(found) <= size:
        return found, {}
    return found[:size], {"next_page_token": closed({"offset": offset + size, **(question or {})})}


def closed(said: Mapping[str, Any]) -> str:
    """A token that says something."""
    return base64.b64encode(json.dumps(said).encode()).decode()


def opened(token: str) -> Mapping[str, Any]:
    """What a token says. Fault: it is none."""
    try:
        text = base64.b64decode(token, validate=True)
    except ValueError as error:
        raise invalid("Invalid page token, could not base64-decode") from error
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise wrong(text) from error
    if not isinstance(said, dict):
        raise wrong(text)
    return said


def wrong(said: object) -> Exception:
    """That a token is none of this server's."""
    return invalid(f"Invalid page token, decoded value={said!r}")
