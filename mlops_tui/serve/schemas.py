"""What a served model takes, read from its signature: named or unnamed columns, tensors, and parameters.

Owns the meaning of MLflow's type names. Knows no data; numpy is loaded where a type becomes one of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops_store.errors import Refused

#: MLflow's scalar types and numpy's names of them.
NUMPY_TYPES = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "string": "str",
    "binary": "bytes",
    "datetime": "datetime64[ns]",
}
#: A column whose values are passed on as they are: MLflow's ``any``, and its nested types.
ANY = "any"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; ``type`` is one of MLflow's scalar types or ``any``, ``name`` is "" where it has none."""

    name: str
    type: str
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Tensor:
    """An array; ``shape`` has -1 where any length is right, ``name`` is "" where it is the only one."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may be given beside the data; ``shape`` is None for a single value, ``(-1,)`` for a list."""

    name: str
    type: str
    default: Any
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Schema:
    """A model's input. At most one of ``columns`` and ``tensors`` is filled; both are empty when nothing is known.

    ``outputs`` are the names of what it gives, where it gives named columns.
    """

    columns: tuple[Column, ...] = ()
    tensors: tuple[Tensor, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    outputs: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether the signature says anything about the data."""
        return bool(self.columns or self.tensors)

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns or tensors; empty when they have none."""
        inputs = self.columns or self.tensors
        return tuple(one.name for one in inputs) if inputs and inputs[0].name else ()

    @functools.cached_property
    def required(self) -> tuple[str, ...]:
        """The names that must be there."""
        optional = {column.name for column in self.columns if not column.is_required}
        return tuple(name for name in self.names if name not in optional)

    @functools.cached_property
    def by_name(self) -> Mapping[str, Column | Tensor]:
        """The named columns or tensors."""
        return {one.name: one for one in (self.columns or self.tensors) if one.name}

    @functools.cached_property
    def common_dtype(self) -> str:
        """The name in numpy of the type that all columns have; "" where they differ or are no numbers."""
        types = {column.type for column in self.columns}
        return NUMPY_TYPES[types.pop()] if len(types) == 1 and types <= {"integer", "long", "float", "double"} else ""


def read(signature: Mapping[str, Any]) -> Schema:
    """The schema in a signature as MLflow writes it.

    Args:
        signature: ``{"inputs": [{"name", "type", "required"?}, …], "params": [{"name", "type", "default", …}]}``.

    Raises:
        Refused: It is not of that shape, or of types that nobody knows.
    """
    try:
        inputs = [_input(dict(item)) for item in signature.get("inputs") or ()]
        parameters = tuple(_parameter(dict(item)) for item in signature.get("params") or ())
        outputs = tuple(str(item["name"]) for item in signature.get("outputs") or () if item.get("name"))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Refused(f"the model's signature cannot be understood ({error})", "log the model again") from error
    columns = tuple(one for one in inputs if isinstance(one, Column))
    tensors = tuple(one for one in inputs if isinstance(one, Tensor))
    if columns and tensors:
        raise Refused("the model's signature mixes columns and tensors", "log the model again with one of the two")
    return Schema(columns, tensors, parameters, outputs)


def _input(item: dict[str, Any]) -> Column | Tensor:
    name, kind = str(item.get("name") or ""), str(item["type"])
    if kind == "tensor":
        import numpy as np

        spec = item["tensor-spec"]
        return Tensor(name, np.dtype(spec["dtype"]).str, tuple(int(size) for size in spec["shape"]))
    if kind in ("array", "object", "map", "sparkml_vector"):
        kind = ANY
    if kind not in NUMPY_TYPES and kind != ANY:
        raise ValueError(f"unknown type {kind!r}")
    return Column(name, kind, bool(item.get("required", not item.get("optional", False))))


def _parameter(item: dict[str, Any]) -> Parameter:
    kind, shape = str(item.get("type", item.get("dtype"))), item.get("shape")
    if kind not in NUMPY_TYPES:
        kind = ANY
    return Parameter(str(item["name"]), kind, item.get("default"), tuple(shape) if shape else None)
