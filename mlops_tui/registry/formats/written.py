"""What a format's module hands back when it has written a model's files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Written:
    """A model's files in a directory.

    Attributes:
        entry: The path of the file that is loaded.
        class_name: The full name of the model's class.
        summary: A word or two for people.
        distributions: What has to be installed to load it, by the names of PyPI; what these need follows from them.
        flavors: What MLflow is to know, by flavor; ``python_function`` without the environment.
        apply: Predicts as the model will when it is loaded again; None where nothing predicts.
        options: What the format's own ``read`` has to know besides the file.
        untrusted_types: Names of types that have to be trusted when it is loaded.
    """

    entry: str
    class_name: str
    summary: str
    distributions: tuple[str, ...]
    flavors: Mapping[str, Mapping[str, Any]]
    apply: Callable[[Any], Any] | None
    options: Mapping[str, Any] = field(default_factory=dict)
    untrusted_types: tuple[str, ...] = ()


def full_name(model: object) -> str:
    """The module and the name of a model's class."""
    return f"{type(model).__module__}.{type(model).__qualname__}"


def reason(error: Exception) -> str:
    """What a library says is wrong, in one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
