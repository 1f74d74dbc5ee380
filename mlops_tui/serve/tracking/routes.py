"""Which function answers which method and path. Each module has an ``ENDPOINTS`` of its own; ``table`` joins them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mlops_tui.config import Config

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mlops_store.store import Store

#: Below which MLflow's endpoints lie, for its clients and for its pages.
PREFIXES = ("/api/2.0/mlflow/", "/ajax-api/2.0/mlflow/")

Arguments = TypeVar("Arguments")


@dataclass(frozen=True, slots=True)
class Context:
    """What endpoints work on: a store, and how its project is configured now."""

    store: Store
    config: Callable[[], Config] = Config


@dataclass(frozen=True, slots=True)
class Call(Generic[Arguments]):
    """An endpoint that takes JSON or a query, and answers with JSON.

    Attributes:
        method: The HTTP method.
        path: Below each of ``prefixes``; ``{name}`` takes a segment of a path as an argument.
        arguments: A ``NamedTuple``; see ``wire``.
        answer: The function, which may be called in any thread. It raises Fault, and what it did then is undone.
        is_quick: It takes microseconds: it is called in the thread that answers, and elsewhere when the store is busy.
        prefixes: What comes before the path.
    """

    method: str
    path: str
    arguments: type[Arguments]
    answer: Callable[[Context, Arguments], Mapping[str, Any]]
    is_quick: bool = False
    prefixes: tuple[str, ...] = PREFIXES


@dataclass(frozen=True, slots=True)
class Stream:
    """An endpoint that takes or gives bytes as they come; ``{name:path}`` takes the rest of a path.

    Its parameters are in ``request.path_params``, decoded as the path is.
    """

    method: str
    path: str
    answer: Callable[[Context, Request], Awaitable[Response]]
    prefixes: tuple[str, ...] = ("/",)


Endpoint = Call[Any] | Stream


class Table:
    """Finds endpoints by method and path."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._exact: dict[str, dict[str, Endpoint]] = {}
        self._patterns: dict[str, tuple[re.Pattern[str], dict[str, Endpoint]]] = {}
        for endpoint in endpoints:
            for prefix in endpoint.prefixes:
                path = prefix + endpoint.path
                if "{" in path:
                    _, methods = self._patterns.setdefault(path, (_pattern(path), {}))
                else:
                    methods = self._exact.setdefault(path, {})
                assert endpoint.method not in methods, f"two endpoints answer {endpoint.method} {path}"
                methods[endpoint.method] = endpoint

    def find(self, path: str) -> tuple[Mapping[str, Endpoint], Mapping[str, str]]:
        """The endpoints of a path by their methods, and what the path says; without any where it is not known."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        for pattern, methods in self._patterns.values():
            found = pattern.fullmatch(path)
            if found is not None:
                return methods, found.groupdict()
        return {}, {}


def _pattern(path: str) -> re.Pattern[str]:
    literal = re.split(r"\{(\w+)(:path)?\}", path)
    parts = [re.escape(literal[0])]
    for name, rest, text in zip(literal[1::3], literal[2::3], literal[3::3], strict=True):
        parts.append(f"(?P<{name}>{'.*' if rest else '[^/]+'}){re.escape(text)}")
    return re.compile("".join(parts), re.DOTALL)
