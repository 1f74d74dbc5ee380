"""Why a request is refused, in the words and codes that MLflow's clients know.

No error of a user has a status of 500 or above: clients try those again for minutes.
"""

from __future__ import annotations

import json
from typing import Any

from mlops_tui.serve.faults import INVALID_PARAMETER_VALUE, Fault

_DOCS = " See the API docs for more information about request parameters."
_SHOWN_CHARACTERS = 500


def invalid(message: str) -> Fault:
    """Something in the request cannot be."""
    return Fault(message, INVALID_PARAMETER_VALUE)


def missing(path: str) -> Fault:
    """A parameter that is needed is not there."""
    return invalid(f"Missing value for required parameter '{path}'.{_DOCS}")


def wrong_type(path: str, value: Any) -> Fault:
    """A parameter has a value of another type than it can have."""
    hint = f" Hint: Value was of type '{type(value).__name__}'."
    return invalid(f"{wrong_value(path, value)}: {hint}{_DOCS}")


def wrong_value(path: str, value: Any) -> str:
    """The words for a parameter with a value that it cannot have, without an end."""
    shown = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    if len(shown) > _SHOWN_CHARACTERS:
        shown = f"{shown[:_SHOWN_CHARACTERS]}…"
    return f"Invalid value {shown} for parameter '{path}' supplied"


def absent(message: str) -> Fault:
    """What the request is about does not exist."""
    return Fault(message, "RESOURCE_DOES_NOT_EXIST", 404)


def exists(message: str) -> Fault:
    """What the request would make is there already."""
    return Fault(message, "RESOURCE_ALREADY_EXISTS")


def wrong_state(message: str) -> Fault:
    """What the request is about is in a state that does not allow it."""
    return Fault(message, "INVALID_STATE")


def unsupported(message: str) -> Fault:
    """MLflow has this, and this server has not."""
    return Fault(message, "NOT_IMPLEMENTED", 501)
