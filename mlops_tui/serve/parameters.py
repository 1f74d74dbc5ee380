"""Parameters that a request gives beside its data, held against those that the signature knows."""

from __future__ import annotations

import datetime
from typing import Any

from mlops_tui.serve.faults import INVALID_PARAMETER_VALUE, Fault, because
from mlops_tui.serve.schemas import ANY, Parameter, Schema

#: What a JSON value of the type may be; an integer is a number of any other kind as well.
_KINDS: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (float, int),
    "double": (float, int),
    "string": (str,),
    "binary": (str,),
}


def take(given: Any, schema: Schema) -> dict[str, Any]:
    """The parameters by name, defaults filled in; those that the signature does not know are left out.

    Raises:
        Fault: They are no object, or a value is not of its type.
    """
    if not schema.parameters:
        return {}
    given = {} if given is None else given
    if not isinstance(given, dict):
        raise _fault(f"Parameters must be a dictionary. Got type '{type(given).__name__}'.")
    return {one.name: _value(given[one.name], one) if one.name in given else one.default for one in schema.parameters}


def _value(value: Any, one: Parameter) -> Any:
    if one.shape is None:
        return _scalar(value, one)
    if not isinstance(value, list):
        raise _fault(f"Value must be a list for the parameter {one.name!r}, received {type(value).__name__}")
    return [_scalar(item, one) for item in value]


def _scalar(value: Any, one: Parameter) -> Any:
    if value is None or one.type == ANY:
        return value
    if one.type == "datetime":
        try:
            return datetime.datetime.fromisoformat(str(value))
        except ValueError as error:
            raise _fault(f"Invalid value for the parameter {one.name!r}: {because(error)}") from error
    is_boolean = isinstance(value, bool)
    if isinstance(value, _KINDS[one.type]) and is_boolean == (one.type == "boolean"):
        number: Any = value
        return float(number) if one.type in ("float", "double") else number
    raise _fault(f"Can not safely convert {type(value).__name__} to {one.type} for the parameter {one.name!r}")


def _fault(reason: str) -> Fault:
    return Fault(f"Invalid parameters found: {reason}", INVALID_PARAMETER_VALUE)
